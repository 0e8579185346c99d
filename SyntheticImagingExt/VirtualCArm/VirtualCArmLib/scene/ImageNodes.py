"""The X-ray image of a plane as a volume of one slice that stands at the detector, in the world's coordinates.

Its voxels are the attenuation, -ln(signal over air), with noise and scatter as set: a quantity that can be measured in
the views, and whose window (in the display node) is the detector's, never fitted to a frame. Only what a person adds
on top changes the numbers: enlarged detail, and collimated parts, which get a value that is shown black.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import slicer
from slicer.util import arrayFromVolume, arrayFromVolumeModified, updateVolumeFromArray, vtkMatrixFromArray

from synthetic_imaging import __version__
from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.geometry import View
from synthetic_imaging.xray.pose_records import record_of, view_of
from synthetic_imaging.xray.settings import Window

from ..state.Parameters import VirtualCArmParameterNode
from . import SceneNodes

if TYPE_CHECKING:
    from synthetic_imaging.xray.image import Radiograph


MOST_ATTENUATION = 20.0
PREFIX = "SyntheticImaging."
_BEAM = ("ScatterToPrimary", "Kvp", "Naive", "IsFinal")
COLORS = {False: "vtkMRMLColorTableNodeGrey", True: "vtkMRMLColorTableNodeInvertedGrey"}


def imageNode(parameters: VirtualCArmParameterNode, plane: str) -> slicer.vtkMRMLScalarVolumeNode | None:
    """The live image of a plane, or None."""
    return SceneNodes.find(parameters, f"image{plane}")


def makeImageNode(parameters: VirtualCArmParameterNode, plane: str) -> slicer.vtkMRMLScalarVolumeNode:
    """The live image of a plane, made where there is none."""
    found = imageNode(parameters, plane)
    if found is not None:
        return found
    ct = parameters.ct
    node = SceneNodes.make(parameters, f"image{plane}", "vtkMRMLScalarVolumeNode", imageName(ct, plane), ct)
    node.CreateDefaultDisplayNodes()
    return node


def imageName(ct: slicer.vtkMRMLScalarVolumeNode | None, plane: str) -> str:
    return f"{ct.GetName() if ct else 'CT'} X-ray{'' if plane == 'A' else ' ' + plane} (synthetic)"


def show(node: slicer.vtkMRMLScalarVolumeNode, radiograph: Radiograph, view: View, isFinal: bool):
    """Put an image into the node; ``view`` is that of the node's pixels, to which a coarse image is enlarged."""
    values = shownValues(radiograph, (view.rows, view.columns))
    wasModifying = node.StartModify()
    node.SetIJKToRASMatrix(vtkMatrixFromArray(view.ijk_to_ras))
    image = node.GetImageData()
    if image is not None and image.GetDimensions() == (view.columns, view.rows, 1):
        arrayFromVolume(node)[0] = values
        arrayFromVolumeModified(node)
    else:
        updateVolumeFromArray(node, values[None])
    describe(node, radiograph, isFinal)
    node.EndModify(wasModifying)


def shownValues(radiograph: Radiograph, shape: tuple[int, ...]):
    """The attenuation as it is shown, float32 array (rows, columns)."""
    import torch

    from synthetic_imaging.xray.display import gray

    window = radiograph.settings.window
    scale = Window(0.0, MOST_ATTENUATION, detail=window.detail)
    values = MOST_ATTENUATION * gray(scale, radiograph.attenuation, radiograph.view.pixel_mm, radiograph.opening)
    if window.inverted and radiograph.opening is not None:
        values = torch.where(radiograph.opening < 0.5, torch.full_like(values, MOST_ATTENUATION), values)
    if tuple(values.shape) != shape:
        values = torch.nn.functional.interpolate(values[None, None], size=shape, mode="bilinear")[0, 0]
    return values.detach().cpu().numpy()


def describe(node: slicer.vtkMRMLScalarVolumeNode, radiograph: Radiograph, isFinal: bool):
    """Say on the node what it shows: pose, beam, quantity."""
    pose, settings = radiograph.view.pose(), radiograph.settings
    detail = f", detail enlarged by {settings.window.detail:g}" if settings.window.detail else ""
    values = {
        "Quantity": f"attenuation, -ln(signal over air){detail}",
        "Pose": json.dumps(record_of(radiograph.view)),
        "Angles": pose.title,
        "Kvp": f"{settings.spectrum.kvp:g}",
        "AlMm": f"{settings.spectrum.al_mm:g}",
        "CuMm": f"{settings.spectrum.cu_mm:g}",
        "PhotonsPerMm2": f"{settings.exposure.photons_per_mm2:g}",
        "ScatterToPrimary": f"{radiograph.scatter_to_primary:.3f}",
        "Naive": str(settings.naive),
        "IsFinal": str(isFinal),
        "Version": __version__,
        "Notice": "X-ray image computed from CT; not for clinical use.",
    }
    for name, value in values.items():
        node.SetAttribute(PREFIX + name, value)


def viewOf(node: slicer.vtkMRMLScalarVolumeNode | None) -> View | None:
    """The core ``View`` that an image says it was taken with, or None."""
    text = node.GetAttribute(f"{PREFIX}Pose") if node is not None else None
    try:
        return view_of(json.loads(text)) if text else None
    except (ValueError, InputError):  # a person may have edited it
        return None


def beamOf(node: slicer.vtkMRMLScalarVolumeNode | None) -> dict:
    """What an image says of its beam: spr, kvp, naive and isFinal; empty where it says nothing."""
    told = {name: node.GetAttribute(PREFIX + name) for name in _BEAM} if node is not None else {}
    if not told or not all(told.values()):
        return {}
    try:
        numbers = {"spr": float(told["ScatterToPrimary"]), "kvp": float(told["Kvp"])}
    except ValueError:
        return {}
    return {**numbers, "naive": told["Naive"] == "True", "isFinal": told["IsFinal"] == "True"}


def setWindow(node: slicer.vtkMRMLScalarVolumeNode, ends: tuple[float, float], inverted: bool):
    """Show attenuation between two ends; a hand that moves them in a view writes them back (see ``windowOf``)."""
    display = node.GetDisplayNode()
    if display is None:
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
    window, level = ends[1] - ends[0], (ends[1] + ends[0]) / 2
    if window <= 0:
        return
    wasModifying = display.StartModify()
    display.SetAutoWindowLevel(False)
    if abs(display.GetWindow() - window) > 1e-9 or abs(display.GetLevel() - level) > 1e-9:
        display.SetWindowLevel(window, level)
    display.SetInterpolate(True)
    if display.GetColorNodeID() != COLORS[inverted] and slicer.mrmlScene.GetNodeByID(COLORS[inverted]):
        display.SetAndObserveColorNodeID(COLORS[inverted])
    display.EndModify(wasModifying)


def windowOf(node: slicer.vtkMRMLScalarVolumeNode) -> tuple[float, float] | None:
    """(low, high) of the display, or None."""
    display = node.GetDisplayNode()
    if display is None or display.GetWindow() <= 0:
        return None
    return display.GetLevel() - display.GetWindow() / 2, display.GetLevel() + display.GetWindow() / 2
