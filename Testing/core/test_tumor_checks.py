"""Lesions placed by hand: accepted in the organ, refused with the way out elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
import tumor_bodies
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_imaging import tumor
from synthetic_imaging.errors import InputError
from synthetic_imaging.tumor.checks import check_lesion

CASE = tumor_bodies.case(size_mm=70, ijk_to_ras=tumor_bodies.grid((1.5, 1.0, 2.5), turn_deg=20, flips=(-1, 1, 1)))
CENTER = tumor_bodies.center_of(CASE.ct)
RADIUS_MM = 31.5
DIAGONAL = CASE.ct.directions @ (1, 1, 1)
directions = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1)


def lesion_at(offset_mm: float, direction=(1, 0, 0), **fields) -> tumor.Lesion:
    away = np.asarray(direction) / np.linalg.norm(direction) * offset_mm
    return tumor.Lesion(center_ras=tuple(CENTER + away), **{"radius_mm": 5.0, **fields})


@settings(deadline=None)
@given(direction=directions, offset_mm=st.floats(0, RADIUS_MM - 3))
def test_inside_is_accepted(direction, offset_mm):
    check_lesion(CASE, lesion_at(offset_mm, direction))


@settings(deadline=None)
@given(direction=directions, offset_mm=st.floats(RADIUS_MM + 1.8, 34.2))
def test_outside_names_the_distance_and_a_point_inside(direction, offset_mm):
    with pytest.raises(InputError, match=r"Lesion 'Lesion': the point .* mm outside the liver") as refusal:
        check_lesion(CASE, lesion_at(offset_mm, direction))
    text = str(refusal.value)
    distance_mm = float(text.split(" mm outside")[0].split()[-1])
    assert abs(distance_mm - (offset_mm - RADIUS_MM)) < 2.5
    nearest = [float(x) for x in text.split("the nearest is ")[1].split(". ")[0].rstrip(".").split(",")]
    check_lesion(CASE, replace(lesion_at(0), center_ras=tuple(nearest)))


def test_a_protruding_lesion_must_reach_the_organ():
    check_lesion(CASE, lesion_at(RADIUS_MM + 4, DIAGONAL, radius_mm=6.0, protrude=True))
    with pytest.raises(InputError, match="does not reach it"):
        check_lesion(CASE, lesion_at(RADIUS_MM + 15, DIAGONAL, radius_mm=6.0, protrude=True))


@settings(deadline=None, max_examples=40)
@given(direction=directions, offset_mm=st.floats(RADIUS_MM + 2, 34.2), radius_mm=st.floats(0.5, 8))
def test_what_a_protruding_lesion_reaches_is_what_lies_in_its_bounding_sphere(direction, offset_mm, radius_mm):
    lesion = lesion_at(offset_mm, direction, radius_mm=radius_mm, protrude=True)
    voxels = np.argwhere(CASE.organ_mask)[:, ::-1] + np.array(CASE.region.start)[::-1]
    nearest_mm = np.linalg.norm((voxels - CASE.ct.ijk_from_ras(lesion.center_ras)) * CASE.ct.spacing_mm, axis=1).min()
    if nearest_mm < CASE.bounding_radius_mm(lesion):
        check_lesion(CASE, lesion)
    else:
        with pytest.raises(InputError, match="does not reach it"):
            check_lesion(CASE, lesion)


def test_a_center_outside_the_ct_and_the_hint_for_lps():
    with pytest.raises(InputError, match=r"outside the CT, which spans R .* A .* S") as refusal:
        check_lesion(CASE, lesion_at(500))
    assert "LPS" not in str(refusal.value)
    with pytest.raises(InputError, match="Given in LPS"):
        check_lesion(CASE, replace(lesion_at(0), center_ras=tuple(CENTER * (-1, -1, 1))))


def test_a_lesion_larger_than_the_organ():
    check_lesion(CASE, lesion_at(0, radius_mm=0.9 * RADIUS_MM))
    with pytest.raises(InputError, match="larger than the liver") as refusal:
        check_lesion(CASE, lesion_at(0, radius_mm=1.1 * RADIUS_MM))
    assert float(str(refusal.value).split("below ")[1].split(" mm")[0]) == pytest.approx(RADIUS_MM, rel=0.03)
    check_lesion(CASE, lesion_at(0, radius_mm=1.1 * RADIUS_MM, protrude=True))
