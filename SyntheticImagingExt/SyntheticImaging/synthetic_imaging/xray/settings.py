"""What a user sets of beam, detector and picture; nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..declared import Declared, choice, flag, number, text, whole
from ..errors import InputError
from .geometry import View
from .materials import material_named
from .spectrum import Spectrum

CT_KEV = 70.0
"""Effective energy of a CT at 120 kVp."""

RESPONSES = ("scintillator", "ideal", "counting", "kerma")
OUTPUTS = ("water-path", "line-integral", "transmission", "signal", "display")
"""What can be written of an image: see ``export.output_image``."""


@dataclass(frozen=True)
class Conversion(Declared):
    """How Hounsfield numbers become attenuation."""

    ct_kev: float = number(CT_KEV, "Effective energy of the CT", unit="keV", low=10, high=150)


@dataclass(frozen=True)
class Contrast(Declared):
    """Contrast agent dissolved in what a label covers; it is added to what the CT shows there.

    mg_ml: of the material, for instance 300 mg of iodine per ml in undiluted agent, 10 to 20 in a filled vein.
    """

    prefixed = ("label", "mg_ml", "material")

    label: int = whole(1, "Value in the label map", low=1, high=2**31 - 1)
    mg_ml: float = number(150, "Mass of the agent per volume; 0 for none", unit="mg/mL", low=0, high=500, step=5)
    material: str = text("iodine", "Element or material of the agent")

    def check(self):
        material_named(self.material)


@dataclass(frozen=True)
class Exposure(Declared):
    """Quanta, electronics and sharpness of the detector.

    2.7e5 photons per mm2 are 10 000 on a pixel of 0.194 mm, which after a patient is the order of fluoroscopy; a
    radiograph takes 10 to 100 times as many. The blur of the detector correlates the quantum noise too; the focal spot
    blurs by the magnification at the isocenter.
    """

    photons_per_mm2: float = number(
        2.7e5, "Photons of the unattenuated beam on the detector", unit="1/mm²", low=0.1, high=1e10, step=1e4,
        decimals=1,
    )  # fmt: skip
    electronic_photons: float = number(
        3, "Standard deviation of a pixel's electronic noise, in photons of the unattenuated beam", low=0, high=1e6,
    )  # fmt: skip
    blur_mm: float = number(
        0.35, "Full width at half maximum of the detector's point spread", unit="mm", low=0, high=10, step=0.05,
    )  # fmt: skip
    focal_spot_mm: float = number(0.6, "Size of the focal spot", unit="mm", low=0, high=10, step=0.1)
    noise: bool = flag(True, "Quanta and electronics fluctuate")
    seed: int = whole(0, "Seed of the noise", low=0, high=2**31 - 1)


@dataclass(frozen=True)
class Scatter(Declared):
    """How much scatter there is. The ratio is that at the center of the reference condition."""

    prefixed = ("ratio",)

    ratio: float = number(
        1, "Scatter over primary behind 20 cm of water without a grid; 0 for none", low=0, high=10, step=0.1,
        source="chosen to meet published orders of magnitude",
    )  # fmt: skip
    grid: bool = flag(True, "Anti-scatter grid, which also takes 30 % of the primary quanta")


NO_SCATTER = Scatter(ratio=0, grid=False)


def _shutter(side: str):
    help = f"How far the {side} shutter has come in from its edge of the field; 0 is open"
    return number(0, help, unit="mm", low=0, high=430)


@dataclass(frozen=True)
class Collimation(Declared):
    """What of the field is open, in mm on the detector. Shutters are named after the side of the image they close."""

    iris_radius_mm: float = number(0, "Radius of a round opening; 0 is open", unit="mm", low=0, high=310)
    shutter_left_mm: float = _shutter("left")
    shutter_right_mm: float = _shutter("right")
    shutter_top_mm: float = _shutter("top")
    shutter_bottom_mm: float = _shutter("bottom")

    def within_disk(self, diameter_mm: float) -> Collimation:
        """The same on a round field: the iris is open as far as the disk at most."""
        radius = diameter_mm / 2
        return replace(self, iris_radius_mm=min(radius, self.iris_radius_mm or radius))

    def edges_mm(self, view: View) -> tuple[float, float, float, float]:
        """Left, right, bottom and top edge of the open rectangle from the detector's center, right and up positive.

        InputError where shutters overlap.
        """
        row_mm, column_mm = view.pixel_mm
        width, height = view.columns * column_mm, view.rows * row_mm
        sides = (
            ("left", "right", self.shutter_left_mm, self.shutter_right_mm, width),
            ("bottom", "top", self.shutter_bottom_mm, self.shutter_top_mm, height),
        )
        for first, second, low, high, size in sides:
            if low + high >= size:
                raise InputError(f"The {first} and the {second} shutter meet; open one of them.")
        left, right = self.shutter_left_mm - width / 2, width / 2 - self.shutter_right_mm
        return left, right, self.shutter_bottom_mm - height / 2, height / 2 - self.shutter_top_mm


@dataclass(frozen=True)
class Window(Declared):
    """How attenuation, -ln(signal / signal in air), becomes gray from 0 (black) to 1 (white).

    The same window gives the same gray for the same attenuation in every image, as long as detail is 0.
    """

    prefixed = ("low", "high")

    low: float = number(0.5, "Attenuation that is shown black (white when inverted)", low=-5, high=20, step=0.1)
    high: float = number(7, "Attenuation that is shown white (black when inverted)", low=-5, high=30, step=0.1)
    sigmoid: bool = flag(False, "Soft ends of the gray scale, as film and DICOM's SIGMOID have them")
    inverted: bool = flag(False, "Dense is dark, as in fluoroscopy")
    detail: float = number(0, "How much small structures are enlarged; 0 for not at all", low=0, high=5, step=0.1)
    detail_mm: float = number(12, "Size of the surroundings they are enlarged against, on the detector", unit="mm",
                              low=0.5, high=100)  # fmt: skip

    def check(self):
        if self.high <= self.low:
            raise InputError(f"The window ends at {self.high:g}, below its beginning {self.low:g}; exchange them.")


@dataclass(frozen=True)
class Settings(Declared):
    """All that does not need a new projection.

    The naive image is what line integrals at one energy give, without spectrum, detector, noise, scatter and blur;
    publications compare with it.
    """

    spectrum: Spectrum = field(default_factory=Spectrum)
    response: str = choice("scintillator", RESPONSES, "How the detector weighs a photon")
    exposure: Exposure = field(default_factory=Exposure)
    scatter: Scatter = field(default_factory=Scatter)
    collimation: Collimation = field(default_factory=Collimation)
    window: Window = field(default_factory=Window)
    naive: bool = flag(False, "One energy, no noise, no scatter, no blur: for comparison")
    naive_kev: float = number(CT_KEV, "Energy of the naive image", unit="keV", low=10, high=150)
