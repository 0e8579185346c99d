"""Shows images and outlines as nodes, and notices when a hand moves the window of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import vtk

from synthetic_imaging.xray.geometry import View
from SyntheticImagingLib.observing import Observations

from ..state.Parameters import PLANES, VirtualCArmParameterNode
from . import ImageNodes

_SAME = 1e-6


class ImageDisplay:
    """``parameters`` of its methods is the node that holds the roles."""

    def __init__(self, onWindow: Callable[[float, float], object]):
        """onWindow(low, high): a hand has changed the window of an image in a view."""
        self._onWindow, self._observations, self._shown = onWindow, Observations(), {}

    def show(
        self, parameters: VirtualCArmParameterNode, plane: str, radiograph: Any, view: View, isFinal: bool,
        window: tuple[float, float], inverted: bool,
    ):  # fmt: skip
        """Put an image into the plane's node, which is made where there is none."""
        node = ImageNodes.makeImageNode(parameters, plane)
        self._set(plane, node, window, inverted)
        ImageNodes.show(node, radiograph, view, isFinal)
        self._observations.observe(plane, node.GetDisplayNode(), [vtk.vtkCommand.ModifiedEvent], self._onDisplay)

    def setWindow(self, parameters: VirtualCArmParameterNode, plane: str, window: tuple[float, float], inverted: bool):
        """Show the plane's image, where there is one, with another window."""
        node = ImageNodes.imageNode(parameters, plane)
        if node is not None:
            self._set(plane, node, window, inverted)

    def release(self):
        """Follow the windows no more."""
        self._observations.dropAll()
        self._shown = {}

    def _set(self, plane, node, window, inverted):
        self._shown[plane] = node, window
        ImageNodes.setWindow(node, window, inverted)

    def _onDisplay(self):
        for plane in PLANES:
            node, known = self._shown.get(plane, (None, None))
            window = ImageNodes.windowOf(node) if node is not None else None
            if window and max(abs(a - b) for a, b in zip(window, known, strict=True)) > _SAME:
                self._onWindow(*window)
                return
