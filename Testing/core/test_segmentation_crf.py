"""The fully connected field: against all pairs computed one by one, what it mends, and what it leaves alone."""

import time

import numpy as np
import pytest
import torch
from scipy import ndimage

from synthetic_imaging.errors import InputError
from synthetic_imaging.segmentation import crf as crfs
from synthetic_imaging.segmentation import gaussian_sums
from synthetic_imaging.segmentation.gaussian_sums import GaussianSums
from synthetic_imaging.segmentation.postprocessing import Crf
from synthetic_imaging.steps import finished
from synthetic_imaging.volume import Volume

EVERYWHERE = {"band_mm": 0}


def volume(array, spacing_kji=(1.0, 1.0, 1.0)) -> Volume:
    return Volume.from_numpy(np.asarray(array), np.diag([*spacing_kji[::-1], 1.0]))


def dice(a, b) -> float:
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


def cube(noise_hu=15.0, flips=0.12, seed=0):
    """A bright cube in darker surroundings: its CT, labels of which some are wrong, and the truth."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((20, 30, 30), bool)
    truth[5:15, 6:24, 6:24] = True
    hu = np.where(truth, 110.0, 50.0) + rng.normal(0, noise_hu, truth.shape)
    noisy = np.where(rng.random(truth.shape) < flips, ~truth, truth)
    return volume(hu.astype(np.float32)), volume(noisy.astype(np.uint8)), truth


def weights(points, hu, sigma_mm, sigma_hu=None):
    """All pairs, in float64."""
    squared = ((points[:, None] - points[None]) ** 2).sum(-1) / sigma_mm**2
    if sigma_hu is not None:
        squared = squared + (hu[:, None] - hu[None]) ** 2 / sigma_hu**2
    kernel = np.exp(-squared / 2)
    np.fill_diagonal(kernel, 0)
    root = np.sqrt(np.maximum(kernel.sum(1), 1e-4))
    return kernel / root[:, None] / root[None]


def all_pairs(probabilities, hu, spacing_kji, crf: Crf) -> np.ndarray:
    """The mean field as it is written down. probabilities: (labels, K, J, I)."""
    points = np.stack(np.meshgrid(*map(np.arange, hu.shape), indexing="ij"), -1).reshape(-1, 3) * spacing_kji
    unary = -np.log(probabilities.reshape(len(probabilities), -1))
    both = crf.w1 * weights(points, hu.reshape(-1), crf.sigma_alpha_mm, crf.sigma_beta_hu)
    both += crf.w2 * weights(points, hu.reshape(-1), crf.sigma_gamma_mm)
    q = np.exp(-unary) / np.exp(-unary).sum(0)
    for _ in range(crf.iterations):
        q = np.exp(-unary + q @ both)
        q /= q.sum(0)
    return q


@pytest.mark.parametrize("spacing_kji", [(1.0, 1.0, 1.0), (3.0, 0.8, 0.8)])
@pytest.mark.parametrize("sigmas", [(3.0, 25.0, 1.5), (8.0, 15.0, 4.0)])
def test_equal_to_all_pairs(spacing_kji, sigmas):
    """Probabilities of three labels differ by less than 0.02 anywhere, and 0.002 on the whole."""
    rng = np.random.default_rng(1)
    shape = (8, 13, 12)
    hu = ndimage.gaussian_filter(rng.normal(0, 150, shape), 1.5) + rng.normal(0, 10, shape)
    given = np.stack([ndimage.gaussian_filter(rng.random(shape), 1.0) for _ in range(3)]) ** 8
    given /= given.sum(0)
    crf = Crf(w1=3, w2=2, sigma_alpha_mm=sigmas[0], sigma_beta_hu=sigmas[1], sigma_gamma_mm=sigmas[2], **EVERYWHERE)
    labels = volume(given.argmax(0).astype(np.uint8), spacing_kji)
    maps = {value: labels.like(part.astype(np.float32)) for value, part in enumerate(given)}
    ct = labels.like(hu.astype(np.float32))
    wanted = all_pairs(given, hu.astype(np.float32), np.array(spacing_kji), crf)

    field = crfs.MeanField(labels, ct, crf, (0, 1, 2), (slice(0, 8), slice(0, 13), slice(0, 12)), maps)
    for advance in (field.weigh, field.settle, *[field.iterate] * crf.iterations):
        list(advance())
    got = np.stack([candidate.q.numpy() for candidate in field.candidates])
    assert np.abs(got - wanted).max() < 0.02 and np.abs(got - wanted).mean() < 0.002
    refined = finished(crfs.refine(labels, ct, crf, maps)).numpy()
    sure = np.sort(wanted, 0)[-1] - np.sort(wanted, 0)[-2] > 0.04
    assert (refined.reshape(-1) == wanted.argmax(0))[sure].all() and sure.mean() > 0.95
    assert (refined != labels.numpy()).mean() > 0.01, "it changes something"


@pytest.mark.parametrize("most_cells", [60_000, 12_000_000])
def test_sums_of_some_voxels_in_parts(monkeypatch, most_cells):
    """Targets and sources that are not the same, in one grid or in many."""
    monkeypatch.setattr(gaussian_sums, "_MOST_CELLS", most_cells)
    rng = np.random.default_rng(2)
    shape, spacing = (9, 20, 16), (2.0, 0.7, 0.9)
    hu = rng.normal(0, 40, shape).astype(np.float32).reshape(-1)
    targets, sources = (np.flatnonzero(rng.random(hu.size) < share) for share in (0.2, 0.4))
    values = rng.random(len(sources)).astype(np.float32)
    points = np.stack(np.unravel_index(np.arange(hu.size), shape), 1) * spacing
    squared = ((points[targets][:, None] - points[sources][None]) ** 2).sum(-1) / 4.0**2
    squared += (hu[targets][:, None] - hu[sources][None]) ** 2 / 30.0**2
    wanted = np.exp(-squared / 2) @ values
    sums = GaussianSums(shape, spacing, 4.0, torch.from_numpy(hu), 30.0)
    got = sums.at(torch.from_numpy(targets), torch.from_numpy(sources), torch.from_numpy(values)).numpy()
    assert np.abs(got / wanted - 1).max() < 0.04 and np.abs(got / wanted - 1).mean() < 0.01
    ends = torch.tensor([0, 1]), torch.tensor([19 * 16])  # 13 mm apart, three sigma
    short = GaussianSums(shape, spacing, 1.0).at(*ends, torch.ones(1))
    assert (short == 0).all() and (GaussianSums(shape, spacing, 4.5).at(*ends, torch.ones(1)) > 0).all()
    wide = GaussianSums((1, 1, 200), (1, 1, 1), 1.5)
    assert wide.at(torch.tensor([0, 99, 199]), torch.tensor([99]), torch.ones(1)).tolist() == [0, 1, 0]
    nothing = torch.zeros(0, dtype=torch.int64)
    assert len(sums.at(nothing, nothing, torch.zeros(0))) == 0


def test_a_noisy_cube_comes_back():
    ct, noisy, truth = cube(noise_hu=10, flips=0.15)
    before, after = dice(noisy.numpy() > 0, truth), dice(finished(crfs.refine(noisy, ct)).numpy() > 0, truth)
    assert 0.6 < before < 0.75 and after > 0.99


def test_an_outline_moves_to_the_edge_in_the_ct_and_no_further_than_the_band():
    ct, _, truth = cube(noise_hu=5)
    fat = volume(ndimage.binary_dilation(truth, iterations=2).astype(np.uint8))
    crf = Crf(w1=12, sigma_alpha_mm=6, iterations=6)
    refined = finished(crfs.refine(fat, ct, crf)).numpy() > 0
    assert dice(fat.numpy() > 0, truth) < 0.82 and dice(refined, truth) > 0.97
    held = finished(crfs.refine(fat, ct, Crf(w1=12, sigma_alpha_mm=6, band_mm=1))).numpy()
    inside = ndimage.distance_transform_edt(fat.numpy()) > 1
    assert (held[inside] == 1).all() and not (held == fat.numpy()).all()


def test_a_clean_map_is_left_alone():
    ct, _, truth = cube(flips=0)
    labels = volume(truth.astype(np.int16))
    refined = finished(crfs.refine(labels, ct))
    assert dice(refined.numpy() > 0, truth) > 0.995 and refined.numpy().dtype == np.int16
    empty = labels.like(np.zeros(truth.shape, np.uint8))
    assert not finished(crfs.refine(empty, ct)).numpy().any()
    assert finished(crfs.refine(labels, ct, Crf(iterations=0))) is labels


def test_the_weights_do_not_depend_on_the_size_of_voxels():
    """The same scene in voxels half as long has the same outline."""
    ct, noisy, _ = cube(noise_hu=5, flips=0)
    fat = volume(ndimage.binary_dilation(noisy.numpy(), iterations=2).astype(np.uint8))
    crf = Crf(w1=8, sigma_alpha_mm=4)
    coarse = finished(crfs.refine(fat, ct, crf)).numpy()
    twice = [volume(np.repeat(part.numpy(), 2, axis=0), (0.5, 1, 1)) for part in (fat, ct)]
    fine = finished(crfs.refine(*twice, crf)).numpy()
    assert dice(np.repeat(coarse, 2, axis=0) > 0, fine > 0) > 0.99


def test_only_the_labels_that_are_named_take_part():
    ct, noisy, truth = cube(flips=0.1)
    array = noisy.numpy().copy()
    array[truth & (np.indices(truth.shape)[2] >= 15)] *= 2
    array[:, :2] = 7
    labels = volume(array)
    refined = finished(crfs.refine(labels, ct, Crf(labels=(1,)))).numpy()
    assert ((refined == 7) == (array == 7)).all() and ((refined == 2) == (array == 2)).all()
    assert (refined == 1).sum() != (array == 1).sum()
    # label 7 has the HU of its surroundings, and would lose to them
    every = finished(crfs.refine(labels, ct)).numpy()
    assert set(np.unique(every)) <= {0, 1, 2, 7} and dice(np.isin(every, (1, 2)), truth) > 0.97


def test_it_is_the_same_every_time_and_leaves_its_input():
    ct, noisy, _ = cube()
    before = noisy.numpy().copy()
    first, second = (finished(crfs.refine(noisy, ct)).numpy() for _ in range(2))
    assert (first == second).all() and (noisy.numpy() == before).all()


def test_steps_tell_how_far_they_are_and_can_be_left(monkeypatch):
    ct, noisy, _ = cube()
    told = []
    finished(crfs.refine(noisy, ct), told.append)
    fractions = [step.fraction for step in told]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1 and len(told) > 10
    calls, at = [], GaussianSums.at
    monkeypatch.setattr(GaussianSums, "at", lambda *arguments: (calls.append(1), at(*arguments))[1])
    steps = crfs.refine(noisy, ct)
    for _ in range(4):
        next(steps)
    steps.close()
    time.sleep(0.2)  # what had begun ends
    begun = len(calls)
    time.sleep(0.3)
    assert len(calls) == begun < len(told)


def test_what_cannot_be_done_is_told(monkeypatch):
    ct, noisy, _ = cube()
    with pytest.raises(InputError, match="different grids"):
        finished(crfs.refine(noisy, volume(ct.numpy(), (2.0, 1.0, 1.0))))
    monkeypatch.setattr(crfs, "free_bytes", lambda: 1_000_000)
    with pytest.raises(InputError, match="GB are free; name fewer labels"):
        finished(crfs.refine(noisy, ct))
