"""Poses, views and matrices: signs, both ways, to rounding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.geometry import Pose, View, machine_named, machines
from synthetic_imaging.xray.poses import read_pose, record_of, view_of, write_pose
from synthetic_imaging.xray.views import VIEWS

MACHINE = machine_named("cios-spin")
SKEWED = np.array([[1000.0, 50, 0, 0], [0, 1000, 0, 0], [0, 0, 1, 500]])
angles = st.tuples(st.floats(-180, 180), st.floats(-89.9, 89.9), st.floats(-180, 180))
points = st.tuples(*[st.floats(-400, 400)] * 3)


def numbers(view):
    pose, far, near, off = view.pose_and_distances()
    return np.array([pose.lao_deg, pose.cran_deg, pose.roll_deg, *pose.isocenter_ras, far, near, *off])


def turned(difference):
    """Angles that differ by whole turns are one angle."""
    difference = np.array(difference)
    difference[[0, 2]] = (difference[[0, 2]] + 180) % 360 - 180
    return np.abs(difference).max()


@settings(max_examples=60, deadline=None)
@given(angles, points, st.tuples(st.floats(-50, 50), st.floats(-50, 50)), st.sampled_from(sorted(machines())))
def test_a_view_decomposes_into_what_it_was_made_of(angle, isocenter, off_center, name):
    machine, pose = machine_named(name), Pose(*angle, isocenter)
    view = View.of(machine, pose, off_center)
    given_numbers = [*angle, *isocenter, machine.source_to_detector_mm, machine.source_to_isocenter_mm, *off_center]
    assert turned(numbers(view) - given_numbers) < 1e-9


@settings(max_examples=60, deadline=None)
@given(angles, points, st.floats(0.1, 20), st.booleans())
def test_a_matrix_of_any_scale_and_sign_gives_the_view_back(angle, isocenter, scale, negative):
    view = View.of(MACHINE, Pose(*angle, isocenter), (12.0, -7.0))
    matrix = view.projection_matrix * (-scale if negative else scale)
    again = View.from_matrix(matrix, view.rows, view.columns, MACHINE.pixel_mm, isocenter)
    assert turned(numbers(again) - numbers(view)) < 1e-9
    k, rt = view.k_and_rt()
    assert np.allclose(k @ rt, -view.projection_matrix, atol=1e-9 * np.abs(matrix).max())
    assert np.linalg.det(rt[:, :3]) == pytest.approx(1)


def test_a_camera_matrix_is_taken_as_mirrored():
    view = View.of(MACHINE, Pose(20, 10))
    camera = np.array([[-1.0, 0, view.columns - 1], [0, 1, 0], [0, 0, 1]]) @ view.projection_matrix
    again = View.from_matrix(camera, view.rows, view.columns, MACHINE.pixel_mm, (0, 0, 0), mirrored=True)
    assert turned(numbers(again) - numbers(view)) < 1e-9
    with pytest.raises(InputError, match="mirrored"):
        View.from_matrix(camera, view.rows, view.columns, MACHINE.pixel_mm, (0, 0, 0))


@settings(max_examples=40, deadline=None)
@given(angles, st.floats(-3000, 3000), st.floats(-3000, 3000), st.floats(0.05, 2))
def test_pixels_rays_and_points_agree(angle, column, row, share):
    view = View.of(MACHINE, Pose(*angle, (10, 20, 30)))
    source, direction = view.ray(column, row)
    assert np.linalg.norm(direction) == pytest.approx(1)
    on_ray = source + share * (view.pixel_ras(column, row) - source)
    assert np.allclose(view.project(on_ray), [[column, row]], atol=1e-6)
    assert np.isnan(view.project(source - 10 * direction)).all()


def test_the_matrix_projects_like_the_view():
    view, rng = View.of(MACHINE, Pose(-35, 22, 8, (5, -9, 40))), np.random.default_rng(3)
    ras = rng.normal(0, 80, (50, 3))
    image = np.hstack([ras, np.ones((50, 1))]) @ view.projection_matrix.T
    assert np.allclose(image[:, :2] / image[:, 2:], view.project(ras), atol=1e-9)
    depth = (ras - view.source_ras) @ view.direction_ras
    assert np.allclose(image[:, 2], depth)


def test_ap_is_upright_and_seen_from_the_front():
    view = View.of(MACHINE, Pose())
    center = (view.columns - 1) / 2
    (left, head, front) = view.project([[-10, 0, 0], [0, 0, 10], [0, 10, 0]])
    assert left[0] > center + 1 and left[1] == pytest.approx(center), "the patient's left is at the right"
    assert head[1] < center - 1, "the head is up"
    assert np.allclose(front, center)
    assert np.allclose(view.direction_ras, (0, 1, 0))


@pytest.mark.parametrize(
    ("pose", "side"),
    [
        (Pose(lao_deg=90), (-1, 0, 0)), (Pose(lao_deg=-90), (1, 0, 0)), (Pose(cran_deg=90), (0, 0, 1)),
        (Pose(cran_deg=-90), (0, 0, -1)), (Pose(lao_deg=180), (0, -1, 0)),
    ],
)  # fmt: skip
def test_angles_name_the_side_of_the_detector(pose, side):
    view = View.of(MACHINE, pose)
    assert np.allclose(view.direction_ras, side, atol=1e-12)
    assert np.allclose(np.array(view.isocenter_ras) + (1020 - 530) * view.direction_ras, view.pixel_ras(767.5, 767.5))


def test_lao_and_cran_move_what_is_in_front():
    """A bead before the isocenter goes to the patient's right under LAO, and down under CRAN."""
    bead, center = [[0, 30, 0]], (MACHINE.columns - 1) / 2
    assert View.of(MACHINE, Pose(lao_deg=20)).project(bead)[0, 0] < center - 10
    assert View.of(MACHINE, Pose(lao_deg=-20)).project(bead)[0, 0] > center + 10
    assert View.of(MACHINE, Pose(cran_deg=20)).project(bead)[0, 1] > center + 10
    assert View.of(MACHINE, Pose(cran_deg=-20)).project(bead)[0, 1] < center - 10


def test_roll_turns_the_picture_clockwise():
    head = View.of(MACHINE, Pose(roll_deg=90)).project([[0, 0, 10]])[0]
    center = (MACHINE.columns - 1) / 2
    assert head[0] > center + 10 and head[1] == pytest.approx(center)


def test_magnification_is_the_ratio_of_distances():
    view = View.of(MACHINE, Pose(33, -12))
    assert view.magnification == pytest.approx(1020 / 530)
    right, up, direction = Pose(33, -12).axes()
    for depth in (-100, 0, 150):
        a, b = view.project([depth * direction, depth * direction + 10 * right])
        assert (b - a)[0] * MACHINE.pixel_mm / 10 == pytest.approx(view.magnification_at(depth * direction))
    assert np.allclose(np.cross(right, up), direction)


def test_the_image_stands_at_the_detector():
    view = View.of(MACHINE, Pose(40, 15, 5, (1, 2, 3)))
    matrix = view.ijk_to_ras
    assert np.linalg.det(matrix[:3, :3]) > 0, "i, j, k are right-handed"
    assert np.allclose(matrix @ (7, 9, 0, 1), [*view.pixel_ras(7, 9), 1])
    assert np.allclose(matrix[:3, 2], -view.direction_ras), "k points to the source"
    towards = np.array(view.source_ras) - matrix[:3, 3]
    assert np.allclose(np.cross(matrix[:3, 0], matrix[:3, 1]) @ towards / MACHINE.pixel_mm**2, 1020)


def test_resizing_keeps_the_field():
    view = View.of(machine_named("artis-zee"), Pose(10, 10))
    small = view.resized(310)
    assert (small.rows, small.columns) == (240, 310)
    assert np.allclose(small.pixel_ras(-0.5, -0.5), view.pixel_ras(-0.5, -0.5))
    assert np.allclose(small.pixel_ras(309.5, 239.5), view.pixel_ras(2479.5, 1919.5))


def test_a_table_that_moves_takes_the_patient_along():
    view = View.of(MACHINE, Pose(isocenter_ras=(0, 0, 0)), table_mm=(0, 0, 25))
    assert view.isocenter_ras == (0, 0, -25)


def test_the_calibration_of_a_public_data_set_is_met():
    """Siemens Cios Fusion as calibrated in DeepFluoro: focal length -5257.73 pixels, center 767.5."""
    k, _ = View.of(MACHINE, Pose()).k_and_rt()
    assert np.allclose(k, [[-5257.731959, 0, 767.5], [0, -5257.731959, 767.5], [0, 0, 1]])


def test_an_inlet_view_looks_through_the_pelvic_ring():
    """The ring's normal points up and forward, so does the way to the detector; the outlet view is across it."""
    normal = np.array([0, np.sin(np.deg2rad(35)), np.cos(np.deg2rad(35))])
    inlet, outlet = (View.of(MACHINE, VIEWS[name].pose).direction_ras @ normal for name in ("inlet", "outlet"))
    assert inlet > 0.8 and abs(outlet) < 0.3


def test_views_of_both_sides_mirror_each_other():
    for name, pose in ((name, view.pose) for name, view in VIEWS.items()):
        if name.endswith("-left"):
            other = VIEWS[name.replace("-left", "-right")].pose
            assert (other.lao_deg, other.cran_deg) == (-pose.lao_deg, pose.cran_deg)


def test_machines_say_where_their_numbers_come_from():
    for machine in machines().values():
        assert machine.source and machine.title
        assert machine.source_to_detector_mm > machine.source_to_isocenter_mm
    assert [name for name, machine in machines().items() if machine.exact] == ["cios-spin"]
    assert not MACHINE.changed(pixel_mm=0.5).exact


def test_a_machine_tells_what_it_cannot_be_set_to():
    for machine in machines().values():
        assert not machine.beyond(0, 0, machine.source_to_detector_mm, 80)
    innova = machine_named("innova-3100")
    assert innova.beyond(106, -46, 1191) == [
        f"{innova.title} {what} only."
        for what in (
            "reaches from RAO 117 to LAO 105", "reaches from CAUD 45 to CRAN 50",
            "holds the detector 890 to 1190 mm from the source",
        )
    ]  # fmt: skip
    assert machine_named("bv-pulsera").beyond(0, 0, 5000, 120)[0].endswith("takes 40 to 110 kV only.")


@settings(max_examples=30, deadline=None)
@given(angles, points)
def test_records_round_trip(angle, isocenter):
    view = View.of(MACHINE, Pose(*angle, isocenter), (3, 4)).resized(200)
    assert turned(numbers(view_of(record_of(view))) - numbers(view)) < 1e-9


def test_angles_of_files_are_taken_back_into_one_turn():
    record = record_of(View.of(MACHINE, Pose(-90, 20, 10)))
    for turn in (-720, -360, 360):
        again = view_of({**record, "lao_deg": -90 + turn, "roll_deg": 10 + turn})
        assert again.pose().lao_deg == pytest.approx(-90) and again.pose().roll_deg == pytest.approx(10)
    with pytest.raises(InputError, match="lao_deg is 270; give an angle from -180 to 180"):
        Pose(270)


def test_pose_files_round_trip(tmp_path):
    view = View.of(MACHINE, Pose(-30, 20, 5, (1, 2, 3)), (3, 4)).resized(256, 200)
    again, record = record_of(read_pose(write_pose(tmp_path / "a" / "pose.json", view))), record_of(view)
    assert np.allclose(again.pop("projection_matrix"), record.pop("projection_matrix"), rtol=1e-12, atol=1e-9)
    assert np.allclose(again.pop("source_ras_mm"), record.pop("source_ras_mm")) and again == record
    np.savetxt(tmp_path / "matrix.txt", view.projection_matrix, fmt="%.15g")
    assert turned(numbers(read_pose(tmp_path / "matrix.txt", view))[[0, 1, 2]] - numbers(view)[[0, 1, 2]]) < 1e-8
    k, rt = view.k_and_rt()
    record = {"K": k.tolist(), "Rt": rt.tolist(), "rows": 200, "columns": 256, "pixel_mm": view.pixel_mm[1]}
    assert turned(numbers(view_of({**record, "isocenter_ras": [1, 2, 3]})) - numbers(view)) < 1e-7
    former = record_of(view)
    former["isocenter_ras_mm"] = former.pop("isocenter_ras")
    assert view_of(former) == view_of(record_of(view)), "as files of the first versions call it"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: machine_named("nothing"), "cios-spin"),
        (lambda: MACHINE.changed(source_to_detector_mm=0), "1 to 10000 mm"),
        (lambda: MACHINE.changed(source_to_isocenter_mm=-5), "1 to 10000 mm"),
        (lambda: MACHINE.changed(source_to_isocenter_mm=2000), "larger one"),
        (lambda: MACHINE.changed(rows=0), "whole number"),
        (lambda: Pose(cran_deg=91), "-90 to 90"),
        (lambda: Pose(lao_deg=float("nan")), "finite"),
        (lambda: Pose(isocenter_ras=(1, 2)), "three numbers"),
        (lambda: View.from_pose(Pose(), -1, 500, 10, 10, (1, 1)), "above 0"),
        (lambda: View.from_matrix(np.eye(3), 10, 10, 1), "3 rows of 4"),
        (lambda: View.from_matrix(np.zeros((3, 4)), 10, 10, 1), "singular"),
        (lambda: View.from_matrix(SKEWED, 10, 10, 1), "skew"),
        (lambda: view_of({"lao_deg": 3}), "source_to_detector_mm"),
        (lambda: view_of({"projection_matrix": np.eye(3, 4).tolist()}), "rows, columns, pixel_mm"),
        (lambda: view_of([1, 2]), "names and numbers"),
        (lambda: view_of({**record_of(View.of(MACHINE, Pose())), "off_center_mm": 3}), "to the right and up"),
        (lambda: view_of({"lao": 30}, View.from_pose(Pose(), 1000, 600, 8, 8, (1.0, 1.0))), "lao_deg"),
        (lambda: write_pose("pose.txt", View.from_pose(Pose(), 1000, 600, 8, 8, (1.0, 1.0))), "end it in .json"),
        (lambda: read_pose("nowhere.json"), "does not exist"),
    ],
)
def test_wrong_geometry_is_refused_in_words(make, words):
    with pytest.raises(InputError, match=words):
        make()


@pytest.mark.parametrize("delimiter", [" ", ",", "; ", "\t"])
@pytest.mark.parametrize("name", ["matrix.txt", "matrix.csv"])
def test_a_matrix_is_read_as_people_write_it(tmp_path, name, delimiter):
    view = View.from_pose(Pose(20, 30, 5, (1, 2, 3)), 1000, 600, 64, 48, (1.0, 1.0))
    whole = np.vstack([view.projection_matrix, [0, 0, 0, 1]])
    for matrix in (view.projection_matrix, whole):
        np.savetxt(tmp_path / name, matrix, delimiter=delimiter)
        again = read_pose(tmp_path / name, view)
        np.testing.assert_allclose(again.project([(9, 8, 7)]), view.project([(9, 8, 7)]), atol=1e-6)
