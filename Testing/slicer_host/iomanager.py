"""`slicer.app.coreIOManager()`: reads and writes nodes and scenes through MRML storage nodes, for slicer.util."""

import os

import slicer

# file type -> (node class, storage class or None for the default storage, extensions)
_TYPES = {
    "VolumeFile": ("vtkMRMLScalarVolumeNode", "vtkMRMLVolumeArchetypeStorageNode",
                   (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd", ".hdr", ".dcm")),
    "SegmentationFile": ("vtkMRMLSegmentationNode", None, (".seg.nrrd", ".seg.nhdr")),
    "MarkupsFile": ("vtkMRMLMarkupsFiducialNode", None, (".mrk.json", ".fcsv")),
    "ModelFile": ("vtkMRMLModelNode", None, (".vtk", ".vtp", ".stl", ".ply", ".obj")),
    "TransformFile": ("vtkMRMLTransformNode", None, (".h5", ".tfm")),
    "TableFile": ("vtkMRMLTableNode", None, (".tsv", ".csv")),
    "TextFile": ("vtkMRMLTextNode", None, (".txt", ".json", ".xml")),
    "SequenceFile": ("vtkMRMLSequenceNode", None, (".seq.nrrd", ".seq.nhdr", ".seq.mrb")),
}  # fmt: skip


class IOManager:
    """Answers the calls that slicer.util makes: load*, save*, export* and scenes."""

    def __init__(self, core):
        self._core = core

    def fileType(self, path):
        """The most specific type: the longest matching extension wins."""
        name = str(path).lower()
        if name.endswith((".mrml", ".mrb")):
            return "SceneFile"
        found = [(len(e), kind) for kind, (_, _, extensions) in _TYPES.items() for e in extensions if name.endswith(e)]
        return max(found)[1] if found else "NoFile"

    def loadNodes(self, fileType, properties, collection, messages=None):
        path = properties["fileName"]
        if fileType == "SceneFile":
            return self.loadScene(path, clear=properties.get("clear", False))
        if fileType not in _TYPES or not os.path.isfile(path):
            return False
        className, storageClass, _ = _TYPES[fileType]
        if fileType == "VolumeFile" and properties.get("labelmap"):
            className = "vtkMRMLLabelMapVolumeNode"
        name = properties.get("name") or os.path.basename(path).split(".")[0]
        scene = self._core.scene
        node = scene.AddNewNodeByClass(className, scene.GenerateUniqueName(name))
        storage = self._storage(node, storageClass)
        storage.SetFileName(str(path))
        if hasattr(storage, "SetCenterImage"):
            storage.SetCenterImage(bool(properties.get("center", False)))
            storage.SetSingleFile(bool(properties.get("singleFile", False)))
        if not storage.ReadData(node):
            scene.RemoveNode(storage)
            scene.RemoveNode(node)
            return False
        if hasattr(node, "CreateDefaultDisplayNodes"):
            node.CreateDefaultDisplayNodes()
        if fileType == "VolumeFile" and properties.get("show", True):
            slicer.util.setSliceViewerLayers(background=node, fit=True)
        collection.AddItem(node)
        return True

    def _storage(self, node, storageClass):
        if storageClass is None:
            node.AddDefaultStorageNode()
        else:
            node.SetAndObserveStorageNodeID(self._core.scene.AddNewNodeByClass(storageClass).GetID())
        return node.GetStorageNode()

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
        return next((kind for kind, (className, _, _) in _TYPES.items() if node.IsA(className)), "NoFile")

    def fileWriterExtensions(self, node):
        kind = self.fileWriterFileType(node)
        return [f"{kind} (*{extension})" for extension in _TYPES[kind][2]] if kind in _TYPES else []

    def extractKnownExtension(self, path, node):
        extensions = _TYPES[self.fileWriterFileType(node)][2]
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
