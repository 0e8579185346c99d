"""What clicks and drags in the views do to lesions."""

from collections.abc import Callable

from synthetic_imaging.errors import InputError
from SyntheticImagingLib.scheduling import Scheduler

from .Editing import Editing
from .Points import LesionPoints


class PointEvents:
    """Turns the signals of the point list into edits; problems become messages, not exceptions."""

    def __init__(
        self,
        editing: Editing,
        points: LesionPoints,
        scheduler: Scheduler,
        select: Callable[[int], object],
        say: Callable[[str], object],
        hover: Callable[[tuple], object],
    ):
        """select(index): a lesion is taken hold of. say(text): for the user. hover(ras): the mouse is here."""
        self._editing, self._points, self._scheduler = editing, points, scheduler
        self._select, self._say, self._hover = select, say, hover
        self._problem = ""
        points.placed.connect(lambda pointId, ras: self._later(lambda: self._onPlaced(pointId, ras)))
        points.moved.connect(self._onMoved)
        points.dragStarted.connect(self._onDragStarted)
        points.dragEnded.connect(lambda: self._later(self._onDragEnded))
        points.removed.connect(lambda indices: self._later(lambda: self._onRemoved(indices)))
        points.renamed.connect(lambda index, name: self._later(lambda: editing.rename(index, name)))
        points.hovered.connect(hover)

    def _later(self, action):
        """When the views are done with the event; what was dropped in between is not touched."""
        node = self._points.node

        def act():
            if self._points.node is node and node is not None:
                self._guarded(action)

        self._scheduler.defer(act)

    def _guarded(self, action):
        try:
            action()
        except InputError as error:
            self._say(str(error))
            self._showLesions()

    def _showLesions(self):
        self._points.show(self._editing.lesions, self._editing.current)

    def _onPlaced(self, pointId, ras):
        editing = self._editing
        try:
            editing.add(ras, editing.nextPreset, editing.nextRadiusMm, pointId=pointId)
        except InputError:
            self._points.discard(pointId)
            raise

    def _onMoved(self, index, ras):
        if not self._points.isDragging:
            self._later(lambda: self._editing.update(index, {"center_ras": ras}))
            return
        try:
            self._problem = ""
            self._editing.preview(index, {"center_ras": ras})
        except InputError as error:
            # the lesion waits at the last place that was good; told when the hand lets go
            self._problem = str(error)
            self._hover(ras)

    def _onDragStarted(self, index):
        self._problem = ""
        self._later(lambda: self._select(index))

    def _onDragEnded(self):
        self._editing.commit()
        self._showLesions()
        if self._problem:
            self._say(self._problem + " The lesion stays at the last place inside.")
            self._problem = ""

    def _onRemoved(self, indices):
        for index in indices:
            self._editing.remove(index)
