"""From a CT to an image and a file: numbers, places, signs."""

import json
from dataclasses import replace

import numpy as np
import pydicom
import pytest
import realdata
import SimpleITK as sitk
import torch

from synthetic_imaging.errors import InputError
from synthetic_imaging.io import SYNTHETIC_KEY, read_volume
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import coverage, export, split
from synthetic_imaging.xray.bases import Bases
from synthetic_imaging.xray.dicom_xa import read_view, write_xa
from synthetic_imaging.xray.geometry import Pose, View
from synthetic_imaging.xray.image import Patient, radiograph, render
from synthetic_imaging.xray.materials import attenuation_per_mm
from synthetic_imaging.xray.meshes import Mesh
from synthetic_imaging.xray.poses import read_pose, record_of
from synthetic_imaging.xray.settings import NO_SCATTER, Collimation, Exposure, Scatter, Settings, Window
from synthetic_imaging.xray.spectrum import Spectrum, half_value_layer_mm_al
from synthetic_imaging.xray.tools import Tool

QUIET = Settings(exposure=Exposure(noise=False, blur_mm=0, focal_spot_mm=0), scatter=NO_SCATTER)


def volume(array, spacing=(2.0, 2.0, 2.0), turned=None):
    """A CT around RAS 0; turned: a rotation (3, 3) of its axes, which may flip them."""
    array = np.asarray(array, dtype=np.int16)
    matrix = np.eye(4)
    matrix[:3, :3] = (np.eye(3) if turned is None else turned) @ np.diag(spacing)
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(array.shape[::-1]) - 1) / 2)
    return Volume.from_numpy(array, matrix)


def view_of(pose=None, size=65, pixel=2.0, far=1000, near=600):
    return View.from_pose(pose or Pose(), far, near, size, size, (pixel, pixel))


def box(hu, shape=(40, 40, 40), fill=-1000):
    array = np.full(shape, fill, np.int16)
    array[10:30, 10:30, 10:30] = hu
    return volume(array)


@pytest.mark.parametrize("hu", [-900, -500, -100, 0, 60, 101, 200, 349, 351, 700, 1000, 1600, 2000, 3071])
def test_the_image_returns_the_ct_number(hu):
    """A ray through an even block: attenuation per mm at 70 keV, turned back into HU, is the CT number."""
    ct = volume(np.full((20, 20, 20), hu))
    view = view_of(Pose(25, 15), size=3, pixel=0.5)
    line = float(render(ct, view, QUIET).line_integral[1, 1])
    _, direction = view.ray(1, 1)
    chord = min(40 / abs(part) for part in direction if abs(part) > 1e-9)
    implied = 1000 * (line / chord / float(attenuation_per_mm("water", 70)) - 1)
    assert implied == pytest.approx(hu, abs=0.5)


def test_the_half_value_layer_is_measured_from_an_image():
    """A staircase of aluminum before a detector for air kerma: the table's layer leaves half of the signal."""
    steps = np.arange(13)
    array = np.full((13 * 5, 12, 9), -1000)
    for step in steps:
        array[step * 5 : step * 5 + 5, :step] = 0
    ct = volume(array, spacing=(4.0, 1.0, 2.0))
    aluminum = split.Split(("aluminum",), Bases((-1000.0, 0.0), ((0.0, 1.0),)))
    view = View.from_pose(Pose(), 3000, 2000, 65, 1, (3.0, 3.0))
    for spectrum in (Spectrum(70, 2.5, 0), Spectrum(90, 2.5, 0), Spectrum(100, 4, 0.1)):
        settings = replace(QUIET, spectrum=spectrum, response="kerma")
        image = radiograph(Patient(ct, aluminum).project(view), view, settings)
        rows = view.project([[0, 0, (step - 6) * 10] for step in steps])[:, 1].round().astype(int)
        oblique = 1 / np.abs(view.ray(np.zeros(13), rows)[1] @ view.direction_ras)
        transmission = image.transmission[rows, 0].double().numpy()
        layer = np.interp(-np.log(0.5), -np.log(transmission), steps * oblique)
        fine = np.polynomial.Polynomial.fit(steps * oblique, np.log(transmission), 6)
        roots = (fine - np.log(0.5)).roots()
        near = roots[np.abs(roots - layer).argmin()].real
        assert near == pytest.approx(half_value_layer_mm_al(spectrum), rel=0.01)


@pytest.mark.parametrize(("kvp", "al_mm", "cu_mm"), [(70, 2.5, 0), (90, 2.5, 0), (120, 4.3, 0.1)])
def test_the_half_value_layer_is_measured_behind_a_wedge(kvp, al_mm, cu_mm):
    """A wedge of aluminum as a closed mesh in air, 0 to 12 mm over 120 mm: half the signal is behind the layer."""
    corners = [(x, y, z) for x in (-10, 10) for z, y in ((-60, 0), (60, 0), (60, 12))]
    faces = [(0, 1, 2), (3, 5, 4), (0, 3, 1), (1, 3, 4), (1, 4, 2), (2, 4, 5), (0, 2, 3), (2, 5, 3)]
    wedge = Mesh(np.array(corners, dtype=float), np.array(faces))
    view = View.from_pose(Pose(), 3000, 2000, 400, 3, (0.4, 0.4))
    spectrum = Spectrum(kvp, al_mm, cu_mm)
    settings = replace(QUIET, spectrum=spectrum, response="kerma")
    air = volume(np.full((4, 4, 4), -1000))
    image = render(air, view, settings, tools=[Tool("wedge", wedge, "aluminum")])
    length, transmission = (picture[:, 1].double().numpy() for picture in (image.paths["aluminum"], image.transmission))
    inside = np.flatnonzero(length > 0.2)
    order = inside[np.argsort(length[inside])]
    layer = np.interp(np.log(2), -np.log(transmission[order]), length[order])
    assert length.max() > 11 and layer == pytest.approx(half_value_layer_mm_al(spectrum), rel=2e-3)


@pytest.mark.parametrize("angles", [(0, 0, 0), (35, -20, 0), (-70, 12, 40), (90, 0, 0), (130, 60, -15)])
def test_a_bead_is_where_the_matrix_puts_it(angles):
    array = np.full((41, 41, 41), -1000)
    array[26, 12, 30] = 1500
    turned = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    ct = volume(array, (1.5, 1.0, 2.0), turned)
    view = view_of(Pose(*angles), size=513, pixel=0.4)
    line = render(ct, view, QUIET).line_integral.double()
    rows, columns = torch.meshgrid(*[torch.arange(513.0, dtype=torch.float64)] * 2, indexing="ij")
    centroid = [float((line * place).sum() / line.sum()) for place in (columns, rows)]
    assert np.allclose(centroid, view.project(ct.ras_from_ijk([30, 12, 26]))[0], atol=0.05)


@pytest.mark.parametrize(
    "turned", [np.eye(3), np.diag([-1.0, -1, 1]), np.eye(3)[[2, 0, 1]]], ids=["RAS", "LPS", "axes"]
)
def test_markers_are_where_a_radiograph_has_them(turned):
    """A marker left and low, one in front: at the image's right and bottom from AP, and as the angles' names say."""
    shape = (30, 30, 30)
    even = volume(np.zeros(shape), turned=turned)
    places = even.ras_from_ijk(np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1)[..., ::-1])

    def brightest(marker_ras, pose):
        array = np.where(np.abs(places - marker_ras).max(axis=-1) < 4, 1500, 0)
        picture = render(volume(array, turned=turned), view_of(pose), QUIET).line_integral
        plain = render(even, view_of(pose), QUIET).line_integral
        row, column = np.unravel_index(int((picture - plain).argmax()), picture.shape)
        return row - 32, column - 32

    row, column = brightest((-20, 0, -20), Pose())
    assert row > 8 and column > 8
    row, column = brightest((0, 20, 0), Pose(lao_deg=90))
    assert column < -8 and abs(row) <= 2, "from the left the front is at the left"
    row, column = brightest((0, 20, 0), Pose(lao_deg=-90))
    assert column > 8 and abs(row) <= 2
    row, column = brightest((0, 20, 0), Pose(cran_deg=40))
    assert row > 3 and abs(column) <= 2, "from above the front is low"


def test_another_setting_needs_no_new_projection():
    ct, view = box(400, fill=40), view_of(Pose(20, 10))
    patient = Patient(ct)
    paths = patient.project(view)
    for settings in (
        Settings(Spectrum(60)),
        Settings(window=Window(2, 4)),
        Settings(naive=True),
        Settings(scatter=NO_SCATTER),
    ):
        reused, fresh = radiograph(paths, view, settings), render(ct, view, settings)
        assert torch.equal(reused.display, fresh.display) and torch.equal(reused.signal, fresh.signal)


def test_the_naive_image_is_one_exponential_of_the_water_path():
    ct, view = box(700, fill=40), view_of(Pose(-30))
    naive = render(ct, view, Settings(naive=True))
    water = render(ct, view, QUIET, division=split.water_only()).paths["water"]
    assert torch.allclose(naive.transmission, torch.exp(-water * float(attenuation_per_mm("water", 70))), rtol=1e-4)
    assert naive.spr is None


def test_beam_hardening_is_in_the_realistic_image_only():
    """Twice the bone attenuates less than twice; at one energy it is exactly twice."""
    view = view_of(size=3, pixel=0.5)
    thin, thick = (volume(np.full((20, depth, 20), 1200)) for depth in (15, 30))
    realistic = [float(render(ct, view, QUIET).attenuation[1, 1]) for ct in (thin, thick)]
    naive = [float(render(ct, view, Settings(naive=True)).attenuation[1, 1]) for ct in (thin, thick)]
    assert realistic[1] / realistic[0] < 1.95 and naive[1] / naive[0] == pytest.approx(2, rel=1e-4)


def test_contrast_agent_darkens_more_below_the_voltage_of_its_edge():
    ct = box(40, fill=40)
    labels = np.zeros(ct.shape, np.uint8)
    labels[15:25, 15:25, 15:25] = 3
    division = split.labeled(Volume.from_numpy(labels, ct.ijk_to_ras), contrast=[split.Contrast(3, 20)])
    view = view_of()
    image, empty = render(ct, view, QUIET, division=division), render(ct, view, QUIET)
    # 20 mm of 20 mg/ml
    assert float(image.paths["iodine"][32, 32]) == pytest.approx(20 * 20 / 4930, rel=2e-2)
    gain = image.attenuation - empty.attenuation
    assert float(gain[32, 32]) > 0.1 and float(gain[5, 5]) == pytest.approx(0, abs=1e-4)


def test_what_the_ct_lacks_is_said():
    body = np.full((40, 30, 30), -1000)
    body[:, 8:22, 8:22] = 40
    ct = volume(body, (2.0, 2.0, 2.0))
    shares = coverage.cut_shares(ct, view_of())
    assert set(shares) <= {"superior", "inferior"}
    steep = coverage.cut_shares(ct, view_of(Pose(cran_deg=40)))
    assert steep["superior"] > 0.02 and steep["inferior"] > 0.02
    assert any("superior" in sentence for sentence in render(ct, view_of(Pose(cran_deg=40)), QUIET).notices)
    closed = np.full((40, 30, 30), -1000)
    closed[5:35, 8:22, 8:22] = 40
    assert coverage.notices(volume(closed), view_of(Pose(20, 30))) == ()
    beside = view_of(Pose(isocenter_ras=(900, 0, 0)))
    assert "misses the CT" in render(ct, beside, QUIET).notices[0]
    thick = volume(closed[::3], (2.0, 2.0, 6.0))
    assert "thick" in coverage.notices(thick, view_of())[0]


def test_a_ct_of_three_slices_misses_nearly_everything_and_says_so():
    slab = np.full((3, 60, 60), -1000)
    slab[:, 10:50, 10:50] = 40
    shares = coverage.cut_shares(volume(slab, (2.0, 2.0, 0.5)), view_of(size=64))
    assert shares == pytest.approx({"superior": 0.5, "inferior": 0.5}, abs=0.2) and min(shares.values()) > 0.25


def test_a_body_that_is_wider_than_the_ct_is_cut_at_its_sides():
    wide = np.full((60, 30, 30), 40)
    wide[:, :5] = wide[:, 25:] = -1000
    shares = coverage.cut_shares(volume(wide, (2.0, 2.0, 4.0)), view_of())
    assert set(shares) == {"left", "right"} and 0.02 < shares["left"] < 0.3


def test_a_source_in_the_patient_is_refused_and_one_in_air_is_not():
    ct = volume(np.full((40, 40, 40), 20))
    inside = View.from_pose(Pose(), 800, 10, 33, 33, (2.0, 2.0))
    with pytest.raises(InputError, match="inside the patient"):
        render(ct, inside, QUIET)
    lung = ct.numpy().copy()
    lung[10:30, 10:30, 10:30] = -850
    with pytest.raises(InputError, match="inside the patient"):
        render(volume(lung), inside, QUIET)
    beside = ct.numpy().copy()  # as between arm and trunk
    beside[10:30, :30, 10:30] = -1000
    image = render(volume(beside), inside, QUIET)
    assert 0 < float(image.line_integral[16, 16]) < 40 * 2 * 0.02


def example(pose=None):
    view = view_of(pose or Pose(-30, 20, 5, (3, 4, 5)), size=48)
    view = replace(view, columns=40)
    settings = Settings(scatter=Scatter(0.5), collimation=Collimation(shutter_left_mm=10), window=Window(0, 4))
    return render(box(600, fill=-500), view, settings)


@pytest.mark.parametrize("output", ["line-integral", "transmission", "signal", "display"])
def test_an_image_file_holds_numbers_place_and_pose(tmp_path, output):
    image = example()
    path = export.write_image(tmp_path / "new" / "image.nrrd", image, output)
    read = read_volume(path)
    assert read.shape == (1, 48, 40) and read.data.dtype == torch.float32
    assert torch.equal(read.data[0], export.output_image(image, output))
    assert np.allclose(read.ijk_to_ras, image.view.ijk_to_ras, atol=1e-9)
    assert "synthetic" in read.metadata[SYNTHETIC_KEY] and read.metadata["SyntheticImaging_output"] == output
    assert json.loads(read.metadata["SyntheticImaging_settings"])["spectrum"]["kvp"] == 80
    assert record_of(read_pose(path))["lao_deg"] == -30
    other = export.write_image(tmp_path / "image.mha", image, output)
    assert record_of(read_pose(other)) == record_of(read_pose(path))
    with pytest.raises(InputError, match="holds no C-arm pose"):
        read_pose(export.write_image(tmp_path / "image.nii.gz", image, output))


def test_dicom_round_trip(tmp_path):
    image = example()
    path = write_xa(tmp_path / "image.dcm", image, {"DICOM.PatientID": "17", "DICOM.StudyInstanceUID": "1.2.3"})
    dataset = pydicom.dcmread(path)
    assert dataset.Modality == "XA" and list(dataset.ImageType) == ["DERIVED", "SECONDARY", "SINGLE PLANE"]
    assert dataset.SeriesDescription.startswith("synthetic") and dataset.PatientID == "17"
    assert dataset.StudyInstanceUID == "1.2.3"
    assert (dataset.PositionerPrimaryAngle, dataset.PositionerSecondaryAngle) == (pytest.approx(-30), pytest.approx(20))
    assert (dataset.DistanceSourceToDetector, dataset.DistanceSourceToPatient) == (1000, 600)
    assert list(dataset.ImagerPixelSpacing) == [2, 2] and dataset.KVP == 80
    again, record = record_of(read_view(path)), record_of(image.view)
    for name in ("lao_deg", "cran_deg", "roll_deg", "isocenter_ras", "off_center_mm", "pixel_mm", "rows", "columns"):
        assert again[name] == pytest.approx(record[name], abs=1e-9)
    assert np.abs(dataset.pixel_array / 65535 - image.display.numpy()).max() < 1e-5


def test_a_dicom_file_of_another_maker_gives_the_pose(tmp_path):
    path = write_xa(tmp_path / "image.dcm", example(pose=Pose(12.5, -7.25)))
    dataset = pydicom.dcmread(path)
    for element in [element for element in dataset if element.tag.is_private]:
        del dataset[element.tag]
    dataset.save_as(path)
    view = read_view(path)
    assert (view.pose().lao_deg, view.pose().cran_deg) == (pytest.approx(12.5), pytest.approx(-7.25))
    assert (view.source_to_detector_mm, view.source_to_isocenter_mm) == (pytest.approx(1000), pytest.approx(600))
    dataset.PositionerPrimaryAngle = 270
    dataset.save_as(path)
    assert read_view(path).pose().lao_deg == pytest.approx(-90), "some makers count on to 360"
    dataset.PositionerSecondaryAngle = 120
    dataset.save_as(path)
    with pytest.raises(InputError, match="cran_deg is 120; give an angle from -90 to 90 degrees"):
        read_view(path)
    del dataset.DistanceSourceToDetector
    dataset.save_as(path)
    with pytest.raises(InputError, match="DistanceSourceToDetector"):
        read_view(path)


def test_a_png_is_the_display_image(tmp_path):
    image = example()
    gray = sitk.GetArrayFromImage(sitk.ReadImage(str(export.write_image(tmp_path / "image.png", image))))
    assert gray.dtype == np.uint8 and np.abs(gray / 255 - image.display.numpy()).max() < 0.003


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda image, to: export.write_image(to / "a.jpg", image), "png"),
        (lambda image, to: export.write_image(to / "a.png", image, "signal"), "gray values only"),
        (lambda image, to: export.output_image(image, "water"), "line-integral"),
        (lambda image, to: export.output_image(image, "water-path"), "by itself"),
        (lambda image, to: read_view(to / "none.dcm"), "cannot be read as DICOM"),
    ],
)
def test_wrong_exports_are_refused_in_words(make, words, tmp_path):
    with pytest.raises(InputError, match=words):
        make(example(), tmp_path)


def test_gradients_flow_through_detector_and_scatter():
    view = view_of(size=8)
    paths = {"water": torch.full((8, 8), 120.0, requires_grad=True)}
    radiograph(paths, view, replace(QUIET, scatter=Scatter(1.0))).attenuation.sum().backward()
    assert (paths["water"].grad > 0.005).all()


def test_a_real_chest_looks_like_a_chest_film():
    """Lungs dark on both sides of a bright middle, the heart's apex at the image's right, scatter of a grid's order."""
    ct = read_volume(realdata.path("cptac-pda-c3n-00249-chest/cptac-pda-c3n-00249-chest.nrrd"))
    center = ct.ras_from_ijk((np.array(ct.shape[::-1]) - 1) / 2)
    view = View.from_pose(Pose(isocenter_ras=tuple(center)), 1800, 1550, 96, 96, (4.2, 4.2))
    image = render(ct, view, Settings(Spectrum(110)))
    gray = image.attenuation
    right_lung, middle, left_lung = gray[34:46, 22:34].mean(), gray[34:46, 44:52].mean(), gray[34:46, 62:74].mean()
    assert middle > right_lung + 1 and middle > left_lung + 1
    heart_right, heart_left = gray[48:54, 32:42].mean(), gray[48:54, 54:64].mean()
    assert heart_left > heart_right + 0.3
    assert 0.05 < image.scatter_to_primary < 0.6
