"""The lesions' centers as a point list: a click places a lesion, dragging its point moves it."""

from contextlib import contextmanager

import slicer
import vtk

from SyntheticImagingLib.observing import Observations
from SyntheticImagingLib.signal import Signal

GLYPH_SCALE_PERCENT = 1.3
TEXT_SCALE_PERCENT = 2.4


class LesionPoints:
    """Keeps a point list and the list of lesions alike; the n-th known point is the n-th lesion.

    Signals: placed(point id, ras); moved(index, ras); dragStarted(index); dragEnded(); removed(indices, highest first);
    renamed(index, name); hovered(ras) while a point is being placed. Changes made by ``show`` send none.
    """

    def __init__(self):
        self.placed, self.moved, self.removed, self.renamed = Signal(), Signal(), Signal(), Signal()
        self.dragStarted, self.dragEnded, self.hovered = Signal(), Signal(), Signal()
        self.node = None
        self.isDragging = False
        self._ids, self._positions, self._labels = [], [], []
        self._observations = Observations()
        self._busy = False

    def create(self, name):
        """A new, displayed point list."""
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        # small and open, so that the lesion under it is seen; in 3D the surfaces show where lesions are
        display.SetGlyphTypeFromString("Cross2D")
        display.SetVisibility3D(False)
        display.SetGlyphScale(GLYPH_SCALE_PERCENT)
        display.SetTextScale(TEXT_SCALE_PERCENT)
        display.SetColor(0.9, 0.75, 0.2)
        display.SetSelectedColor(1.0, 0.95, 0.3)
        display.SetActiveColor(0.4, 1.0, 0.4)
        return node

    def follow(self, node):
        """Use this point list; its points are replaced at the next ``show``."""
        self.release()
        self.node = node
        for name, event, method in (
            ("defined", node.PointPositionDefinedEvent, self._onDefined),
            ("modified", node.PointModifiedEvent, self._onModified),
            ("removed", node.PointRemovedEvent, self._onRemoved),
            ("start", node.PointStartInteractionEvent, self._onStart),
            ("end", node.PointEndInteractionEvent, self._onEnd),
        ):
            self._observations.observe(name, node, [event], method)
        self._removePreviews()

    def startPlacing(self, on: bool):
        """Begin or end place mode: each click in a slice view adds a point."""
        if on:
            logic = slicer.modules.markups.logic()
            logic.SetActiveList(self.node)
            logic.StartPlaceMode(True)
        else:
            interaction = slicer.app.applicationLogic().GetInteractionNode()
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)

    def _removePreviews(self):
        """A scene may have been saved while a point followed the mouse; no view will ever move that one again."""
        undefined = [
            self.node.GetNthControlPointID(index)
            for index in range(self.node.GetNumberOfControlPoints())
            if self.node.GetNthControlPointPositionStatus(index) != self.node.PositionDefined
        ]
        if undefined:
            with self._quietly(), _placingPaused(self.node):
                for pointId in undefined:
                    self.discard(pointId)

    def release(self):
        """Stop following; the node stays as it is."""
        self._observations.dropAll()
        self.node, self.isDragging = None, False
        self._ids, self._positions, self._labels = [], [], []

    def adopt(self, pointId):
        """A point that was placed has become the next lesion."""
        if self.node is not None and pointId not in self._ids:
            index = self._indexOf(pointId)
            if index >= 0:
                self._ids.append(pointId)
                self._positions.append(self._position(index))
                self._labels.append(self.node.GetNthControlPointLabel(index))

    def discard(self, pointId):
        """Take away a point that could not become a lesion."""
        index = self._indexOf(pointId)
        if index >= 0:
            with self._quietly():
                self.node.RemoveNthControlPoint(index)

    def show(self, lesions, current=-1):
        """Make the points show these lesions: place, name, hidden or not; the current one is highlighted."""
        if self.node is None:
            return
        known = [pointId for pointId in self._ids if self._indexOf(pointId) >= 0]
        strangers = self._strangers(known)
        with self._quietly():
            if len(known) != len(lesions) or strangers:
                with _placingPaused(self.node):
                    self._resize(known, lesions, strangers)
            self._ids = known
            wasModifying = self.node.StartModify()
            for number, lesion in enumerate(lesions):
                self._showOne(self._indexOf(known[number]), lesion, number == current)
            self.node.EndModify(wasModifying)
        self._positions = [tuple(lesion.center_ras) for lesion in lesions]
        self._labels = [lesion.name for lesion in lesions]

    def indexOfLesion(self, pointId):
        return self._ids.index(pointId) if pointId in self._ids else -1

    def _resize(self, known, lesions, strangers):
        """Add and remove points until there is one per lesion; ``known`` follows."""
        for pointId in [*strangers, *known[len(lesions) :]]:
            if self._indexOf(pointId) >= 0:
                self.node.RemoveNthControlPoint(self._indexOf(pointId))
        del known[len(lesions) :]
        for lesion in lesions[len(known) :]:
            index = self.node.AddControlPoint(vtk.vtkVector3d(*lesion.center_ras), lesion.name)
            known.append(self.node.GetNthControlPointID(index))

    def _showOne(self, index, lesion, isCurrent):
        if self._position(index) != tuple(lesion.center_ras):
            self.node.SetNthControlPointPosition(index, *lesion.center_ras)
        if self.node.GetNthControlPointLabel(index) != lesion.name:
            self.node.SetNthControlPointLabel(index, lesion.name)
        if self.node.GetNthControlPointVisibility(index) != lesion.visible:
            self.node.SetNthControlPointVisibility(index, lesion.visible)
        if self.node.GetNthControlPointSelected(index) != isCurrent:
            self.node.SetNthControlPointSelected(index, isCurrent)

    def _strangers(self, known):
        """Ids of points that have a place but are no lesion; what follows the mouse has no place yet."""
        return [pointId for pointId, _ in self._defined() if pointId not in known]

    def _defined(self):
        defined = slicer.vtkMRMLMarkupsNode.PositionDefined
        for index in range(self.node.GetNumberOfControlPoints()):
            if self.node.GetNthControlPointPositionStatus(index) == defined:
                yield self.node.GetNthControlPointID(index), index

    def _indexOf(self, pointId):
        return self.node.GetNthControlPointIndexByID(pointId) if self.node is not None else -1

    def _position(self, index):
        return tuple(self.node.GetNthControlPointPosition(index))

    @contextmanager
    def _quietly(self):
        before, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = before

    def _onDefined(self):
        if self._busy:
            return
        for pointId, index in list(self._defined()):
            if pointId not in self._ids:
                self.placed.emit(pointId, self._position(index))

    def _onModified(self):
        if self._busy:
            return
        node = self.node
        for number, pointId in enumerate(self._ids):
            index = self._indexOf(pointId)
            if index < 0:
                continue
            position, label = self._position(index), node.GetNthControlPointLabel(index)
            if position != self._positions[number]:
                self._positions[number] = position
                self.moved.emit(number, position)
            elif label != self._labels[number]:
                self._labels[number] = label
                self.renamed.emit(number, label)
        for index in range(node.GetNumberOfControlPoints()):
            if node.GetNthControlPointPositionStatus(index) == node.PositionPreview:
                self.hovered.emit(self._position(index))

    def _onRemoved(self):
        if self._busy:
            return
        gone = [number for number, pointId in enumerate(self._ids) if self._indexOf(pointId) < 0]
        for number in reversed(gone):
            del self._ids[number], self._positions[number], self._labels[number]
        if gone:
            self.removed.emit(list(reversed(gone)))

    def _onStart(self):
        node = self.node
        index = node.GetDisplayNode().GetActiveComponentIndex() if node.GetDisplayNode() else -1
        pointId = node.GetNthControlPointID(index) if 0 <= index < node.GetNumberOfControlPoints() else ""
        if pointId in self._ids:
            self.isDragging = True
            self.dragStarted.emit(self._ids.index(pointId))

    def _onEnd(self):
        wasDragging, self.isDragging = self.isDragging, False
        if wasDragging:
            self.dragEnded.emit()


@contextmanager
def _placingPaused(node):
    """Leave place mode for a moment: a view remembers the point under the mouse by its number."""
    interaction = slicer.app.applicationLogic().GetInteractionNode()
    selection = slicer.app.applicationLogic().GetSelectionNode()
    placing = (
        interaction is not None
        and interaction.GetCurrentInteractionMode() == interaction.Place
        and selection.GetActivePlaceNodeID() == node.GetID()
    )
    if placing:
        persistent = interaction.GetPlaceModePersistence()
        interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    try:
        yield
    finally:
        if placing:
            interaction.SetPlaceModePersistence(persistent)
            interaction.SetCurrentInteractionMode(interaction.Place)
