"""DICOM structure sets as labels: contours fill the voxels that they enclose, or a sentence says why not."""

import dicom_drawings as drawings
import numpy as np
import pydicom
import pytest
from matplotlib.path import Path as Polygon

from synthetic_imaging import io
from synthetic_imaging.cli import main
from synthetic_imaging.errors import InputError
from synthetic_imaging.volume import Volume

SEED_OFF_CENTERS = 48  # of contours that go through no voxel's center, where the peer may say either
SQUARE = [(2, 3), (9, 3), (9, 10), (2, 10)]


@pytest.fixture
def ct():
    return drawings.image()


def test_contours_through_voxel_centers_hold_these_voxels(tmp_path, ct, recwarn):
    path = drawings.structure_set(tmp_path / "rs", {"liver": [(k, SQUARE) for k in (2, 3, 4)]}, ct)
    expected = np.zeros(ct.shape, bool)
    expected[2:5, 3:11, 2:10] = True
    for given in (path, tmp_path):
        np.testing.assert_array_equal(io.read_mask(given, ct).numpy() > 0, expected)
    assert not [warning for warning in recwarn if issubclass(warning.category, UserWarning)]


def test_random_contours_hold_the_centers_inside_them(tmp_path, ct):
    rng = np.random.default_rng(SEED_OFF_CENTERS)
    contours, expected = [], np.zeros(ct.shape, bool)
    j, i = np.indices(ct.shape[1:])
    for k in range(ct.shape[0]):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 25))
        radius = rng.uniform(1, 5.3, 25)
        points = np.stack([5.5 + radius * np.cos(angles), 6.7 + radius * np.sin(angles)], axis=1)
        contours.append((k, points.tolist()))
        expected[k] = Polygon(points).contains_points(np.stack([i.ravel(), j.ravel()], 1)).reshape(j.shape)
    path = drawings.structure_set(tmp_path / "rs.dcm", {"liver": contours}, ct)
    np.testing.assert_array_equal(io.read_mask(path, ct).numpy() > 0, expected)


def test_inner_contours_and_keyholes_are_holes_and_copies_count_once(tmp_path, ct):
    inner = [(4.5, 5.5), (6.5, 5.5), (6.5, 7.5), (4.5, 7.5)]
    keyhole = [(2, 3), (9, 3), (9, 10), (2, 10), (2, 6.5), (4.5, 6.5), (4.5, 7.5), (6.5, 7.5), (6.5, 5.5), (4.5, 5.5),
               (4.5, 6.5), (2, 6.5)]  # fmt: skip
    expected = np.zeros(ct.shape[1:], bool)
    expected[3:11, 2:10] = True
    expected[6:8, 5:7] = False
    copied = [SQUARE, SQUARE[1:] + SQUARE[:1], inner, inner]
    path = drawings.structure_set(tmp_path / "rs.dcm", {"both": [*[(3, line) for line in copied], (4, keyhole)]}, ct)
    read = io.read_mask(path, ct).numpy() > 0
    np.testing.assert_array_equal(read[3], expected)
    np.testing.assert_array_equal(read[4], expected)


def test_contours_on_an_image_that_stores_its_voxels_in_another_order(tmp_path, ct):
    path = drawings.structure_set(tmp_path / "rs.dcm", {"liver": [(2, SQUARE), (3, SQUARE)]}, ct)
    turned = Volume.from_numpy(ct.numpy().transpose(1, 2, 0), ct.ijk_to_ras[:, [2, 0, 1, 3]])
    read = io.read_mask(path, turned).numpy() > 0
    np.testing.assert_array_equal(read, (io.read_mask(path, ct).numpy() > 0).transpose(1, 2, 0))


def test_a_gap_is_said(tmp_path, ct):
    path = drawings.structure_set(tmp_path / "rs.dcm", {"liver": [(k, SQUARE) for k in (1, 2, 5)]}, ct)
    with pytest.warns(UserWarning, match="no contour on 2 slices between"):
        assert (io.read_mask(path, ct).numpy() > 0).any(axis=(1, 2)).tolist() == [0, 1, 1, 0, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("contours", "words"),
    [
        ([(2.5, SQUARE), (3, SQUARE)], "1 of 2 contours of 'rs.dcm' lie between the slices"),
        ([(1, SQUARE), (3, SQUARE), (5, SQUARE)], "outlined on every 2. slice"),
        ([(3, SQUARE), (3, [(4, 5), (11, 5), (11, 12), (4, 12)])], "cross each other"),
        ([], "structure set without closed contours"),
        ([(90, SQUARE)], "do not lie in the image"),
    ],
)
def test_contours_that_cannot_be_used_are_refused(tmp_path, ct, contours, words):
    path = drawings.structure_set(tmp_path / "rs.dcm", {"liver": contours}, ct)
    with pytest.raises(InputError, match=words):
        io.read_mask(path, ct)


def test_structures_are_chosen_too_and_points_are_none(tmp_path, ct):
    outlines = {"liver": [(2, SQUARE)], "body": [(2, [(0, 0), (11, 0), (11, 13), (0, 13)])], "isocenter": []}
    path = drawings.structure_set(tmp_path / "rs.dcm", outlines, ct)
    assert io.read_mask(path, ct, ["LIVER"]).numpy().sum() == 64
    for choice, words in {
        None: "holds 2 segments: 1 'liver', 2 'body'",
        ("isocenter",): "3 'isocenter' of 'rs.dcm' has no closed contours; choose one of 1 'liver', 2 'body'",
        ("liver", "body"): "overlap",
    }.items():
        with pytest.raises(InputError, match=words):
            io.read_mask(path, ct, choice)
    points = drawings.structure_set(tmp_path / "points.dcm", {"isocenter": [(2, [(3, 4)])]}, ct, kind="POINT")
    with pytest.raises(InputError, match=r"'points\.dcm' is a structure set without closed contours"):
        io.read_mask(points, ct)


@pytest.mark.parametrize(("keyword", "value"), [("ContourGeometricType", "CLOSED"), ("NumberOfContourPoints", 7)])
def test_a_contour_that_contradicts_itself_is_refused(tmp_path, ct, keyword, value):
    path = drawings.structure_set(tmp_path / "rs.dcm", {"liver": [(2, SQUARE), (3, SQUARE)]}, ct)
    dataset = pydicom.dcmread(path)
    setattr(dataset.ROIContourSequence[0].ContourSequence[1], keyword, value)
    dataset.save_as(path)
    with pytest.raises(InputError, match="holds a contour that cannot be used"):
        io.read_mask(path, ct)


def test_open_contours_beside_closed_ones_are_said(tmp_path, ct):
    path = drawings.structure_set(tmp_path / "rs.dcm", {"liver": [(2, SQUARE), (3, SQUARE)]}, ct)
    dataset = pydicom.dcmread(path)
    dataset.ROIContourSequence[0].ContourSequence[1].ContourGeometricType = "OPEN_PLANAR"
    dataset.save_as(path)
    with pytest.warns(UserWarning, match="1 points or open contours"):
        assert io.read_mask(path, ct).numpy().sum() == 64


def test_contours_of_another_frame_or_across_the_slices_are_refused(tmp_path, ct):
    path = drawings.structure_set(tmp_path / "rs.dcm", {"liver": [(2, SQUARE)]}, ct)
    with pytest.raises(InputError, match="another frame of reference"):
        io.read_mask(path, drawings.image(frame=pydicom.uid.generate_uid()))
    assert io.read_mask(path, drawings.image(frame=pydicom.uid.generate_uid()), accept_frame=True).numpy().sum() == 64
    straight = drawings.image(matrix=np.diag([1.0, 1, 1, 1]))
    tilted = np.eye(4)
    tilted[1:3, 1:3] = [[0.8, -0.6], [0.6, 0.8]]
    path = drawings.structure_set(tmp_path / "rs.dcm", {"liver": [(2, SQUARE)]}, drawings.image(matrix=tilted))
    with pytest.raises(InputError, match="at an angle"):
        io.read_mask(path, straight)


def test_contours_are_measured_on_the_voxels_of_the_other_one(tmp_path, capsys, ct):
    expected = np.zeros(ct.shape, np.uint8)
    expected[2:5, 3:11, 2:10] = 1
    labels = io.write_volume(tmp_path / "labels.nrrd", ct.like(expected))
    outlines = {"liver": [(k, SQUARE) for k in (2, 3, 4)]}
    contours = drawings.structure_set(tmp_path / "rs.dcm", outlines, ct)
    for pair in ((labels, contours), (contours, labels)):
        assert main(["evaluate", *map(str, pair), "--out", str(tmp_path / "t.csv")]) == 0
        assert "(1): dice 1," in capsys.readouterr().out
    assert main(["evaluate", str(contours), str(contours), "--out", str(tmp_path / "t.csv")]) == 2
    assert "contours without a grid of voxels" in capsys.readouterr().err
