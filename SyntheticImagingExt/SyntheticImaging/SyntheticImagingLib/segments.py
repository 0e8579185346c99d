"""Segments as arrays on a volume's grid, and back.

Regions are tuples of three slices (K, J, I) into the volume's array.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import slicer
import vtk

from synthetic_imaging.errors import InputError

from . import terms
from .grids import imageArray, onGrid, orientedImage, overlap, parentMatrix, volumeArray, worldMatrix
from .stages import Steps, finish
from .tree import placeBeside

if TYPE_CHECKING:
    import numpy as np

    from synthetic_imaging.volume import Volume


def labelsFromSegment(
    segmentationNode: slicer.vtkMRMLSegmentationNode, segmentId: str, volumeNode: slicer.vtkMRMLScalarVolumeNode
) -> Volume:
    """One segment as a volume of uint8 (0 or 1) on the grid of the volume node, nearest voxel where grids differ.

    Parent transforms of both nodes count. Raises InputError for a missing or empty segment, or one outside the volume.
    """
    import numpy as np

    from synthetic_imaging.volume import Volume

    shape = volumeArray(volumeNode).shape
    matrix = worldMatrix(volumeNode)
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId) if segmentationNode and segmentId else None
    if segment is None:
        raise InputError("No organ segment is chosen. Choose a segmentation and the segment of the organ in it.")
    image = _segmentImage(segmentationNode, segmentId)
    if not imageArray(image).any():
        raise InputError(
            f'The segment "{segment.GetName()}" is empty. Draw the organ with the Segment Editor, '
            "or choose another segment."
        )
    labels = np.zeros(shape, np.uint8)
    _paste(image, labels, matrix)
    if not labels.any():
        raise InputError(
            f'The segment "{segment.GetName()}" lies outside the volume "{volumeNode.GetName()}". '
            "Choose the segmentation that belongs to this volume."
        )
    return Volume.from_numpy(labels, matrix)


def _segmentImage(segmentationNode, segmentId, world=True):
    """A segment as an oriented image of its own (0 outside), made from its surface where it has no labelmap.

    world: in RAS of the world, else in the coordinates of the segmentation node.
    """
    parentMatrix(segmentationNode)  # refuses what the export could not follow
    image = slicer.vtkOrientedImageData()
    export = slicer.vtkSlicerSegmentationsModuleLogic.GetSegmentBinaryLabelmapRepresentation
    export(segmentationNode, segmentId, image, world)
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    if segment.GetRepresentation("Binary labelmap") is not None:
        array = imageArray(image)  # a copy of the layer, with all segments that share it
        array *= array == segment.GetLabelValue()
    return image


def _paste(image, labels, ijkToWorld):
    """Set voxels of an array on a grid to 1 where an oriented image is not 0; nearest voxel, cut at the border."""
    whole = [bound for size in reversed(labels.shape) for bound in (0, size - 1)]
    if not onGrid(image, ijkToWorld):
        resampled = slicer.vtkOrientedImageData()
        reference = orientedImage(ijkToWorld, whole)
        slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(image, reference, resampled)
        image = resampled
    inside, part = overlap(whole, image.GetExtent()), overlap(image.GetExtent(), whole)
    labels[inside] = imageArray(image)[part] != 0


def setSegmentRegion(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    mask: np.ndarray,
    region: tuple[slice, slice, slice] | None,
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
):
    """Make a segment equal to a mask inside a region; elsewhere, and in other segments, nothing changes.

    mask: bool or uint8, the whole volume (K, J, I) or the region only.
    region: three slices (K, J, I) on the volume's grid, or None for nothing.
    A labelmap that several segments share is kept; Slicer gives the segment its own where they overlap.
    """
    import numpy as np

    if region is None:
        return
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    shape = volumeArray(volumeNode).shape
    mask = mask[region] if mask.shape == shape else mask
    starts = [part.indices(size)[0] for part, size in zip(region, shape, strict=True)]
    extent = [bound for axis in (2, 1, 0) for bound in (starts[axis], starts[axis] + mask.shape[axis] - 1)]
    ijkToSegmentation = np.linalg.inv(parentMatrix(segmentationNode)) @ worldMatrix(volumeNode)
    image = orientedImage(ijkToSegmentation, extent)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    imageArray(image)[...] = mask != 0
    if _holdsNothingOutside(segmentationNode, segmentId, ijkToSegmentation, extent):
        logic.SetBinaryLabelmapToSegment(image, segmentationNode, segmentId, logic.MODE_REPLACE)
    else:
        cleared = _clear(segmentationNode, segmentId, ijkToSegmentation, extent)
        logic.SetBinaryLabelmapToSegment(image, segmentationNode, segmentId, logic.MODE_MERGE_MASK)
        if not mask.any():
            cleared.Modified()  # merging nothing tells nobody


def _holdsNothingOutside(segmentationNode, segmentId, ijkToSegmentation, extent):
    """Whether a segment has a labelmap of its own, on this grid, that ends within the extent."""
    image = segmentationNode.GetSegmentation().GetSegment(segmentId).GetRepresentation("Binary labelmap")
    if image is None or image.IsEmpty():
        return True
    if _isShared(segmentationNode, segmentId) or not onGrid(image, ijkToSegmentation):
        return False
    own = image.GetExtent()
    return all(own[2 * axis] >= extent[2 * axis] and own[2 * axis + 1] <= extent[2 * axis + 1] for axis in range(3))


def _isShared(segmentationNode, segmentId):
    sharing = []
    segmentationNode.GetSegmentation().GetSegmentIDsSharingBinaryLabelmapRepresentation(segmentId, sharing, False)
    return bool(sharing)


def _clear(segmentationNode, segmentId, ijkToSegmentation, extent):
    """Take a segment's voxels inside an extent away, in place; no merge mode of Slicer does it in a shared labelmap.

    Returns the labelmap.
    """
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    image = segment.GetRepresentation("Binary labelmap")
    if not onGrid(image, ijkToSegmentation):
        image = _moveToGrid(segmentationNode, segmentId, ijkToSegmentation)
    part = imageArray(image)[overlap(image.GetExtent(), extent)]
    part[part == segment.GetLabelValue()] = 0
    image.GetPointData().GetScalars().Modified()
    return image


def _moveToGrid(segmentationNode, segmentId, ijkToSegmentation):
    """Resample one segment to another grid, nearest voxel; its new labelmap."""
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    image = _segmentImage(segmentationNode, segmentId, world=False)
    reference = orientedImage(ijkToSegmentation, image.GetExtent())
    resampled = slicer.vtkOrientedImageData()
    resample = slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage
    resample(image, reference, resampled, False, True)
    if _isShared(segmentationNode, segmentId):
        segmentationNode.GetSegmentation().SeparateSegmentLabelmap(segmentId)
    logic.SetBinaryLabelmapToSegment(resampled, segmentationNode, segmentId, logic.MODE_REPLACE)
    return segmentationNode.GetSegmentation().GetSegment(segmentId).GetRepresentation("Binary labelmap")


def createSegmentation(volumeNode: slicer.vtkMRMLScalarVolumeNode, name: str) -> slicer.vtkMRMLSegmentationNode:
    """An empty segmentation node with the geometry of a volume node, displayed, beside it in the data tree."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
    node.SetNodeReferenceID(node.GetReferenceImageGeometryReferenceRole(), volumeNode.GetID())
    node.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    placeBeside(node, volumeNode)
    return node


def addSegment(
    segmentationNode: slicer.vtkMRMLSegmentationNode,
    segmentId: str,
    name: str,
    label: str | None = None,
    regionOf: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> slicer.vtkSegment:
    """Add an empty segment with a stable id, a term (see terms) and own tags; the vtkSegment."""
    segmentation = segmentationNode.GetSegmentation()
    segmentId = segmentation.AddEmptySegment(segmentId, name)
    segment = segmentation.GetSegment(segmentId)
    if label:
        terms.setTerminology(segment, label, regionOf)
    for key, value in (tags or {}).items():
        segment.SetTag(key, value)
    return segment


def segmentationFromLabels(
    labels: Volume, names: Mapping[int, str], volumeNode: slicer.vtkMRMLScalarVolumeNode, name: str
) -> slicer.vtkMRMLSegmentationNode:
    """A segmentation node with one segment per label value other than 0.

    labels: core volume of integers on the grid of the volume node. names: dict of label value and name; what the
    names mean is looked up in the terms. Segment ids are the names in lower case with underscores.
    """
    node = createSegmentation(volumeNode, name)
    finish(segmentSteps(node, labels, names, volumeNode))
    return node


def segmentSteps(
    node: slicer.vtkMRMLSegmentationNode,
    labels: Volume,
    names: Mapping[int, str],
    volumeNode: slicer.vtkMRMLScalarVolumeNode,
) -> Steps[None]:
    """Fill a segmentation node in the same way, as a generator of (name of the segment, percent)."""
    from scipy.ndimage import find_objects

    array = labels.numpy()
    regions = dict(enumerate(find_objects(array), start=1))
    values = sorted(set(names) - {0})
    for count, value in enumerate(values):
        title = names[value][:1].upper() + names[value][1:]
        segmentId = names[value].lower().replace(" ", "_")
        addSegment(node, segmentId, title, terms.findTerm(title))
        region = regions.get(value)
        if region is not None:
            setSegmentRegion(node, segmentId, array[region] == value, region, volumeNode)
        yield title, 100 * (count + 1) / len(values)
    node.GetSegmentation().CollapseBinaryLabelmaps(False)
