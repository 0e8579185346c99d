"""The pipeline every image goes through: geometry is exact, and nothing of the source is left."""

import numpy as np
import pytest
import SimpleITK as sitk
import tumor_bodies
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.making.images import ImagePolicy, read_image, standardize
from synthetic_imaging.volume import Volume


def ramp(shape=(18, 30, 24), flips=(1, 1, 1), order=(0, 1, 2), spacing_mm=(1.0, 1.3, 2.0)):
    """A volume whose values are a linear function of the place in the room."""
    matrix = tumor_bodies.grid(spacing_mm, flips=flips)[:, [*order, 3]]
    empty = Volume.from_numpy(np.zeros(shape, np.float32), matrix)
    k, j, i = np.indices(shape)
    r, a, s = np.moveaxis(empty.ras_from_ijk(np.stack([i, j, k], -1)), -1, 0)
    return empty.like((3 * r - 5 * a + 7 * s).astype(np.float32))


def value_at(volume: Volume, ras) -> float:
    index = volume.ijk_from_ras(ras)[::-1]
    return float(ndimage.map_coordinates(volume.numpy().astype(float), index[:, None], order=1)[0])


@settings(max_examples=25, deadline=None)
@given(
    flips=st.tuples(*[st.sampled_from([-1, 1])] * 3),
    order=st.permutations((0, 1, 2)),
    box=st.sampled_from([None, (14.0, 14.0, 14.0), (12.0, 90.0, 20.0)]),
    spacing=st.sampled_from([None, (1.0, 1.0, 2.0)]),
    seed=st.integers(0, 99),
)
def test_every_image_is_turned_alike_and_points_move_with_it(flips, order, box, spacing, seed):
    source = ramp(flips=flips, order=order)
    focus = source.ras_from_ijk([12, 15, 9])
    policy = ImagePolicy(box_mm=box, spacing_mm=spacing)
    image, matrix = standardize(source, policy, focus, np.random.default_rng(seed))
    moved = (matrix @ [*focus, 1])[:3]
    assert value_at(image, moved) == pytest.approx(value_at(source, focus), abs=1.0)
    assert image.data.dtype.is_signed and str(image.data.dtype) == "torch.int16"
    np.testing.assert_allclose(image.directions, np.diag([-1, -1, 1]), atol=1e-9)
    middle = image.ras_from_ijk((np.array(image.shape[::-1]) - 1) / 2)
    np.testing.assert_allclose(middle, 0, atol=1e-9)
    assert not image.metadata
    np.testing.assert_allclose(np.linalg.det(matrix[:3, :3]), 1)
    if box is not None and spacing is not None:
        assert image.shape == tuple(round(b / s) for b, s in zip(box, spacing, strict=True))[::-1]


def test_values_are_clipped_to_one_range_and_padding_is_one_value():
    source = ramp()
    source.data[0] = -3024
    source.data[1] = 20000
    image, _ = standardize(source, ImagePolicy(), None, np.random.default_rng(0))
    assert (image.numpy().min(), image.numpy().max()) == (-1024, 3071)
    padded, _ = standardize(source, ImagePolicy(box_mm=(100, 20, 20)), None, np.random.default_rng(0))
    assert set(np.unique(padded.numpy()[:, :, :10])) == {-1024}


def test_the_lesion_is_in_the_box_but_not_always_in_its_middle():
    source = ramp((40, 40, 40), spacing_mm=(1.0, 1.0, 1.0))
    focus = source.ras_from_ijk([20, 20, 20])
    places = []
    for seed in range(20):
        _, matrix = standardize(source, ImagePolicy(box_mm=(18, 18, 18)), focus, np.random.default_rng(seed))
        places.append((matrix @ [*focus, 1])[:3])
    assert np.abs(places).max() <= 18 / 6 + 1
    assert np.std(places, axis=0).min() > 0.5


def test_a_real_tilt_is_dropped_and_lengths_are_kept():
    turned = Volume.from_numpy(np.zeros((8, 9, 10), np.int16), tumor_bodies.grid((1.0, 1.0, 2.0), turn_deg=12))
    image, matrix = standardize(turned, ImagePolicy(), None, np.random.default_rng(0))
    np.testing.assert_allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(image.spacing_mm, (1, 1, 2))


def write_picture(path, array):
    sitk.WriteImage(sitk.GetImageFromArray(array), str(path))
    return path


def test_radiographs_fill_a_square_of_one_value_range(tmp_path):
    rows, columns = np.indices((60, 100))
    picture = write_picture(tmp_path / "film.png", (columns * 600 + rows).astype(np.uint16))
    source = read_image(picture, "xray")
    assert source.shape == (1, 60, 100)
    image, matrix = standardize(source, ImagePolicy("xray", size_px=50), None, np.random.default_rng(0))
    pixels = image.numpy()
    assert pixels.shape == (1, 50, 50) and pixels.dtype == np.int16 and pixels.min() == 0 and pixels.max() > 4000
    assert set(np.unique(pixels[0, :8])) == {0} and set(np.unique(pixels[0, -8:])) == {0}
    assert (np.diff(pixels[0, 25].astype(int)) >= 0).all()
    index = image.ijk_from_ras((matrix @ [*source.ras_from_ijk([80, 30, 0]), 1])[:3])
    np.testing.assert_allclose(index, [(80.5) / 2 - 0.5, (30.5 + 20) / 2 - 0.5, 0], atol=1e-6)


def test_two_radiographs_of_different_depth_get_the_same_values(tmp_path):
    gray = np.random.default_rng(0).integers(0, 200, (40, 40))
    deep = write_picture(tmp_path / "a.png", (gray * 300).astype(np.uint16))
    shallow = write_picture(tmp_path / "b.png", gray.astype(np.uint8))
    images = [
        standardize(read_image(path, "xray"), ImagePolicy("xray", size_px=40), None, np.random.default_rng(0))[0]
        for path in (deep, shallow)
    ]
    np.testing.assert_array_equal(images[0].numpy(), images[1].numpy())


def test_what_is_no_radiograph_is_refused(tmp_path):
    color = np.zeros((20, 20, 3), np.uint8)
    color[..., 0] = 200
    sitk.WriteImage(sitk.GetImageFromArray(color, isVector=True), str(tmp_path / "color.png"))
    with pytest.raises(InputError, match="color picture"):
        read_image(tmp_path / "color.png", "xray")
    with pytest.raises(InputError, match="no image"):
        read_image(tmp_path / "absent.png", "xray")
    with pytest.raises(InputError, match="no radiograph"):
        standardize(ramp(), ImagePolicy("xray"), None, np.random.default_rng(0))
    flat = Volume.from_numpy(np.full((1, 9, 9), 7.0), np.eye(4))
    with pytest.raises(InputError, match="same value everywhere"):
        standardize(flat, ImagePolicy("xray"), None, np.random.default_rng(0))


@pytest.mark.parametrize(
    "options",
    [{"box_mm": (1, 2)}, {"box_mm": (0, 9, 9)}, {"spacing_mm": (1, 1, 9999)}, {"modality": "mr"}, {"size_px": 2},
     {"low_hu": 100, "high_hu": 0}],
)  # fmt: skip
def test_impossible_policies_are_refused(options):
    with pytest.raises(InputError):
        ImagePolicy(**options)
