"""Line integrals against an exact reference and each other, with gradients, in parts and in steps."""

import numpy as np
import pytest
import torch
import xray_bodies as bodies
from scipy.ndimage import gaussian_filter

from synthetic_imaging.errors import InputError
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import projector
from synthetic_imaging.xray.geometry import Pose, View
from synthetic_imaging.xray.projector import WATER, Bases, Projector, ViewVectors
from synthetic_imaging.xray.projector_reference import voxel_chords
from synthetic_imaging.xray.rays import Rays

TWO = Bases((-1000, 0, 300, 3000), ((0, 1, 0.8, 0.2), (0, 0, 0.5, 4)))
VECTORS = ("source_ras", "detector_origin_ras", "row_step_ras", "column_step_ras")
ENGINES = ("simd", "warp", "torch")


def small_case(seed: int, pixels: int = 20):
    """A rough volume on an odd grid, and a view of it."""
    rng = np.random.default_rng(seed)
    grid = bodies.random_grid(rng, rng.uniform(6, 14), rng.uniform(0.6, 2.5, 3))
    hu = torch.from_numpy(rng.uniform(-1200, 2500, grid.shape).astype(np.float32))
    return grid.like(hu), bodies.random_view(rng, 34.0, pixels)


@pytest.mark.parametrize("engine", ENGINES)
def test_constant_volume_gives_its_own_chords(engine):
    """Entry and exit are exact: the volume's own box, from outside, from inside, and with the detector in it."""
    rng = np.random.default_rng(5)
    for distance in (550.0, 20.0, 590.0, 5.0):
        grid = bodies.random_grid(rng, 30.0, rng.uniform(0.7, 2.5, 3))
        view = View.of(bodies.machine(600.0, distance, 32, 3.0), Pose(*rng.uniform(-80, 80, 3)))
        path = projector.water_path(bodies.water(torch.ones(grid.shape), grid), view, engine=engine).numpy()
        center = grid.ras_from_ijk((np.array(grid.shape[::-1]) - 1) / 2)
        box = bodies.Body("box", np.array(grid.shape[::-1]) * grid.spacing_mm / 2, grid.directions, center)
        exact = box.chords_mm(np.array(view.source_ras), bodies.pixels_ras(view))
        assert exact.max() > 10
        assert np.abs(path - exact).max() < 1e-4 * exact.max()


def test_rays_along_voxel_axes():
    """A beam whose central ray runs along an axis, in all six directions, and one that misses."""
    hu = torch.full((9, 11, 13), 0.0)
    matrix = np.diag([1.0, 2.0, 3.0, 1.0])
    matrix[:3, 3] = -6, -10, -12
    sizes = {(0, 0): 22.0, (180, 0): 22.0, (90, 0): 13.0, (-90, 0): 13.0, (0, 90): 27.0, (0, -90): 27.0}
    for (lao, cran), length in sizes.items():
        view = View.of(bodies.machine(1000, 500, 1, 1.0), Pose(lao, cran))
        for engine in ENGINES:
            assert float(projector.water_path(Volume(hu, matrix), view, engine=engine)) == pytest.approx(length, 1e-6)
    aside = View.of(bodies.machine(1000, 500, 8, 1.0), Pose(isocenter_ras=(100, 0, 0)))
    assert not projector.water_path(Volume(hu, matrix), aside).any()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 6, 5), (5, 1, 1), (2, 2, 2)])
def test_thin_volumes(shape):
    hu = torch.zeros(shape)
    view = View.of(bodies.machine(1000, 500, 9, 0.5), Pose(20, 30, 10))
    images = [projector.water_path(Volume(hu, np.eye(4)), view, engine=engine) for engine in ENGINES]
    assert images[0].max() > 0.5
    for other in images[1:]:
        assert torch.allclose(images[0], other, atol=1e-5)


@pytest.mark.parametrize("engine", ["simd", "warp"])
@pytest.mark.parametrize("cells", [1, 2, 3])
def test_kernels_agree_with_the_reference(engine, cells):
    for seed in range(12):
        volume, view = small_case(seed, pixels=21)
        exact = projector.integrate(volume.data.double(), volume.ijk_to_ras, view, TWO, cells, "torch")
        image = projector.integrate(volume.data, volume.ijk_to_ras, view, TWO, cells, engine)
        assert image.shape == (2, 21, 21)
        assert (image - exact).abs().max() < 1e-5 * exact.max()


@pytest.mark.parametrize("dtype", [torch.int16, torch.uint8, torch.int32, torch.float64])
def test_voxel_types(dtype):
    """Whole numbers are kept as 16 bits, which changes nothing."""
    volume, view = small_case(3)
    low = 0 if dtype == torch.uint8 else -1100
    hu = (volume.data.clamp(low, 250 if dtype == torch.uint8 else 2500)).round()
    image = Projector(volume.like(hu.to(dtype)), TWO).integrate(view)
    exact = projector.integrate(hu.double(), volume.ijk_to_ras, view, TWO, engine="torch")
    assert (image - exact).abs().max() < 1e-5 * exact.max()


@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_gradients(engine):
    """Warp's adjoint against torch's, and torch's in double precision against differences."""
    for seed in range(4):
        volume, view = small_case(seed, pixels=12)
        weights = torch.rand(2, 12, 12, dtype=torch.float64, generator=torch.manual_seed(seed))

        def gradients(hu, name, view=view, volume=volume, weights=weights):
            hu = hu.clone().requires_grad_()
            vectors = ViewVectors.of(view)
            image = projector.integrate(hu, volume.ijk_to_ras, vectors, TWO, engine=name)
            (image * weights.to(image)).sum().backward()
            return [hu.grad.double(), *(getattr(vectors, vector).grad for vector in VECTORS)]

        exact = gradients(volume.data.double(), "torch")
        if engine == "auto":
            for ours, theirs in zip(gradients(volume.data, "auto"), exact, strict=True):
                assert (ours - theirs).abs().max() < 1e-3 * theirs.abs().max()
            continue
        direction = torch.randn(3, dtype=torch.float64, generator=torch.manual_seed(seed)) * 1e-6
        ends = []
        for sign in (1, -1):
            vectors = ViewVectors.of(view)
            vectors.source_ras.data += sign * direction
            image = projector.integrate(volume.data.double(), volume.ijk_to_ras, vectors, TWO, engine="torch")
            ends.append(float((image.detach() * weights).sum()))
        assert (ends[0] - ends[1]) / 2 == pytest.approx(float(exact[1] @ direction), rel=1e-3)


def test_adjoint():
    """<A x, y> = <x, Aᵀ y>: what the gradient spreads over the volume is the transpose of the projection."""
    for seed in range(4):
        volume, view = small_case(seed)
        x = volume.data.clamp(-900, 2000).requires_grad_()
        image = projector.integrate(x, volume.ijk_to_ras, view, WATER)
        y = torch.rand(image.shape, generator=torch.manual_seed(seed))
        (image * y).sum().backward()
        forward = float((image.detach().double() * y).sum())
        back = float(((x.detach() + 1000).double() * x.grad).sum())
        assert back == pytest.approx(forward, rel=1e-5)


def test_finer_steps_converge():
    """The error of the steps falls with their square towards the exact integral of the interpolated volume."""
    rng = np.random.default_rng(0)
    grid = bodies.random_grid(rng, 14.0, np.array([1.0, 1.3, 1.7]))
    hu = torch.from_numpy(rng.uniform(-500, 1500, grid.shape)).double()
    view = bodies.random_view(rng, 20.0, 24)
    images = {
        cells: projector.integrate(hu, grid.ijk_to_ras, view, cells=cells, engine="torch") for cells in (1, 2, 4, 8, 64)
    }
    errors = [float((images[cells] - images[64]).square().mean().sqrt()) for cells in (1, 2, 4, 8)]
    assert errors[0] < 0.02 * float(images[64].max())
    assert errors[1] > 2.5 * errors[2] > 2.5**2 * errors[3]


@pytest.mark.parametrize(("smooth_voxels", "correlation"), [(0.0, 0.98), (1.5, 0.9995)])
def test_exact_reference_of_random_voxels(smooth_voxels, correlation):
    """Against exact lengths in voxels of random volumes: interpolation moves nothing, so there is no bias."""
    ours, exact = [], []
    for seed in range(8):
        volume, view = small_case(seed, pixels=32)
        volume = volume.like(gaussian_filter(volume.data.numpy(), smooth_voxels, mode="constant", cval=-1000.0))
        rays = Rays.of(view, volume.ijk_to_ras)
        voxels, mm = voxel_chords(rays.source, rays.targets().reshape(-1, 3), volume.shape, rays.metric_mm)
        amount = WATER.at(volume.data.double())[0].flatten()
        exact.append((amount[voxels] * mm).sum(1))
        ours.append(projector.water_path(volume, view).flatten().double())
    ours, exact = torch.cat(ours), torch.cat(exact)
    assert float(ours.sum() / exact.sum()) == pytest.approx(1, abs=2e-3 if not smooth_voxels else 1e-3)
    seen = exact > 0
    assert float(torch.corrcoef(torch.stack([ours[seen], exact[seen]]))[0, 1]) > correlation


def test_projected_point_is_where_its_bead_is():
    """The matrix and the rays agree to 0.05 pixel: the centroid of one bright voxel against its projected center."""
    rng = np.random.default_rng(2)
    for _ in range(25):
        grid = bodies.random_grid(rng, 8.0, rng.uniform(0.8, 1.5, 3))
        voxel = [int(rng.integers(2, count - 2)) for count in grid.shape]
        hu = torch.full(grid.shape, -1000.0)
        hu[tuple(voxel)] = 3000.0
        view = bodies.random_view(rng, 24.0, 160)
        image = projector.water_path(grid.like(hu), view).double()
        rows, columns = torch.arange(160.0), torch.arange(160.0)
        found = [float((image.sum(0) * columns).sum() / image.sum()), float((image.sum(1) * rows).sum() / image.sum())]
        wanted = view.project(grid.ras_from_ijk(np.array(voxel[::-1])))[0]
        assert np.abs(found - wanted).max() < 0.05


def test_one_voxel_weighs_the_same_from_everywhere():
    """Integral over the detector of one voxel's shadow, scaled to the voxel's plane: its volume, from any side."""
    rng = np.random.default_rng(4)
    for _ in range(12):
        grid = bodies.random_grid(rng, 6.0, rng.uniform(0.7, 2.0, 3))
        middle = tuple(count // 2 for count in grid.shape)
        hu = torch.full(grid.shape, -1000.0)
        hu[middle] = 0.0
        center = grid.ras_from_ijk(np.array(middle[::-1]))
        view = bodies.random_view(rng, 16.0, 256, center)
        path = projector.water_path(grid.like(hu), view).double().numpy()
        to_pixel = bodies.pixels_ras(view) - view.source_ras
        tilt = (to_pixel @ view.direction_ras) / np.linalg.norm(to_pixel, axis=-1)
        area = np.prod(view.pixel_mm) / view.magnification**2
        assert (path * tilt).sum() * area == pytest.approx(np.prod(grid.spacing_mm), rel=0.02)


def test_tables_with_steps_count_whole_voxels():
    """A threshold is looked up in voxels, not between them: no bone appears on the way from air to metal."""
    step = Bases((-1000, 349.999, 350, 3000), ((0, 1.35, 0, 0), (0, 0, 1, 1)))
    assert step.steep and not WATER.steep
    volume, view = small_case(1)
    image = Projector(volume, step).integrate(view)
    bone = (volume.data >= 350).double() * 1000 - 1000
    assert torch.allclose(image[1], projector.water_path(volume.like(bone), view), atol=1e-3)
    slow = projector.integrate(volume.data, volume.ijk_to_ras, view, step)
    assert torch.allclose(image, slow, atol=1e-3)


def test_materials_by_label():
    """A label's voxels follow its own table; the sum over labels is the whole."""
    volume, view = small_case(6)
    labels = volume.like((volume.data > 500).to(torch.uint8) * 3)
    swap = Bases(TWO.hu, TWO.weights[::-1])
    mixed = Projector(volume, TWO, labels, {3: swap}).integrate(view)
    amounts = torch.where(labels.data == 3, TWO.at(volume.data).flip(0), TWO.at(volume.data))
    for image, amount in zip(mixed, amounts, strict=True):
        alone = projector.water_path(volume.like(1000 * amount.float() - 1000), view)
        assert torch.allclose(image, alone, atol=1e-4 * float(image.max()))
    with pytest.raises(InputError, match="grid"):
        Projector(volume, TWO, Volume(labels.data, volume.ijk_to_ras + 1e-2), {3: swap})
    with pytest.raises(InputError, match="2 materials"):
        Projector(volume, TWO, labels, {3: WATER})


def test_parts_of_rays_add_up():
    volume, view = small_case(7)
    whole = Projector(volume, TWO)
    rng = torch.manual_seed(0)
    pixels = torch.randint(0, 400, (300,), generator=rng)
    cut = torch.rand(300, dtype=torch.float64, generator=rng)
    ends = torch.zeros_like(cut), torch.ones_like(cut)
    image = whole.integrate(view).view(2, -1)[:, pixels]
    assert torch.allclose(whole.along(view, pixels, *ends), image, atol=1e-4)
    parts = whole.along(view, pixels, ends[0], cut) + whole.along(view, pixels, cut, ends[1])
    assert (parts - image).abs().mean() < 0.01 * image.mean()
    whole.engine = "torch"
    assert torch.allclose(
        whole.along(view, pixels, ends[0], cut) + whole.along(view, pixels, cut, ends[1]), parts, atol=1e-3
    )


def test_steps_end_in_the_whole_image():
    """The coarse image comes first and is like the last; the last is the very image."""
    grid = bodies.random_grid(np.random.default_rng(1), 40.0, np.array([1.0, 1.0, 1.5]))
    body = bodies.Body("ellipsoid", np.array([30.0, 20, 25]), np.eye(3), np.zeros(3))
    prepared = Projector(bodies.water(body.filled(grid), grid), WATER)
    view = bodies.random_view(np.random.default_rng(2), 70.0, 130)
    images = [image.clone() for image in prepared.steps(view, coarse_pixels=32, step_s=0.001)]
    final = prepared.integrate(view)
    assert len(images) > 3
    assert torch.equal(images[-1], final)
    first = (images[0] - final).abs()
    assert first.mean() < 0.05 * final.mean() and first.max() > 0
    counts = [int((image == final).all(dim=0).all(dim=1).sum()) for image in images]
    assert counts == sorted(counts)


def test_matched_sampling_keeps_the_mass():
    """Averaging voxels up to the pixel's footprint changes detail, not amounts."""
    rng = np.random.default_rng(3)
    grid = bodies.random_grid(rng, 40.0, np.array([0.7, 0.9, 1.1]))
    body = bodies.Body("ellipsoid", np.array([30.0, 20, 25]), np.eye(3), np.zeros(3))
    prepared = Projector(bodies.water(body.filled(grid), grid), WATER)
    view = bodies.random_view(rng, 80.0, 32)
    sharp, smooth = prepared.integrate(view), prepared.integrate(view, matched=True)
    assert not torch.equal(sharp, smooth)
    assert float(smooth.sum() / sharp.sum()) == pytest.approx(1, abs=2e-3)
    assert (smooth - sharp).abs().max() < 0.12 * sharp.max()


def test_the_ct_is_not_changed():
    for dtype in (torch.float32, torch.int16):
        volume, view = small_case(2)
        volume = volume.like(volume.data.to(dtype))
        before = volume.data.clone()
        for engine in ENGINES:
            projector.water_path(volume, view, engine=engine)
        assert torch.equal(volume.data, before)


def test_padding_and_metal_stay_in_the_table():
    """Below the first CT number there is what is there, above the last what is there."""
    volume, view = small_case(2)
    wild = volume.data.clone()
    wild[volume.data < -800] = -3024
    tame = wild.clamp_min(-1000)
    assert torch.equal(projector.water_path(volume.like(wild), view), projector.water_path(volume.like(tame), view))


@pytest.mark.parametrize(
    ("hu", "weights", "words"),
    [
        ((0,), ((1,),), "at least two"),
        ((0, 0), ((1, 1),), "rise"),
        ((0, np.nan), ((1, 1),), "finite"),
        ((0, 1), ((1,),), "one finite weight for each"),
        ((0, 1), (), "one finite weight"),
    ],
)
def test_bad_tables(hu, weights, words):
    with pytest.raises(InputError, match=words):
        Bases(hu, weights)


def test_bad_requests():
    volume, view = small_case(0)
    with pytest.raises(InputError, match="samples per voxel"):
        Projector(volume).integrate(view, cells=0)
    with pytest.raises(InputError, match="engine"):
        projector.water_path(volume, view, engine="fastest")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_the_gpu_agrees_with_the_cpu():
    volume, view = small_case(0, pixels=64)
    for dtype in (torch.int16, torch.float32):
        there = Projector(volume.like(volume.data.to(dtype)), TWO, device="cuda").integrate(view).cpu()
        here = Projector(volume.like(volume.data.to(dtype)), TWO).integrate(view)
        assert (there - here).abs().max() < 1e-4 * here.max()
