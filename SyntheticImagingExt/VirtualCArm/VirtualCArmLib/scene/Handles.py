"""Points at the detector that are dragged in the 3D views: they turn the C-arm and move its detector, and nothing else.

A hand moves a point anywhere; what it means is read from where it is, and the point goes back to where it belongs.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import slicer
import vtk

from synthetic_imaging.xray.geometry import View
from SyntheticImagingLib.observing import Observations

from ..state.Parameters import VirtualCArmParameterNode, within
from . import SceneNodes
from .Stand import fieldMm, putIntoFolder, unrolled
from .StandShapes import BACK_MM

LABELS = ("turn", "LAO/RAO", "CRAN/CAUD", "distance")
TURN, ORBIT, ANGULATE, DISTANCE = range(len(LABELS))
_BESIDE_MM = 60.0
_PLACES = ((0.0, 0.0, BACK_MM + 60.0), (0.75, 1.15, -220.0), (-0.95, -0.85, -220.0), (1.15, -0.3, BACK_MM + 235.0))
"""Where the points lie: to the right and up, as shares of half the field and ``_BESIDE_MM``, and beyond the surface of
the detector in mm. Found by trying: in all usual poses, also with the detector seen from its edge, no label covers
another where ``XrayViews.lookAtCArm`` looks from."""
_COLORS = {"A": (0.2, 0.55, 0.95), "B": (0.1, 0.6, 0.4)}
NEAREST_MM = 50.0
"""The detector stays at least so far beyond the isocenter."""


class Handles:
    """The points of one plane; moved(plane, values) tells the parameters that a drag asks for."""

    def __init__(self, plane: str, onMoved: Callable[[str, dict[str, float]], object]):
        self.plane, self._onMoved = plane, onMoved
        self.node, self._busy = None, False
        self._observations = Observations()
        self._view, self._rest, self._pose = None, [], None

    def update(self, parameters: VirtualCArmParameterNode, view: View, pose: tuple[float, float], visible: bool):
        """Put the points where they belong. pose: lao and cran in degrees, as set. Made when first shown."""
        self._view, self._pose = view, pose
        self._rest = _restPositions(view)
        node = SceneNodes.find(parameters, f"handles{self.plane}")
        if node is None and visible:
            node = self._make(parameters)
        if node is not self.node:
            self._follow(node)
        if node is None:
            return
        if bool(node.GetDisplayVisibility()) != bool(visible):
            node.SetDisplayVisibility(bool(visible))
        self._putBack()

    def release(self):
        """Stop following; the node stays."""
        self._follow(None)

    def _make(self, parameters):
        suffix = "" if self.plane == "A" else f" {self.plane}"
        role, name = f"handles{self.plane}", f"C-arm{suffix} handles"
        node = SceneNodes.make(parameters, role, "vtkMRMLMarkupsFiducialNode", name, mark=False)
        node.CreateDefaultDisplayNodes()
        for label, place in zip(LABELS, self._rest, strict=True):
            node.AddControlPointWorld(vtk.vtkVector3d(*place), label)
        node.SetFixedNumberOfControlPoints(True)
        display = node.GetDisplayNode()
        display.SetVisibility2D(False)
        display.SetSnapMode(display.SnapModeUnconstrained)
        display.SetGlyphTypeFromString("Sphere3D")
        display.SetUseGlyphScale(False)
        display.SetGlyphSize(32.0)
        display.SetTextScale(3.6)
        display.SetSelectedColor(*_COLORS[self.plane])
        display.SetActiveColor(1.0, 0.8, 0.2)
        display.SetOccludedVisibility(True)
        display.SetOccludedOpacity(0.25)
        putIntoFolder(node)
        return node

    def _follow(self, node):
        self.node = node
        events = (slicer.vtkMRMLMarkupsNode.PointModifiedEvent, slicer.vtkMRMLMarkupsNode.PointEndInteractionEvent)
        self._observations.observe("points", node, events, self._onEvent)

    def _putBack(self):
        before, self._busy = self._busy, True
        wasModifying = self.node.StartModify()
        try:
            for index, place in enumerate(self._rest[: self.node.GetNumberOfControlPoints()]):
                if math.dist(self._position(index), place) > 1e-6:
                    self.node.SetNthControlPointPositionWorld(index, *place)
        finally:
            self.node.EndModify(wasModifying)
            self._busy = before

    def _position(self, index):
        position = [0.0, 0.0, 0.0]
        self.node.GetNthControlPointPositionWorld(index, position)
        return tuple(position)

    def _onEvent(self):
        node = self.node
        if self._busy or self._view is None or node is None:
            return
        self._busy = True
        try:
            for index in range(min(len(self._rest), node.GetNumberOfControlPoints())):
                place = self._position(index)
                if math.dist(place, self._rest[index]) > 1e-3:
                    self._onMoved(self.plane, asked(index, place, self._rest[index], self._view, self._pose))
                    break
        finally:
            self._busy = False
        self._putBack()


def _restPositions(view):
    """Where the points belong, by index, RAS mm."""
    level, upright = unrolled(view)
    center, ahead = np.array(view.source_ras) + view.source_to_detector_mm * view.direction_ras, view.direction_ras
    width, height = fieldMm(view)
    across, along = (width / 2 + _BESIDE_MM) * level, (height / 2 + _BESIDE_MM) * upright
    places = (center + right * across + up * along + beyond * ahead for right, up, beyond in _PLACES)
    return [tuple(place.tolist()) for place in places]


def asked(index, place, rest, view: View, pose):
    """The parameters, by their names for plane A, that a handle dragged from rest to a place (RAS mm) asks for.

    pose: lao and cran in degrees, as they are. Angles stay within their ranges, and the distance such that the detector
    is beyond the isocenter.
    """
    away = np.array(place) - view.isocenter_ras
    before = np.array(rest) - view.isocenter_ras
    if np.linalg.norm(away) < 1.0:
        return {}
    if index == TURN:
        level = math.hypot(away[0], away[1])
        return {"laoDeg": _azimuth(away), "cranDeg": math.degrees(math.atan2(away[2], level))}
    if index == ORBIT:
        return {"laoDeg": _wrapped(pose[0] + _azimuth(away) - _azimuth(before))}
    if index == ANGULATE:
        turned = pose[1] + _elevation(away, pose[0]) - _elevation(before, pose[0])
        return {"cranDeg": min(90.0, max(-90.0, _wrapped(turned)))}
    beyond = float(away @ view.direction_ras) - _PLACES[DISTANCE][2]
    toDetector = view.source_to_isocenter_mm + max(NEAREST_MM, beyond)
    return {"sourceToDetectorMm": within("sourceToDetectorMm", toDetector)}


def _azimuth(away):
    return math.degrees(math.atan2(-away[0], away[1]))


def _elevation(away, laoDeg):
    """Angle towards the head in the plane in which the C-arm tilts."""
    lao = math.radians(laoDeg)
    return math.degrees(math.atan2(away[2], -math.sin(lao) * away[0] + math.cos(lao) * away[1]))


def _wrapped(degrees):
    return (degrees + 180.0) % 360.0 - 180.0
