"""Where a lesion may go: the organ, its vessels, and the distance to both, prepared once per CT."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Generator, Iterator, Sequence

import numpy as np
import SimpleITK as sitk
import torch
from scipy import ndimage
from torch.nn import functional

from ..errors import InputError
from ..tuples import three
from ..volume import Volume
from .lesion import Lesion
from .region import Frame, Region
from .shape import shape_of

_MAP_SPACING_MM = 1.5
_MARGIN_MM = 4.0
_OFFSET_DEVIATIONS = 2.5
_SPECK_MM3 = 30.0
_SHADING_MM = 30.0
_SHADING_CELL_MM = 8.0
_SAMPLES = 400_000


class Case:
    """A CT with an organ, ready for lesions.

    ct: scalar volume in HU, integer or floating point. organ: label volume on the same grid.
    organ_value: the label of the organ; None takes every nonzero voxel.
    vessels: optional label volume of the vessels on the same grid; without it they are found as
        bright, smoothed voxels of the organ (threshold: local mean plus ``vessel_offset_hu``).
    vessel_offset_hu: None chooses 2.5 standard deviations of the smoothed organ, at least 8 HU.

    Attributes: organ_mask (bool, crop ``region``), vessel_mask (bool, crop), organ_mean_hu and
    noise_std_hu of the vessel-free organ, parenchyma_mask (bool, crop), frame.

    Raises InputError when the CT, the organ or their grids cannot be used.
    """

    def __init__(
        self,
        ct: Volume,
        organ: Volume,
        vessels: Volume | None = None,
        organ_value: int | None = None,
        vessel_offset_hu: float | None = None,
        organ_name: str = "organ",
    ):
        for _ in self._prepare(ct, organ, vessels, organ_value, vessel_offset_hu, organ_name):
            pass

    @classmethod
    def steps(cls, ct: Volume, organ: Volume, vessels: Volume | None = None, **options) -> Generator[str, None, Case]:
        """The same piece by piece, for a window that must stay alive: yields what comes next, returns the case."""
        case = cls.__new__(cls)
        yield from case._prepare(ct, organ, vessels, **options)
        return case

    def _prepare(
        self,
        ct: Volume,
        organ: Volume,
        vessels: Volume | None,
        organ_value: int | None = None,
        vessel_offset_hu: float | None = None,
        organ_name: str = "organ",
    ) -> Iterator[str]:
        yield "Looking at the organ"
        self.ct, self.organ_name = ct, organ_name
        self._check(ct, organ, vessels)
        self.frame = Frame.of(ct)
        array = organ.numpy()
        mask = array == organ_value if organ_value is not None else array > 0
        tight = Region.around(mask)
        if tight.empty:
            which = f"no voxel of value {organ_value}" if organ_value is not None else "no voxel"
            raise InputError(f"The {organ_name} segment is empty ({which}); choose a segment that is drawn.")
        margin = int(np.ceil(_MARGIN_MM / ct.spacing_mm.min()))
        self.region = Region(
            three(max(0, first - margin) for first in tight.start),
            three(min(count, last + margin) for count, last in zip(mask.shape, tight.stop, strict=True)),
        )
        self.organ_mask = mask[self.region.slices].copy()
        hu = ct.numpy()[self.region.slices].astype(np.float32)
        inside = hu[self.organ_mask]
        self._check_values(hu, inside)
        self._measure(inside)
        yield "Finding the vessels"
        self.vessel_mask = (
            (vessels.numpy()[self.region.slices] > 0) if vessels is not None else self._bright(hu, vessel_offset_hu)
        )
        yield "Measuring distances"
        self._map_distances()
        yield "Measuring the tissue"
        self._measure_parenchyma(hu)

    def _check(self, ct: Volume, organ: Volume, vessels: Volume | None):
        for name, volume in (("organ", organ), ("vessel", vessels)):
            if volume is not None and not volume.same_grid(ct):
                raise InputError(
                    f"The {name} mask ({volume.shape}) and the CT ({ct.shape}) lie on different grids; "
                    "resample the mask to the CT, for instance with read_labels(path, like=ct)."
                )
        if str(ct.data.dtype).split(".")[-1] in ("uint8", "bool", "complex64", "complex128"):
            raise InputError(f"The CT's voxels are {ct.data.dtype}; Hounsfield units need a signed or real type.")

    def _check_values(self, hu: np.ndarray, inside: np.ndarray):
        if not np.isfinite(hu).all():
            raise InputError("The CT has voxels that are not numbers (NaN or infinite) in the organ; repair it first.")
        if inside.max() == inside.min():
            raise InputError(f"Every voxel of the {self.organ_name} has the same value; this is not a CT of it.")

    def _measure(self, inside: np.ndarray):
        """Robust mean and deviation of the organ, vessels included; of a regular sample where there are many voxels."""
        inside = inside[:: max(1, inside.size // _SAMPLES)]
        self._median = float(np.median(inside))
        self._spread = float(1.4826 * np.median(np.abs(inside - self._median))) or 1.0

    def _bright(self, hu: np.ndarray, offset_hu: float | None) -> np.ndarray:
        """The published mask: the smoothed CT above the organ's mean plus an offset.

        The mean is a local one (30 mm), for real organs are shaded and perfused unevenly. The smoothing
        is 0.5 voxel plus 0.025 voxel per HU of noise; specks below 30 cubic millimeters are noise.
        """
        sigma_mm = (0.5 + 0.025 * self._spread) * self.ct.spacing_mm.min()
        limits = (self._median - 5 * self._spread, self._median + 12 * self._spread)
        smooth = ndimage.gaussian_filter(
            np.clip(hu, *limits), sigma_mm / self.ct.spacing_mm[::-1], truncate=3.0, output=np.float32
        )
        above = smooth - self._local_mean(np.clip(hu, limits[0], self._median + 3 * self._spread))
        if offset_hu is None:
            inside = above[self.organ_mask][::7]
            offset_hu = max(8.0, _OFFSET_DEVIATIONS * 1.4826 * float(np.median(np.abs(inside - np.median(inside)))))
        found = (above > offset_hu) & self.organ_mask
        return _without_specks(found, int(_SPECK_MM3 / self.ct.spacing_mm.prod()))

    def _local_mean(self, hu: np.ndarray) -> np.ndarray:
        """The organ's mean around each voxel, by normalized Gaussian smoothing on a coarse grid."""
        spacing = self.ct.spacing_mm[::-1]
        size = three(max(2, round(n * s / _SHADING_CELL_MM)) for n, s in zip(hu.shape, spacing, strict=True))
        weight = torch.from_numpy(self.organ_mask.astype(np.float32))[None, None]
        total = torch.from_numpy(hu * self.organ_mask)[None, None]
        coarse = [functional.adaptive_avg_pool3d(part, size)[0, 0].numpy() for part in (total, weight)]
        cell_mm = np.array(hu.shape) * spacing / size
        total, weight = (ndimage.gaussian_filter(part, _SHADING_MM / cell_mm, mode="constant") for part in coarse)
        mean = torch.from_numpy(total / np.maximum(weight, 1e-6))[None, None]
        return functional.interpolate(mean, size=hu.shape, mode="trilinear", align_corners=False)[0, 0].numpy()

    def _map_distances(self):
        """Distances to the nearest vessel and to the organ's surface, at about 1.5 mm.

        Vessels are kept when the grid is coarsened (any voxel counts), so the distance errs short.
        """
        spacing = self.ct.spacing_mm[::-1]
        factor = np.maximum(1, np.floor(_MAP_SPACING_MM / spacing + 1e-6).astype(int))
        self._factor, self._step_mm = factor, spacing * factor
        organ = _pool(self.organ_mask, factor, np.logical_and)
        vessels = _pool(self.vessel_mask, factor, np.logical_or)
        far = np.float32(1e3)
        self._to_vessel = _distance_to(vessels, self._step_mm) if vessels.any() else np.full(organ.shape, far)
        self._to_surface = _distance_to(~np.pad(organ, 1), self._step_mm)[1:-1, 1:-1, 1:-1]

    def _measure_parenchyma(self, hu: np.ndarray):
        """Mean and standard deviation of the organ without vessels, without its partial-volume rim."""
        inner = ndimage.binary_erosion(self.organ_mask, iterations=2) & ~self.vessel_mask
        if inner.sum() < 50:
            inner = self.organ_mask & ~self.vessel_mask
        if not inner.any():
            inner = self.organ_mask
        self.parenchyma_mask = inner
        values = hu[inner]
        values = values[np.abs(values - self._median) <= 4 * self._spread]
        self.organ_mean_hu = float(values.mean()) if values.size else self._median
        self.noise_std_hu = float(values.std()) if values.size else self._spread

    @functools.cached_property
    def ct_sha256(self) -> str:
        """Of the CT's voxels; names the input in a lesion record."""
        return hashlib.sha256(np.ascontiguousarray(self.ct.numpy()).data).hexdigest()

    @functools.cached_property
    def organ_mm3(self) -> float:
        """Volume of the organ, vessels included."""
        return np.count_nonzero(self.organ_mask) * float(self.ct.spacing_mm.prod())

    def contains(self, ras) -> bool:
        """Whether a point lies in the organ."""
        index = np.rint(self.ct.ijk_from_ras(ras))[::-1].astype(int) - self.region.start
        inside = (index >= 0).all() and (index < self.organ_mask.shape).all()
        return bool(inside and self.organ_mask[tuple(index)])

    def distance_to_vessel_mm(self, ras) -> float:
        """From a point to the nearest vessel voxel, one look-up; 1000 when the organ has no vessel."""
        return self._look_up(self._to_vessel, ras)

    def distance_to_surface_mm(self, ras) -> float:
        """From a point inside the organ to its surface; 0 outside."""
        return self._look_up(self._to_surface, ras)

    def _look_up(self, distances: np.ndarray, ras) -> float:
        index = (self.ct.ijk_from_ras(ras)[::-1] - self.region.start + 0.5) / self._factor - 0.5
        return float(ndimage.map_coordinates(distances, index[:, None], order=1, mode="nearest")[0])

    def bounding_radius_mm(self, lesion: Lesion) -> float:
        """Radius of the sphere about the lesion's center that holds all of it."""
        return shape_of(lesion, self.frame.directions).bounding_radius_mm

    def clearance_mm(self, lesion: Lesion) -> float:
        """From the lesion's bounding sphere to the nearest vessel; negative when they meet."""
        return self.distance_to_vessel_mm(lesion.center_ras) - self.bounding_radius_mm(lesion)

    def surface_clearance_mm(self, lesion: Lesion) -> float:
        """From the lesion's bounding sphere to the organ's surface; negative when it may cross it."""
        return self.distance_to_surface_mm(lesion.center_ras) - self.bounding_radius_mm(lesion)

    def collides(self, lesion: Lesion) -> bool:
        return self.clearance_mm(lesion) < 0

    def suggest_site(
        self,
        radius_mm: float,
        rng: np.random.Generator | int = 0,
        avoid: Sequence[Lesion] = (),
        inside: bool = True,
        clear_of_vessels: bool = True,
    ) -> tuple[float, float, float]:
        """A random place where a sphere of the radius meets no vessel, no other lesion and, if ``inside``, no surface.

        clear_of_vessels: False lets it meet vessels (the published ablation of site selection).
        Raises InputError with the largest radius that fits when there is none.
        """
        free = self._free(avoid, inside, clear_of_vessels)
        candidates = np.flatnonzero(free > radius_mm)
        if not candidates.size:
            raise InputError(
                f"No place in the {self.organ_name} is clear for a radius of {radius_mm:.1f} mm; "
                f"the largest that fits is {max(0.0, float(free.max())):.1f} mm. Choose a smaller radius, "
                "another organ, or place the lesion by hand."
            )
        return self._place_of(candidates[np.random.default_rng(rng).integers(candidates.size)])

    def clearest_site(self, avoid: Sequence[Lesion] = (), inside: bool = True) -> tuple[float, float, float]:
        """The place farthest from vessels, other lesions and, if ``inside``, the surface.

        InputError when vessels and lesions leave none.
        """
        free = self._free(avoid, inside, clear_of_vessels=True)
        best = int(np.argmax(free))
        if free.flat[best] <= 0:
            raise InputError(f"The {self.organ_name} has no room left; take lesions away or choose another organ.")
        return self._place_of(best)

    def _free(self, avoid: Sequence[Lesion], inside: bool, clear_of_vessels: bool) -> np.ndarray:
        """The radius of the largest clear sphere at each point of the map."""
        free = self._to_vessel if clear_of_vessels else np.full_like(self._to_vessel, np.inf)
        free = np.minimum(free, self._to_surface) if inside else np.where(self._to_surface > 0, free, 0)
        for lesion in avoid:
            gap = self._distance_to_point(lesion.center_ras) - self.bounding_radius_mm(lesion)
            free = np.minimum(free, gap)
        return free

    def _place_of(self, flat_index: int) -> tuple[float, float, float]:
        index = np.array(np.unravel_index(flat_index, self._to_vessel.shape))
        voxel = (index + 0.5) * self._factor - 0.5 + self.region.start
        return three(map(float, self.ct.ras_from_ijk(voxel[::-1])))

    def _distance_to_point(self, ras) -> np.ndarray:
        center = self.ct.ijk_from_ras(ras)[::-1] - self.region.start
        axes = [
            ((np.arange(n) + 0.5) * f - 0.5 - c) * s
            for n, f, c, s in zip(self._to_vessel.shape, self._factor, center, self.ct.spacing_mm[::-1], strict=True)
        ]
        return np.sqrt(axes[0][:, None, None] ** 2 + axes[1][None, :, None] ** 2 + axes[2][None, None, :] ** 2).astype(
            np.float32
        )

    def organ_in(self, region: Region) -> np.ndarray:
        """The organ mask in a box of the CT, bool (K, J, I)."""
        return region.cut(self.organ_mask, self.region)

    def parenchyma_in(self, region: Region) -> np.ndarray:
        """The vessel-free organ without its rim in a box of the CT, bool (K, J, I)."""
        return region.cut(self.parenchyma_mask, self.region)

    def vessel_volume(self) -> Volume:
        """The vessel mask on the CT's grid, uint8."""
        full = np.zeros(self.ct.shape, dtype=np.uint8)
        full[self.region.slices] = self.vessel_mask
        return self.ct.like(full)


def _without_specks(mask: np.ndarray, largest: int) -> np.ndarray:
    """The mask without its pieces of at most ``largest`` voxels (joined by faces)."""
    pieces, _ = ndimage.label(mask)
    places = np.flatnonzero(mask)
    pieces = pieces.ravel()[places]
    small = np.bincount(pieces)[pieces] <= largest
    mask.ravel()[places[small]] = False
    return mask


def _distance_to(mask: np.ndarray, spacing_mm: np.ndarray) -> np.ndarray:
    """Millimeters from each voxel's center to the nearest voxel of the mask, float32, 0 in it.

    ITK's Maurer filter: exact, in all cores, four times as fast as SciPy's on two.
    """
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing([float(step) for step in spacing_mm[::-1]])
    distance = sitk.SignedMaurerDistanceMap(image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True)
    return np.maximum(sitk.GetArrayViewFromImage(distance), np.float32(0))


def _pool(mask: np.ndarray, factor: np.ndarray, rule) -> np.ndarray:
    """Coarsen a mask by whole factors; the last cells are completed with the background."""
    padded = np.pad(mask, [(0, -n % f) for n, f in zip(mask.shape, factor, strict=True)])
    k, j, i = factor
    parts = [padded[a::k, b::j, c::i] for a, b, c in np.ndindex(*factor)]
    return functools.reduce(rule, parts)
