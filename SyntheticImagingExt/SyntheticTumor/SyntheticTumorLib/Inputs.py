"""What a session works on."""

from dataclasses import dataclass

import slicer

from SyntheticImagingLib import terms

Segmentation = slicer.vtkMRMLSegmentationNode
Volume = slicer.vtkMRMLScalarVolumeNode


@dataclass(frozen=True)
class Inputs:
    """The chosen CT, organ segment and, if there is one, vessel segment."""

    ctNode: Volume | None = None
    organNode: Segmentation | None = None
    organSegmentId: str = ""
    vesselNode: Segmentation | None = None
    vesselSegmentId: str = ""

    @property
    def complete(self) -> bool:
        return bool(self.ctNode and self.organNode and self.organSegmentId)

    @property
    def organName(self) -> str:
        segment = self._organ
        return segment.GetName() if segment else "organ"

    @property
    def organTerm(self) -> str | None:
        """The label of the organ's standard term, for instance "liver"; None when it has none that is known."""
        segment = self._organ
        return terms.organOf(segment) if segment else None

    @property
    def _organ(self):
        return self.organNode.GetSegmentation().GetSegment(self.organSegmentId) if self.complete else None

    def uses(self, node: slicer.vtkMRMLNode | None) -> bool:
        return node is not None and node in (self.ctNode, self.organNode, self.vesselNode)
