"""MRML nodes as core volumes, and back: the bridge's functions in one place.

Regions are tuples of three slices (K, J, I) into a volume's array.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import slicer

from synthetic_imaging.errors import InputError

from .grids import boundingRegion, volumeArray, worldMatrix
from .segments import (
    addSegment,
    createSegmentation,
    labelsFromSegment,
    segmentationFromLabels,
    segmentSteps,
    setSegmentRegion,
)
from .tree import markSynthetic, placeBeside, placeInFolder, removeWithDisplays

if TYPE_CHECKING:
    import numpy as np

    from synthetic_imaging.volume import Volume


__all__ = [
    "addSegment",
    "boundingRegion",
    "cloneVolumeNode",
    "createSegmentation",
    "createTextNode",
    "labelsFromSegment",
    "markSynthetic",
    "placeBeside",
    "placeInFolder",
    "removeWithDisplays",
    "segmentSteps",
    "segmentationFromLabels",
    "setSegmentRegion",
    "updateVolumeNodeRegion",
    "volumeArray",
    "volumeFromNode",
    "volumeNodeFromVolume",
    "worldMatrix",
]


def volumeFromNode(volumeNode: slicer.vtkMRMLScalarVolumeNode) -> Volume:
    """The volume of a scalar volume node: data (K, J, I) shares the node's memory, geometry is that of the world.

    Unsigned voxels above 8 bits, with which torch cannot compute, are copied into signed ones. Raises InputError
    without voxels, for color images, NaN, non-linear or sheared transforms.
    """
    import numpy as np

    from synthetic_imaging.volume import Volume

    array = volumeArray(volumeNode)
    if array.dtype.kind == "f" and not (np.isfinite(array.min()) and np.isfinite(array.max())):
        raise InputError(
            f'The volume "{volumeNode.GetName()}" holds values that are not numbers (NaN or infinite). '
            "Replace them first, for instance with -1024 outside the body."
        )
    volume = Volume.from_numpy(array, worldMatrix(volumeNode))
    return volume if array.dtype == np.uint8 else volume.with_signed_voxels()


def updateVolumeNodeRegion(
    volumeNode: slicer.vtkMRMLScalarVolumeNode, array: np.ndarray, region: tuple[slice, slice, slice] | None
):
    """Copy voxels into a region of a volume node and tell its observers once.

    array: the whole volume (K, J, I), or the region only. region: three slices (K, J, I), or None for nothing.
    """
    from slicer.util import arrayFromVolumeModified

    if region is None:
        return
    target = volumeArray(volumeNode)
    target[region] = array[region] if array.shape == target.shape else array
    arrayFromVolumeModified(volumeNode)


def cloneVolumeNode(volumeNode: slicer.vtkMRMLScalarVolumeNode, name: str) -> slicer.vtkMRMLScalarVolumeNode:
    """A copy of a volume node with its own voxels and display, in the same place of the data tree, marked as synthetic.

    The copy does not claim to be the DICOM series of its source.
    """
    volumeArray(volumeNode)
    clone = slicer.vtkSlicerVolumesLogic.CloneVolume(slicer.mrmlScene, volumeNode, name)
    clone.RemoveAttribute("DICOM.instanceUIDs")
    markSynthetic(clone, volumeNode)
    placeBeside(clone, volumeNode)
    return clone


def createTextNode(name: str, text: str, inputNode: slicer.vtkMRMLNode | None = None) -> slicer.vtkMRMLTextNode:
    """A text node, for records in JSON, beside another node in the data tree."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", name)
    node.SetText(text)
    if inputNode is not None:
        placeBeside(node, inputNode)
    return node


def volumeNodeFromVolume(volume: Volume, name: str) -> slicer.vtkMRMLScalarVolumeNode:
    """A new scalar volume node with a copy of a core volume."""
    from slicer.util import addVolumeFromArray

    return addVolumeFromArray(volume.numpy(), ijkToRAS=volume.ijk_to_ras, name=name)
