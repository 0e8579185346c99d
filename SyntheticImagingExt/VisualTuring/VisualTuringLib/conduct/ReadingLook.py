"""How a reader looks at the case on the screen: its nodes, the mark, and what is counted for the record."""

from __future__ import annotations

from collections.abc import Sequence

import slicer
import vtk

from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.design import LEFT, RIGHT
from synthetic_imaging.reading.study import Study
from SyntheticImagingLib.observing import Observations

from .ReadingImages import StudyImage
from .ReadingNodes import ReadingNodes


class ReadingLook:
    """markRas: the place that decided, in RAS of its image, or None."""

    def __init__(self, study: Study):
        self._study, self._design = study, study.design
        self.nodes = ReadingNodes()
        self.markRas, self._markIndex = None, None
        self._slices, self._windowChanges = set(), 0
        self._observations = Observations()

    @property
    def counts(self) -> tuple[int | None, int]:
        """(slices visited, window changes); no slices where there are no views."""
        return len(self._slices) if self.nodes.views else None, self._windowChanges

    def attach(self, sliceLogics: Sequence[slicer.vtkMRMLSliceLogic]) -> None:
        """Show cases in these slice views, left to right (vtkMRMLSliceLogic)."""
        self._observations.dropAll()
        self.nodes.views = tuple(sliceLogics)
        for index, view in enumerate(self.nodes.views):
            self._observations.observe(index, view.GetSliceNode(), [vtk.vtkCommand.ModifiedEvent], self._noteSlices)

    def show(self, codes: Sequence[str], images: Sequence[StudyImage]) -> None:
        """Show a case or a pair in the window that all open with; counting begins anew."""
        cues = [self._study.case(code).cue_ras if self._design.cue else None for code in codes]
        self.markRas = self._markIndex = None
        self.nodes.show(images, next(iter(self._design.windows.values())), cues)
        self._slices, self._windowChanges = set(), 0
        self._noteSlices()

    def setWindow(self, name: str) -> None:
        """One of the design's window presets."""
        self.nodes.setWindow(self._design.windows[name])
        self._windowChanges += 1

    def toggleCues(self) -> None:
        """Hide or show the pointers beside lesions."""
        self.nodes.showCues(not self.nodes.areCuesShown)

    def putMark(self, ras: Sequence[float], index: int) -> None:
        """Mark a place of an image; InputError where the study asks for no mark."""
        if self._design.mark == "off":
            raise InputError("This study does not ask for a mark; answer with the number keys.")
        self.markRas, self._markIndex = tuple(float(x) for x in ras), index
        self.nodes.putMark(index, self.markRas)

    def removeMark(self) -> None:
        self.markRas = self._markIndex = None
        self.nodes.removeMark()

    def placeAtCursor(self) -> tuple[Sequence[float], int]:
        """(RAS, index of the image) under the mouse; InputError where there is no image."""
        crosshair = slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
        ras, nodes = [0.0, 0.0, 0.0], [view.GetSliceNode() for view in self.nodes.views]
        node = crosshair.GetCursorPositionXYZ([0.0, 0.0, 0.0]) if crosshair.GetCursorPositionRAS(ras) else None
        if node not in nodes or not self.nodes.isInside(nodes.index(node), ras):
            raise InputError("Move the mouse to the place in the image, then press the space bar.")
        return ras, nodes.index(node)

    def checkMark(self, answer: int | str) -> None:
        """InputError where a mark that is asked for is missing, or lies on the image of a pair that was not chosen."""
        if self._design.mark == "required" and self.markRas is None:
            raise InputError("Mark the place that made you decide, then answer again.")
        if self.markRas is not None and answer in (LEFT, RIGHT) and (LEFT, RIGHT)[self._markIndex] != answer:
            raise InputError("The mark is on the other image; mark the place on the image that you choose.")

    def close(self) -> None:
        """Nothing of the case stays in the scene."""
        self._observations.dropAll()
        self.nodes.remove()

    def _noteSlices(self):
        if self.nodes.isSeen and self.nodes.areInScene:
            for index, (view, _volume) in enumerate(zip(self.nodes.views, self.nodes.volumes, strict=False)):
                self._slices.add((index, self.nodes.sliceNumber(index, view.GetSliceOffset())))
