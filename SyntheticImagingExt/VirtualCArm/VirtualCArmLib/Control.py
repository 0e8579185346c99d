"""How the C-arm is set from the console and by buttons: everything is checked before the parameters are written."""

from contextlib import contextmanager

from . import Isocenter, Setup
from .Setup import State


class CArmControl:
    """The setters of the logic, which has parameters, patient and _state."""

    _isWriting = False

    def setPose(self, laoDeg=None, cranDeg=None, rollDeg=None, isocenterRas=None, plane="A"):
        """Turn the C-arm (LAO, CRAN and clockwise positive) and move its isocenter (RAS mm, in the world)."""
        given = dict(zip(Setup.poseNames(plane), (laoDeg, cranDeg, rollDeg), strict=True))
        self.set(isocenterRas=isocenterRas, **{name: value for name, value in given.items() if value is not None})

    def setView(self, name, plane="A"):
        """Take one of the common views: "ap", "lateral-left", "inlet", ...; see ``synthetic_imaging.xray.VIEWS``."""
        self.setPose(*Setup.anglesOfView(name), plane=plane)

    def setMachine(self, name):
        """Take distances and detector of a preset: "cios-spin", ...; InputError lists the names."""
        self.set(**Setup.machineNumbers(name))

    def setBeam(self, **values):
        """Set kvp, alMm, cuMm, photonsPerMm2, noise, scatterRatio, grid, shutters, naive, ...; see Parameters."""
        from synthetic_imaging.errors import InputError

        strangers = set(values) - set(Setup.BEAM)
        if strangers:
            raise InputError(f"A beam has no {', '.join(sorted(strangers))}; it has {', '.join(Setup.BEAM)}.")
        self.set(**values)

    def fitWindow(self, plane="A", narrowest=0.0):
        """Set the window once by the last full image of a plane; it stays there for the images that follow.

        narrowest: the least width, in attenuation, that it gets around its middle.
        """
        from synthetic_imaging.errors import InputError

        radiograph = self._drawing.radiograph(plane)
        if radiograph is None:
            raise InputError("There is no image yet to which a window could be fitted; take one first.")
        window = radiograph.fitted_window()
        middle, half = (window.low + window.high) / 2, max(window.high - window.low, narrowest) / 2
        self.set(**Setup.windowWithin(middle - half, middle + half))

    def set(self, isocenterRas=None, **values):
        """Set any parameters of ``Setup.State`` together; all are checked before the first is written."""
        names = set(values) | ({"isocenterRas"} if isocenterRas is not None else set())
        self._check(self._candidate(values, isocenterRas), names)
        with self._together():
            if isocenterRas is not None:
                Isocenter.move(Isocenter.make(self.parameters), [float(value) for value in isocenterRas])
            for name, value in values.items():
                setattr(self.parameters, name, Setup.converted(name, value))

    @contextmanager
    def _together(self):
        """Parameters and isocenter are written in the block; they are followed once, at its end."""
        before, self._isWriting = self._isWriting, True
        wasModifying = self.parameters.StartModify()
        try:
            yield
        finally:
            self.parameters.EndModify(wasModifying)
            self._isWriting = before
        self._onParameters()

    def _candidate(self, values, isocenterRas):
        from synthetic_imaging.errors import InputError
        from synthetic_imaging.xray.checks import triple

        known = State.__dataclass_fields__
        for name in values:
            if name not in known:
                raise InputError(f"There is no parameter {name}; see VirtualCArmLib.Parameters.")
        place = self._state.isocenterRas if isocenterRas is None else triple(isocenterRas, "isocenterRas")
        return Setup.replaced(self._state, {**values, "isocenterRas": place})

    def _check(self, state, names):
        """InputError for a state that cannot be; what is wrong already and not touched is left to ``problem``."""
        ofPicture = {*Setup.BEAM, *Setup.PICTURE}
        if names & {*ofPicture, *Setup.MACHINE}:
            Setup.settingsOf(state)
        if names & {*Setup.SHUTTERS, *Setup.MACHINE}:
            Setup.checkShutters(state)
        if names - ofPicture:
            for plane in state.planes:
                self._checkView(Setup.viewOf(state, plane))

    def _checkView(self, view):
        if self.patient is not None:
            from synthetic_imaging.xray import coverage

            coverage.refuse_source_inside(self.patient.ct, view)
