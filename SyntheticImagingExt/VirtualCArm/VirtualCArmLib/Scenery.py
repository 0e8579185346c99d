"""What stands in the scene beside the images and follows the state at once: C-arm, handles, projected landmarks."""

from . import Landmarks, Setup, Stand
from .Handles import Handles
from .Setup import PLANES


class Scenery:
    """Brings the C-arm of every plane in line with the state; moved(plane, values): a handle asks for parameters."""

    def __init__(self, onMoved):
        self._handles = {plane: Handles(plane, onMoved) for plane in PLANES}

    def update(self, parameters, state):
        """Stand everything as the state says; a state with which no C-arm can stand leaves it as it is."""
        from synthetic_imaging.errors import InputError

        for plane in PLANES:
            isThere = plane in state.planes
            try:
                view = Setup.viewOf(state, plane)
                opening = Setup.openingOf(state)
            except InputError:
                continue
            field = (state.fieldWidthMm, state.fieldHeightMm, Setup.isRound(state))
            if isThere and state.showCArm3D:
                Stand.update(parameters, plane, view, field, opening)
            Stand.show(parameters, plane, isThere and state.showCArm3D)
            visible = isThere and state.showCArm3D and state.showHandles
            self._handles[plane].update(parameters, view, field, state.pose(plane)[:2], visible)

    def updateLandmarks(self, parameters, state, plane, view):
        """Show the landmarks where the shown image of a plane has them."""
        Landmarks.show(parameters, plane, view, state.showLandmarks and plane in state.planes)

    def release(self):
        """Let go of the nodes; they stay."""
        for handles in self._handles.values():
            handles.release()
