"""From parameters to the core's view and settings. ``State`` is the parameters as plain numbers, to be compared."""

from dataclasses import dataclass, fields, replace
from functools import lru_cache

from .Parameters import SETTINGS

PLANES = ("A", "B")

POSE = ("laoDeg", "cranDeg", "rollDeg")
SHUTTERS = tuple(f"shutter{side}Mm" for side in ("Left", "Right", "Top", "Bottom"))
BEAM = (
    "kvp", "alMm", "cuMm", "photonsPerMm2", "noise", "noiseSeed", "scatterRatio", "grid", "irisRadiusMm",
    *SHUTTERS, "naive",
)  # fmt: skip
WINDOW = ("windowLow", "windowHigh")
PICTURE = (*WINDOW, "fitEveryImage", "inverted", "detail")
MACHINE = ("machine", "fieldWidthMm", "fieldHeightMm")


@dataclass(frozen=True)
class State:
    """Numbers of the parameter node, by their names there; isocenterRas: mm, in the world."""

    machine: str
    laoDeg: float
    cranDeg: float
    rollDeg: float
    laoDegB: float
    cranDegB: float
    rollDegB: float
    tableRMm: float
    tableAMm: float
    tableSMm: float
    sourceToDetectorMm: float
    sourceToIsocenterMm: float
    fieldWidthMm: float
    fieldHeightMm: float
    offRightMm: float
    offUpMm: float
    imageSize: int
    kvp: float
    alMm: float
    cuMm: float
    photonsPerMm2: float
    noise: bool
    noiseSeed: int
    scatterRatio: float
    grid: bool
    irisRadiusMm: float
    shutterLeftMm: float
    shutterRightMm: float
    shutterTopMm: float
    shutterBottomMm: float
    naive: bool
    inverted: bool
    windowLow: float
    windowHigh: float
    fitEveryImage: bool
    detail: float
    biplane: bool
    contrastSegmentId: str
    contrastMgMl: float
    showOutlines: bool
    showLandmarks: bool
    showCArm3D: bool
    showHandles: bool
    live: bool
    useGpu: bool
    isocenterRas: tuple = (0.0, 0.0, 0.0)

    @classmethod
    def of(cls, parameters, isocenterRas):
        values = {field.name: getattr(parameters, field.name) for field in fields(cls) if field.name != "isocenterRas"}
        return cls(**values, isocenterRas=tuple(isocenterRas))

    def pose(self, plane):
        """lao, cran and roll in degrees of a plane."""
        return tuple(getattr(self, name) for name in poseNames(plane))

    def withPose(self, plane, angles):
        return replace(self, **dict(zip(poseNames(plane), angles, strict=True)))

    @property
    def planes(self):
        return PLANES if self.biplane else PLANES[:1]


def poseNames(plane):
    """The parameters that hold the angles of a plane; InputError where there is no such plane."""
    if plane not in PLANES:
        from synthetic_imaging.errors import InputError

        raise InputError(f"There is no plane {plane!r}; choose {' or '.join(PLANES)}.")
    return tuple(name if plane == "A" else f"{name}B" for name in POSE)


def anglesOfView(name):
    """lao, cran and roll in degrees of a common view; InputError lists the names."""
    from synthetic_imaging.errors import InputError
    from synthetic_imaging.xray import VIEWS

    if name not in VIEWS:
        raise InputError(f"There is no view '{name}'; choose one of {', '.join(VIEWS)}.")
    pose = VIEWS[name].pose
    return pose.lao_deg, pose.cran_deg, pose.roll_deg


@lru_cache(maxsize=64)
def viewOf(state, plane):
    """The core View of a plane; InputError for numbers with which no C-arm can stand."""
    from synthetic_imaging.declared import camel, own_settings
    from synthetic_imaging.xray import Geometry, Pose

    numbers = {name: getattr(state, camel(name)) for name in own_settings(Geometry)}
    return Geometry(**numbers).view(Pose(*state.pose(plane), state.isocenterRas))


def isocenterOf(state):
    """RAS mm of the isocenter in the patient, whom the table may have carried along."""
    table = state.tableRMm, state.tableAMm, state.tableSMm
    return tuple(place - shift for place, shift in zip(state.isocenterRas, table, strict=True))


@lru_cache(maxsize=16)
def settingsOf(state):
    """The core Settings; InputError for what no tube or detector can be set to."""
    from synthetic_imaging.xray import Exposure, Scatter, Settings, Spectrum, Window

    return Settings(
        spectrum=Spectrum(state.kvp, state.alMm, state.cuMm),
        exposure=Exposure(photons_per_mm2=state.photonsPerMm2, noise=state.noise, seed=state.noiseSeed),
        scatter=Scatter(state.scatterRatio, state.grid),
        collimation=_collimation(state),
        window=Window(state.windowLow, state.windowHigh, inverted=state.inverted, detail=state.detail),
        naive=state.naive,
    )


def checkShutters(state):
    """InputError where they leave nothing open."""
    settingsOf(state).collimation.edges_mm(viewOf(state, PLANES[0]))


def liveSettingsOf(state):
    """The same without the window's ends, which the display node has: moving them needs no new image."""
    from synthetic_imaging.xray import Window

    window = Window(inverted=state.inverted, detail=state.detail)
    return replace(settingsOf(state), window=window)


def replaced(state, values):
    """The state with other values; InputError where one is not what it should be."""
    return replace(state, **{name: converted(name, value) for name, value in values.items()})


def converted(name, value):
    """A value as the parameter node takes it, a plain number of the right kind; InputError for what it would refuse."""
    from synthetic_imaging.errors import InputError
    from synthetic_imaging.xray.checks import finite

    if name in SETTINGS:
        return SETTINGS[name].checked(value, name)
    kind = State.__dataclass_fields__[name].type
    if kind is str and not isinstance(value, str):
        raise InputError(f"{name} is {value!r}; give a name.")
    return bool(finite(value, name)) if kind is bool else value


def within(name, value):
    """The number nearest to a value that a parameter can be set to."""
    return min(float(SETTINGS[name].high), max(float(SETTINGS[name].low), float(value)))


def windowWithin(low, high):
    """The window's ends as they can be set, by parameter; empty where nothing is left between them."""
    values = dict(zip(WINDOW, (within(WINDOW[0], low), within(WINDOW[1], high)), strict=True))
    return values if values[WINDOW[0]] < values[WINDOW[1]] else {}


def isWindowTaken(before, state):
    """Whether somebody has set the window while it was fitted to every image."""
    changed = any(getattr(before, name) != getattr(state, name) for name in WINDOW)
    return before.fitEveryImage and state.fitEveryImage and changed


def isRound(state):
    """Whether the machine has an image intensifier, whose field is a disk."""
    from synthetic_imaging.xray import machine_named

    return machine_named(state.machine).round_field


def _radiusMm(state):
    """Of the round opening, or None."""
    radii = [state.irisRadiusMm] if state.irisRadiusMm > 0 else []
    if isRound(state):
        radii.append(min(state.fieldWidthMm, state.fieldHeightMm) / 2)
    return min(radii, default=None)


def openingOf(state):
    """Left, right, bottom and top edge of the open field in mm from the detector's center, and whether it is round."""
    radius = _radiusMm(state)
    reach = radius if radius is not None else float("inf")
    width, height = state.fieldWidthMm / 2, state.fieldHeightMm / 2
    left = max(-reach, -width + state.shutterLeftMm)
    right = min(reach, width - state.shutterRightMm)
    bottom = max(-reach, -height + state.shutterBottomMm)
    top = min(reach, height - state.shutterTopMm)
    closed = right <= left or top <= bottom
    return (0.0, 0.0, 0.0, 0.0, False) if closed else (left, right, bottom, top, radius is not None)


def _collimation(state):
    from synthetic_imaging.xray import Collimation

    return Collimation(
        _radiusMm(state) or 0.0,
        state.shutterLeftMm,
        state.shutterRightMm,
        state.shutterTopMm,
        state.shutterBottomMm,
    )


def machineNumbers(name):
    """What a preset puts into the parameters."""
    from synthetic_imaging.xray import machine_named

    machine = machine_named(name)
    height, width = machine.field_mm
    return {
        "machine": name,
        "sourceToDetectorMm": machine.source_to_detector_mm,
        "sourceToIsocenterMm": machine.source_to_isocenter_mm,
        "fieldWidthMm": width,
        "fieldHeightMm": height,
        "offRightMm": 0.0,
        "offUpMm": 0.0,
    }


def machineNotice(state, plane):
    """A sentence where the chosen machine could not stand like this; "" where it can."""
    from synthetic_imaging.xray import machine_named

    machine = machine_named(state.machine)
    lao, cran, _roll = state.pose(plane)
    parts = [
        _outside(lao, machine.lao_range_deg, "LAO", "RAO"),
        _outside(cran, machine.cran_range_deg, "CRAN", "CAUD"),
    ]
    parts = [part for part in parts if part]
    return f"{machine.title} reaches {' and '.join(parts)} only." if parts else ""


def _outside(value, limits, positive, negative):
    low, high = limits
    if low <= value <= high:
        return ""
    return f"from {negative} {-low:g} to {positive} {high:g}"
