"""What is set, as objects of the core, to be compared with what was set before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Protocol

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.geometry import Geometry, Pose, View
from synthetic_imaging.xray.machines import Machine, machine_named
from synthetic_imaging.xray.settings import Contrast, Settings

from .Choices import Choices
from .Parameters import NUMBERS, PLANES, POSES


class Told(Protocol):
    """What a state is read from: the nodes that are chosen, and every parameter of ``NUMBERS`` by its name."""

    segmentation: Any
    landmarks: Any


@dataclass(frozen=True)
class State:
    """poses: of both planes, about one isocenter. settings: with the round field of the machine. segmentation,
    landmarks: the nodes that are chosen. problems: sentences by class, where numbers do not go together; the object
    from before stands in their place then.
    """

    poses: tuple[Pose, ...] = field(default_factory=lambda: (Pose(), Pose()))
    geometry: Geometry = field(default_factory=Geometry)
    settings: Settings = field(default_factory=Settings)
    contrast: Contrast = field(default_factory=Contrast)
    choices: Choices = field(default_factory=Choices)
    machine: Machine = field(default_factory=Machine)
    segmentation: Any = None
    landmarks: Any = None
    problems: tuple[tuple[type, str], ...] = ()

    @classmethod
    def read(cls, parameters: Told, isocenterRas: tuple[float, float, float], before: State) -> State:
        """What parameters say, with the isocenter in mm RAS in the world."""
        problems: dict[type, str] = {}

        def read(declarations, kind, known):
            try:
                return declarations.read(parameters, kind, known)
            except InputError as error:
                problems[kind] = str(error)
                return known

        poses = [read(POSES[plane], Pose, pose) for plane, pose in zip(PLANES, before.poses, strict=True)]
        choices, machine = read(NUMBERS, Choices, before.choices), before.machine
        geometry, settings = read(NUMBERS, Geometry, before.geometry), read(NUMBERS, Settings, before.settings)
        try:
            machine = machine_named(choices.machine)
            settings = _onField(settings, machine, geometry)
        except InputError as error:
            problems[Machine] = str(error)
        return cls(
            tuple(replace(pose, isocenter_ras=isocenterRas) for pose in poses), geometry, settings,
            read(NUMBERS, Contrast, before.contrast), choices, machine, parameters.segmentation, parameters.landmarks,
            tuple(problems.items()),
        )  # fmt: skip

    @property
    def planes(self) -> str:
        """The names of the planes that there are."""
        return "".join(PLANES) if self.choices.biplane else "A"

    @property
    def isocenterRas(self) -> tuple[float, float, float]:
        """The point that is the isocenter, in the world: as the patient lay when it was set."""
        return self.poses[0].isocenter_ras

    @property
    def isocenterInPatientRas(self) -> tuple[float, float, float]:
        """Where the C-arm turns about, in the patient, whom the table may have carried along."""
        return self.geometry.isocenter_in_patient(self.poses[0])

    def at(self, isocenterRas: tuple[float, float, float]) -> State:
        """The same about another isocenter."""
        return replace(self, poses=tuple(replace(pose, isocenter_ras=isocenterRas) for pose in self.poses))

    def withImage(self, pose: Pose, seed: int) -> State:
        """The same with another pose of plane A and other noise."""
        exposure = replace(self.settings.exposure, seed=seed)
        return replace(self, poses=(pose, self.poses[1]), settings=replace(self.settings, exposure=exposure))

    def pose(self, plane: str) -> Pose:
        """InputError where there is no such plane."""
        return self.poses[list(PLANES).index(planeNamed(plane))]

    def view(self, plane: str) -> View:
        """The core's view of a plane; InputError for numbers with which no C-arm can stand."""
        pose = self.pose(plane)
        self.require(Pose, Geometry)
        return _view(self.geometry, pose)

    def require(self, *kinds: type) -> None:
        """InputError where the numbers of one of these classes do not go together."""
        for kind, problem in self.problems:
            if kind in kinds:
                raise InputError(problem)

    def beyondMachine(self, plane: str) -> list[str]:
        """A sentence for each number that the real machine could not be set to."""
        pose, voltage = self.pose(plane), self.settings.spectrum.kvp
        return self.machine.beyond(pose.lao_deg, pose.cran_deg, self.geometry.source_to_detector_mm, voltage)


def planeNamed(plane: str) -> str:
    """The plane; InputError where there is none of this name."""
    if plane not in PLANES:
        raise InputError(f"There is no plane {plane!r}; choose {' or '.join(PLANES)}.")
    return plane


def _onField(settings: Settings, machine: Machine, geometry: Geometry) -> Settings:
    """The settings on the field of the machine, which may be a disk."""
    if not machine.round_field:
        return settings
    disk = settings.collimation.within_disk(min(geometry.field_width_mm, geometry.field_height_mm))
    return replace(settings, collimation=disk)


@lru_cache(maxsize=64)
def _view(geometry: Geometry, pose: Pose) -> View:
    return geometry.view(pose)
