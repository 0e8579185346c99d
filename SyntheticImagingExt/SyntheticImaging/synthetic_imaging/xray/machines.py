"""C-arms by name: distances, detector, limits, and where the numbers come from."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from ..declared import Declared, flag, number, numbers, text, whole
from ..errors import InputError
from .checks import refuse_beyond_detector

DEFAULT_MACHINE = "cios-spin"


def _reach(low: float, high: float, help: str, unit: str):
    return numbers((low, high), help, size=2, unit=unit, decimals=0)


@dataclass(frozen=True)
class Machine(Declared):
    """A C-arm as numbers.

    source_to_detector_mm and source_to_isocenter_mm are spelled out because "SID" means either in the field.
    round_field: an image intensifier, whose image is a disk. exact: the numbers are confirmed by a second source
    (published calibration or data set). The ranges are what the machine can be set to, see ``beyond``.
    """

    name: str = text("", "Name in the shell and the console")
    title: str = text("", "Name that people read")
    source_to_detector_mm: float = number(1000, "From the focal spot to the detector", unit="mm", low=1, high=10000)
    source_to_isocenter_mm: float = number(700, "From the focal spot to the isocenter", unit="mm", low=1, high=10000)
    rows: int = whole(1024, "Rows of the detector's matrix", low=1, high=8192)
    columns: int = whole(1024, "Columns of the detector's matrix", low=1, high=8192)
    pixel_mm: float = number(0.390625, "Distance of the pixels on the detector", unit="mm", low=0.01, high=50,
                             decimals=3)  # fmt: skip
    exact: bool = flag(False, "Confirmed by a second source; else approximate")
    source: str = text("given by hand", "Where the numbers come from")
    round_field: bool = flag(False, "An image intensifier, whose image is a disk")
    lao_range_deg: tuple[float, float] = _reach(-180, 180, "Primary angles from RAO (negative) to LAO", "°")
    cran_range_deg: tuple[float, float] = _reach(-90, 90, "Secondary angles from CAUD (negative) to CRAN", "°")
    source_to_detector_range_mm: tuple[float, float] | None = numbers(
        None, "Distances that the detector can be moved to; not known without numbers", size=2, decimals=0
    )
    kvp_range: tuple[float, float] = _reach(40, 125, "Tube voltages", "kV")

    def check(self):
        refuse_beyond_detector(self.source_to_isocenter_mm, self.source_to_detector_mm)

    def beyond(
        self, lao_deg: float, cran_deg: float, source_to_detector_mm: float | None = None, kvp: float | None = None
    ) -> list[str]:
        """A sentence for each number that the real machine could not be set to; none where it could.

        source_to_detector_mm and kvp are left out of account where they are None.
        """
        told = []
        if _outside(lao_deg, self.lao_range_deg):
            told.append(f"reaches from RAO {-self.lao_range_deg[0]:g} to LAO {self.lao_range_deg[1]:g}")
        if _outside(cran_deg, self.cran_range_deg):
            told.append(f"reaches from CAUD {-self.cran_range_deg[0]:g} to CRAN {self.cran_range_deg[1]:g}")
        reach = self.source_to_detector_range_mm
        if reach and _outside(source_to_detector_mm, reach):
            told.append(f"holds the detector {reach[0]:g} to {reach[1]:g} mm from the source")
        if _outside(kvp, self.kvp_range):
            told.append(f"takes {self.kvp_range[0]:g} to {self.kvp_range[1]:g} kV")
        return [f"{self.title} {what} only." for what in told]

    @property
    def field_mm(self) -> tuple[float, float]:
        """Height and width of the detector's field."""
        return self.rows * self.pixel_mm, self.columns * self.pixel_mm

    def changed(self, **values) -> Machine:
        """The machine with other numbers, which is then no preset of a real one."""
        return replace(self, **{"exact": False, "source": f"{self.title}, changed by hand", **values})


@cache
def machines() -> dict[str, Machine]:
    """All presets by name, from ``machines.json``."""
    text = (resources.files(__package__) / "machines.json").read_text(encoding="utf-8")
    return {name: Machine(name=name, **values) for name, values in json.loads(text).items()}


def _outside(value: float | None, limits: tuple[float, float]) -> bool:
    return value is not None and not limits[0] <= value <= limits[1]


def machine_named(name: str) -> Machine:
    """InputError that lists the names when there is no such machine."""
    try:
        return machines()[name]
    except KeyError:
        raise InputError(f"There is no C-arm '{name}'; choose one of {', '.join(machines())}.") from None
