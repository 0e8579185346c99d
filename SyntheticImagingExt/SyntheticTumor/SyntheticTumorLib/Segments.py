"""The truth as a segmentation: the organ with its lesions, and one segment per lesion."""

import slicer

from SyntheticImagingLib import nodes

ORGAN_ID = "organ"
ORGAN_OPACITY_3D = 0.35
SPARE_COLOR = 0.95, 0.35, 0.85
LEAST_COLOR_DISTANCE = 0.5
TAG_SYNTHETIC = "SyntheticImaging.Synthetic"
TAG_PREFIX = "SyntheticImaging."


def segmentIdOf(index):
    return f"lesion_{index + 1}"


class LesionSegments:
    """Writes a composition's labels into a segmentation node, only where they have changed.

    The organ's segment holds the organ with its lesions (organs contain their tumors); the lesions' segments lie in
    layers of their own. A hidden lesion has an empty segment.
    """

    def __init__(self):
        self.node = None
        self._shown = []
        self._disturbed = None

    def create(self, volumeNode, name, inputs):
        """A new segmentation beside the volume, with the organ drawn as an outline."""
        node = nodes.createSegmentation(volumeNode, name)
        nodes.markSynthetic(node, inputs.ctNode)
        display = node.GetDisplayNode()
        display.SetVisibility2DFill(False)
        display.SetOpacity2DOutline(0.7)
        return node

    def follow(self, node):
        """Write into this node from now on; everything is written anew at the next ``update``."""
        self.node, self._shown, self._disturbed = node, [], None

    @property
    def hasSurfaces(self):
        return self.node is not None and self.node.GetSegmentation().ContainsRepresentation("Closed surface")

    def showSurfaces(self, on):
        """Make or remove the surfaces that 3D views show; Slicer keeps them in line with the segments."""
        if self.node is None:
            return
        if on:
            self.node.CreateClosedSurfaceRepresentation()
            self.node.GetDisplayNode().SetSegmentOpacity3D(ORGAN_ID, ORGAN_OPACITY_3D)
        else:
            self.node.RemoveClosedSurfaceRepresentation()

    def release(self):
        self.follow(None)

    def update(self, composition, inputs, written):
        """Bring the segments in line with a composition.

        written: the Region of voxels that changed since the last update, None for nothing.
        """
        if self.node is None:
            return
        # a segment that is emptied before it is written anew has no surface that could follow
        hadSurfaces = self.hasSurfaces and self._disturbed is None
        if hadSurfaces:
            self.node.RemoveClosedSurfaceRepresentation()
        # views ask for segments by name: what comes and goes must be told at once, and not as one change at the end
        self._updateNames(composition.lesions, inputs)
        wasModifying = self.node.StartModify()
        try:
            self._updateOrgan(composition, inputs, written)
            for index in range(len(composition.lesions)):
                self._updateLesion(composition, index, inputs.ctNode)
        finally:
            self.node.EndModify(wasModifying)
        if hadSurfaces:
            self.node.CreateClosedSurfaceRepresentation()

    def _updateOrgan(self, composition, inputs, written):
        case = composition.case
        if self._disturbed is None:
            # whatever the segment held before belongs to another state
            self._clear(ORGAN_ID)
            self._disturbed = []
            region = case.region if written is None or written.empty else case.region.union(written)
            mask = composition.labels[region.slices] > 0
            nodes.setSegmentRegion(self.node, ORGAN_ID, mask, region.slices, inputs.ctNode)
            self._note(case, composition, written)
        elif written is not None and not written.empty and self._note(case, composition, written):
            nodes.setSegmentRegion(
                self.node, ORGAN_ID, composition.labels[written.slices] > 0, written.slices, inputs.ctNode
            )

    def _note(self, case, composition, region):
        """Whether the organ's outline in a region is, or until now was, another than the input's."""
        if region is None or region.empty:
            return False
        before = any(region.intersects(other) for other in self._disturbed)
        now = bool(((composition.labels[region.slices] > 0) != case.organ_in(region)).any())
        if now:
            self._disturbed.append(region)
        return before or now

    def _updateNames(self, lesions, inputs):
        segmentation = self.node.GetSegmentation()
        if segmentation.GetSegment(ORGAN_ID) is None:
            nodes.addSegment(self.node, ORGAN_ID, inputs.organName, inputs.organTerm)
            _copyColor(inputs, segmentation.GetSegment(ORGAN_ID))
        for index, lesion in enumerate(lesions):
            segmentId, name = segmentIdOf(index), f"{lesion.name} (synthetic)"
            segment = segmentation.GetSegment(segmentId)
            if segment is None:
                segment = nodes.addSegment(self.node, segmentId, name, "mass", inputs.organTerm)
                _keepApart(segment, segmentation.GetSegment(ORGAN_ID))
                self._shown[index:] = []
            if segment.GetName() != name:
                segment.SetName(name)
            for key, value in _tagsOf(lesion).items():
                segment.SetTag(key, value)
        index = len(lesions)
        while segmentation.GetSegment(segmentIdOf(index)) is not None:
            segmentation.RemoveSegment(segmentIdOf(index))
            index += 1
        del self._shown[len(lesions) :]

    def _updateLesion(self, composition, index, volumeNode):
        region, mask = composition.mask_of(index)
        before = self._shown[index] if index < len(self._shown) else None
        if before is not None and before[0] == region and (before[1] == mask).all():
            return
        if before is None:
            self._clear(segmentIdOf(index))
        whole = region if before is None else region.union(before[0])
        if not whole.empty:
            nodes.setSegmentRegion(self.node, segmentIdOf(index), whole.cut(mask, region), whole.slices, volumeNode)
        self._shown[index:] = [(region, mask), *self._shown[index + 1 :]]

    def _clear(self, segmentId):
        """Empty a segment that holds voxels of a state that is not known."""
        image = self.node.GetSegmentation().GetSegment(segmentId).GetRepresentation("Binary labelmap")
        if image is not None and not image.IsEmpty():
            slicer.vtkSlicerSegmentationsModuleLogic.ClearSegment(self.node, segmentId)


def _tagsOf(lesion):
    return {
        TAG_SYNTHETIC: "1",
        TAG_PREFIX + "Preset": lesion.preset or "none",
        TAG_PREFIX + "Seed": str(lesion.seed),
        TAG_PREFIX + "RadiusMm": f"{lesion.radius_mm:g}",
    }


def _keepApart(lesion, organ):
    """A lesion has the color of its term, unless the organ has nearly the same one."""
    distance = sum((a - b) ** 2 for a, b in zip(lesion.GetColor(), organ.GetColor(), strict=True)) ** 0.5
    if distance < LEAST_COLOR_DISTANCE:
        lesion.SetColor(*SPARE_COLOR)


def _copyColor(inputs, segment):
    """The organ keeps the color that the user gave it where it has no standard term."""
    source = inputs.organNode.GetSegmentation().GetSegment(inputs.organSegmentId)
    if not inputs.organTerm and source is not None:
        segment.SetColor(*source.GetColor())
