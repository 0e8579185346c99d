"""Where the source, the detector and every pixel are; all in millimeters, RAS.

Angles are those of DICOM PS3.3 C.8.7.5.1.2 (supine, head first): they name the side on which the detector
stands, LAO and CRAN positive. Images are upright and seen from the detector: for 0/0 the patient's left is at
the image's right and the head is up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from ..declared import Declared, number, numbers, settings, whole
from ..errors import InputError
from ..tuples import three
from .checks import finite, positive, refuse_beyond_detector, triple
from .machines import DEFAULT_MACHINE, Machine, machine_named, machines

__all__ = ["Geometry", "Machine", "Pose", "View", "machine_named", "machines"]

_SKEW = 1e-6
"""Largest skew of a projection matrix, relative to its focal length, that rounding explains."""

_MOST_PIXELS = settings(Machine)["columns"].high


@dataclass(frozen=True)
class Pose(Declared):
    """How the C-arm stands around the patient."""

    renamed = {"isocenter_ras_mm": "isocenter_ras"}

    lao_deg: float = number(
        0, "Primary angle: LAO positive, RAO negative", unit="°", low=-180, high=180, source="DICOM (0018,1510)",
    )  # fmt: skip
    cran_deg: float = number(
        0, "Secondary angle: CRAN positive, CAUD negative", unit="°", low=-90, high=90, source="DICOM (0018,1511)",
    )  # fmt: skip
    roll_deg: float = number(0, "Turns the picture clockwise", unit="°", low=-180, high=180)
    isocenter_ras: tuple[float, float, float] = numbers(
        (0.0, 0.0, 0.0), "Point about which the C-arm turns, in mm: right, anterior, superior",
    )  # fmt: skip

    def axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit vectors in RAS: image right (columns), image up, isocenter to detector."""
        a, b, roll = np.deg2rad((self.lao_deg, self.cran_deg, self.roll_deg))
        detector = np.array([-math.sin(a) * math.cos(b), math.cos(a) * math.cos(b), math.sin(b)])
        up = np.array([math.sin(a) * math.sin(b), -math.cos(a) * math.sin(b), math.cos(b)])
        right = np.cross(up, detector)
        turned_right = math.cos(roll) * right + math.sin(roll) * up
        turned_up = math.cos(roll) * up - math.sin(roll) * right
        return turned_right, turned_up, detector

    @property
    def title(self) -> str:
        """The angles as a C-arm shows them, to a tenth of a degree, for example "LAO 30 CAUD 10"."""
        lao, cran = round(self.lao_deg, 1), round(self.cran_deg, 1)
        return f"{'LAO' if lao >= 0 else 'RAO'} {abs(lao):g} {'CRAN' if cran >= 0 else 'CAUD'} {abs(cran):g}"


@dataclass(frozen=True)
class View:
    """One exposure's geometry: all that a projector needs.

    source_ras: focal spot. detector_origin_ras: center of pixel (row 0, column 0), the upper left of the upright
    image. row_step_ras: vector from pixel (r, c) to (r + 1, c), downwards. column_step_ras: vector to the next
    column, to the image's right. isocenter_ras: where the C-arm turns, between source and detector. All in mm, RAS.
    Pixel coordinates are (column, row), whole numbers at pixel centers.
    """

    source_ras: tuple[float, float, float]
    detector_origin_ras: tuple[float, float, float]
    row_step_ras: tuple[float, float, float]
    column_step_ras: tuple[float, float, float]
    rows: int
    columns: int
    isocenter_ras: tuple[float, float, float]
    _plane: tuple = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        names = ("source_ras", "detector_origin_ras", "row_step_ras", "column_step_ras", "isocenter_ras")
        for name in names:
            object.__setattr__(self, name, triple(getattr(self, name), name))
        if not (1 <= self.rows <= _MOST_PIXELS and 1 <= self.columns <= _MOST_PIXELS):
            raise InputError(
                f"The detector has {self.rows} rows and {self.columns} columns of pixels; give 1 to {_MOST_PIXELS:g} "
                "of each."
            )
        row, column = np.array(self.row_step_ras), np.array(self.column_step_ras)
        towards_source = np.cross(column, row)
        size = np.linalg.norm(towards_source)
        if size < 1e-12 or abs(row @ column) > 1e-6 * np.linalg.norm(row) * np.linalg.norm(column):
            raise InputError("The detector's rows and columns are not at right angles; give a straight pixel grid.")
        direction = -towards_source / size
        distance = direction @ (np.array(self.detector_origin_ras) - self.source_ras)
        if distance <= 0:
            raise InputError("The source is behind the detector or in its plane; give positive distances.")
        object.__setattr__(self, "_plane", (direction, float(distance)))
        refuse_beyond_detector(self.source_to_isocenter_mm, self.source_to_detector_mm)

    @classmethod
    def of(
        cls,
        machine: Machine,
        pose: Pose,
        off_center_mm: tuple[float, float] = (0.0, 0.0),
        table_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> View:
        """The view of a machine in a pose.

        off_center_mm: how far the detector's center is to the right and above the central ray, on the detector.
        table_mm: how far the table has carried the patient in RAS since the isocenter was set.
        """
        isocenter = three(np.array(pose.isocenter_ras) - triple(table_mm, "table_mm"))
        return cls.from_pose(
            replace(pose, isocenter_ras=isocenter), machine.source_to_detector_mm, machine.source_to_isocenter_mm,
            machine.rows, machine.columns, (machine.pixel_mm, machine.pixel_mm), off_center_mm,
        )  # fmt: skip

    @classmethod
    def from_pose(
        cls,
        pose: Pose,
        source_to_detector_mm: float,
        source_to_isocenter_mm: float,
        rows: int,
        columns: int,
        pixel_mm: tuple[float, float],
        off_center_mm: tuple[float, float] = (0.0, 0.0),
    ) -> View:
        """The view of a pose with distances and a detector given one by one; pixel_mm: of rows, of columns."""
        right, up, direction = pose.axes()
        shift = [finite(value, "off_center_mm") for value in off_center_mm]
        row_mm, column_mm = (positive(value, "pixel_mm") for value in pixel_mm)
        near = positive(source_to_isocenter_mm, "source_to_isocenter_mm")
        far = positive(source_to_detector_mm, "source_to_detector_mm")
        source = np.array(pose.isocenter_ras) - near * direction
        center = source + far * direction + shift[0] * right + shift[1] * up
        row, column = -row_mm * up, column_mm * right
        origin = center - row * (rows - 1) / 2 - column * (columns - 1) / 2
        return cls(three(source), three(origin), three(row), three(column), rows, columns, pose.isocenter_ras)

    @classmethod
    def from_matrix(
        cls,
        matrix: np.ndarray,
        rows: int,
        columns: int,
        pixel_mm: float,
        isocenter_ras: tuple[float, float, float] | None = None,
        source_to_isocenter_mm: float | None = None,
        mirrored: bool = False,
    ) -> View:
        """The view of a projection matrix.

        matrix: (3, 4), RAS mm to homogeneous (column, row); any scale and sign, without skew. pixel_mm: distance
        of neighboring columns, which fixes the scale that a matrix lacks. The isocenter is given, or lies on the
        central ray at source_to_isocenter_mm (default: half way). mirrored: the matrix is that of an image seen
        from the source, as from a photographic camera; the view is the same image seen from the detector.
        Formula: Hartley and Zisserman, Multiple View Geometry, chapter 6.
        """
        matrix = np.asarray(matrix, dtype=np.float64)
        if matrix.shape != (3, 4) or not np.isfinite(matrix).all():
            raise InputError(f"A projection matrix has 3 rows of 4 finite numbers; this has shape {matrix.shape}.")
        left = matrix[:, :3]
        if abs(np.linalg.det(left)) <= 1e-12 * np.linalg.norm(left, axis=1).prod():
            raise InputError("The projection matrix is singular (a parallel beam?); give that of a point source.")
        if mirrored:
            matrix = np.array([[-1.0, 0, columns - 1], [0, 1, 0], [0, 0, 1]]) @ matrix
            left = matrix[:, :3]
        source = -np.linalg.solve(left, matrix[:, 3])
        # seen from the detector, (column, row, beam) is a left-handed frame; that settles the sign of the matrix
        back = np.linalg.inv(left) * -np.sign(np.linalg.det(left)) * np.linalg.norm(left[2])
        pixel = positive(pixel_mm, "pixel_mm")
        distance = pixel / np.linalg.norm(back[:, 0])
        column, row, origin = distance * back.T
        if abs(column @ row) > _SKEW * np.linalg.norm(column) * np.linalg.norm(row):
            raise InputError("The projection matrix has skew; give that of a detector with rectangular pixels.")
        direction = -np.cross(column, row) / np.linalg.norm(np.cross(column, row))
        if isocenter_ras is None:
            half = distance / 2 if source_to_isocenter_mm is None else source_to_isocenter_mm
            isocenter_ras = three(source + positive(half, "source_to_isocenter_mm") * direction)
        elif direction @ (np.array(triple(isocenter_ras, "isocenter_ras")) - source) <= 0:
            raise InputError(
                "By this matrix the isocenter is behind the source; if the image is seen from the source, as with a "
                "camera, say that it is mirrored."
            )
        return cls(three(source), three(source + origin), three(row), three(column), rows, columns, isocenter_ras)

    @property
    def direction_ras(self) -> np.ndarray:
        """Unit vector of the central ray, source to detector."""
        return self._plane[0]

    @property
    def source_to_detector_mm(self) -> float:
        return self._plane[1]

    @property
    def source_to_isocenter_mm(self) -> float:
        """Distance of the isocenter from the source along the central ray."""
        return float(self.direction_ras @ (np.array(self.isocenter_ras) - self.source_ras))

    @property
    def magnification(self) -> float:
        """Size in the image over size in the patient, at the isocenter."""
        return self.magnification_at(self.isocenter_ras)

    def magnification_at(self, point_ras) -> float:
        """Size in the image over size in the patient, in the plane through a point parallel to the detector."""
        depth = float(self.direction_ras @ (np.asarray(point_ras, dtype=np.float64) - self.source_ras))
        if depth <= 0:
            raise InputError("The point is not in front of the source, so it has no magnification.")
        return self.source_to_detector_mm / depth

    @property
    def pixel_mm(self) -> tuple[float, float]:
        """Distance of neighboring rows and of neighboring columns, on the detector."""
        return float(np.linalg.norm(self.row_step_ras)), float(np.linalg.norm(self.column_step_ras))

    @property
    def ijk_to_ras(self) -> np.ndarray:
        """Geometry (4, 4) of the one-slice image at the detector: i column, j row, k (1 mm) towards the source."""
        matrix = np.eye(4)
        matrix[:3] = np.stack(
            [self.column_step_ras, self.row_step_ras, -self.direction_ras, self.detector_origin_ras], 1
        )
        return matrix

    @property
    def projection_matrix(self) -> np.ndarray:
        """(3, 4): RAS mm to homogeneous (column, row); the third number is the depth in front of the source in mm."""
        column, row = np.array(self.column_step_ras), np.array(self.row_step_ras)
        from_source = np.array(self.detector_origin_ras) - self.source_ras
        across = np.stack([column / (column @ column), row / (row @ row)])
        left = np.empty((3, 3))
        left[:2] = self.source_to_detector_mm * across - np.outer(across @ from_source, self.direction_ras)
        left[2] = self.direction_ras
        return np.hstack([left, -left @ np.array(self.source_ras)[:, None]])

    def k_and_rt(self) -> tuple[np.ndarray, np.ndarray]:
        """Camera matrix K (3, 3) and rigid [R|t] (3, 4), with K @ [R|t] = -projection_matrix.

        R is a proper rotation with rows image right, image down and detector to source. An X-ray image is seen
        from behind, so its focal lengths in K are negative, as in the public C-arm data sets of xReg.
        """
        row_mm, column_mm = self.pixel_mm
        rotation = np.stack(
            [np.array(self.column_step_ras) / column_mm, np.array(self.row_step_ras) / row_mm, -self.direction_ras]
        )
        from_source = rotation @ (np.array(self.detector_origin_ras) - self.source_ras)
        distance = self.source_to_detector_mm
        k = np.diag([-distance / column_mm, -distance / row_mm, 1.0])
        k[:2, 2] = -from_source[0] / column_mm, -from_source[1] / row_mm
        return k, np.hstack([rotation, -rotation @ np.array(self.source_ras)[:, None]])

    def project(self, points_ras) -> np.ndarray:
        """Pixel coordinates (n, 2), column and row, of points (n, 3); NaN where a point is not before the source."""
        points = np.atleast_2d(np.asarray(points_ras, dtype=np.float64))
        matrix = self.projection_matrix
        image = points @ matrix[:, :3].T + matrix[:, 3]
        depth = np.where(image[:, 2] > 0, image[:, 2], np.nan)
        return image[:, :2] / depth[:, None]

    def pixel_ras(self, column, row) -> np.ndarray:
        """Points (..., 3) on the detector at pixel coordinates."""
        column, row = (np.asarray(value, dtype=np.float64)[..., None] for value in (column, row))
        return np.array(self.detector_origin_ras) + column * self.column_step_ras + row * self.row_step_ras

    def ray(self, column, row) -> tuple[np.ndarray, np.ndarray]:
        """Source (3,) and unit direction (..., 3) of the ray to a pixel coordinate."""
        towards = self.pixel_ras(column, row) - self.source_ras
        return np.array(self.source_ras), towards / np.linalg.norm(towards, axis=-1, keepdims=True)

    def pose(self) -> Pose:
        """The angles and isocenter; at CRAN or CAUD 90 the primary angle is 0 and the roll tells the rest."""
        x, y, z = self.direction_ras
        level = math.hypot(x, y)
        lao = math.atan2(-x, y) if level > 1e-12 else 0.0
        upright = Pose(math.degrees(lao), math.degrees(math.atan2(z, level)))
        right, up, _ = upright.axes()
        roll = math.atan2(np.dot(self.column_step_ras, up), np.dot(self.column_step_ras, right))
        return replace(upright, roll_deg=math.degrees(roll), isocenter_ras=self.isocenter_ras)

    def pose_and_distances(self) -> tuple[Pose, float, float, tuple[float, float]]:
        """Pose, source-to-detector mm, source-to-isocenter mm and off-center mm (right, up): the inverse of ``of``."""
        row_mm, column_mm = self.pixel_mm
        foot = np.array(self.source_ras) + self.source_to_detector_mm * self.direction_ras
        away = self.pixel_ras((self.columns - 1) / 2, (self.rows - 1) / 2) - foot
        off = float(away @ self.column_step_ras) / column_mm, -float(away @ self.row_step_ras) / row_mm
        return self.pose(), self.source_to_detector_mm, self.source_to_isocenter_mm, off

    def resized(self, columns: int, rows: int | None = None) -> View:
        """The same field of view with another number of pixels; rows follow the columns unless given."""
        rows = max(1, round(self.rows * columns / self.columns)) if rows is None else rows
        column = np.array(self.column_step_ras) * (self.columns / columns)
        row = np.array(self.row_step_ras) * (self.rows / rows)
        corner = np.array(self.detector_origin_ras) - (np.array(self.column_step_ras) + self.row_step_ras) / 2
        return replace(
            self, detector_origin_ras=three(corner + (column + row) / 2), row_step_ras=three(row),
            column_step_ras=three(column), rows=rows, columns=columns,
        )  # fmt: skip


_DEFAULT = machine_named(DEFAULT_MACHINE)


@dataclass(frozen=True)
class Geometry(Declared):
    """What a C-arm is set to besides its pose: distances, detector, and where detector and table have moved to."""

    source_to_detector_mm: float = number(
        _DEFAULT.source_to_detector_mm, "From the focal spot to the detector", unit="mm", low=300, high=3000, step=5,
    )  # fmt: skip
    source_to_isocenter_mm: float = number(
        _DEFAULT.source_to_isocenter_mm, "From the focal spot to the isocenter", unit="mm", low=100, high=2900, step=5,
    )  # fmt: skip
    field_width_mm: float = number(
        _DEFAULT.field_mm[1], "Width of the detector's field", unit="mm", low=10, high=700, decimals=1
    )
    field_height_mm: float = number(
        _DEFAULT.field_mm[0], "Height of the detector's field", unit="mm", low=10, high=700, decimals=1
    )
    off_right_mm: float = number(0, "Detector's center right of the central ray", unit="mm", low=-400, high=400)
    off_up_mm: float = number(0, "Detector's center above the central ray", unit="mm", low=-400, high=400)
    image_size: int = whole(512, "Pixels across the field", low=16, high=4096)
    table_r_mm: float = number(0, "How far the table has carried the patient to the right", unit="mm", low=-500,
                               high=500)  # fmt: skip
    table_a_mm: float = number(0, "How far the table has carried the patient to the front", unit="mm", low=-500,
                               high=500)  # fmt: skip
    table_s_mm: float = number(0, "How far the table has carried the patient to the head", unit="mm", low=-1000,
                               high=1000)  # fmt: skip

    @classmethod
    def of(cls, machine: Machine, **values) -> Geometry:
        """That of a machine, with other values by name."""
        height, width = machine.field_mm
        distances = {name: getattr(machine, name) for name in ("source_to_detector_mm", "source_to_isocenter_mm")}
        return cls(**{**distances, "field_width_mm": width, "field_height_mm": height, **values})

    @classmethod
    def of_view(cls, view: View) -> Geometry:
        """That of a view, with the table where it was: together with ``view.pose()`` the inverse of ``view``."""
        _pose, to_detector, to_isocenter, (right, up) = view.pose_and_distances()
        row_mm, column_mm = view.pixel_mm
        return cls(to_detector, to_isocenter, view.columns * column_mm, view.rows * row_mm, right, up, view.columns)

    def check(self):
        refuse_beyond_detector(self.source_to_isocenter_mm, self.source_to_detector_mm)
        most = settings(Geometry)["image_size"].high
        if self.rows > most:
            raise InputError(
                f"A field of {self.field_width_mm:g} by {self.field_height_mm:g} mm would have {self.rows} rows of "
                f"pixels, more than {most}; give another height or a smaller image size."
            )

    @property
    def rows(self) -> int:
        return max(1, round(self.image_size * self.field_height_mm / self.field_width_mm))

    def isocenter_in_patient(self, pose: Pose) -> tuple[float, float, float]:
        """RAS mm of the isocenter of a pose in the patient, whom the table has carried along since it was set."""
        (r, a, s), table = pose.isocenter_ras, (self.table_r_mm, self.table_a_mm, self.table_s_mm)
        return r - table[0], a - table[1], s - table[2]

    def view(self, pose: Pose) -> View:
        """The view of a pose whose isocenter was set before the table moved."""
        there = replace(pose, isocenter_ras=self.isocenter_in_patient(pose))
        return View.from_pose(
            there, self.source_to_detector_mm, self.source_to_isocenter_mm,
            self.rows, self.image_size, (self.field_height_mm / self.rows, self.field_width_mm / self.image_size),
            (self.off_right_mm, self.off_up_mm),
        )  # fmt: skip
