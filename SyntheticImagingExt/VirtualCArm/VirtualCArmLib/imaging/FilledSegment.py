"""The segment that holds contrast agent, made ready to be projected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import slicer

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import nodes

from ..scene import Structures

if TYPE_CHECKING:
    from synthetic_imaging.xray.truth import StructureProjector


class FilledSegment:
    """The segment that holds contrast agent, as a StructureProjector of the label 1."""

    def __init__(self):
        self._key, self._projector = None, None

    def projector(
        self,
        segmentationNode: slicer.vtkMRMLSegmentationNode | None,
        segmentId: str,
        ctNode: slicer.vtkMRMLScalarVolumeNode,
    ) -> StructureProjector | None:
        """The same object as long as the segment does not change; None without a segment.

        InputError where the segment is empty or outside the CT.
        """
        if segmentationNode is None or not segmentId:
            return None
        if segmentationNode.GetSegmentation().GetSegment(segmentId) is None:
            raise InputError("The segment that holds the contrast agent does not exist any more. Choose another one.")
        key = ctNode.GetID(), Structures.contentOf(segmentationNode, [segmentId])
        if key != self._key:
            from synthetic_imaging.xray.truth import StructureProjector

            labels = nodes.labelsFromSegment(segmentationNode, segmentId, ctNode)
            self._projector = StructureProjector(labels, values=[1])
            self._key = ctNode.GetID(), Structures.contentOf(segmentationNode, [segmentId])
        return self._projector
