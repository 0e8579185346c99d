"""`slicer.app.coreIOManager()`: reads and writes nodes and scenes through MRML storage nodes, for slicer.util."""

import os

import slicer

# file type -> (node class, extensions)
_TYPES = {
    "VolumeFile": ("vtkMRMLScalarVolumeNode",
                   (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd", ".hdr", ".dcm")),
    "SegmentationFile": ("vtkMRMLSegmentationNode", (".seg.nrrd", ".seg.nhdr")),
    "MarkupsFile": ("vtkMRMLMarkupsFiducialNode", (".mrk.json", ".fcsv")),
    "ModelFile": ("vtkMRMLModelNode", (".vtk", ".vtp", ".stl", ".ply", ".obj")),
    "TransformFile": ("vtkMRMLTransformNode", (".h5", ".tfm")),
    "TableFile": ("vtkMRMLTableNode", (".tsv", ".csv")),
    "TextFile": ("vtkMRMLTextNode", (".txt", ".json", ".xml")),
    "SequenceFile": ("vtkMRMLSequenceNode", (".seq.nrrd", ".seq.nhdr", ".seq.mrb")),
}  # fmt: skip
_VOLUME_OPTIONS = {"labelmap": 1, "center": 2, "singleFile": 4, "autoWindowLevel": 8, "discardOrientation": 16}


class IOManager:
    """Answers the calls that slicer.util makes: load*, save*, export* and scenes."""

    def __init__(self, core):
        self._core = core

    def fileType(self, path):
        """The most specific type: the longest matching extension wins."""
        name = str(path).lower()
        if name.endswith((".mrml", ".mrb")):
            return "SceneFile"
        found = [(len(e), kind) for kind, (_, extensions) in _TYPES.items() for e in extensions if name.endswith(e)]
        return max(found)[1] if found else "NoFile"

    def loadNodes(self, fileType, properties, collection, messages=None):
        path = properties["fileName"]
        if fileType == "SceneFile":
            return self.loadScene(path, clear=properties.get("clear", False))
        if fileType not in _TYPES or not os.path.isfile(path):
            return False
        name = properties.get("name") or os.path.basename(path).split(".")[0]
        if fileType == "VolumeFile":
            node = self._loadVolume(path, name, properties)
        else:
            node = self._loadNode(path, name, _TYPES[fileType][0])
        if node is None:
            return False
        collection.AddItem(node)
        return True

    def _loadVolume(self, path, name, properties):
        """By the logic of the Volumes module, as in the application: the window is the full range."""
        options = sum(bit for option, bit in _VOLUME_OPTIONS.items() if properties.get(option))
        node = self._core.moduleLogics["volumes"].AddArchetypeVolume(str(path), name, options)
        if node is not None and properties.get("show", True):
            slicer.util.setSliceViewerLayers(background=node, fit=True)
        return node

    def _loadNode(self, path, name, className):
        scene = self._core.scene
        node = scene.AddNewNodeByClass(className, scene.GenerateUniqueName(name))
        node.AddDefaultStorageNode()
        node.GetStorageNode().SetFileName(str(path))
        if not node.GetStorageNode().ReadData(node):
            scene.RemoveNode(node.GetStorageNode())
            scene.RemoveNode(node)
            return None
        if hasattr(node, "CreateDefaultDisplayNodes"):
            node.CreateDefaultDisplayNodes()
        return node

    def saveNodes(self, fileType, properties, messages=None):
        path = properties["fileName"]
        if fileType == "SceneFile":
            return self.saveScene(path)
        node = self._core.scene.GetNodeByID(properties["nodeID"])
        if node.GetStorageNode() is None:
            node.AddDefaultStorageNode()
        storage = node.GetStorageNode()
        storage.SetFileName(str(path))
        if "useCompression" in properties:
            storage.SetUseCompression(int(properties["useCompression"]))
        return bool(storage.WriteData(node))

    def exportNodes(self, nodeIDs, fileNames, properties, hardenTransform, messages=None):
        """Write copies' files without touching the nodes' own storage."""
        done = True
        for identifier, path in zip(nodeIDs, fileNames, strict=True):
            node = self._core.scene.GetNodeByID(identifier)
            storage = node.CreateDefaultStorageNode()
            storage.SetFileName(str(path))
            done = bool(storage.WriteData(node)) and done
        return done

    def fileWriterFileType(self, node, format=""):
        return next((kind for kind, (className, _) in _TYPES.items() if node.IsA(className)), "NoFile")

    def fileWriterExtensions(self, node):
        kind = self.fileWriterFileType(node)
        return [f"{kind} (*{extension})" for extension in _TYPES[kind][1]] if kind in _TYPES else []

    def extractKnownExtension(self, path, node):
        extensions = _TYPES[self.fileWriterFileType(node)][1]
        return max((e for e in extensions if str(path).lower().endswith(e)), key=len, default="")

    # Scenes

    def saveScene(self, path):
        path, scene = str(path), self._core.scene
        if path.endswith(".mrb"):
            return bool(scene.WriteToMRB(path, None))
        if path.endswith(".mrml"):
            scene.SetURL(path)
            scene.SetRootDirectory(os.path.dirname(path))
            return bool(scene.Commit())
        os.makedirs(path, exist_ok=True)
        return bool(self._core.applicationLogic.SaveSceneToSlicerDataBundleDirectory(path, None))

    def loadScene(self, path, clear=False):
        """Read a scene file; like the application, add to the scene unless `clear`."""
        path, scene = str(path), self._core.scene
        if not os.path.isfile(path):
            return False
        if path.endswith(".mrb"):
            return bool(scene.ReadFromMRB(path, clear))
        scene.SetURL(path)
        return bool(scene.Connect() if clear else scene.Import())
