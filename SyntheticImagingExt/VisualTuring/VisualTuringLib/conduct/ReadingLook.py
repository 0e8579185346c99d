"""How a reader looks at the case on the screen: its nodes, the mark, and what is counted for the record."""

import slicer
import vtk

from synthetic_imaging.errors import InputError

from .ReadingNodes import ReadingNodes


class ReadingLook:
    """markRas: the place that decided, in RAS of its image, or None."""

    def __init__(self, study):
        self._study, self._design = study, study.design
        self.nodes = ReadingNodes()
        self.markRas, self._markIndex = None, None
        self._slices, self._windowChanges = set(), 0
        self._viewTags = []

    @property
    def counts(self):
        """(slices visited, window changes); no slices where there are no views."""
        return len(self._slices) if self.nodes.views else None, self._windowChanges

    def attach(self, sliceLogics):
        """Show cases in these slice views, left to right (vtkMRMLSliceLogic)."""
        self._detach()
        self.nodes.views = tuple(sliceLogics)
        for index, view in enumerate(self.nodes.views):
            node = view.GetSliceNode()
            tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_a, index=index: self._noteSlice(index))
            self._viewTags.append((node, tag))

    def show(self, codes, images):
        """Show a case or a pair in the window that all open with; counting begins anew."""
        cues = [self._study.case(code).cue_ras if self._design.cue else None for code in codes]
        self.markRas = self._markIndex = None
        self.nodes.show(images, next(iter(self._design.windows.values())), cues)
        self._slices, self._windowChanges = set(), 0
        for index in range(len(self.nodes.views)):
            self._noteSlice(index)

    def setWindow(self, name):
        """One of the design's window presets."""
        self.nodes.setWindow(self._design.windows[name])
        self._windowChanges += 1

    def toggleCues(self):
        """Hide or show the pointers beside lesions."""
        self.nodes.showCues(not self.nodes.areCuesShown)

    def putMark(self, ras, index):
        """Mark a place of an image; InputError where the study asks for no mark."""
        if self._design.mark == "off":
            raise InputError("This study does not ask for a mark; answer with the number keys.")
        self.markRas, self._markIndex = tuple(float(x) for x in ras), index
        self.nodes.putMark(index, self.markRas)

    def removeMark(self):
        self.markRas = self._markIndex = None
        self.nodes.removeMark()

    def placeAtCursor(self):
        """(RAS, index of the image) under the mouse; InputError where there is no image."""
        crosshair = slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
        ras, nodes = [0.0, 0.0, 0.0], [view.GetSliceNode() for view in self.nodes.views]
        node = crosshair.GetCursorPositionXYZ([0.0, 0.0, 0.0]) if crosshair.GetCursorPositionRAS(ras) else None
        if node not in nodes or not self.nodes.isInside(nodes.index(node), ras):
            raise InputError("Move the mouse to the place in the image, then press the space bar.")
        return ras, nodes.index(node)

    def checkMark(self, answer):
        """InputError where a mark that is asked for is missing, or lies on the image of a pair that was not chosen."""
        if self._design.mark == "required" and self.markRas is None:
            raise InputError("Mark the place that made you decide, then answer again.")
        if self.markRas is not None and answer in ("left", "right") and ("left", "right")[self._markIndex] != answer:
            raise InputError("The mark is on the other image; mark the place on the image that you choose.")

    def close(self):
        """Nothing of the case stays in the scene."""
        self._detach()
        self.nodes.remove()

    def _detach(self):
        while self._viewTags:
            node, tag = self._viewTags.pop()
            node.RemoveObserver(tag)

    def _noteSlice(self, index):
        if self.nodes.isSeen and index < len(self.nodes.volumes) and self.nodes.areInScene:
            number = self.nodes.sliceNumber(index, self.nodes.views[index].GetSliceOffset())
            self._slices.add((index, number))
