"""What stands in the scene and follows the state at once: C-arm, handles, projected landmarks."""

from __future__ import annotations

from collections.abc import Callable

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.geometry import View

from ..state.Parameters import PLANES, VirtualCArmParameterNode
from ..state.State import State
from . import Landmarks, Stand
from .Handles import Handles


class CArmScene:
    """Brings the C-arm of every plane in line with the state. ``parameters`` is the node that holds the roles."""

    def __init__(self, onMoved: Callable[[str, dict[str, float]], object]):
        """onMoved(plane, values): a handle asks for parameters, by their names for plane A."""
        self._handles = {plane: Handles(plane, onMoved) for plane in PLANES}

    def update(self, parameters: VirtualCArmParameterNode, state: State):
        """Stand everything as the state says; a state with which no C-arm can stand leaves it as it is."""
        for plane in PLANES:
            isShown = plane in state.planes and state.choices.showCArm3D
            try:
                view = state.view(plane)
            except InputError:
                continue
            if isShown:
                Stand.update(parameters, plane, view, state.settings.collimation, state.machine.round_field)
            Stand.show(parameters, plane, isShown)
            pose = state.pose(plane)
            isHandled = isShown and state.choices.showHandles
            self._handles[plane].update(parameters, view, (pose.lao_deg, pose.cran_deg), isHandled)

    def updateLandmarks(self, parameters: VirtualCArmParameterNode, state: State, plane: str, view: View):
        """Show the landmarks where the shown image of a plane has them."""
        isShown = state.choices.showLandmarks and plane in state.planes
        Landmarks.show(parameters, plane, view, isShown)

    def release(self):
        """Let go of the nodes; they stay."""
        for handles in self._handles.values():
            handles.release()
