"""The MRML side: one scene with the application logic and the module logics that Slicer has, from slicer-core alone."""

import atexit
import json
import pathlib
import shutil
import tempfile
from dataclasses import dataclass, field

import slicer
import vtk

# name in the application logic -> (class, name in slicer.modules)
_LOGICS = {
    "Colors": "vtkMRMLColorLogic",
    "Units": "vtkSlicerUnitsLogic",
    "Terminologies": "vtkSlicerTerminologiesModuleLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Models": "vtkSlicerModelsLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Texts": "vtkSlicerTextsLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "CropVolume": "vtkSlicerCropVolumeLogic",
    "VolumeRendering": "vtkSlicerVolumeRenderingLogic",
    "ViewControllers": "vtkSlicerViewControllersLogic",
    "Cameras": "vtkSlicerCamerasModuleLogic",
}


@dataclass
class Core:
    """What the shell is built around."""

    scene: object
    applicationLogic: object
    layoutLogic: object
    temporaryPath: str
    moduleLogics: dict = field(default_factory=dict)  # lower-case module name -> logic
    keepAlive: list = field(default_factory=list)


def create_core():
    """Create the scene with its logics, the default nodes and the default layouts."""
    temporaryPath = tempfile.mkdtemp(prefix="Slicer-")
    atexit.register(shutil.rmtree, temporaryPath, ignore_errors=True)
    scene, application = slicer.vtkMRMLScene(), slicer.vtkSlicerApplicationLogic()
    application.SetTemporaryPath(temporaryPath)
    application.SetMRMLScene(scene)
    application.GetColorLogic().SetMRMLScene(scene)
    application.GetColorLogic().AddDefaultColorNodes()
    application.SetSliceLogics(vtk.vtkCollection())
    application.SetViewLogics(vtk.vtkCollection())
    slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance().SetMRMLApplicationLogic(application)
    slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance().SetMRMLApplicationLogic(application)
    core = Core(scene, application, slicer.vtkMRMLLayoutLogic(), temporaryPath)
    _add_module_logics(core)
    _connect_files(core)
    add_default_nodes(scene)
    core.layoutLogic.SetMRMLApplicationLogic(application)
    core.layoutLogic.SetMRMLScene(scene)
    return core


def add_default_nodes(scene):
    """Singletons that the application adds to an empty scene, and again after the scene was closed."""
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    if not scene.GetSingletonNode("default", "vtkMRMLCrosshairNode"):
        crosshair = slicer.vtkMRMLCrosshairNode()
        crosshair.SetCrosshairName("default")
        crosshair.SetSingletonTag("default")
        crosshair.SetCrosshairMode(slicer.vtkMRMLCrosshairNode.NoCrosshair)
        scene.AddNode(crosshair)


def _add_module_logics(core):
    for name, className in _LOGICS.items():
        logic = core.applicationLogic.GetColorLogic() if name == "Colors" else getattr(slicer, className)()
        if name == "Terminologies":
            logic.SetModuleShareDirectory(_write_default_terminologies(core.temporaryPath))
        logic.SetMRMLScene(core.scene)
        logic.SetMRMLApplicationLogic(core.applicationLogic)
        core.applicationLogic.SetModuleLogic(name, logic)
        core.moduleLogics[name.lower()] = logic


def _connect_files(core):
    """Remote IO and the data IO manager: without them a scene bundle (.mrb) cannot be read."""
    remote, manager = slicer.vtkMRMLRemoteIOLogic(), slicer.vtkDataIOManagerLogic()
    cache = pathlib.Path(core.temporaryPath) / "RemoteIO"
    cache.mkdir()
    remote.GetCacheManager().SetRemoteCacheDirectory(str(cache))
    remote.SetMRMLScene(core.scene)
    manager.SetMRMLApplicationLogic(core.applicationLogic)
    manager.SetAndObserveDataIOManager(remote.GetDataIOManager())
    core.applicationLogic.SetMRMLSceneDataIO(core.scene, remote, manager)
    core.keepAlive += [remote, manager]


def _write_default_terminologies(folder):
    """The application ships three terminology files and slicer-core none: a short one of each kind stands for them."""
    share = pathlib.Path(folder) / "Terminologies"
    share.mkdir()

    def code(value, meaning, **more):
        return {"CodingSchemeDesignator": "SCT", "CodeValue": value, "CodeMeaning": meaning, **more}

    tissue = code(
        "85756007",
        "Tissue",
        showAnatomy=True,
        cid="7051",
        Type=[code("85756007", "Tissue", recommendedDisplayRGBValue=[128, 174, 128])],
    )
    mass = code(
        "49755003",
        "Morphologically Altered Structure",
        showAnatomy=True,
        cid="7051",
        Type=[code("4147007", "Mass", recommendedDisplayRGBValue=[144, 238, 144])],
    )
    organs = code(
        "123037004",
        "Anatomical Structure",
        showAnatomy=True,
        cid="7051",
        Type=[code("10200004", "Liver", recommendedDisplayRGBValue=[221, 130, 101])],
    )
    general = "SegmentationCategoryTypeModifier-SlicerGeneralAnatomy"
    names = {
        general: "Segmentation category and type - 3D Slicer General Anatomy list",
        "SegmentationCategoryTypeModifier-DICOM-Master": "Segmentation category and type - DICOM master list",
    }
    for file, name in names.items():
        text = {"SegmentationCategoryTypeContextName": name, "SegmentationCodes": {"Category": [tissue, organs, mass]}}
        _write_json(share / f"{file}.term.json", "segment-context-schema", text)
    regions = [code("10200004", "Liver"), code("64033007", "Kidney"), code("39607008", "Lung")]
    text = {"AnatomicContextName": "Anatomic codes - DICOM master list", "AnatomicCodes": {"AnatomicRegion": regions}}
    _write_json(share / "AnatomicRegionAndModifier-DICOM-Master.term.json", "anatomic-context-schema", text)
    return str(share)


def _write_json(path, schema, content):
    url = f"https://raw.githubusercontent.com/qiicr/dcmqi/master/doc/schemas/{schema}.json#"
    path.write_text(json.dumps({"@schema": url, **content}), encoding="utf-8")
