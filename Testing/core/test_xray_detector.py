"""Quanta, blur, scatter, collimation and window, each against its formula."""

import math

import numpy as np
import pytest
import torch

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.detector import blurred, expose, opening, pixel_gaussian
from synthetic_imaging.xray.display import fitted, gray
from synthetic_imaging.xray.geometry import Pose, View
from synthetic_imaging.xray.image import radiograph
from synthetic_imaging.xray.scatter import GRID_PRIMARY, GRID_SCATTER
from synthetic_imaging.xray.settings import NO_SCATTER, Collimation, Exposure, Scatter, Settings, Window
from synthetic_imaging.xray.signal import signal_table
from synthetic_imaging.xray.spectrum import Spectrum

VIEW = View.from_pose(Pose(), 1000, 600, 200, 200, (1.0, 1.0))
"""The reference condition of the scatter ratio: with 20 cm of water the gap to the detector is 30 cm."""

SHARP = Exposure(blur_mm=0, focal_spot_mm=0, electronic_photons=0)


def water(mm, view=VIEW):
    return {"water": torch.full((view.rows, view.columns), float(mm))}


def plain(**changes):
    return Settings(**{"exposure": SHARP, "scatter": NO_SCATTER, **changes})


def test_the_variance_of_the_noise_is_that_of_the_quanta():
    """Variance over squared mean is 1 / noise-equivalent quanta: a line of slope -1 in the logarithm of exposure."""
    for mm in (0, 100, 250):
        for photons in (2e3, 2e4, 2e5):
            view = View.from_pose(Pose(), 1000, 600, 500, 500, (0.5, 0.5))
            image = radiograph(water(mm, view), view, plain(exposure=Exposure(photons, 0, 0, 0)))
            mean = radiograph(water(mm, view), view, plain(exposure=Exposure(photons, 0, 0, 0, noise=False)))
            quanta = photons * 0.25 * float(signal_table(Spectrum()).attenuation_and_quanta(water(mm))[1][0, 0])
            level = float(mean.transmission.mean())
            # 250 000 pixels: the variance is known to 0.3 %
            assert float(image.transmission.var()) / level**2 * quanta == pytest.approx(1, rel=0.015)
            assert float(image.transmission.mean()) == pytest.approx(level, rel=5 / math.sqrt(250_000 * quanta) + 1e-5)


@pytest.mark.parametrize("quanta", [0.5, 5.0, 24.0, 26.0, 60.0, 400.0])
def test_few_quanta_are_poisson(quanta):
    """Mean, variance and third moment of Poisson's distribution are all its mean, by either way of drawing."""
    photons = Exposure(photons_per_mm2=quanta, electronic_photons=0, blur_mm=0, focal_spot_mm=0)
    flat = torch.ones(600, 600, dtype=torch.float64)
    view = View.from_pose(Pose(), 1000, 600, 600, 600, (1.0, 1.0))
    counts = expose(photons, flat, torch.ones_like(flat), view) * quanta
    away = counts - counts.mean()
    assert float(counts.mean()) == pytest.approx(quanta, rel=0.01)
    assert float((away**2).mean()) == pytest.approx(quanta, rel=0.02)
    skewness = float((away**3).mean() / (away**2).mean() ** 1.5)
    assert skewness == pytest.approx(1 / math.sqrt(quanta), abs=0.03)


def test_the_same_seed_gives_the_same_noise():
    first, again = (radiograph(water(150), VIEW, plain(exposure=Exposure(seed=4))) for _ in range(2))
    other = radiograph(water(150), VIEW, plain(exposure=Exposure(seed=5)))
    assert torch.equal(first.transmission, again.transmission) and not torch.equal(
        first.transmission, other.transmission
    )


def test_the_noise_power_follows_the_square_of_the_transfer_function():
    view = View.from_pose(Pose(), 1000, 600, 512, 512, (0.2, 0.2))
    image = radiograph(water(100, view), view, plain(exposure=Exposure(1e6, 0, blur_mm=0.5, focal_spot_mm=0)))
    noise = image.transmission - image.transmission.mean()
    power = torch.fft.rfft2(noise).abs().square()[:, 1:].mean(dim=0)
    kernel = torch.tensor(pixel_gaussian(0.5 / 2.354820045 / 0.2))
    transfer = torch.fft.rfft(torch.nn.functional.pad(kernel, (0, 512 - len(kernel)))).abs().square()[1:]
    share = power / transfer
    for band in share[:120].split(30):  # beyond, what leaks from the image's edges outweighs the little that is left
        assert float(band.mean()) == pytest.approx(float(share[:120].mean()), rel=0.03)


def test_electronic_noise_is_white_and_adds():
    exposure = Exposure(photons_per_mm2=1e4, electronic_photons=40, blur_mm=0, focal_spot_mm=0)
    dark = torch.full((400, 400), 1e-9)
    view = View.from_pose(Pose(), 1000, 600, 400, 400, (1.0, 1.0))
    image = expose(exposure, dark, dark, view)
    assert float(image.std()) == pytest.approx(40 / 1e4, rel=0.01)


@pytest.mark.parametrize("sigma", [0.6, 1.0, 4.0])
def test_the_blur_is_a_gaussian_over_pixels(sigma):
    point = torch.zeros(81, 81, dtype=torch.float64)
    point[40, 40] = 1
    spread = blurred(point, (sigma, sigma))
    offset = torch.arange(81) - 40.0
    assert float(spread.sum()) == pytest.approx(1)
    # a Gaussian over pixels has the pixel's own variance of 1/12 besides its own
    assert float((spread.sum(dim=0) * offset**2).sum()) == pytest.approx(sigma**2 + 1 / 12, rel=5e-3)
    flat = torch.full((30, 40), 2.5)
    assert torch.allclose(blurred(flat, (sigma, sigma)), flat)


def test_the_focal_spot_blurs_by_the_magnification():
    """An edge at the isocenter: focal spot times (magnification - 1), as a standard deviation."""
    view = View.from_pose(Pose(), 1000, 500, 41, 401, (0.05, 0.05))
    step = torch.where(torch.arange(401) < 200, 0.0, 1.0).expand(41, 401)
    image = expose(Exposure(blur_mm=0, focal_spot_mm=1.2, noise=False), step, step, view)
    slope = image[20].diff().double()
    place = torch.arange(400) * 0.05
    center = (slope * place).sum()
    sigma = (slope * (place - center) ** 2).sum().sqrt()
    assert float(sigma) == pytest.approx(1.2 * 1.0 / math.sqrt(12), rel=0.01)


@pytest.mark.parametrize("ratio", [0.3, 1.0, 4.0])
def test_the_scatter_ratio_is_the_stated_one(ratio):
    image = radiograph(water(200), VIEW, plain(scatter=Scatter(ratio, grid=False)))
    assert float(image.spr[99:101, 99:101].mean()) == pytest.approx(ratio, rel=0.02)
    grid = radiograph(water(200), VIEW, plain(scatter=Scatter(ratio, grid=True)))
    assert float(grid.spr[100, 100] / image.spr[100, 100]) == pytest.approx(GRID_SCATTER / GRID_PRIMARY, rel=1e-4)


def test_scatter_divides_contrast():
    """Small contrast C0 becomes C0 / (1 + SPR), whatever the kernels."""
    paths = water(200)
    paths["water"][98:102, 98:102] -= 2
    quiet = Exposure(noise=False, blur_mm=0, focal_spot_mm=0)

    def contrast(settings):
        background = radiograph(water(200), VIEW, settings).transmission[100, 100]
        return float((radiograph(paths, VIEW, settings).transmission[100, 100] - background) / background)

    scattered = plain(exposure=quiet, scatter=Scatter(1.0, grid=False))
    spr = float(radiograph(water(200), VIEW, scattered).spr[100, 100])
    assert spr == pytest.approx(1, rel=0.02)
    assert contrast(scattered) / contrast(plain(exposure=quiet)) == pytest.approx(1 / (1 + spr), rel=2e-3)


def test_scatter_falls_with_the_gap_and_grows_with_the_field():
    scatter = Scatter(1.0, grid=False)
    middle = {}
    for name, view in {
        "near": View.from_pose(Pose(), 1000, 800, 200, 200, (1.0, 1.0)), "reference": VIEW,
        "small": View.from_pose(Pose(), 1000, 600, 100, 100, (1.0, 1.0)),
    }.items():  # fmt: skip
        image = radiograph(water(200, view), view, plain(scatter=scatter))
        middle[name] = float(image.spr[view.rows // 2, view.columns // 2])
    # gaps of 100 and 300 mm: inverse squares from 175 mm before the exit surface, and from the focal spot
    law = ((175 + 300) / (175 + 100)) ** 2 * ((1000 - 300) / (1000 - 100)) ** 2
    assert middle["near"] / middle["reference"] == pytest.approx(law, rel=0.01)
    assert middle["small"] < 0.6 * middle["reference"]


@pytest.mark.parametrize(
    ("to_detector", "to_isocenter", "field_mm", "water_mm", "low", "high"),
    [
        (1500, 1000, (300, 400), 300, 1.0, 2.0), (1500, 1000, (300, 400), 390, 1.6, 2.6),
        (1000, 850, (350, 430), 220, 2.5, 6.0),
    ],
    ids=["pelvis", "large pelvis", "abdomen at the detector"],
)  # fmt: skip
def test_scatter_has_the_published_order(to_detector, to_isocenter, field_mm, water_mm, low, high):
    """The kernels are chosen; what they give without a grid in published conditions is of the published size."""
    height, width = field_mm
    view = View.from_pose(Pose(), to_detector, to_isocenter, height // 5, width // 5, (5.0, 5.0))
    image = radiograph(water(water_mm, view), view, plain(scatter=Scatter(grid=False)))
    assert low < float(image.spr[height // 10, width // 10]) < high


def test_scatter_does_not_depend_on_the_number_of_pixels():
    fine = radiograph(water(200), VIEW, plain(scatter=Scatter()))
    view = VIEW.resized(64)
    coarse = radiograph(water(200, view), view, plain(scatter=Scatter()))
    assert float(coarse.spr[32, 32]) == pytest.approx(float(fine.spr[100, 100]), rel=0.01)


def test_shutters_and_iris_close_what_they_name():
    share = opening(Collimation(shutter_left_mm=70, shutter_top_mm=80), VIEW)
    assert share[100, 60] == 0 and share[100, 80] == 1 and share[100, 190] == 1
    assert share[70, 100] == 0 and share[90, 100] == 1 and share[190, 100] == 1
    assert float(share[150].sum()) == pytest.approx(130) and float(share[:, 150].sum()) == pytest.approx(120)
    iris = opening(Collimation(iris_radius_mm=80), VIEW)
    assert float(iris.sum()) == pytest.approx(math.pi * 80**2, rel=2e-3)
    assert opening(Collimation(), VIEW) is None
    with pytest.raises(InputError, match="meet"):
        opening(Collimation(shutter_left_mm=105, shutter_right_mm=95), VIEW)


def test_collimation_takes_scatter_away():
    quiet = Exposure(noise=False, blur_mm=0, focal_spot_mm=0)
    wide = radiograph(water(200), VIEW, plain(exposure=quiet, scatter=Scatter()))
    narrow = radiograph(
        water(200), VIEW, plain(exposure=quiet, scatter=Scatter(), collimation=Collimation(iris_radius_mm=40))
    )
    assert float(narrow.spr[100, 100]) < 0.5 * float(wide.spr[100, 100])
    assert float(narrow.display[5, 5]) == 0
    assert float(narrow.transmission[5, 5]) < 0.1 * float(wide.transmission[5, 5]), "only scatter behind the blades"


def test_noise_behind_blades_and_metal_is_that_of_the_scatter():
    """Where no primary arrives the mean is scatter; noise goes around it, without outliers, also at sharp edges."""
    paths = {**water(200), "steel": torch.zeros(200, 200)}
    paths["steel"][50:150, 90:110] = 60
    closed = Collimation(shutter_left_mm=20)
    noisy = radiograph(paths, VIEW, Settings(exposure=Exposure(electronic_photons=0), collimation=closed))
    quiet = radiograph(paths, VIEW, Settings(exposure=Exposure(noise=False), collimation=closed))
    for region in (np.s_[:, :18], np.s_[60:140, 94:106], np.s_[60:140, 86:94]):
        seen, mean = noisy.transmission[region], quiet.transmission[region]
        assert float(mean.min()) > 0
        assert float(seen.mean()) == pytest.approx(float(mean.mean()), rel=0.03)
        assert float((seen / mean).max()) < 1.8
    assert 0.1 < noisy.scatter_to_primary < 1, "the blades do not count"


def test_a_window_is_fixed_and_monotonic():
    attenuation = torch.linspace(-1, 9, 500)[None]
    for window in (Window(1, 5), Window(1, 5, sigmoid=True)):
        image = gray(window, attenuation)
        assert (image.diff() >= 0).all() and image.min() >= 0 and image.max() <= 1
        assert float(gray(window, torch.tensor([[3.0]]))) == pytest.approx(0.5)
        assert torch.equal(gray(window, attenuation[:, :40]), image[:, :40]), "a part has the gray of the whole"
    inverted = Window(1, 5, inverted=True)
    assert torch.allclose(gray(inverted, attenuation), 1 - gray(Window(1, 5), attenuation))


def test_a_fitted_window_spans_what_is_there():
    image = torch.linspace(0, 6, 10_000).reshape(100, 100)
    window = fitted(Window(detail=0.5), image)
    assert window.low == pytest.approx(0.1 + 0.02 * 5.9, abs=0.02) and window.high == pytest.approx(5.97, abs=0.02)
    assert window.detail == 0.5 and fitted(Window(), torch.zeros(5, 5)) == Window()


def test_detail_enlarges_small_structures_and_keeps_large_ones():
    image = torch.full((200, 200), 2.0)
    image[:, 100:] = 3.0
    image[50, 50] += 0.1
    plain_gray, sharp = (gray(Window(0, 6, detail=detail, detail_mm=10), image) for detail in (0, 1))
    assert float(sharp[50, 50] - sharp[50, 40]) == pytest.approx(
        2 * float(plain_gray[50, 50] - plain_gray[50, 40]), rel=0.02
    )
    assert float(sharp[150, 20]) == pytest.approx(float(plain_gray[150, 20]), abs=1e-3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Exposure(photons_per_mm2=0), "from 0.1 to"), (lambda: Exposure(blur_mm=-1), "blur_mm is -1; .* 0 to"),
        (lambda: Exposure(seed=-1), "seed"), (lambda: Scatter(-0.1), "0 to 10"),
        (lambda: Scatter(float("nan")), "finite"),
        (lambda: Collimation(iris_radius_mm=-1), "0 to 310 mm"), (lambda: Scatter(grid="yes"), "True or False"),
        (lambda: Window(5, 5), "exchange"), (lambda: Window(detail=-1), "0 to 5"),
        (lambda: Settings(naive_kev=200), "10 to 150 keV"), (lambda: Settings(response="film"), "scintillator"),
        (lambda: Settings(window=None), "Window"),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused_in_words(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_numbers_of_an_image_belong_together():
    image = radiograph(water(180), VIEW, Settings())
    assert image.transmission.shape == image.signal.shape == image.display.shape == (200, 200)
    assert torch.allclose(image.attenuation, -torch.log(image.transmission))
    assert torch.allclose(image.display, gray(image.settings.window, image.attenuation))
    assert np.ptp((image.signal / image.transmission).numpy()) < 1e-3 * float(
        image.signal.max() / image.transmission.max()
    )
    assert image.scatter_to_primary == pytest.approx(float(image.spr.median()))
