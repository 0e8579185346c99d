"""The segments of a segmentation, made ready to be projected."""

import slicer
import vtk

SEGMENT_EVENTS = (
    slicer.vtkSegmentation.SourceRepresentationModified,
    slicer.vtkSegmentation.SegmentAdded,
    slicer.vtkSegmentation.SegmentRemoved,
    slicer.vtkSegmentation.SegmentModified,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
    slicer.vtkMRMLDisplayableNode.DisplayModifiedEvent,
    vtk.vtkCommand.ModifiedEvent,
)


def segmentIds(segmentationNode, visibleOnly=True):
    """Ids of the segments, in order; of those that are shown."""
    if segmentationNode is None:
        return []
    display = segmentationNode.GetDisplayNode() if visibleOnly else None
    ids = segmentationNode.GetSegmentation().GetSegmentIDs()
    return [one for one in ids if display is None or display.GetSegmentVisibility(one)]


def layerSteps(segmentationNode, ids, ctNode):
    """Generator (yields after each segment); returns label volumes on the CT's grid and names by label.

    Segments that overlap come into different volumes; a label is the number of its segment in ``ids``, from 1 on.
    Empty segments, and such as are outside the CT, are left out.
    """
    import numpy as np

    from synthetic_imaging.errors import InputError
    from SyntheticImagingLib import nodes

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


def contentOf(segmentationNode, ids):
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


class ContrastAgent:
    """The segment that holds contrast agent, as a StructureProjector of the label 1."""

    def __init__(self):
        self._key, self._projector = None, None

    def projector(self, segmentationNode, segmentId, ctNode):
        """The same object as long as the segment does not change; None without a segment.

        InputError where the segment is empty or outside the CT.
        """
        from synthetic_imaging.errors import InputError
        from synthetic_imaging.xray.truth import StructureProjector
        from SyntheticImagingLib import nodes

        if segmentationNode is None or not segmentId:
            return None
        if segmentationNode.GetSegmentation().GetSegment(segmentId) is None:
            raise InputError("The segment that holds the contrast agent does not exist any more. Choose another one.")
        key = ctNode.GetID(), contentOf(segmentationNode, [segmentId])
        if key != self._key:
            labels = nodes.labelsFromSegment(segmentationNode, segmentId, ctNode)
            self._projector = StructureProjector(labels, values=[1])
            self._key = ctNode.GetID(), contentOf(segmentationNode, [segmentId])
        return self._projector
