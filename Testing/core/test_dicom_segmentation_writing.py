"""DICOM segmentations and series that are written: whole, valid, marked, and read by other programs as they are."""

import errno
import json
import warnings

import dicom_files
import dicom_validators
import highdicom
import numpy as np
import pydicom
import pytest
import segmentation_models as models
from pydicom.uid import generate_uid

from synthetic_imaging import io
from synthetic_imaging.cli import main
from synthetic_imaging.errors import InputError
from synthetic_imaging.io.dicom.segmentation_writing import ALTERED, MANUAL, MASS, anatomic_term
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import export, split
from synthetic_imaging.xray.geometry import Geometry, Pose
from synthetic_imaging.xray.image import Patient, render
from synthetic_imaging.xray.settings import Settings

TRACKED = ("lesion 1", generate_uid())
SEGMENTS = (
    io.Segment(7, "Liver", color=(221, 130, 101), learned=True, algorithm="a model"),
    io.Segment(3, "lesion", ALTERED, MASS, anatomic_term("liver"), description="synthetic lesion", tracking=TRACKED),
    io.Segment(5, "something", method=MANUAL),
    io.Segment(9, "not there"),
)


@pytest.fixture
def series(tmp_path):
    """A CT as a DICOM series on an oblique grid."""
    axes = [[0.8, 0.6, 0], [-0.6, 0.8, 0]]
    return dicom_files.write(tmp_path / "ct", dicom_files.slices(dicom_files.hu((5, 8, 16)), axes=axes))


@pytest.fixture
def labels(series):
    ct = io.read_volume(series)
    array = np.zeros(ct.shape, np.uint8)
    array[1:3, 2:5, 3:9], array[2, 6:8, 10:14], array[4, 0, 0] = 7, 3, 5
    return ct.like(array)


def written(path, series, labels, segments=SEGMENTS):
    return io.write_segmentation(path, labels, io.slices_of(series), segments, "of the tests")


def numbered(labels):
    """Segments have the numbers of their order in the file."""
    array = labels.numpy()
    return 1 * (array == 7) + 2 * (array == 3) + 3 * (array == 5)


def test_other_readers_find_the_voxels_terms_and_images(tmp_path, series, labels):
    path = written(tmp_path / "seg.dcm", series, labels)
    seg = highdicom.seg.segread(path)
    volume = seg.get_volume(combine_segments=True, relabel=False)
    found = Volume.from_numpy(np.asarray(volume.array), to_ras(volume.affine))
    np.testing.assert_array_equal(io.resample_labels(found, labels).numpy(), numbered(labels))
    liver, lesion, other = (seg.get_segment_description(number) for number in (1, 2, 3))
    assert liver.segmented_property_type.value == "10200004" and liver.segment_label == "Liver"
    color = highdicom.color.CIELabColor.from_dicom_value(liver.RecommendedDisplayCIELabValue).to_rgb()
    assert np.abs(np.subtract(color, (221, 130, 101))).max() <= 1
    assert liver.algorithm_type.value == "AUTOMATIC" and liver.algorithm_identification.name == "a model"
    assert lesion.segmented_property_type.meaning == "Mass" and lesion.anatomic_regions[0].meaning == "Liver"
    assert (lesion.tracking_id, lesion.tracking_uid) == TRACKED
    assert lesion.SegmentDescription == "synthetic lesion" and other.algorithm_type.value == "MANUAL"
    images = {pydicom.dcmread(file).SOPInstanceUID for file in series.iterdir()}
    referred = seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert {item.ReferencedSOPInstanceUID for item in referred} == images
    first = pydicom.dcmread(next(series.iterdir()))
    assert (seg.StudyInstanceUID, seg.FrameOfReferenceUID) == (first.StudyInstanceUID, first.FrameOfReferenceUID)
    assert seg.PatientID == first.PatientID


def to_ras(affine):
    """highdicom: slice, row, column to LPS; ours: column, row, slice to RAS."""
    return np.diag([-1.0, -1, 1, 1]) @ affine[:, [2, 1, 0, 3]]


def test_what_is_written_is_read_again(tmp_path, series, labels):
    path = written(tmp_path / "new" / "seg.dcm", series, labels)
    read = io.read_labels(path, like=io.read_volume(series))
    np.testing.assert_array_equal(read.numpy(), numbered(labels))
    assert [path.name for path in path.parent.iterdir()] == ["seg.dcm"]


def test_dcmqi_reads_it(tmp_path, series, labels):
    read = dicom_validators.dcmqi_labels(written(tmp_path / "seg.dcm", series, labels), tmp_path)
    np.testing.assert_array_equal(io.read_labels(read, like=io.read_volume(series)).numpy(), numbered(labels))


def test_names_and_terms_may_be_anything(tmp_path, series, labels):
    odd = (
        io.Segment(7, "", type=("", "", ""), algorithm="a\\b" * 40, learned=True),
        io.Segment(3, "Left\\kidney " + "x" * 80, type=("SCT", "1", "y" * 80), color=(0, 0, 0), algorithm=""),
        io.Segment(5, "Structure", region=("SCT", "", "nowhere")),
    )
    path = written(tmp_path / "seg.dcm", series, labels, odd)
    np.testing.assert_array_equal(io.read_labels(path, like=io.read_volume(series)).numpy(), numbered(labels))
    assert dicom_validators.faults(path) == []


def test_the_frames_of_a_multi_frame_image_are_referred_to(tmp_path):
    array = dicom_files.hu((5, 8, 16))
    path = dicom_files.write(tmp_path / "ct", [dicom_files.multi_frame(array, order=[3, 0, 4, 2, 1])])
    (file,) = path.iterdir()
    ct = io.read_volume(file)
    mask = np.zeros(ct.shape, np.uint8)
    mask[3, 2:5, 3:9], mask[4, 1, 1] = 1, 1
    seg = io.write_segmentation(
        tmp_path / "seg.dcm", ct.like(mask), io.slices_of(file), [io.Segment(1, "liver")], "of the tests"
    )
    np.testing.assert_array_equal(io.read_labels(seg, like=ct).numpy(), mask)
    dataset = pydicom.dcmread(seg)
    referred = [
        group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber
        for group in dataset.PerFrameFunctionalGroupsSequence
    ]
    assert sorted(referred) == [1, 3]  # slices 3 and 4 are its first and third frame


def test_labels_over_a_part_of_the_images_are_placed(tmp_path, series, labels):
    part = labels.numpy()[:, 1:, ::-1]
    matrix = labels.ijk_to_ras.copy()
    matrix[:3, 3] = labels.ras_from_ijk((labels.shape[2] - 1, 1, 0))
    matrix[:3, 0] *= -1
    path = written(tmp_path / "seg.dcm", series, Volume.from_numpy(part, matrix), SEGMENTS[:2])
    expected = np.where(np.isin(labels.numpy(), (7, 3)), numbered(labels), 0)
    np.testing.assert_array_equal(io.read_labels(path, like=io.read_volume(series)).numpy(), expected)


def test_nothing_is_written_where_it_cannot_be(tmp_path, series, labels, monkeypatch):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="No segment has a voxel"):
        written(tmp_path / "seg.dcm", series, labels, SEGMENTS[3:])

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pydicom.Dataset, "save_as", full)
    with pytest.raises(InputError, match="No space left"):
        written(tmp_path / "seg.dcm", series, labels)
    assert sorted(tmp_path.rglob("*")) == before


# ---- against the standard -----------------------------------------------------------------------------------------


def test_segmentations_keep_to_the_standard(tmp_path, series, labels):
    assert dicom_validators.faults(written(tmp_path / "seg.dcm", series, labels)) == []
    assert dicom_validators.faults(written(tmp_path / "one.dcm", series, labels, SEGMENTS[:1])) == []


BAD = {
    "PatientID": "x" * 80, "PatientBirthDate": "1950-01-02", "PatientSex": "male", "PatientAge": "60",
    "StudyDate": "2020.01.02", "StudyTime": "10:11:12", "KVP": "120 kV", "BodyPartExamined": "Abdomen/Pelvis!",
    "StudyInstanceUID": "1.02.3", "StudyID": "1\\2", "PatientPosition": "upright",
}  # fmt: skip


@pytest.mark.parametrize("header", [{}, BAD, {"BodyPartExamined": "ABDOMEN"}, {"BodyPartExamined": "KIDNEY"}])
def test_series_keep_to_the_standard(tmp_path, header):
    ct = Volume.from_numpy(dicom_files.hu((3, 8, 9)), dicom_files.ijk_to_ras())
    ct = Volume(ct.data, ct.ijk_to_ras, {f"DICOM.{keyword}": value for keyword, value in header.items()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = io.write_volume(tmp_path / "ct", io.mark_synthetic(ct, "a test"))
    for path in folder.iterdir():
        assert dicom_validators.faults(path) == []


@pytest.mark.parametrize("header", [{}, BAD])
def test_x_ray_images_keep_to_the_standard(tmp_path, header):
    ct = Volume.from_numpy(np.full((6, 8, 9), 40, np.int16), np.diag([-4.0, -4, 4, 1]))
    image = render(Patient(ct, split.continuous(70.0), "cpu"), Geometry(image_size=16).view(Pose()), Settings(), [])
    values = {f"DICOM.{keyword}": value for keyword, value in header.items()}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The header of the source image")
        path = export.write_image(tmp_path / "xa.dcm", image, "display", values)
    assert dicom_validators.faults(path) == []


def test_a_bad_header_is_mended_or_left_out_and_told_in_one_sentence(tmp_path, recwarn):
    values = {f"DICOM.{keyword}": value for keyword, value in BAD.items()}
    ct = Volume.from_numpy(dicom_files.hu((3, 8, 9)), dicom_files.ijk_to_ras(), values)
    made = [pydicom.dcmread(next(io.write_volume(tmp_path / name, ct).iterdir())) for name in ("a", "b")]
    told = {str(warning.message) for warning in recwarn}
    assert len(told) == 1 and "pydicom" not in str(recwarn[0].filename)
    (sentence,) = told
    assert "PatientBirthDate '1950-01-02' was written as '19500102'" in sentence
    assert "PatientAge '60' was left out" in sentence and "KVP '120 kV' was left out" in sentence
    first, second = made
    assert (first.PatientSex, first.StudyDate, first.StudyTime, first.StudyID) == ("M", "20200102", "101112", "1 2")
    assert first.BodyPartExamined == "ABDOMEN PELVIS" and not first.PatientPosition and len(first.PatientID) == 64
    assert first.StudyInstanceUID == second.StudyInstanceUID  # still one study


def test_what_is_right_is_copied_as_it_is(tmp_path, recwarn):
    header = {
        "PatientName": "Doe^Jane", "PatientID": "p 1", "StudyTime": "101112.5", "KVP": "120", "PatientAge": "060Y",
        "StudyInstanceUID": "1.2.3", "PatientSex": "O", "StudyDescription": "CT, Bauch (übersicht)",
    }  # fmt: skip
    values = {f"DICOM.{keyword}": value for keyword, value in header.items()}
    ct = Volume.from_numpy(dicom_files.hu((3, 8, 9)), dicom_files.ijk_to_ras(), values)
    made = pydicom.dcmread(next(io.write_volume(tmp_path / "ct", ct).iterdir()))
    assert {keyword: str(made[keyword].value) for keyword in header} == header
    assert not recwarn


# ---- in the shell -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def body(tmp_path_factory):
    """A CT with a liver, as files."""
    folder = tmp_path_factory.mktemp("body")
    rng = np.random.default_rng(0)
    k, j, i = np.indices((24, 40, 40))
    liver = ((k - 12) / 8) ** 2 + ((j - 20) / 12) ** 2 + ((i - 20) / 12) ** 2 < 1
    values = np.where(liver, 100, 40) + rng.normal(0, 6, liver.shape)
    values[:, :3] = -1000
    ct = Volume.from_numpy(values.astype(np.int16), np.diag([-2.0, -2, 2, 1]))
    io.write_volume(folder / "cts" / "a.nrrd", ct)
    io.write_volume(folder / "livers" / "a.nrrd", ct.like(liver.astype(np.uint8)))
    return folder


def test_tumors_as_dicom_are_marked_tracked_and_valid(tmp_path, body):
    out = tmp_path / "out"
    files = [str(body / name / "a.nrrd") for name in ("cts", "livers")]
    options = ["--auto", "--count", "2", "--radius-mm", "6", "--seed", "1", "--organ-name", "liver", "--days", "0,30"]
    assert main(["tumor", *files, *options, "--dicom", "--quiet", "--out", str(out)]) == 0
    days = [out / "day_0", out / "day_30"]
    for day in days:
        images = {pydicom.dcmread(path).SOPInstanceUID for path in (day / "dicom").iterdir()}
        ct = io.read_volume(day / "dicom")
        for name in ("labels", "instances"):
            read = io.read_labels(day / f"{name}.dcm", like=ct).numpy()
            np.testing.assert_array_equal(read, io.read_labels(day / f"{name}.nrrd").numpy())
            seg = pydicom.dcmread(day / f"{name}.dcm")
            referred = seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence
            assert {item.ReferencedSOPInstanceUID for item in referred} == images
            assert seg.SeriesDescription.startswith(f"synthetic: {name} of 2 synthetic liver")
            assert seg.ContentLabel == "SYNTHETIC"
            lesions = [item for item in seg.SegmentSequence if item.SegmentLabel != "liver"]
            assert len(lesions) == (1 if name == "labels" else 2)
            assert all("synthetic" in item.SegmentDescription for item in lesions)
            assert all(item.AnatomicRegionSequence[0].CodeMeaning == "Liver" for item in lesions)
    tracked = [[s.TrackingUID for s in pydicom.dcmread(day / "instances.dcm").SegmentSequence] for day in days]
    assert tracked[0] == tracked[1] and len(set(tracked[0])) == 2
    names = [item["lesion"]["name"] for item in json.loads((days[0] / "lesions.json").read_text())["lesions"]]
    assert [s.TrackingID for s in pydicom.dcmread(days[0] / "instances.dcm").SegmentSequence] == names
    for path in (*days[0].glob("*.dcm"), next((days[0] / "dicom").iterdir())):
        assert dicom_validators.faults(path) == []


def test_a_batch_writes_segmentations_too(tmp_path, body):
    command = ["tumor-batch", str(body / "cts"), str(body / "livers"), "--radius-mm", "6", "--seed", "1", "--dicom"]
    assert main([*command, "--quiet", "--out", str(tmp_path / "out")]) == 0
    case = tmp_path / "out" / "a"
    read = io.read_labels(case / "labels.dcm", like=io.read_volume(case / "dicom"))
    np.testing.assert_array_equal(read.numpy(), io.read_labels(case / "labels.nrrd").numpy())


def test_segmentations_of_an_earlier_result_do_not_stay_beside_a_new_one(tmp_path, body):
    files = [str(body / name / "a.nrrd") for name in ("cts", "livers")]
    out = tmp_path / "out"
    out.mkdir()
    for name in ("labels.dcm", "instances.dcm"):
        (out / name).write_bytes(b"of an earlier result")
    assert main(["tumor", *files, "--auto", "--radius-mm", "6", "--quiet", "--out", str(out)]) == 0
    assert not list(out.glob("*.dcm"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return models.package(tmp_path_factory.mktemp("model") / "model.zip")


def test_a_model_writes_a_segmentation_of_the_series(tmp_path, model, capsys):
    ct = models.image()
    series = io.write_volume(tmp_path / "ct", Volume.from_numpy(np.rint(ct.numpy()).astype(np.int16), ct.ijk_to_ras))
    command = ["segment", str(series), "--model", str(model), "--quiet", "--out"]
    assert main([*command, str(tmp_path / "a.nrrd")]) == 0
    assert main([*command, str(tmp_path / "a.dcm")]) == 0
    expected = io.read_labels(tmp_path / "a.nrrd").numpy()
    read = io.read_labels(tmp_path / "a.dcm", like=io.read_volume(series))
    present = [value for value in np.unique(expected) if value]
    for number, value in enumerate(present, 1):
        np.testing.assert_array_equal(read.numpy() == number, expected == value)
    assert dicom_validators.faults(tmp_path / "a.dcm") == []
    plain = io.write_volume(tmp_path / "ct.nrrd", ct)
    assert main(["segment", str(plain), "--model", str(model), "--out", str(tmp_path / "b.dcm")]) == 2
    assert "refers to DICOM images, and 'ct.nrrd' is another file" in capsys.readouterr().err
