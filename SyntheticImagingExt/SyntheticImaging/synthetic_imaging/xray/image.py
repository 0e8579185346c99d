"""One image of a virtual C-arm: everything put together.

``Patient(ct).project(view)`` takes the time; ``radiograph(paths, view, settings)`` makes the image and can be called
again with another voltage, filter, exposure, noise, scatter, collimation or window without a new projection.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from ..cores import one_torch_thread
from ..memory import free_bytes, refuse_without_memory
from ..steps import in_background
from ..volume import Volume
from . import coverage, split
from .detector import expose, opening
from .display import fitted, gray
from .geometry import View
from .materials import attenuation_per_mm
from .scatter import primary_share, scattered
from .settings import Settings, Window
from .signal import monoenergetic, signal_table
from .tools import Tool, Trace, doubts, trace, with_tools

LARGEST_ATTENUATION = 20.0
"""Where no quantum arrives, the attenuation is shown as this: two parts in a billion."""

_BYTES_PER_PIXEL, _BYTES_PER_TOOL = 120, 40
"""Memory that an image takes while it is made, measured."""

_NOTHING = 1e-12
_BEHIND_PATIENT = 0.2


@dataclass(frozen=True)
class Radiograph:
    """An image and everything that it was made of; images are float32 (rows, columns), row 0 at the top.

    paths: mm of each material. line_integral: attenuation along the ray at ``settings.naive_kev``, without unit.
    transmission: detector signal over that in air, with noise and scatter as set. signal: energy that the detector
    takes up in a pixel, keV (of the response "counting": photons). display: gray from 0 to 1. spr: scatter over
    primary, None without scatter. opening: open share of each pixel, None where nothing is collimated.
    notices: what the CT cannot show here, and what is odd about the tools.
    """

    view: View
    settings: Settings
    paths: Mapping[str, torch.Tensor]
    line_integral: torch.Tensor
    transmission: torch.Tensor
    signal: torch.Tensor
    display: torch.Tensor
    spr: torch.Tensor | None = None
    opening: torch.Tensor | None = None
    notices: tuple[str, ...] = ()

    @property
    def attenuation(self) -> torch.Tensor:
        """-ln(transmission), 0 to ``LARGEST_ATTENUATION``."""
        return attenuation_of(self.transmission)

    @cached_property
    def scatter_to_primary(self) -> float:
        """The ratio to tell the user: median over the open field behind the patient, 0 without scatter."""
        if self.spr is None:
            return 0.0
        behind = self.line_integral > _BEHIND_PATIENT
        if self.opening is not None:
            behind &= self.opening > 0.5
        return float(self.spr[behind].median()) if behind.any() else 0.0

    def fitted_window(self) -> Window:
        """The window's ends set for this image, by what is not collimated; the window itself never moves."""
        attenuation = self.attenuation if self.opening is None else self.attenuation[self.opening > 0.5]
        return fitted(self.settings.window, attenuation)


class Patient:
    """A CT made ready for projections.

    ct: in HU, any grid. division: what it is made of (``split.continuous()`` unless given). device: torch device;
    a GPU without enough memory is not used, and ``notice`` says so.
    """

    def __init__(self, ct: Volume, division: split.Split | None = None, device: str = "cpu"):
        self.ct, self.split = ct, division or split.continuous()
        self.projector = self.split.projector(ct, device)

    @classmethod
    def steps(
        cls,
        ct: Volume,
        division: split.Split | None = None,
        device: str = "cpu",
        view: View | None = None,
        settings: Settings | None = None,
    ) -> Generator[tuple[str, float], None, Patient]:
        """The same in pieces of some milliseconds, for a window that must stay alive.

        Yields (stage, percent) and returns the patient. view, settings: such as come first; what their image needs
        is then ready, too, so that the coarse image (``projector.steps(view)``, ``radiograph``) comes at once.
        """
        patient = cls.__new__(cls)
        patient.ct, patient.split = ct, division or split.continuous()
        making, share = patient.split.making(ct, device), 50.0 if view is not None else 100.0
        patient.projector = yield from _told("Preparing the CT", 0.0, share, making)
        if view is not None:
            yield from _told("Preparing the image", share, 100.0, patient.projector.preparing(view))
        if settings is not None:
            for _ in in_background(lambda: signal_table(settings.spectrum, settings.response)):
                yield "Preparing the image", 100.0
        return patient

    @property
    def notice(self) -> str:
        return self.projector.notice

    def project(
        self, view: View, tools: Sequence[Tool] = (), traced: Trace | None = None, matched: bool = False
    ) -> dict[str, torch.Tensor]:
        """Millimeters (rows, columns) of each material, in one pass.

        tools: in place of the tissue where they are; traced: ``tools.trace(tools, view)`` where it is known already.
        matched: see ``Projector.integrate``.
        """
        paths = self.named(self.projector.integrate(view, matched=matched))
        return with_tools(paths, self.projector, view, tools, traced) if tools else paths

    def named(self, integrals: torch.Tensor) -> dict[str, torch.Tensor]:
        """Line integrals (B, rows, columns) of the projector by their materials' names."""
        return dict(zip(self.split.materials, integrals, strict=True))


def radiograph(
    paths: Mapping[str, torch.Tensor], view: View, settings: Settings | None = None, notices: tuple[str, ...] = ()
) -> Radiograph:
    """The image that belongs to the paths (mm, (rows, columns) each) of a view."""
    with one_torch_thread():  # more of them wait for each other longer than the work takes
        return _radiograph(paths, view, settings or Settings(), notices)


def render(
    ct: Volume | Patient,
    view: View,
    settings: Settings | None = None,
    tools: Sequence[Tool] = (),
    division: split.Split | None = None,
    device: str = "cpu",
) -> Radiograph:
    """Project and image in one call; a ``Patient`` in place of a CT saves the preparation."""
    refuse_too_large(view, len(tools))
    patient = ct if isinstance(ct, Patient) else Patient(ct, division, device)
    coverage.refuse_source_inside(patient.ct, view)
    traced = trace(tools, view)
    told = (*coverage.notices(patient.ct, view), *doubts(tools, traced, view))
    return radiograph(patient.project(view, tools, traced), view, settings, told)


def refuse_too_large(view: View, tools: int = 0) -> None:
    """InputError where the memory that is free does not hold the image of a view while it is made."""
    pixels = view.rows * view.columns
    needed, have = (_BYTES_PER_PIXEL + _BYTES_PER_TOOL * tools) * pixels, free_bytes()
    fits = 0 if have is None else int(view.columns * math.sqrt(have / needed))
    what = f"An image of {view.rows} x {view.columns} pixels"
    refuse_without_memory(needed, what, f"make it smaller: {fits} columns would fit")


def attenuation_of(transmission: torch.Tensor) -> torch.Tensor:
    """-ln of a transmission, 0 to ``LARGEST_ATTENUATION``; noise may lift a transmission above 1 or below 0."""
    return -torch.log(transmission.clamp(math.exp(-LARGEST_ATTENUATION), 1.0))


def _told(stage: str, begin: float, end: float, shares: Generator[float, None, Any]) -> Generator[Any, None, Any]:
    """Shares that are done as (stage, percent); what the generator returns is handed on."""
    while True:
        try:
            share = next(shares)
        except StopIteration as stop:
            return stop.value
        yield stage, begin + (end - begin) * share


def _radiograph(paths, view: View, settings: Settings, notices: tuple[str, ...]) -> Radiograph:
    line_integral = monoenergetic(paths, settings.naive_kev)
    open_share = opening(settings.collimation, view, line_integral.device)
    table = signal_table(settings.spectrum, settings.response)
    if settings.naive:
        transmission, spr = torch.exp(-line_integral), None
        if open_share is not None:
            transmission = transmission * open_share
    else:
        water_mm = line_integral / float(attenuation_per_mm(split.WATER, settings.naive_kev))
        transmission, spr = _realistic(paths, view, settings, table, open_share, water_mm)
    row_mm, column_mm = view.pixel_mm
    in_air = settings.exposure.photons_per_mm2 * row_mm * column_mm * table.air_signal
    display = gray(settings.window, attenuation_of(transmission), view.pixel_mm, open_share)
    return Radiograph(
        view, settings, paths, line_integral, transmission, transmission * in_air, display, spr, open_share, notices
    )


def _realistic(paths, view: View, settings: Settings, table, open_share, water_mm):
    """Transmission with everything that is set, and the scatter-to-primary ratio."""
    attenuation, quanta = table.attenuation_and_quanta(paths)
    primary = torch.exp(-attenuation)
    # quanta per signal; behind metal that lets nothing through what is left, scatter, counts like the open beam
    per_signal = torch.where(primary > _NOTHING, quanta / primary.clamp_min(_NOTHING), table.air_quanta)
    if open_share is not None:
        primary = primary * open_share
    scatter, spr, total = settings.scatter, None, primary
    if scatter.ratio > 0:
        added = scattered(scatter, primary, water_mm, view)
        spr = added / primary.clamp_min(_NOTHING)
        total = primary + added
    per_signal = per_signal * primary_share(scatter)
    return expose(settings.exposure, total, per_signal, view), spr
