"""The split returns the CT number, without a step anywhere."""

import numpy as np
import pytest
import torch

from synthetic_imaging.errors import InputError
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import split
from synthetic_imaging.xray.materials import attenuation_per_mm

HU = torch.cat([torch.arange(-1000.0, 3072.0, 1), torch.tensor([349.999, 350.001, 5000, 20000])]).double()


def implied_hu(division: split.Split, hu: torch.Tensor, kev: float) -> torch.Tensor:
    amounts = division.bases.at(hu)
    total = sum(
        amount * float(attenuation_per_mm(name, kev)) for name, amount in zip(division.materials, amounts, strict=True)
    )
    return 1000 * (total / float(attenuation_per_mm("water", kev)) - 1)


@pytest.mark.parametrize("kev", [55.0, 70.0, 80.0])
@pytest.mark.parametrize("make", [split.continuous, split.threshold], ids=["continuous", "threshold"])
def test_the_ct_number_comes_back_at_the_ct_energy(make, kev):
    difference = (implied_hu(make(ct_kev=kev), HU, kev) - HU).abs()
    assert difference.max() < 2e-2 if make is split.threshold else difference.max() < 1e-6


def test_the_continuous_split_has_no_step_at_any_energy():
    """At 40 keV, far from the CT's energy, the hard threshold jumps by hundreds of HU; the mixture does not."""
    fine = torch.arange(-1000.0, 3000.0, 0.25).double()
    smooth = implied_hu(split.continuous(), fine, 40.0).diff().abs().max()
    jump = implied_hu(split.threshold(), fine, 40.0).diff().abs().max()
    assert smooth < 1.5 and jump > 300


def test_soft_tissue_is_water_and_bone_is_bone():
    division = split.continuous()
    water, bone = division.bases.at(torch.tensor([-1024.0, -500.0, 60.0, 100.0, 700.0, 1559.1, 2500.0]).double())
    assert torch.equal(bone[:4], torch.zeros(4).double()) and torch.allclose(
        water[:3], torch.tensor([0, 0.5, 1.06]).double()
    )
    assert water[4] > 0.3 and bone[4] > 0.3
    assert (
        bone[5] == pytest.approx(1, abs=1e-3)
        and water[5] == pytest.approx(0, abs=1e-3)
        and water[6] == pytest.approx(0, abs=1e-9)
    )
    assert water.min() > -1e-12 and bone.min() >= 0


def test_water_alone_is_the_water_path():
    (water,) = split.water_only().bases.at(HU)
    assert torch.allclose(water, 1 + HU / 1000)


def labeled_volume():
    labels = np.zeros((4, 5, 6), np.uint8)
    labels[1], labels[2] = 7, 9
    return Volume.from_numpy(labels, np.eye(4))


def test_a_label_map_says_what_is_bone_and_where_contrast_is():
    division = split.labeled(labeled_volume(), bones=[7], contrast=[split.Contrast(9, 15.0)])
    assert division.materials == ("water", "cortical-bone", "iodine")
    hu = torch.tensor([50.0, 400.0, 1200.0]).double()
    outside = division.bases.at(hu)
    assert torch.equal(outside[1:], torch.zeros(2, 3).double()), "outside the labels nothing is bone"
    bone = division.tables[7].at(hu)
    assert (bone[1] > 0).all() and torch.equal(bone[2], torch.zeros(3).double())
    vessel = division.tables[9].at(hu)
    assert torch.allclose(vessel[2], torch.full((3,), 15.0 / 4930).double())
    inside = division.bases.__class__(division.tables[7].hu, division.tables[7].weights)
    ratio = float(attenuation_per_mm("cortical-bone", 70) / attenuation_per_mm("water", 70))
    assert torch.allclose(inside.at(hu)[0] + ratio * inside.at(hu)[1], 1 + hu / 1000)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: split.continuous(soft_below_hu=2000), "cortical bone"),
        (lambda: split.continuous(soft_below_hu=float("nan")), "finite"),
        (lambda: split.threshold(-2000), "above -1000"),
        (lambda: split.Contrast(3, -1), "from 0 to 500"),
        (lambda: split.Contrast(3, 10, "cheese"), "no material"),
    ],
)
def test_wrong_splits_are_refused_in_words(make, words):
    with pytest.raises(InputError, match=words):
        make()
