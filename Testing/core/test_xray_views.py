"""Common views, and which regions a CT seems to show."""

import numpy as np
import pytest
import realdata

from synthetic_imaging.io import read_volume
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import REGIONS, VIEWS, regions_in, regions_named

MM = 4.0
AIR, LUNG, TISSUE, BONE = -1000, -800, 40, 700


def ct(*parts, height_mm=120, turned=False):
    """A CT of cylinders along the patient: (right, anterior, half width, half depth in mm, HU), later ones on top."""
    r, a = np.meshgrid(np.arange(-220, 221, MM), np.arange(-160, 161, MM))
    level = np.full(r.shape, AIR, np.int16)
    for right, anterior, width, depth, hu in parts:
        level[((r - right) / width) ** 2 + ((a - anterior) / depth) ** 2 < 1] = hu
    data = np.repeat(level[None], round(height_mm / MM), 0)
    matrix = np.diag([MM, MM, MM, 1.0])
    matrix[:3, 3] = -220, -160, 0
    if turned:  # as a scanner may write it: from the head and from the left
        data, matrix = data[::-1, :, ::-1].copy(), matrix @ np.diag([-1, 1, -1, 1.0])
        matrix[:3, 3] = 220, -160, height_mm - MM
    return Volume.from_numpy(data, matrix)


TRUNK, SPINE = (0, 0, 180, 110, TISSUE), (0, -70, 22, 22, BONE)
LUNGS = [(side * 80, 10, 55, 70, LUNG) for side in (-1, 1)]
HIPS = [(side * 100, -20, 28, 28, BONE) for side in (-1, 1)]


@pytest.mark.parametrize("turned", [False, True])
def test_regions_are_told_by_lung_bone_and_size(turned):
    assert regions_in(ct(TRUNK, SPINE, turned=turned)) == ()
    assert regions_in(ct(TRUNK, SPINE, *LUNGS, *HIPS, turned=turned)) == ()  # shoulders beside lungs
    assert regions_in(ct(TRUNK, SPINE, *HIPS, turned=turned)) == ("pelvis",)
    leg = [(side * 60, 0, 32, 35, TISSUE) for side in (-1, 1)], [(side * 60, 0, 15, 15, BONE) for side in (-1, 1)]
    assert regions_in(ct(*leg[0], *leg[1], turned=turned)) == ("ankle",)
    assert regions_in(ct(height_mm=120)) == ()


def test_a_hand_beside_a_trunk_is_no_ankle_and_a_thin_slab_of_pelvis_no_pelvis():
    assert regions_in(ct(TRUNK, SPINE, (200, 0, 8, 8, BONE))) == ()
    assert regions_in(ct(TRUNK, SPINE, *HIPS, height_mm=16)) == ()


@pytest.mark.parametrize(
    ("file", "regions"),
    [("cptac-pda-c3n-00249-chest/cptac-pda-c3n-00249-chest.nrrd", ()), ("crlm-ct-1006/crlm-ct-1006.nrrd", ()),
     ("totalsegmentator-example/example_ct.nii.gz", ("pelvis",))],
)  # fmt: skip
def test_regions_of_real_cts(file, regions):
    assert regions_in(read_volume(realdata.path(file))) == regions


def test_regions_are_told_by_the_names_of_structures():
    assert regions_named(["Left hip", "Liver"]) == ("pelvis",)
    assert regions_named(["talus"]) == ("ankle",) and regions_named(["Liver", "Vertebra L1"]) == ()


def test_every_view_is_named_and_explained():
    for name, view in VIEWS.items():
        assert view.title and view.help and view.region in ("", *REGIONS), name
    assert len({view.title for view in VIEWS.values()}) == len(VIEWS)
