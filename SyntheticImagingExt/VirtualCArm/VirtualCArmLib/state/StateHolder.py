"""Reads the parameter node, checks what is to be set before it is written, and tells when something has changed."""

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import slicer
import vtk

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.checks import triple
from SyntheticImagingLib.observing import Observations

from . import Isocenter
from .Parameters import NUMBERS, VirtualCArmParameterNode
from .State import State

_POINT_EVENTS = (
    slicer.vtkMRMLMarkupsNode.PointModifiedEvent,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
)


class StateHolder:
    """``parameters`` is the wrapped node of the present scene, ``state`` what it says."""

    def __init__(
        self,
        findParameterNode: Callable[[], VirtualCArmParameterNode],
        refusals: Callable[[State], Iterable[tuple[Any, str]]],
        onChanged: Callable[[State | None, State], None],
    ):
        """findParameterNode(): the wrapped parameter node of the present scene. refusals(state): what cannot be of a
        state, and why. onChanged(before, state): before is None where everything counts as new."""
        self._find, self._refusals, self._onChanged = findParameterNode, refusals, onChanged
        self._observations, self._isocenter, self._isWriting = Observations(), None, False
        self.parameters: Any = None
        self.state = State()

    def bind(self):
        """Follow the parameter node of the scene, as it is now."""
        self.parameters, self.state = self._find(), State()
        node = self.parameters.parameterNode
        self._observations.observe("parameters", node, [vtk.vtkCommand.ModifiedEvent], self.refresh)
        self.renew()

    def release(self):
        """Follow nothing any more."""
        self._observations.dropAll()
        self._isocenter = None

    def refresh(self):
        """Read the parameters again."""
        before = self.state
        if not self._isWriting and self._read() and self.state is not before:
            self._onChanged(before, self.state)

    def renew(self):
        """Read them again, and take everything for new."""
        if self._read():
            self._onChanged(None, self.state)

    def _read(self) -> bool:
        """Whether the state is what the parameters say; where the window was taken, they are written, which comes back
        here."""
        isocenter, before = self.parameters.isocenter, self.state
        if isocenter is not self._isocenter:
            self._isocenter = isocenter
            self._observations.observe("isocenter", isocenter, _POINT_EVENTS, self.refresh)
        state = State.read(self.parameters, Isocenter.positionOf(isocenter) or before.isocenterRas, before)
        if _isWindowTaken(before, state):
            self.parameters.fitEveryImage = False
            return False
        if state != before:
            self.state = state
        return True

    # Setting

    def set(self, values: dict[str, Any], isocenterRas: Iterable[float] | None = None):
        """Set parameters together; all are checked before the first is written."""
        for name in values:
            if name not in NUMBERS.settings:
                raise InputError(f"There is no parameter {name}; there are {', '.join(NUMBERS.settings)}.")
        checked = {name: NUMBERS.checked(name, value) for name, value in values.items()}
        place = self.state.isocenterRas if isocenterRas is None else triple(isocenterRas, "isocenterRas")
        self._refuse(State.read(_with(self.parameters, checked), place, self.state))
        with self.together():
            if isocenterRas is not None:
                Isocenter.move(Isocenter.make(self.parameters), place)
            for name, value in checked.items():
                setattr(self.parameters, name, value)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Parameters and isocenter are written in the block; they are followed once, at its end."""
        before, self._isWriting = self._isWriting, True
        wasModifying = self.parameters.StartModify()
        try:
            yield
        finally:
            self.parameters.EndModify(wasModifying)
            self._isWriting = before
        self.refresh()

    def _refuse(self, candidate: State):
        """InputError for a state that cannot be; what is wrong already and not touched stands in nobody's way."""
        problems = list(self._refusals(candidate))
        known = list(self._refusals(self.state)) if problems else []
        for problem in problems:
            if problem not in known:
                raise InputError(problem[1])

    def isocenterNode(self) -> slicer.vtkMRMLMarkupsFiducialNode:
        """The point that is the isocenter; made anew where it was deleted."""
        node = Isocenter.make(self.parameters)
        if Isocenter.positionOf(node) is None and not node.GetNumberOfControlPoints():
            Isocenter.move(node, self.state.isocenterRas)
        return node


def _with(parameters, values: dict[str, Any]) -> SimpleNamespace:
    """What parameters would say with other values."""
    known = {name: getattr(parameters, name) for name in (*NUMBERS.settings, "segmentation", "landmarks")}
    return SimpleNamespace(**ChainMap(values, known))


def _isWindowTaken(before: State, state: State) -> bool:
    """Whether somebody has set the window while it was fitted to every image."""
    ends = [(each.settings.window.low, each.settings.window.high) for each in (before, state)]
    return before.choices.fitEveryImage and state.choices.fitEveryImage and ends[0] != ends[1]
