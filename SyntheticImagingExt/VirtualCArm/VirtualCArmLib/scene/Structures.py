"""The segments of a segmentation, made ready to be projected."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import slicer
import vtk

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import nodes

SEGMENT_EVENTS = (
    slicer.vtkSegmentation.SourceRepresentationModified,
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentModified,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
    slicer.vtkMRMLDisplayableNode.DisplayModifiedEvent,
    vtk.vtkCommand.ModifiedEvent,
)


def segmentIds(segmentationNode: slicer.vtkMRMLSegmentationNode | None, visibleOnly: bool = True) -> list[str]:
    """Ids of the segments, in order; of those that are shown."""
    if segmentationNode is None:
        return []
    display = segmentationNode.GetDisplayNode() if visibleOnly else None
    ids = segmentationNode.GetSegmentation().GetSegmentIDs()
    return [one for one in ids if display is None or display.GetSegmentVisibility(one)]


def layerSteps(
    segmentationNode: slicer.vtkMRMLSegmentationNode, ids: list[str], ctNode: slicer.vtkMRMLScalarVolumeNode
) -> Generator:
    """Generator (yields after each segment); returns label volumes on the CT's grid and names by label.

    Segments that overlap come into different volumes; a label is the number of its segment in ``ids``, from 1 on.
    Empty segments, and such as are outside the CT, are left out.
    """
    layers, names, grid = [], {}, None
    for label, segmentId in enumerate(ids, start=1):
        try:
            grid = nodes.labelsFromSegment(segmentationNode, segmentId, ctNode)
        except InputError:
            continue
        mask = grid.numpy() > 0
        region = nodes.boundingRegion(mask)
        mask = mask[region]
        free = next((layer for layer in layers if not layer[region][mask].any()), None)
        if free is None:
            free = np.zeros(grid.shape, np.int16)
            layers.append(free)
        free[region][mask] = label
        names[label] = segmentationNode.GetSegmentation().GetSegment(segmentId).GetName()
        yield
    return [grid.like(layer) for layer in layers], names


def contentOf(segmentationNode: slicer.vtkMRMLSegmentationNode | None, ids: list[str]):
    """What changes when the segments do: their shapes, their place."""
    if segmentationNode is None:
        return None
    matrix, parent = vtk.vtkMatrix4x4(), segmentationNode.GetParentTransformNode()
    if parent is not None:
        parent.GetMatrixTransformToWorld(matrix)
    numbers = tuple(matrix.GetElement(row, column) for row in range(3) for column in range(4))
    segmentation = segmentationNode.GetSegmentation()
    return segmentationNode.GetID(), tuple(ids), numbers, tuple(_content(segmentation.GetSegment(i)) for i in ids)


def _content(segment):
    names = []
    segment.GetContainedRepresentationNames(names)
    bodies = [segment.GetRepresentation(name) for name in names if name != "Closed surface" or len(names) == 1]
    return segment.GetName(), segment.GetColor(), tuple(body.GetMTime() for body in bodies)
