"""Is this a CT in HU? What is none is refused with what was seen; real CTs, and crops of them, are not."""

import numpy as np
import pytest
import realdata
import SimpleITK as sitk

from synthetic_imaging.cli.main import main
from synthetic_imaging.errors import NotHounsfieldError
from synthetic_imaging.io import read_volume, write_volume
from synthetic_imaging.io.hounsfield import accepted, in_hounsfield, note_of, problem_of
from synthetic_imaging.io.trust import Trust
from synthetic_imaging.phantom import torso
from synthetic_imaging.reading.making.images import read_image
from synthetic_imaging.volume import Volume

NO_METADATA: dict[str, str] = {}


@pytest.fixture(scope="module")
def body():
    """A patient of 12 slices, with the noise of a scanner, and the labels of the phantom."""
    made = torso(seed=3, shape=(12, 96, 96))
    noise = np.random.default_rng(0).normal(0, 12, made.ct.shape)
    return np.rint(made.ct.numpy() + noise).clip(-1024), made


def problem(array, metadata=NO_METADATA) -> str:
    return problem_of(Volume.from_numpy(np.asarray(array), np.eye(4), metadata))


def outside_circle(shape):
    y, x = np.mgrid[-1 : 1 : shape[1] * 1j, -1 : 1 : shape[2] * 1j]
    return np.broadcast_to(x**2 + y**2 > 1, shape)


WRONG = {
    "scaled to 0..1": (lambda hu: np.clip((hu + 160) / 400, 0, 1), "scaled for a network"),
    "scaled to -1..1": (lambda hu: np.clip(hu / 1000, -1, 1), "scaled for a network"),
    "z-scores": (lambda hu: (hu - hu.mean()) / hu.std(), "scaled for a network"),
    "gray bytes": (lambda hu: np.rint(np.clip((hu + 160) / 400, 0, 1) * 255).astype(np.uint8), "gray values or labels"),
    "gray numbers": (lambda hu: np.rint(np.clip((hu + 160) / 400, 0, 1) * 255), "its lowest value is 0"),
    "HU + 1024": (lambda hu: (hu + 1024).astype(np.uint16), "HU \\+ 1024"),
    "HU + 1000, signed": (lambda hu: hu + 1000, "HU \\+ 1024"),
    "offset twice": (lambda hu: hu - 1024 + np.random.default_rng(1).normal(0, 4, hu.shape), "applied twice"),
    "wrapped at 65536": (lambda hu: hu.astype(np.int16).astype(np.uint16), "without their sign"),
    "wrapped at 4096": (lambda hu: hu.astype(np.int16) & 4095, "wrapped at 12 bits"),
    "clipped to a window": (lambda hu: hu.clip(-160, 240), "clipped or masked at -160"),
    "MR": (lambda hu: np.abs((hu + 1000).clip(0) * 0.6 + np.random.default_rng(1).normal(0, 8, hu.shape)), "MR, PET"),
    "one value": (lambda hu: np.full_like(hu, 5), "same value, 5, in every voxel"),
    "labels": (lambda hu: (hu > -300) + 2 * (hu > 300), "labels|scaled"),
    "only air": (lambda hu: hu.clip(-1024, -800), "nothing is as dense as fat"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_hu_is_refused_with_what_was_seen(body, kind):
    change, words = WRONG[kind]
    with pytest.raises(NotHounsfieldError, match=words) as caught:
        in_hounsfield(Volume.from_numpy(change(body[0]), np.eye(4)), "scan.nrrd")
    assert str(caught.value).startswith("'scan.nrrd' ") and "accept_hu=True" in str(caught.value)


@pytest.mark.parametrize("value", [0, 40, 1500, 3071, 4095, 31743, 62512])
def test_padding_that_would_be_tissue_bone_or_metal_is_refused(body, value):
    padded = np.where(outside_circle(body[0].shape), value, body[0]).astype(np.int32)
    told = problem(padded)
    assert f"the value {value} in 2" in told and f"Replace {value} by -1000" in told


@pytest.mark.parametrize("value", [-3024, -2048, -2000, -1024, -1000])
def test_padding_that_is_air_or_below_is_none_of_its_business(body, value):
    assert problem(np.where(outside_circle(body[0].shape), value, body[0]).astype(np.int16)) == ""
    shifted = np.where(outside_circle(body[0].shape), value, body[0] + 1024)
    assert "HU + 1024" in problem(shifted) or value >= -1024, "padding does not stand for air"


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"DICOM.Modality": "MR"}, "is no CT: its header says MR"),
        ({"DICOM.Modality": "PT"}, "positron emission"),
        ({"DICOM.Modality": "CT", "DICOM.RescaleType": "MGML"}, "mg/mL"),
        ({"DICOM.Units": "BQML"}, "BQML"),
    ],
)
def test_a_header_that_says_otherwise_is_believed(body, metadata, words):
    assert words in problem(body[0], metadata)
    assert problem(body[0], {"DICOM.Modality": "CT", "DICOM.RescaleType": "HU"}) == ""


def test_crops_inside_a_body_are_taken(body):
    hu, made = body
    organ = np.argwhere(made.labels.numpy() == 38)
    k, j, i = np.median(organ, axis=0).astype(int)
    crop = hu[k - 1 : k + 2, j - 5 : j + 5, i - 5 : i + 5]
    assert crop.min() > -900 and problem(crop) == ""
    noise = np.random.default_rng(0).normal(0, 15, (20, 40, 40))
    assert problem(np.rint(noise + 110)) == "", "an organ alone"
    vessel = np.rint(noise + 450)
    assert problem(vessel) and problem(vessel, {"DICOM.Modality": "CT"}) == ""


@pytest.mark.parametrize(
    "name",
    [
        "cptac-pda-c3n-00249-chest/cptac-pda-c3n-00249-chest.nrrd", "crlm-ct-1006/crlm-ct-1006.nrrd",
        "totalsegmentator-example/aorta_report/ct_cropped.nii.gz", "totalsegmentator-example/example_ct.nii.gz",
        "totalsegmentator-example/example_ct_sm.nii.gz", "totalsegmentator-example/dicom_20slices",
    ],
)  # fmt: skip
def test_real_cts_and_what_is_cut_from_them_are_taken(name):
    ct = read_volume(realdata.path(name))
    assert problem_of(ct) == ""
    array, rng, refused = ct.numpy(), np.random.default_rng(4), []
    for _ in range(60):
        size = np.minimum(rng.integers(12, 60, 3), array.shape)
        start = [int(rng.integers(0, whole - part + 1)) for whole, part in zip(array.shape, size, strict=True)]
        crop = array[tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))]
        if ((crop > -300) & (crop < 400)).mean() > 0.3 and crop.min() > -1500:
            refused += [(start, size)] if problem(crop) else []
    assert not refused


def test_real_mr_like_images_are_refused():
    assert problem_of(read_volume(realdata.path("nnunet-parity/cases/f1/f1_0000.nii.gz")))
    assert problem_of(read_volume(realdata.path("spl-abdominal-atlas/seg.nrrd")))


def test_a_ct_without_its_bones_is_taken_and_said(body):
    clipped = Volume.from_numpy(body[0].clip(-1000, 300), np.eye(4))
    assert problem_of(clipped) == "" and "The highest value is 300" in note_of(clipped)
    assert note_of(Volume.from_numpy(body[0], np.eye(4))) == ""


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.uint64])
def test_accepted_unsigned_voxels_get_a_sign(dtype):
    stored = np.arange(60, dtype=dtype).reshape(3, 4, 5)
    ct = in_hounsfield(Volume.from_numpy(stored, np.eye(4)), "scan", accept_hu=True)
    assert ct.numpy().dtype == np.int16 and np.array_equal(ct.numpy(), stored)
    if dtype is not np.uint8:
        stored[0, 0, 0] = 60000
        wide = Volume.from_numpy(stored, np.eye(4)).with_signed_voxels().numpy()
        assert wide.dtype == np.int32 and np.array_equal(wide, stored)


@pytest.fixture(scope="module")
def files(tmp_path_factory, body):
    """The body and its liver as files; and as it comes without its offset."""
    hu, made = body
    folder = tmp_path_factory.mktemp("files")
    ct = made.ct.like(hu.astype(np.int16))
    write_volume(folder / "cts" / "a.nrrd", ct)
    write_volume(
        folder / "organs" / "a.nrrd", made.labels.like(np.isin(made.labels.numpy(), (38, 39, 40)).astype("u1"))
    )
    image = sitk.GetImageFromArray((hu + 1024).astype(np.uint16))
    image.CopyInformation(sitk.ReadImage(str(folder / "cts" / "a.nrrd")))
    (folder / "raw").mkdir()
    sitk.WriteImage(image, str(folder / "raw" / "a.nrrd"))
    return folder


def test_every_verb_asks_and_can_be_told(files, tmp_path, capsys):
    raw, organ = files / "raw" / "a.nrrd", files / "organs" / "a.nrrd"
    one, batch = ["--auto", "--count", "1", "--radius-mm", "6", "--quiet"], tmp_path / "batch"
    verbs = {
        "drr": ["drr", str(raw), "--image-size", "16", "--quiet", "--out", str(tmp_path / "image.nrrd")],
        "tumor": ["tumor", str(raw), str(organ), *one, "--out", str(tmp_path / "tumor")],
        "tumor-batch": ["tumor-batch", str(files / "raw"), str(files / "organs"), *one[1:], "--out", str(batch)],
    }  # fmt: skip
    for verb, arguments in verbs.items():
        assert main(arguments) == (1 if verb == "tumor-batch" else 2), verb
        told = capsys.readouterr().err
        assert "HU + 1024" in told and "--accept-hu" in told, verb
        assert main([*arguments, "--accept-hu"]) == 0, (verb, capsys.readouterr().err)


def test_images_of_a_study_are_asked_and_can_be_told(files):
    raw = files / "raw" / "a.nrrd"
    with pytest.raises(NotHounsfieldError, match=r"HU \+ 1024.*Accept as HU, or --accept-hu"):
        read_image(raw, "ct")
    assert read_image(raw, "ct", Trust(accept_hu=True)).numpy().dtype == np.int16


def test_what_is_made_of_an_accepted_ct_is_accepted_too(files, tmp_path):
    made = accepted(read_volume(files / "raw" / "a.nrrd"))
    kept = read_volume(write_volume(tmp_path / "made.nrrd", made))
    assert problem_of(kept) == "" and problem_of(kept.like(kept.data)) == ""


def test_the_water_path_of_a_padded_ct_is_refused_and_of_the_ct_itself_right(files, tmp_path, capsys):
    ct = read_volume(files / "cts" / "a.nrrd")
    outside = outside_circle(ct.shape)
    write_volume(tmp_path / "padded.nrrd", ct.like(np.where(outside, 3071, ct.numpy()).astype(np.int16)))
    write_volume(tmp_path / "low.nrrd", ct.like(np.where(outside, -2048, ct.numpy()).astype(np.int16)))

    def water(name):
        out = tmp_path / "water.nrrd"
        options = ["--output", "water-path", "--image-size", "32", "--quiet", "--out", str(out)]
        return main(["drr", str(tmp_path / name), *options]), out

    assert water("padded.nrrd")[0] == 2 and "the value 3071" in capsys.readouterr().err
    status, out = water("low.nrrd")
    longest = float(read_volume(out).numpy().max())
    assert status == 0 and 100 < longest < 400, "a body of some 250 mm, and no wall around it"
