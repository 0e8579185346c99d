"""The verb drr: what it writes, that it resumes, and how it refuses."""

import json

import numpy as np
import pydicom
import pytest
import torch

from synthetic_imaging.cli import main
from synthetic_imaging.io import read_volume, write_volume
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray.geometry import Pose, View
from synthetic_imaging.xray.mesh_files import write_stl
from synthetic_imaging.xray.poses import read_pose, record_of, view_of, write_pose
from synthetic_imaging.xray.shapes import kwire
from synthetic_imaging.xray.truth_files import read_landmarks


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A block of water of 60 x 40 x 80 mm around RAS (10, -20, 30) with a rod of bone, and labels of both."""
    folder = tmp_path_factory.mktemp("ct")
    ct, labels = np.full((40, 20, 30), 0, np.int16), np.ones((40, 20, 30), np.uint8)
    ct[:, 8:12, 4:8], labels[:, 8:12, 4:8] = 1200, 2
    ct[0, 0, 0] = -1000  # a CT has air somewhere
    matrix = np.diag([2.0, 2, 2, 1])
    matrix[:3, 3] = (10 - 29, -20 - 19, 30 - 39)
    write_volume(folder / "ct.nrrd", Volume.from_numpy(ct, matrix))
    write_volume(folder / "labels.nrrd", Volume.from_numpy(labels, matrix))
    return folder


FIELD = ("--field-width-mm", "128", "--field-height-mm", "128")


def drr(files, out, *arguments):
    command = ["drr", str(files / "ct.nrrd"), "--image-size", "32", *FIELD, "--out", str(out), "--quiet"]
    return main([*command, *map(str, arguments)])


def image(path):
    return read_volume(path).data[0]


@pytest.mark.parametrize("lao", [0, 30, -75])
def test_the_water_path_is_that_of_the_block(files, tmp_path, lao):
    """Rays that stay clear of the rod: the chord of the box, from the pose in the file."""
    assert (
        drr(
            files,
            tmp_path / "w.nrrd",
            "--lao-deg",
            lao,
            "--source-to-detector-mm",
            1000,
            "--source-to-isocenter-mm",
            600,
            "--output",
            "water-path",
        )
        == 0
    )
    view = read_pose(tmp_path / "w.nrrd")
    assert view.isocenter_ras == pytest.approx((10, -20, 30)), "the isocenter is the CT's center"
    assert view.pose().lao_deg == pytest.approx(lao)
    columns, rows = np.meshgrid(np.arange(32), np.arange(32))
    source, direction = view.ray(columns, rows)
    low, high = np.array([10 - 30, -20 - 20, 30 - 40]), np.array([10 + 30, -20 + 20, 30 + 40])
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.sort(np.stack([(low - source) / direction, (high - source) / direction]), axis=0)
        chord = np.maximum(np.nanmin(ends[1], -1) - np.nanmax(ends[0], -1), 0)
        rod = [np.array([10 - 30 + 6, -20 - 20 + 14, -500]), np.array([10 - 30 + 18, -20 - 20 + 26, 500])]
        around = np.sort(np.stack([(edge - source) / direction for edge in rod]), axis=0)
        clear = np.nanmin(around[1], -1) <= np.nanmax(around[0], -1)
    inner = clear & ((chord == 0) | (chord > 25))
    difference = np.abs(image(tmp_path / "w.nrrd").numpy() - chord)[inner]
    assert inner.sum() > 300 and np.quantile(difference, 0.9) < 0.02 and difference.max() < 3


def test_every_output_has_its_meaning(files, tmp_path):
    for output in ("line-integral", "transmission", "signal", "display"):
        assert drr(files, tmp_path / f"{output}.nrrd", "--output", output, "--no-noise", "--scatter-ratio", 0) == 0
    assert drr(files, tmp_path / "naive.nrrd", "--output", "transmission", "--naive") == 0
    line, transmission, signal, display = (
        image(tmp_path / f"{name}.nrrd") for name in ("line-integral", "transmission", "signal", "display")
    )
    assert torch.allclose(image(tmp_path / "naive.nrrd"), torch.exp(-line), rtol=1e-5)
    assert transmission.max() == pytest.approx(1, abs=1e-4) and 0.05 < transmission.min() < 0.5
    assert torch.allclose(signal / transmission, (signal / transmission)[0, 0].expand(32, 32), rtol=1e-5)
    assert torch.allclose(display, ((-torch.log(transmission) - 0.5) / 6.5).clamp(0, 1), atol=1e-5)


def test_noise_follows_photons_and_seed(files, tmp_path):
    for name, photons, seed in (("a", 1e4 / 16, 1), ("b", 1e4 / 16, 1), ("c", 1e4 / 16, 2), ("d", 1e6 / 16, 1)):
        options = (
            "--photons-per-mm2",
            photons,
            "--seed",
            seed,
            "--output",
            "transmission",
            "--scatter-ratio",
            0,
            "--no-grid",
        )
        assert (
            drr(
                files,
                tmp_path / f"{name}.nrrd",
                *options,
                "--source-to-detector-mm",
                1000,
                "--source-to-isocenter-mm",
                800,
            )
            == 0
        )
    a, b, c, d = (image(tmp_path / f"{name}.nrrd") for name in "abcd")
    assert torch.equal(a, b) and not torch.equal(a, c)
    few, many = (float(torch.cat([x[:, :5], x[:, -5:]]).std()) for x in (a, d))  # air beside the block
    # 1 % relative noise from 10 000 photons, of which the scintillator counts about 0.8, blurred very little
    assert few == pytest.approx(0.01 / np.sqrt(0.8), rel=0.2) and few / many == pytest.approx(10, rel=0.2)


def test_scatter_and_contrast_options_reach_the_image(files, tmp_path):
    quiet = ("--output", "transmission", "--no-noise")
    assert drr(files, tmp_path / "none.nrrd", *quiet, "--scatter-ratio", 0) == 0
    assert drr(files, tmp_path / "much.nrrd", *quiet, "--scatter-ratio", 4, "--no-grid") == 0
    labels = ("--labels", files / "labels.nrrd")
    assert drr(files, tmp_path / "iodine.nrrd", *quiet, "--scatter-ratio", 0, *labels, "--contrast", "2:30") == 0
    assert drr(files, tmp_path / "bones.nrrd", *quiet, "--scatter-ratio", 0, *labels, "--bones", 2, "--kvp", 50) == 0
    none, much, iodine = (image(tmp_path / f"{name}.nrrd") for name in ("none", "much", "iodine"))
    assert (much > none).all() and float(iodine.min()) < float(none.min())


def test_former_options_work_and_say_their_new_names(files, tmp_path, capsys):
    former = (
        "--lao -30 --cran 10 --roll 5 --isocenter 5,-15,25 --sdd-mm 900 --sid-mm 500 --size 32 --pixel-mm 4 "
        "--off-center-mm -3,4 --photons 16000 --scatter 0.5 --window=0,6 --invert --output display"
    )
    present = (
        "--lao-deg -30 --cran-deg 10 --roll-deg 5 --isocenter-ras 5,-15,25 --source-to-detector-mm 900 "
        "--source-to-isocenter-mm 500 --image-size 32 --field-width-mm 128 --field-height-mm 128 --off-right-mm -3 "
        "--off-up-mm 4 --photons-per-mm2 1000 --scatter-ratio 0.5 --window-low 0 --window-high 6 --inverted "
        "--output display"
    )
    ct = str(files / "ct.nrrd")
    assert main(["drr", ct, *former.split(), "--out", str(tmp_path / "former.nrrd"), "--quiet"]) == 0
    told = capsys.readouterr().err
    assert "--lao is now --lao-deg." in told and "--window is now --window-low and --window-high." in told
    assert (
        "--photons, which counts per pixel, is now --photons-per-mm2." in told
        and "--pixel-mm is now --field-width-mm and" in told
    )
    assert main(["drr", ct, *present.split(), "--out", str(tmp_path / "present.nrrd"), "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert torch.equal(image(tmp_path / "former.nrrd"), image(tmp_path / "present.nrrd"))
    assert read_pose(tmp_path / "former.nrrd") == read_pose(tmp_path / "present.nrrd")


def test_shutters_and_the_limits_of_a_named_machine(files, tmp_path, capsys):
    flat = ("--output", "signal", "--no-noise", "--scatter-ratio", 0)
    assert drr(files, tmp_path / "open.nrrd", *flat) == 0
    assert drr(files, tmp_path / "half.nrrd", *flat, "--shutter-left-mm", 64, "--lao-deg", 0) == 0
    whole, half = (image(tmp_path / f"{name}.nrrd") for name in ("open", "half"))
    assert (half[:, :15] < 0.1 * whole[:, :15]).all() and torch.allclose(half[:, 18:], whole[:, 18:], rtol=0.05)
    command = [
        "drr",
        str(files / "ct.nrrd"),
        "--image-size",
        "32",
        "--lao-deg",
        "60",
        "--out",
        str(tmp_path / "a.nrrd"),
    ]
    assert main([*command, "--machine", "cios-spin"]) == 0
    assert "reaches from RAO 110 to LAO 40 only." in capsys.readouterr().err
    assert main(command) == 0
    assert "reaches" not in capsys.readouterr().err, "nobody said which C-arm it is"


def test_saved_views_poses_and_formats(files, tmp_path):
    assert drr(files, tmp_path / "a.png", "--view", "lateral-left", "--detail", 1, "--fit-window") == 0
    assert drr(files, tmp_path / "a.dcm", "--view", "inlet", "--inverted") == 0
    assert float(pydicom.dcmread(tmp_path / "a.dcm").PositionerSecondaryAngle) == pytest.approx(25)
    assert drr(files, tmp_path / "b.nrrd", "--pose", tmp_path / "a.dcm") == 0
    view = View.from_pose(Pose(10, 20, 30, (10, -20, 30)), 900, 500, 24, 20, (3.0, 4.0), (5.0, -6.0))
    write_pose(tmp_path / "pose.json", view)
    assert drr(files, tmp_path / "c.nrrd", "--pose", tmp_path / "pose.json") == 0
    again = record_of(read_pose(tmp_path / "c.nrrd"))
    for name in ("lao_deg", "cran_deg", "roll_deg", "off_center_mm", "pixel_mm", "rows"):
        assert again[name] == pytest.approx(record_of(view)[name])


def test_machine_and_size_keep_the_field(files, tmp_path):
    assert (
        main(
            [
                "drr",
                str(files / "ct.nrrd"),
                "--machine",
                "artis-zee",
                "--image-size",
                "62",
                "--out",
                str(tmp_path / "a.nrrd"),
            ]
        )
        == 0
    )
    read = read_volume(tmp_path / "a.nrrd")
    assert read.shape == (1, 48, 62) and read.spacing_mm[0] * 62 == pytest.approx(2480 * 0.154)


def test_many_poses_resume(files, tmp_path, capsys):
    poses = [{"name": "first", "lao_deg": 20}, {"cran_deg": 10}, {"name": "third", "lao_deg": -20, "roll_deg": 5}]
    (tmp_path / "poses.json").write_text(json.dumps(poses))
    command = ("--poses", tmp_path / "poses.json", "--output", "transmission")
    assert drr(files, tmp_path / "many", *command) == 0
    made = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "many").glob("*.nrrd")}
    assert set(made) == {"first.nrrd", "00001.nrrd", "third.nrrd"}
    before = image(tmp_path / "many" / "third.nrrd")
    (tmp_path / "many" / "third.nrrd").unlink()
    assert drr(files, tmp_path / "many", *command) == 0
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "many").glob("*.nrrd")}
    assert after["first.nrrd"] == made["first.nrrd"] and after["third.nrrd"] != made["third.nrrd"]
    assert torch.equal(image(tmp_path / "many" / "third.nrrd"), before), "the noise is that of the pose"
    assert drr(files, tmp_path / "many", *command, "--kvp", 90) == 2
    assert "other options" in capsys.readouterr().err
    poses[0]["lao_deg"] = 25
    (tmp_path / "poses.json").write_text(json.dumps(poses))
    assert drr(files, tmp_path / "many", *command) == 0
    assert read_pose(tmp_path / "many" / "first.nrrd").pose().lao_deg == pytest.approx(25), (
        "a changed pose is made anew"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--source-to-detector-mm", 0), "--source-to-detector-mm is 0; give a number from 300 to 3000 mm."),
        (("--source-to-detector-mm", 400, "--source-to-isocenter-mm", 600), "larger one"),
        (("--cran-deg", 95), "-90 to 90"), (("--kvp", 200), "40 to 125"), (("--machine", "x"), "cios-spin"),
        (("--kvp", "high"), "--kvp is 'high'; give a finite number."), (("--image-size", 10.5), "whole number"),
        (("--isocenter-ras", "1,2"), "three numbers with commas"), (("--response", "film"), "scintillator"),
        (("--view", "x"), "lateral-left"), (("--view", "ap", "--lao-deg", 3), "cannot be combined"),
        (("--pose", "none.json"), "does not exist"), (("--poses", "none.json", "--out", "folder"), "list of poses"),
        (("--bones", 2), "--labels"), (("--window-low", 8), "exchange"),
        (("--shutter-left-mm", 70, "--shutter-right-mm", 70), "shutter meet"),
        (("--photons-per-mm2", 0), "from 0.1 to"), (("--scatter-ratio", -1), "0 to 10"),
        (("--off-center-mm", "1,2,3"), "two numbers"),
        (("--output", "signal", "--out", "a.png"), "gray"),
        (("--out", "a.jpg"), "unknown file type"),
        (("--source-to-isocenter-mm", 100, "--isocenter-ras", "10,70,30"), "inside the patient"),
        (("--output", "water-path", "--tool", "a.stl:steel"), "CT alone"),
        (("--truth", "t"), "add --labels, --tool"),
    ],
)  # fmt: skip
def test_wrong_input_is_refused_in_words(files, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert drr(files, tmp_path / "a.nrrd", *arguments) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir()), "nothing was written"


@pytest.mark.parametrize("labels", ["--bones=9", "--contrast=9:10", "--contrast=two", "--contrast=2:-1"])
def test_labels_that_are_not_there_are_refused(files, tmp_path, capsys, labels):
    assert drr(files, tmp_path / "a.nrrd", "--labels", files / "labels.nrrd", labels) == 2
    assert capsys.readouterr().err.strip()


def test_a_device_that_is_not_there_is_told(files, tmp_path, capsys):
    assert drr(files, tmp_path / "a.nrrd", "--device", "banana") == 2
    assert "The device 'banana' cannot be used here; leave --device out" in capsys.readouterr().err


def test_a_tool_and_the_truth(files, tmp_path):
    """A steel wire across the block: it darkens what its mask covers, and the files tell all that is in the image."""
    write_stl(tmp_path / "wire.stl", kwire((40, -20, 30), (1, 0, 0), 80, 6))
    points = {"middle": [10, -20, 30], "far": [900, -20, 30]}
    (tmp_path / "points.json").write_text(json.dumps(points))
    common = ("--output", "transmission", "--no-noise", "--scatter-ratio", 0)
    assert drr(files, tmp_path / "plain.nrrd", *common) == 0
    scene = ("--tool", f"{tmp_path / 'wire.stl'}:steel", "--labels", files / "labels.nrrd")
    truth = ("--landmarks", tmp_path / "points.json", "--truth", tmp_path / "truth")
    assert drr(files, tmp_path / "wire.nrrd", *common, *scene, *truth) == 0
    record = json.loads((tmp_path / "truth" / "truth.json").read_text())
    mask, length = (image(tmp_path / "truth" / f"{kind}_tool_wire.nrrd") for kind in ("mask", "length"))
    plain, wire = image(tmp_path / "plain.nrrd"), image(tmp_path / "wire.nrrd")
    assert torch.equal(mask > 0, length > 0) and 5 < length.max() < 6.1
    inner = length > 4
    assert (wire[inner] < 0.7 * plain[inner]).all(), "steel in place of water"
    away = torch.nn.functional.max_pool2d((mask > 0).float()[None], 3, 1, 1)[0] == 0
    assert torch.allclose(wire[away], plain[away], rtol=2e-2)
    seen = {entry["label"]: entry for entry in record["labels"]}
    assert set(seen) == {1, 2} and seen[2]["largest_mm"] == pytest.approx(8, abs=1)
    assert int(image(tmp_path / "truth" / "mask_label_2.nrrd").sum()) == seen[2]["pixels"]
    marks = {entry["name"]: entry for entry in record["landmarks"]}
    assert marks["middle"]["visible"] and marks["middle"]["column_row"] == pytest.approx([15.5, 15.5])
    assert not marks["far"]["visible"] and marks["far"]["unseen"]
    belief = image(tmp_path / "truth" / "belief_middle.nrrd")
    assert int(belief.argmax()) in (15 * 32 + 15, 15 * 32 + 16, 16 * 32 + 15, 16 * 32 + 16)
    assert view_of(record["pose"]).pose().lao_deg == 0


def test_many_images_have_each_their_truth(files, tmp_path):
    (tmp_path / "poses.json").write_text(json.dumps([{"name": "a"}, {"name": "b", "lao_deg": 90}]))
    scene = ("--labels", files / "labels.nrrd", "--truth", tmp_path / "truth")
    assert drr(files, tmp_path / "many", "--poses", tmp_path / "poses.json", *scene) == 0
    for name in ("a", "b"):
        record = json.loads((tmp_path / "truth" / name / "truth.json").read_text())
        assert record["pose"]["lao_deg"] == pytest.approx(90 if name == "b" else 0)


def test_landmarks_of_slicer_are_turned_into_ras(tmp_path):
    point = {"label": "hip", "position": [10.0, 20.0, 30.0]}
    for system, expected in (("LPS", (-10, -20, 30)), ("RAS", (10, 20, 30))):
        markup = {"type": "Fiducial", "coordinateSystem": system, "controlPoints": [point]}
        (tmp_path / "f.mrk.json").write_text(json.dumps({"markups": [markup]}))
        assert read_landmarks(tmp_path / "f.mrk.json") == {"hip": expected}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--tool", "wire.stl"), "mesh and a material"), (("--tool", "none.stl:steel"), "none.stl"),
        (("--tool", "open.stl:steel"), "open.stl"), (("--tool", "wire.stl:cheese"), "no material 'cheese'"),
        (("--landmarks", "points.json"), "--truth"), (("--landmarks", "open.stl", "--truth", "t"), "JSON"),
        (("--landmarks", "list.json", "--truth", "t"), "holds no landmarks"),
    ],
)  # fmt: skip
def test_wrong_tools_and_landmarks_are_refused_in_words(files, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    write_stl(tmp_path / "wire.stl", kwire((0, 0, 0), (1, 0, 0)))
    whole = kwire((0, 0, 0), (1, 0, 0))
    facets = [whole.vertices_ras[triangle] for triangle in whole.triangles[1:]]
    lines = ["solid open"]
    for corners in facets:
        lines += [
            "facet normal 0 0 0",
            "outer loop",
            *(f"vertex {x} {y} {z}" for x, y, z in corners),
            "endloop",
            "endfacet",
        ]
    (tmp_path / "open.stl").write_text("\n".join([*lines, "endsolid open"]))
    (tmp_path / "points.json").write_text("{}")
    (tmp_path / "list.json").write_text("[1, 2]")
    assert drr(files, tmp_path / "a.nrrd", *arguments) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "a.nrrd").exists()
