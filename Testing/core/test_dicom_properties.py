"""Any series of slices: read as it was made, or refused; never anything else."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import dicom_files
import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    RLELossless,
    generate_uid,
)
from scipy.spatial.transform import Rotation

from synthetic_imaging import io
from synthetic_imaging.errors import InputError

SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian,
            RLELossless, JPEGLosslessSV1, JPEG2000Lossless)  # fmt: skip
UNSHRUNK = (Phase.explicit, Phase.generate)  # files take too long to look for smaller ones
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


@dataclass
class Series:
    """What is written: pictures in HU, where each lies in LPS mm, and how."""

    hu: np.ndarray
    positions: np.ndarray
    axes: np.ndarray
    spacing_mm: tuple[float, float, float]
    datasets: list = field(repr=False)
    syntax: str
    preambles: list[bool]
    names: str

    def read(self, order):
        with tempfile.TemporaryDirectory() as folder:
            for number, k in enumerate(order):
                path = Path(folder) / self.names.format(number)
                dicom_files.save(path, self.datasets[k], self.syntax, self.preambles[k])
            return io.read_volume(folder)

    def assert_is(self, volume, kept):
        """Every picture with its HU at its place, a fifth of a voxel allowed for what is rounded or fitted."""
        kept = sorted(kept)
        np.testing.assert_allclose(volume.numpy(), self.hu[kept], rtol=1e-6, atol=1e-3)
        for index, k in enumerate(kept):
            for column, row in ((0, 0), (volume.shape[2] - 1, volume.shape[1] - 1)):
                along = self.axes.T @ (column * self.spacing_mm[0], row * self.spacing_mm[1])
                place = LPS_TO_RAS @ (self.positions[k] + along)
                off = np.linalg.norm(volume.ras_from_ijk((column, row, index)) - place)
                assert off <= 0.2 * max(self.spacing_mm), (k, off)


NONE = st.just(0.0)


@st.composite
def series(draw, tilt=NONE, noise=NONE):
    syntax = draw(st.sampled_from(SYNTAXES))
    size = st.integers(16, 18) if syntax in (JPEGLosslessSV1, JPEG2000Lossless) else st.integers(3, 8)
    slices, rows, columns = draw(st.tuples(st.integers(3, 7), size, size))
    spacing = draw(st.tuples(st.floats(0.03, 2), st.floats(0.03, 2), st.floats(0.03, 8)))
    axes = Rotation.from_euler("xyz", draw(st.tuples(*[st.floats(-180, 180)] * 3)), degrees=True).as_matrix()[:2]
    origin = np.array(draw(st.tuples(*[st.floats(-500, 500)] * 3)))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    step = np.cross(*axes) * spacing[2] + axes[0] * spacing[2] * np.tan(np.radians(draw(tilt)))
    positions = origin + np.outer(np.arange(slices), step)
    positions += rng.normal(0, 1, positions.shape) * draw(noise) * min(spacing)
    rescale = draw(st.sampled_from([((1.0, -1024.0),), ((1.0, 0.0), (1.0, -1024.0)), ((1.0, -1024.0), (0.5, -1000.0)),
                                    ((1.7, -2000.0), (0.25, 10.0)), ((2.0, -3024.0),)]))  # fmt: skip
    bits, signed = draw(st.sampled_from([(16, False), (16, True), (12, False), (12, True)]))
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    stored = rng.integers(low, high, (slices, rows, columns), endpoint=True)
    made, hu = dicom_files.slices(np.zeros(stored.shape)), np.empty(stored.shape)
    for k, dataset in enumerate(made):
        slope, intercept = rescale[k % len(rescale)]
        dicom_files.store(dataset, stored[k] << 16 - bits >> 16 - bits, bits, signed)
        dataset.RescaleSlope, dataset.RescaleIntercept = dicom_files.decimals((slope, intercept))
        dataset.ImagePositionPatient = dicom_files.decimals(positions[k])
        dataset.ImageOrientationPatient = dicom_files.decimals(axes.ravel())
        dataset.PixelSpacing = dicom_files.decimals((spacing[1], spacing[0]))
        hu[k] = stored[k] * slope + intercept
    bare = syntax == ExplicitVRLittleEndian and draw(st.booleans())
    preambles = [not (bare and rng.random() < 0.5) for _ in made]
    names = draw(st.sampled_from(("{:04d}.dcm", "IM{:d}", "CT.1.2.{:d}")))
    return Series(hu, positions, axes, spacing, made, syntax, preambles, names)


def shuffled(draw, made: Series):
    return draw.draw(st.permutations(range(len(made.datasets))))


@settings(deadline=None, phases=UNSHRUNK, max_examples=60)
@given(made=series(), draw=st.data())
def test_a_straight_stack_is_read_as_it_was_made(made, draw):
    made.assert_is(made.read(shuffled(draw, made)), range(len(made.datasets)))


@settings(deadline=None, phases=UNSHRUNK, max_examples=60)
@given(made=series(tilt=st.sampled_from([0.0, 0.01, 0.1, 2.0, 15.0]), noise=st.floats(0, 0.3)), draw=st.data())
def test_noise_and_tilt_are_within_a_fifth_of_a_voxel_or_refused(made, draw):
    try:
        volume = made.read(shuffled(draw, made))
    except InputError:
        return
    made.assert_is(volume, range(len(made.datasets)))


@settings(deadline=None, phases=UNSHRUNK, max_examples=40)
@given(made=series(), draw=st.data())
def test_a_stack_with_a_hole_is_refused(made, draw):
    slices = len(made.datasets)
    assume(slices > 3)
    lost = draw.draw(st.sets(st.integers(1, slices - 2), min_size=1, max_size=slices - 3))
    kept = [k for k in shuffled(draw, made) if k not in lost]
    assume(len(set(np.diff(sorted(kept)))) > 1)  # every second slice is a stack too
    with pytest.raises(InputError, match="missing or unevenly spaced"):
        made.read(kept)


@settings(deadline=None, phases=UNSHRUNK, max_examples=40)
@given(made=series(), draw=st.data())
def test_copies_count_once_and_others_at_one_place_are_refused(made, draw):
    twice = draw.draw(st.integers(0, len(made.datasets) - 1))
    order = [*shuffled(draw, made), twice]
    made.assert_is(made.read(order), range(len(made.datasets)))
    other = dicom_files.copied(made.datasets[twice])
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    made.datasets.append(other)
    made.preambles.append(True)
    with pytest.raises(InputError, match="at a place where there is one already"):
        made.read(range(len(made.datasets)))
