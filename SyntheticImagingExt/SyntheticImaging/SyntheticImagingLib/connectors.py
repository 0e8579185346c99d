"""Pairs of parameter and widget that Slicer's binding does not know; importing this file makes them known."""

import ctk
from slicer.parameterNodeWrapper import GuiConnector, parameterNodeGuiConnector


@parameterNodeGuiConnector
class PathTextConnector(GuiConnector):
    """A text in a path line edit: "" is no path. Of a ``Path``, none would be the working folder, shown as a dot."""

    @staticmethod
    def canRepresent(widget, datatype):
        return datatype is str and isinstance(widget, ctk.ctkPathLineEdit)

    @staticmethod
    def create(widget, datatype):
        return PathTextConnector(widget)

    def __init__(self, widget):
        super().__init__()
        self._widget = widget

    def _connect(self):
        self._widget.currentPathChanged.connect(self.changed)

    def _disconnect(self):
        self._widget.currentPathChanged.disconnect(self.changed)

    def widget(self):
        return self._widget

    def read(self):
        return self._widget.currentPath

    def write(self, value):
        # the same text again would move the cursor of somebody who is typing it
        if value != self._widget.currentPath:
            self._widget.currentPath = value
