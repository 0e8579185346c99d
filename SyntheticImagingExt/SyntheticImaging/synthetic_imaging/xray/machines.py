"""C-arms by name: distances, detector, limits, and where the numbers come from."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from ..errors import InputError

DEFAULT_MACHINE = "cios-spin"


@dataclass(frozen=True)
class Machine:
    """A C-arm as numbers.

    source_to_detector_mm and source_to_isocenter_mm are spelled out because "SID" means either in the field.
    rows, columns, pixel_mm: the detector's matrix. round_field: an image intensifier, whose image is a disk.
    exact: the numbers are confirmed by a second source (published calibration or data set); else approximate.
    source: where the numbers come from. lao_range_deg, cran_range_deg, source_to_detector_range_mm, kvp_range:
    what the machine can be set to.
    """

    name: str
    title: str
    source_to_detector_mm: float
    source_to_isocenter_mm: float
    rows: int
    columns: int
    pixel_mm: float
    exact: bool = False
    source: str = "given by hand"
    fixed: bool = False
    round_field: bool = False
    lao_range_deg: tuple[float, float] = (-180.0, 180.0)
    cran_range_deg: tuple[float, float] = (-90.0, 90.0)
    source_to_detector_range_mm: tuple[float, float] | None = None
    kvp_range: tuple[float, float] = (40.0, 125.0)

    def __post_init__(self):
        for name in ("source_to_detector_mm", "source_to_isocenter_mm", "pixel_mm"):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and math.isfinite(value) and value > 0):
                raise InputError(f"{name} is {value!r}; give a number above 0.")
        if self.source_to_detector_mm <= self.source_to_isocenter_mm:
            raise InputError(
                f"The detector is {self.source_to_detector_mm:g} mm from the source and the isocenter "
                f"{self.source_to_isocenter_mm:g} mm; the detector must be the farther one."
            )
        for name in ("rows", "columns"):
            value = getattr(self, name)
            if value != int(value) or not 1 <= value <= 8192:
                raise InputError(f"{name} is {value!r}; give a whole number from 1 to 8192.")
        for name in ("lao_range_deg", "cran_range_deg", "kvp_range", "source_to_detector_range_mm"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else tuple(map(float, value)))

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


def machine_named(name: str) -> Machine:
    """InputError that lists the names when there is no such machine."""
    try:
        return machines()[name]
    except KeyError:
        raise InputError(f"There is no C-arm '{name}'; choose one of {', '.join(machines())}.") from None
