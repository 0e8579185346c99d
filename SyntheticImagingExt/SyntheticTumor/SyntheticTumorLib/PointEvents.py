"""What clicks and drags in the views do to lesions."""


class PointEvents:
    """Turns the signals of the point list into calls of the logic; problems become messages, not exceptions."""

    def __init__(self, logic, points):
        self._logic, self._points = logic, points
        self._problem = ""
        points.placed.connect(lambda pointId, ras: self._later(lambda: self._onPlaced(pointId, ras)))
        points.moved.connect(self._onMoved)
        points.dragStarted.connect(self._onDragStarted)
        points.dragEnded.connect(lambda: self._later(self._onDragEnded))
        points.removed.connect(lambda indices: self._later(lambda: self._onRemoved(indices)))
        points.renamed.connect(lambda index, name: self._later(lambda: self._logic.renameLesion(index, name)))
        points.hovered.connect(lambda ras: self._logic.hovered.emit(ras))

    def _later(self, action):
        """When the views are done with the event; what was dropped in between is not touched."""
        node = self._points.node

        def act():
            if self._points.node is node and node is not None:
                self._guarded(action)

        self._logic.defer(act)

    def _guarded(self, action):
        from synthetic_imaging.errors import InputError

        try:
            action()
        except InputError as error:
            self._logic.message.emit(str(error))
            self._points.show(self._logic.lesions, self._logic.current)

    def _onPlaced(self, pointId, ras):
        from synthetic_imaging.errors import InputError

        logic = self._logic
        try:
            logic.addLesion(ras, logic.nextPreset, logic.nextRadiusMm, pointId=pointId)
        except InputError:
            self._points.discard(pointId)
            raise

    def _onMoved(self, index, ras):
        from synthetic_imaging.errors import InputError

        if not self._points.isDragging:
            self._later(lambda: self._logic.updateLesion(index, center_ras=ras))
            return
        try:
            self._problem = ""
            self._logic.previewLesion(index, {"center_ras": ras})
        except InputError as error:
            # the lesion waits at the last place that was good; told when the hand lets go
            self._problem = str(error)
            self._logic.hovered.emit(ras)

    def _onDragStarted(self, index):
        self._problem = ""
        self._later(lambda: self._logic.setCurrent(index))

    def _onDragEnded(self):
        self._logic.commit()
        self._points.show(self._logic.lesions, self._logic.current)
        if self._problem:
            self._logic.message.emit(self._problem + " The lesion stays at the last place inside.")
            self._problem = ""

    def _onRemoved(self, indices):
        for index in indices:
            self._logic.removeLesion(index)
