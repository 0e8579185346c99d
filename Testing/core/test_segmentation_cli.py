"""The verbs models and segment."""

import json
import subprocess
import sys

import numpy as np
import pytest
import segmentation_models as models
import SimpleITK as sitk

from synthetic_imaging import segmentation
from synthetic_imaging.cli import main
from synthetic_imaging.io import read_volume, write_volume
from synthetic_imaging.segmentation.postprocessing import Crf, FillHoles, HuRange, LargestComponent, Within
from synthetic_imaging.segmentation.processing import segmented
from synthetic_imaging.steps import finished


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with model.zip and ct.nrrd; the catalog lies in it too."""
    monkeypatch.setenv("SYNTHETIC_IMAGING_MODELS", str(tmp_path / "models"))
    models.package(tmp_path / "model.zip")
    write_volume(tmp_path / "ct.nrrd", models.image())
    return tmp_path


def run(*arguments) -> int:
    return main([str(argument) for argument in arguments])


def test_models_are_listed_imported_shown_and_removed(folder, capsys):
    assert run("models", "list") == 0
    assert "  totalsegmentator-organs" in capsys.readouterr().out
    assert run("models", "import", folder / "model.zip") == 0
    assert run("models", "list") == 0 and "* tiny" in capsys.readouterr().out
    assert run("models", "list", "--json") == 0
    listed = {entry["id"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert listed["tiny"]["installed"] and not listed["totalsegmentator-tissue-types"]["commercial"]
    assert run("models", "show", "tiny") == 0
    shown = capsys.readouterr().out
    assert "Tests only." in shown and "liver, spleen" in shown and "Dice 0.9" in shown
    assert run("models", "remove", "tiny") == 0
    assert run("models", "show", "tiny") == 2
    assert "no model 'tiny'" in capsys.readouterr().err


def test_a_license_is_agreed_to_first(folder, capsys):
    assert run("models", "download", "totalsegmentator-tissue-types") == 2
    assert "no address" in capsys.readouterr().err


@pytest.mark.parametrize("imported", [False, True])
def test_labels_with_names_and_colors(folder, capsys, imported):
    name = folder / "model.zip"
    if imported:
        assert run("models", "import", name) == 0
        name = "tiny"
    out = folder / "organs.seg.nrrd"
    assert run("segment", folder / "ct.nrrd", "--model", name, "--tile-step", 0.7, "--no-mirror", "--out", out) == 0
    model = segmentation.open_model(folder / "model.zip")
    volume = read_volume(folder / "ct.nrrd")
    expected = finished(segmented(model, [volume], segmentation.Settings(tile_step=0.7)))
    labels = read_volume(out)
    assert np.array_equal(labels.numpy(), expected.numpy()) and labels.same_grid(volume)
    header = sitk.ReadImage(str(out))
    assert header.GetMetaData("Segment0_Name") == "liver" and header.GetMetaData("Segment1_LabelValue") == "2"
    assert "SCT^10200004^Liver" in header.GetMetaData("Segment0_Tags")
    assert capsys.readouterr().out.endswith("organs.seg.nrrd'.\n")


def test_a_folder_resumes_and_goes_on_after_a_failure(folder, capsys):
    cases = folder / "cases"
    for index, name in enumerate(("a.nrrd", "b_0000.nii.gz", "c.nrrd")):
        write_volume(cases / name, models.image(seed=index))
    (cases / "broken.nrrd").write_text("nothing")
    arguments = ("segment", "--folder", cases, "--model", folder / "model.zip", "--out", folder / "out")
    assert run(*arguments) == 1
    assert {path.name for path in (folder / "out").iterdir()} == {
        "segment.json",
        *(f"{name}.seg.nrrd" for name in "abc"),
    }
    assert "broken" in capsys.readouterr().err
    (cases / "broken.nrrd").unlink()
    before = (folder / "out" / "a.seg.nrrd").stat().st_mtime_ns
    assert run(*arguments) == 0
    assert (folder / "out" / "a.seg.nrrd").stat().st_mtime_ns == before


def test_a_folder_is_not_resumed_with_another_model_or_setting(folder, capsys):
    write_volume(folder / "cases" / "a.nrrd", models.image())
    models.package(folder / "other.zip", weights=models.random_weights("PlainConvUNet", models.OWN, 1))
    command = ["segment", "--folder", folder / "cases", "--out", folder / "out", "--model"]
    assert run(*command, folder / "model.zip") == 0
    for changed in ([folder / "other.zip"], [folder / "model.zip", "--crf"], [folder / "model.zip", "--mirror"]):
        assert run(*command, *changed) == 2 and "made with other options" in capsys.readouterr().err
    assert run(*command, folder / "model.zip") == 0 and "complete already" in capsys.readouterr().out


def test_channels_of_a_folder_are_one_case(folder):
    two = models.nnunet_folder(folder / "two", channels=("A", "B"), schemes=("ZScoreNormalization",) * 2)
    for name in ("x_0000.nrrd", "x_0001.nrrd"):
        write_volume(folder / "cases" / name, models.image(seed=len(name)))
    assert run("segment", "--folder", folder / "cases", "--model", two, "--out", folder / "out") == 0
    assert {path.name for path in (folder / "out").iterdir()} == {"segment.json", "x.seg.nrrd"}


def test_folds_and_a_region(folder):
    three = models.nnunet_folder(folder / "folds", folds=3)
    out, within = folder / "labels.nrrd", folder / "within.nrrd"
    mask = np.zeros(models.image().shape, np.uint8)
    mask[8:12, 10:14, 9:13] = 1
    write_volume(within, models.image().like(mask))
    options = ("--fold", 0, "--fold", 2, "--within", within, "--margin-mm", 0)
    assert run("segment", folder / "ct.nrrd", "--model", three, *options, "--out", out) == 0
    labels = read_volume(out).numpy()
    assert labels.any() and not labels[mask == 0].any()


@pytest.mark.parametrize(("arguments", "steps", "own"), [
    ((), (), True),
    (("--no-own-steps",), (), False),
    (("--no-own-steps", "--crf"), (Crf(),), False),
    (("--step", "largest_component:labels=1+2,connectivity=faces", "--step", "hu_range:low=-50.5,high=150"),
     (LargestComponent((1, 2), connectivity="faces"), HuRange(low=-50.5, high=150)), True),
    (("--step", "within:organ=1,margin_mm=5", "--crf", "--step", "fill_holes"),
     (Within(organ=1, margin_mm=5), FillHoles(), Crf()), True),
])  # fmt: skip
def test_steps_after_the_model(folder, arguments, steps, own):
    out = folder / "labels.nrrd"
    assert run("segment", folder / "ct.nrrd", "--model", folder / "model.zip", *arguments, "--out", out) == 0
    model, volume = segmentation.open_model(folder / "model.zip"), read_volume(folder / "ct.nrrd")
    labels = finished(segmented(model, [volume], segmentation.Settings(), None, steps, own))
    assert np.array_equal(read_volume(out).numpy(), labels.numpy())


@pytest.mark.parametrize(("arguments", "words"), [
    (("ct.nrrd", "--out", "x.nrrd", "--step", "polish"), "name is one of largest_component"),
    (("ct.nrrd", "--out", "x.nrrd", "--step", "crf:w1=many"), "w1 is 'many'; give a finite number"),
    (("ct.nrrd", "--out", "x.nrrd", "--step", "crf:speed=2"), "speed"),
    (("ct.nrrd", "--out", "x.nrrd", "--step", "fill_holes:labels=1+x"), "give label numbers"),
    (("--out", "x.seg.nrrd"), "images of one case"),
    (("ct.nrrd", "--folder", ".", "--out", "x.seg.nrrd"), "images of one case"),
    (("ct.nrrd", "--out", "x.jpg"), "does not say a file type"),
    (("ct.nrrd", "--out", "x.nrrd", "--preset", "best"), "choose one of quality, balanced, fast"),
    (("ct.nrrd", "--out", "x.nrrd", "--fold", "5"), "no fold 5"),
    (("ct.nrrd", "ct.nrrd", "--out", "x.nrrd"), "takes 1 image (CT) and was given 2"),
])  # fmt: skip
def test_wrong_commands_get_a_sentence(folder, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(folder)
    assert run("segment", *arguments, "--model", "model.zip") == 2
    assert words in capsys.readouterr().err
    assert not list(folder.glob("x.*"))


def test_a_program_is_told_how_far_it_is(folder, capsys):
    arguments = ("segment", folder / "ct.nrrd", "--model", folder / "model.zip", "--progress", "--quiet")
    assert run(*arguments, "--out", folder / "x.nrrd") == 0
    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert steps[0]["stage"] == "Preparing the image" and steps[-1]["stage"] == "Cleaning up"
    assert {"stage": "Segmenting", "percent": 100, "seconds_left": 0} in steps


@pytest.mark.parametrize("verb", ["models", "segment"])
def test_help_has_an_example_and_needs_no_engine(verb):
    loaded = "assert 'torch' not in sys.modules"
    code = f"import sys; from synthetic_imaging.cli import main; main(['{verb}', '--help']); {loaded}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"  synthetic-imaging {verb}" in done.stdout.split("example:")[1]


@pytest.mark.parametrize("module", ["catalog", "postprocessing", "recipe", "segments", "settings"])
def test_what_the_window_itself_uses_needs_no_engine(module):
    """Loading it would stop the window for seconds."""
    code = f"import sys, synthetic_imaging.segmentation.{module}; assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
