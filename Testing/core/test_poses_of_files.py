"""Poses that others wrote: DICOM without a suffix, what a file does not tell, and what no C-arm can be set to."""

import json

import numpy as np
import pydicom
import pytest

from synthetic_imaging.cli import main
from synthetic_imaging.errors import InputError
from synthetic_imaging.io import write_volume
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray.geometry import Geometry, Pose, View
from synthetic_imaging.xray.machines import Machine
from synthetic_imaging.xray.poses import read_pose, record_of, view_of

DEFAULT = View.from_pose(Pose(isocenter_ras=(5, 6, 7)), 1000, 600, 20, 20, (10.0, 10.0))
BEYOND = "isocenter is 1300 mm from the source and the detector 1195 mm; the patient must be between them"


def xa(path, preamble=True, **values):
    """An X-ray angiographic image of another maker; None leaves an attribute out."""
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = pydicom.uid.XRayAngiographicImageStorage, pydicom.uid.generate_uid()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.Modality = "XA"
    told = {
        "Rows": 16, "Columns": 20,
        "PositionerPrimaryAngle": "30.5", "PositionerSecondaryAngle": "-12", "DistanceSourceToDetector": "1195",
        "DistanceSourceToPatient": "765", "ImagerPixelSpacing": ["7", "8"], **values,
    }  # fmt: skip
    for name, value in told.items():
        if value is not None:
            setattr(dataset, name, value)
    if preamble:
        dataset.save_as(path, enforce_file_format=True)
    else:
        pydicom.dcmwrite(path, dataset, implicit_vr=True, little_endian=True)
    return path


@pytest.mark.parametrize("name", ["XA0001", "image.bin", "pose.json", "pose.txt"])
@pytest.mark.parametrize("preamble", [True, False])
def test_an_x_ray_image_is_known_by_what_it_holds(tmp_path, name, preamble):
    view = read_pose(xa(tmp_path / name, preamble), DEFAULT)
    assert (view.pose().lao_deg, view.pose().cran_deg) == (pytest.approx(30.5), pytest.approx(-12))
    assert (view.source_to_detector_mm, view.source_to_isocenter_mm) == (pytest.approx(1195), pytest.approx(765))
    assert (view.rows, view.columns, view.pixel_mm) == (16, 20, pytest.approx((7, 8)))
    assert view.isocenter_ras == (5, 6, 7), "what the file does not tell stays as it is set"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"DistanceSourceToPatient": "1300"}, BEYOND),
        ({"DistanceSourceToPatient": "-5"}, "above 0"),
        ({"DistanceSourceToPatient": "0"}, "above 0"),
        ({"PositionerPrimaryAngle": None}, "does not tell PositionerPrimaryAngle"),
        ({"PositionerPrimaryAngle": ""}, "does not tell PositionerPrimaryAngle"),
        ({"ImagerPixelSpacing": ["7"]}, "does not tell ImagerPixelSpacing"),
        ({"ImagerPixelSpacing": ["7", "0"]}, "above 0"),
        ({"Rows": None, "DistanceSourceToDetector": None}, "does not tell DistanceSourceToDetector, Rows"),
        ({"PositionerSecondaryAngle": "120"}, "-90 to 90"),
        ({"Rows": 60000}, "60000 rows and 20 columns of pixels; give 1 to 8192"),
    ],
)
def test_what_an_x_ray_image_tells_wrongly_is_refused_with_its_name(tmp_path, values, words):
    with pytest.raises(InputError, match=words) as told:
        read_pose(xa(tmp_path / "XA0001", **values))
    assert "'XA0001'" in str(told.value)


def test_a_patient_beyond_the_detector_is_refused_by_every_way_in():
    record = {**record_of(DEFAULT), "source_to_isocenter_mm": 1300, "source_to_detector_mm": 1195}
    matrix = {"projection_matrix": DEFAULT.projection_matrix.tolist(), "rows": 20, "columns": 20, "pixel_mm": 10}
    ways = [
        lambda: view_of(record),
        lambda: view_of({"source_to_isocenter_mm": 1300, "source_to_detector_mm": 1195}, DEFAULT),
        lambda: Geometry(1195, 1300),
        lambda: Machine(source_to_detector_mm=1195, source_to_isocenter_mm=1300),
        lambda: View.from_pose(Pose(), 1195, 1300, 8, 8, (1.0, 1.0)),
    ]
    for way in ways:
        with pytest.raises(InputError, match=BEYOND):
            way()
    for place in ({"source_to_isocenter_mm": 1300}, {"isocenter_ras": [5, 700, 7]}):
        with pytest.raises(InputError, match="from the source and the detector 1000 mm"):
            view_of({**matrix, **place})
    with pytest.raises(InputError, match="behind the source"):
        View(DEFAULT.source_ras, DEFAULT.detector_origin_ras, DEFAULT.row_step_ras, DEFAULT.column_step_ras, 20, 20,
             (5, -900, 7))  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"lao_deg": 1, "lao_deg": 2}', "'lao_deg' is there twice"),
        ("[" * 100_000, "nested too deeply"),
        ('{"lao_deg": 1' + "0" * 400 + "}", "give a finite number"),
        ("{", "cannot be read as JSON"),
        ('{"rows": 1000000, "lao_deg": 0}', "1e.06 rows|1000000 rows"),
        ('{"projection_matrix": "abc", "rows": 1, "columns": 1, "pixel_mm": 1}', "not made of numbers"),
    ],
)
def test_a_damaged_pose_is_refused_in_words(tmp_path, content, words):
    (tmp_path / "pose.json").write_text(content)
    with pytest.raises(InputError, match=words):
        read_pose(tmp_path / "pose.json", DEFAULT)
    with pytest.raises(InputError, match="is a folder"):
        read_pose(tmp_path, DEFAULT)


def test_the_shell_refuses_them_in_every_form(tmp_path, capsys):
    hu = np.full((8, 8, 8), -1000, np.int16)
    hu[2:6, 2:6, 2:6] = 40
    write_volume(tmp_path / "ct.nrrd", Volume.from_numpy(hu, np.diag([9.0, 9, 9, 1])))
    near = {"source_to_isocenter_mm": 1300, "source_to_detector_mm": 1195}
    (tmp_path / "near.json").write_text(json.dumps(near))
    (tmp_path / "poses.json").write_text(json.dumps([{"name": "a", "lao_deg": 3}, {"name": "b", **near}]))
    xa(tmp_path / "XA0001", DistanceSourceToPatient="1300")
    for option, name, out in (
        ("--pose", "near.json", "o.nrrd"), ("--pose", "XA0001", "o.nrrd"), ("--poses", "poses.json", "many"),
    ):  # fmt: skip
        command = ["drr", str(tmp_path / "ct.nrrd"), option, str(tmp_path / name), "--out", str(tmp_path / out)]
        assert main([*command, "--quiet"]) == 2
        assert BEYOND in capsys.readouterr().err and not (tmp_path / out).exists()
