"""`slicer.ScriptedLoadableModule`: the four base classes of a scripted module, as Slicer documents them."""

import logging
import os
import unittest

import slicer

__all__ = [
    "ScriptedLoadableModule",
    "ScriptedLoadableModuleLogic",
    "ScriptedLoadableModuleTest",
    "ScriptedLoadableModuleWidget",
]


def _module_folder(name):
    return os.path.dirname(slicer.util.modulePath(name))


class ScriptedLoadableModule:
    """Metadata of a module; `parent` is the application's module object."""

    def __init__(self, parent):
        self.parent = parent
        self.moduleName = type(self).__name__
        parent.title = self.moduleName
        parent.categories, parent.dependencies, parent.contributors = [], [], []
        parent.helpText = parent.acknowledgementText = ""
        icon = os.path.join(os.path.dirname(parent.path), "Resources", "Icons", f"{self.moduleName}.png")
        if os.path.isfile(icon):
            parent.setIconPath(icon)

    def resourcePath(self, filename):
        return os.path.join(os.path.dirname(self.parent.path), "Resources", filename)

    def getDefaultModuleDocumentationLink(self, docPage=None):
        return ""

    def runTest(self, msec=100, **kwargs):
        """Run the module's own test class, as Reload and Test does."""
        name = f"{self.moduleName}Test"
        cases = getattr(__import__(self.moduleName), name, None)
        if cases is None:
            return
        cases().runTest()


class ScriptedLoadableModuleWidget:
    """Panel of a module: `self.layout` takes its widgets."""

    def __init__(self, parent=None):
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.parent = parent
        self.layout = parent.layout()
        self.developerMode = slicer.util.settingsValue("Developer/DeveloperMode", False, slicer.util.toBool)
        if parent.isSingletonRepresentation:
            setattr(slicer.modules, f"{self.moduleName}Widget", self)

    def resourcePath(self, filename):
        return os.path.join(_module_folder(self.moduleName), "Resources", filename)

    def setup(self):
        """Build the panel; called once."""

    def enter(self):
        """The user opened the module."""

    def exit(self):
        """The user opened another module."""

    def cleanup(self):
        """The application closes or the module is reloaded."""

    def onReload(self):
        slicer.util.reloadScriptedModule(self.moduleName)


class ScriptedLoadableModuleLogic:
    """Computation of a module, with its parameter node."""

    def __init__(self, parent=None):
        self.parent = parent
        self.moduleName = type(self).__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self):
        """The scene's parameter node of this module, created when missing."""
        if self.isSingletonParameterNode:
            node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
            return node or self.createParameterNode()
        nodes = self.getAllParameterNodes()
        return nodes[0] if nodes else self.createParameterNode()

    def getAllParameterNodes(self):
        nodes = slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode")
        return [node for node in nodes if node.GetAttribute("ModuleName") == self.moduleName]

    def createParameterNode(self):
        node = slicer.vtkMRMLScriptedModuleNode()
        if self.isSingletonParameterNode:
            node.SetSingletonTag(self.moduleName)
        node.SetAttribute("ModuleName", self.moduleName)
        node.SetModuleName(self.moduleName)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
        return slicer.mrmlScene.AddNode(node)

    def delayDisplay(self, message, autoCloseMsec=1000):
        slicer.util.delayDisplay(message, autoCloseMsec)


class ScriptedLoadableModuleTest(unittest.TestCase):
    """Base of a module's self test: `runTest` is overridden and calls the test methods."""

    messageDelay = 1000

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.moduleName = type(self).__name__.removesuffix("Test")

    def delayDisplay(self, message, requestedDelay=None, msec=None):
        logging.info(message)
        slicer.app.processEvents()

    def runTest(self):
        logging.warning("%s has no runTest", type(self).__name__)
