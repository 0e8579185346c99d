"""What a synthetic lesion is: a small declarative object that can be stored, edited and replayed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ..declared import Declared, flag, number, numbers, text, whole
from ..errors import InputError


@dataclass(frozen=True)
class Elastic(Declared):
    """Random smooth deformation of the ellipsoid.

    sigma_mm: of each displacement component, on control points two radii apart (the published three points over a box
    of four radii). lobulation: displacement on control points 0.6 radii apart.
    """

    sigma_mm: float = number(
        2, "Random deviation of the outline from an ellipsoid", unit="mm", low=0, high=40, step=0.1,
    )  # fmt: skip
    lobulation: float = number(
        0, "Smooth outline (0) to strongly lobulated (1)", low=0, high=1, step=0.01,
    )  # fmt: skip


@dataclass(frozen=True)
class Texture(Declared):
    """What fills the lesion."""

    noise_ratio: float = number(
        1, "Noise inside relative to that of the organ around; 0 for no texture", low=0, high=5, step=0.1
    )
    coarseness_mm: float = number(
        1.2, "Size of the grains of the texture inside", unit="mm", low=0.3, high=10, step=0.1
    )
    heterogeneity_hu: float = number(
        0, "Slow variation of attenuation inside, about a third of the radius long", unit="HU", low=0, high=200
    )
    grain: bool = flag(True, "Keep the patient's own fine noise inside, so that it runs through the lesion")
    noise_hu: float | None = number(
        None, "Noise of its own in place of the organ's, for tissue unlike its host", unit="HU", low=0, high=200
    )


@dataclass(frozen=True)
class Edge(Declared):
    """How the lesion passes into the organ."""

    blur_mm: float = number(
        0.9, "How softly the lesion passes into the organ; 0 leaves the sharpness of the scanner", unit="mm", low=0,
        high=10, step=0.1,
    )  # fmt: skip


@dataclass(frozen=True)
class Shell(Declared):
    """A layer along the surface, before blurring: the capsule straddles it, the rim lies just inside."""

    contrast_hu: float = number(
        0, "Attenuation that the layer adds to the lesion's; 0 for no layer", unit="HU", low=-300, high=300
    )
    thickness_mm: float = number(1, "Thickness of the layer", unit="mm", low=0.1, high=20, step=0.1)
    nodularity: float = number(0, "Even (0) to broken into nodules (1); of the rim only", low=0, high=1, step=0.01)


@dataclass(frozen=True)
class MassEffect(Declared):
    """Tissue pushed aside by a local scaling warp of image and labels (Gustafsson 1993).

    Below 60 % the warp is gentle, at 100 % the center would be singular. reach: in multiples of the lesion's surface
    radius.
    """

    intensity_percent: float = number(
        30, "How strongly the tissue around is pushed aside; 0 for not at all", unit="%", low=0, high=95,
        source="30 and 1.3 in Hu et al., CVPR 2023",
    )  # fmt: skip
    reach: float = number(1.3, "Where the push ends, in radii of the lesion", low=1, high=3, step=0.1)


@dataclass(frozen=True)
class Core(Declared):
    """The necrotic center."""

    radius_fraction: float = number(
        0, "Radius of the necrotic center relative to the lesion; 0 for none", low=0, high=0.95, step=0.01
    )
    contrast_hu: float = number(
        -25, "Attenuation of the necrotic center minus that of the lesion", unit="HU", low=-1100, high=500
    )


@dataclass(frozen=True)
class Calcification(Declared):
    """Flecks of calcium."""

    volume_fraction: float = number(0, "Share of the lesion that is calcified; 0 for none", low=0, high=0.9, step=0.01)
    contrast_hu: float = number(250, "Attenuation that a fleck adds", unit="HU", low=0, high=2000, step=10)
    size_mm: float = number(1.8, "Size of a fleck", unit="mm", low=0.5, high=20, step=0.1)


ABLATIONS: dict[str, dict[str, Any]] = {
    "elastic": {"elastic": Elastic(0.0, 0.0)},
    "texture": {"texture": Texture(noise_ratio=0.0, grain=False)},
    "edge": {"edge": Edge(0.0)},
    "mass_effect": {"mass_effect": MassEffect(0.0)},
    "capsule": {"capsule": Shell(0.0)},
}
"""Steps of the published method that can be switched off one by one, and how."""


@dataclass(frozen=True)
class Lesion(Declared):
    """One lesion: where it is, what it is made of, and the seed of everything random in it.

    radius_mm: the radius of the sphere when ``axes`` are 1; the volume is 4/3 pi radius_mm^3 times the product of
    ``axes``, kept by the elastic deformation. rotation_deg: about R, A and S, in that order. preset: the kind it was
    drawn from, where there is one.
    """

    center_ras: tuple[float, float, float] = numbers((0.0, 0.0, 0.0), "Center, in mm: right, anterior, superior")
    radius_mm: float = number(
        10, "Radius of a sphere of the same volume", unit="mm", low=0.5, high=100, step=0.5,
    )  # fmt: skip
    axes: tuple[float, float, float] = numbers(
        (1.0, 1.0, 1.0), "Half-axes in multiples of the radius", unit="", low=0.2, high=5, step=0.05, decimals=2
    )
    rotation_deg: tuple[float, float, float] = numbers(
        (0.0, 0.0, 0.0), "Rotations about R, A and S", unit="°", low=-180, high=180
    )
    contrast_hu: float = number(
        -40, "Mean attenuation of the lesion minus that of the organ around it", unit="HU", low=-1100, high=1100
    )
    seed: int = whole(0, "Seed of everything random in the lesion", low=0, high=2**63 - 1)
    name: str = text("Lesion", "Name in lists and messages")
    preset: str = text("", "Kind of lesion")
    visible: bool = flag(True, "Whether it is in the CT")
    protrude: bool = flag(False, "The lesion may protrude beyond the organ's surface")
    elastic: Elastic = field(default_factory=Elastic)
    texture: Texture = field(default_factory=Texture)
    edge: Edge = field(default_factory=Edge)
    capsule: Shell = field(default_factory=Shell)
    rim: Shell = field(default_factory=Shell)
    mass_effect: MassEffect = field(default_factory=MassEffect)
    core: Core = field(default_factory=Core)
    calcification: Calcification = field(default_factory=Calcification)

    def spoken(self, name: str) -> str:
        return f"Lesion '{self.name}': {name}"

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

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "") -> Self:
        named = isinstance(values, Mapping) and isinstance(values.get("name"), str)
        return super().from_dict(values, where or (f"lesion '{values['name']}'" if named else "lesion"))
