"""What a synthetic lesion is: a small declarative object that can be stored, edited and replayed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from numbers import Real

from ..errors import InputError


def _settled(value, part: type | None, default):
    """A value as plain Python of the default's kind; None when it is of another kind."""
    if part is not None:
        return value if isinstance(value, part) else None
    if isinstance(default, bool | str):
        return value if isinstance(value, type(default)) else None
    if isinstance(default, tuple):
        whole = isinstance(value, Iterable) and not isinstance(value, str)
        numbers = [_settled(number, None, 0.0) for number in value] if whole else []
        return tuple(numbers) if len(numbers) == len(default) and None not in numbers else None
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    return int(value) if isinstance(default, int) else float(value)


class _Part:
    """Fields of a lesion: checked and turned into plain Python values when one is made."""

    def __post_init__(self):
        for entry in fields(self):
            factory = entry.default_factory
            part = factory if isinstance(factory, type) and is_dataclass(factory) else None
            value = _settled(getattr(self, entry.name), part, entry.default)
            if value is None and entry.default is not None:
                kind = type(self).__name__
                raise InputError(f"{entry.name} of {kind} is {getattr(self, entry.name)!r}, a value of the wrong kind.")
            object.__setattr__(self, entry.name, value)


@dataclass(frozen=True)
class Elastic(_Part):
    """Random smooth deformation of the ellipsoid.

    sigma_mm: standard deviation of each displacement component on control points two radii apart
        (the published three points over a box of four radii).
    lobulation: 0 smooth to 1 strongly lobulated; displacement on control points 0.6 radii apart.
    """

    sigma_mm: float = 2.0
    lobulation: float = 0.0


@dataclass(frozen=True)
class Texture(_Part):
    """What fills the lesion.

    noise_ratio: noise inside relative to the noise of the organ around it; 0 switches the texture off.
    coarseness_mm: distance of the noise samples between which the texture is interpolated.
    heterogeneity_hu: standard deviation of a slow variation (about a third of the radius long).
    grain: keep the patient's own high-frequency noise inside, so that it runs through the lesion.
    noise_hu: a noise level of its own in place of the organ's, for tissue unlike its host (lung).
    """

    noise_ratio: float = 1.0
    coarseness_mm: float = 1.2
    heterogeneity_hu: float = 0.0
    grain: bool = True
    noise_hu: float | None = None


@dataclass(frozen=True)
class Edge(_Part):
    """blur_mm: standard deviation of the Gaussian transition; 0 leaves the scanner's voxel blur alone."""

    blur_mm: float = 0.9


@dataclass(frozen=True)
class Shell(_Part):
    """A layer along the surface: the capsule straddles it, the rim lies just inside.

    contrast_hu: added attenuation before blurring; 0 switches the layer off.
    thickness_mm: thickness before blurring.
    nodularity: 0 even; 1 broken into nodules (rim only).
    """

    contrast_hu: float = 0.0
    thickness_mm: float = 1.0
    nodularity: float = 0.0


@dataclass(frozen=True)
class MassEffect(_Part):
    """Tissue pushed aside by a local scaling warp of image and labels (Gustafsson 1993).

    intensity_percent: 0 off; 30 published; below 60 the warp is gentle, at 100 the center is singular.
    reach: where the push ends, in multiples of the lesion's surface radius (published 1.3).
    """

    intensity_percent: float = 30.0
    reach: float = 1.3


@dataclass(frozen=True)
class Core(_Part):
    """Necrotic center: radius relative to the lesion, attenuation relative to the lesion's."""

    radius_fraction: float = 0.0
    contrast_hu: float = -25.0


@dataclass(frozen=True)
class Calcification(_Part):
    """Flecks of calcium: share of the volume, added attenuation, size of a fleck."""

    volume_fraction: float = 0.0
    contrast_hu: float = 250.0
    size_mm: float = 1.8


ABLATIONS = {
    "elastic": {"elastic": Elastic(0.0, 0.0)},
    "texture": {"texture": Texture(noise_ratio=0.0, grain=False)},
    "edge": {"edge": Edge(0.0)},
    "mass_effect": {"mass_effect": MassEffect(0.0)},
    "capsule": {"capsule": Shell(0.0)},
}
"""Steps of the published method that can be switched off one by one, and how."""


@dataclass(frozen=True)
class Lesion(_Part):
    """One lesion: where it is, what it is made of, and the seed of everything random in it.

    center_ras: millimeters. radius_mm: the radius of the sphere when ``axes`` are 1; the volume is
    4/3 pi radius_mm^3 times the product of ``axes``, kept by the elastic deformation.
    axes: half-axes in multiples of radius_mm. rotation_deg: rotations about R, A and S, in that order.
    contrast_hu: mean attenuation inside minus that of the organ around it.
    protrude: whether the lesion may leave the organ.
    """

    center_ras: tuple[float, float, float] = (0.0, 0.0, 0.0)
    radius_mm: float = 10.0
    axes: tuple[float, float, float] = (1.0, 1.0, 1.0)
    rotation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    contrast_hu: float = -40.0
    seed: int = 0
    name: str = "Lesion"
    preset: str = ""
    visible: bool = True
    protrude: bool = False
    elastic: Elastic = field(default_factory=Elastic)
    texture: Texture = field(default_factory=Texture)
    edge: Edge = field(default_factory=Edge)
    capsule: Shell = field(default_factory=Shell)
    rim: Shell = field(default_factory=Shell)
    mass_effect: MassEffect = field(default_factory=MassEffect)
    core: Core = field(default_factory=Core)
    calcification: Calcification = field(default_factory=Calcification)

    def __post_init__(self):
        super().__post_init__()
        self._check()

    def _check(self):
        numbers = _numbers(self)
        bad = [name for name, value in numbers.items() if not math.isfinite(value)]
        limits = {
            "radius_mm": (0.5, 200.0),
            "axes": (0.2, 5.0),
            "elastic.sigma_mm": (0.0, 100.0),
            "elastic.lobulation": (0.0, 1.0),
            "texture.noise_ratio": (0.0, 5.0),
            "texture.coarseness_mm": (0.3, 20.0),
            "texture.heterogeneity_hu": (0.0, 500.0),
            "texture.noise_hu": (0.0, 500.0),
            "edge.blur_mm": (0.0, 20.0),
            "capsule.thickness_mm": (0.1, 20.0),
            "rim.thickness_mm": (0.1, 50.0),
            "rim.nodularity": (0.0, 1.0),
            "mass_effect.intensity_percent": (0.0, 95.0),
            "mass_effect.reach": (1.0, 3.0),
            "core.radius_fraction": (0.0, 0.95),
            "calcification.volume_fraction": (0.0, 0.9),
            "calcification.size_mm": (0.5, 20.0),
        }
        for name, (low, high) in limits.items():
            bad += [key for key, value in numbers.items() if key.split("[")[0] == name and not low <= value <= high]
        if bad:
            allowed = limits.get(bad[0].split("[")[0])
            hint = f" It must lie between {allowed[0]:g} and {allowed[1]:g}." if allowed else " It must be finite."
            raise InputError(f"Lesion '{self.name}': {bad[0]} is {numbers[bad[0]]:g}.{hint}")

    @property
    def volume_mm3(self) -> float:
        """The volume asked for, before clipping to the organ."""
        return 4 / 3 * math.pi * self.radius_mm**3 * math.prod(self.axes)

    def without(self, *steps: str) -> Lesion:
        """The lesion with steps of the method switched off: elastic, texture, edge, mass_effect, capsule."""
        unknown = set(steps) - set(ABLATIONS)
        if unknown:
            raise InputError(f"No step is called {', '.join(sorted(unknown))}; there are {', '.join(ABLATIONS)}.")
        return replace(self, **{key: value for step in steps for key, value in ABLATIONS[step].items()})

    def resized(self, radius_mm: float) -> Lesion:
        """The same lesion at another radius: the outline keeps its form, edge and layers their thickness."""
        ratio = radius_mm / self.radius_mm
        return replace(self, radius_mm=radius_mm, elastic=replace(self.elastic, sigma_mm=self.elastic.sigma_mm * ratio))

    def to_dict(self) -> dict:
        """Plain numbers, strings and lists, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> Lesion:
        """The inverse of ``to_dict``; fields left out keep their defaults, unknown ones are refused."""
        return _from_dict(cls, values, "lesion")


def _numbers(item, prefix: str = "") -> dict[str, float]:
    """Every number in a lesion by its dotted name."""
    numbers = {}
    for entry in fields(item):
        value, name = getattr(item, entry.name), prefix + entry.name
        if is_dataclass(value):
            numbers |= _numbers(value, name + ".")
        elif isinstance(value, tuple):
            numbers |= {f"{name}[{index}]": float(part) for index, part in enumerate(value)}
        elif isinstance(value, int | float) and not isinstance(value, bool):
            numbers[name] = float(value)
    return numbers


def _from_dict(cls, values: dict, where: str):
    if not isinstance(values, dict):
        raise InputError(f"The description of {where} is not an object with named fields; check the JSON file.")
    known = {entry.name: entry for entry in fields(cls)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise InputError(f"The description of {where} has unknown fields: {', '.join(unknown)}.")
    parts = {}
    for name, value in values.items():
        part = known[name].default_factory
        nested = isinstance(part, type) and is_dataclass(part)
        parts[name] = _from_dict(part, value, f"{where}.{name}") if nested else value
    return cls(**parts)
