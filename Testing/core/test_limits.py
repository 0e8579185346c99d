"""What is too large, too long or no file is refused before it is tried; nothing ends in an unexpected error."""

import json
import os

import cli_extremes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthetic_imaging import memory
from synthetic_imaging.cli import main
from synthetic_imaging.errors import InputError
from synthetic_imaging.phantom import torso
from synthetic_imaging.reading.statistics.observers import Simulation
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import image
from synthetic_imaging.xray.geometry import Pose, View

LONG = "x" * 300
VERBS = ["drr", "tumor", "tumor-batch", "study new", "study check", "study report", "study export",
         "evaluate", "models", "segment"]  # fmt: skip


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extremes")
    cli_extremes.make_inputs(folder)
    return folder


def drr(inputs, *arguments):
    return ["drr", str(inputs / "ct.nrrd"), "--image-size", "16", *map(str, arguments)]


def refused(capsys, command) -> str:
    assert main(command) == 2, command
    told = capsys.readouterr()
    assert "unexpected" not in told.err and "Traceback" not in told.err
    return told.err.strip().splitlines()[-1]


def commands_of(folder):
    """What can be drawn: (verb, option or "" for the first argument, value)."""
    return st.sampled_from(VERBS).flatmap(
        lambda words: st.tuples(
            st.just(words),
            st.sampled_from(list(cli_extremes.options_of(words))),
            st.sampled_from([*cli_extremes.TEXTS, *(str(folder / name) for name in cli_extremes.FILES)]),
        )
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_extreme_values_of_any_option_are_done_or_refused(inputs, data):
    words, action, value = data.draw(commands_of(inputs))
    command = cli_extremes.with_value(inputs, words, action, value)
    status, told = cli_extremes.attempt(inputs, command)
    assert not cli_extremes.is_fault(status, told), (command, told)


def test_more_poses_than_a_run_makes_are_refused_before_the_first(inputs, tmp_path, capsys):
    (tmp_path / "many.json").write_text(json.dumps([{"lao_deg": 0}] * 20_001))
    told = refused(capsys, drr(inputs, "--poses", tmp_path / "many.json", "--out", tmp_path / "out"))
    assert "'many.json' lists 20,001 poses; one run makes up to 20,000 images" in told
    assert not (tmp_path / "out").exists()


def test_a_simulated_study_that_is_too_large_is_refused():
    with pytest.raises(InputError, match="1000 readers of 10000 cases are 10,000,000 reads; up to 50,000"):
        Simulation(readers=1000, cases=10000)


def test_an_image_that_the_memory_does_not_hold_is_refused_with_what_fits(monkeypatch):
    for module in (memory, image):
        monkeypatch.setattr(module, "free_bytes", lambda: 100_000_000)
    ct = Volume.from_numpy(np.full((4, 4, 4), -1000, np.int16), np.eye(4))
    view = View.from_pose(Pose(), 1000, 600, 4000, 8000, (0.1, 0.1))
    with pytest.raises(InputError, match=r"4000 x 8000 pixels takes about 3.8 GB of memory, and 0.1 GB .*1290 columns"):
        image.render(ct, view)
    image.refuse_too_large(view.resized(1290))
    with pytest.raises(InputError, match=r"A torso of 2000 x 2000 x 2000 voxels takes about 320.0 GB .* smaller shape"):
        torso(shape=(2000, 2000, 2000))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", f"{LONG}.nrrd"], "too long"),
        (["--out", "o.nrrd", "--tool", f"{LONG}:steel"], "too long"),
        (["--out", "o.nrrd", "--labels", LONG], "does not exist"),
        (["--out", "o.nrrd", "--pose", LONG], "too long"),
        (["--out", "o.nrrd", "--landmarks", LONG, "--truth", "t"], "too long"),
        (["--out", LONG, "--poses", "poses.json"], "too long"),
        (["--out", "o.xyz"], "unknown file type"),
        (["--out=--"], "--out is '--', which is no value"),
        (["--out", "poses.json/o.nrrd"], "could not be written"),
        (["--out", "film\udcff.nrrd"], "no text in UTF-8"),
        (["--out", "~nobody-here/o.nrrd"], "names a home folder that is not there"),
    ],
)
def test_names_are_refused_in_words(inputs, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "poses.json").write_text('[{"lao_deg": 0}]')
    assert words in refused(capsys, drr(inputs, *arguments))
    assert [path.name for path in tmp_path.iterdir()] == ["poses.json"]


def test_an_image_does_not_take_the_place_of_what_it_is_made_of(inputs, capsys):
    before = (inputs / "ct.nrrd").read_bytes()
    told = refused(capsys, drr(inputs, "--out", inputs / "folder" / ".." / "ct.nrrd"))
    assert "--out would replace" in told and (inputs / "ct.nrrd").read_bytes() == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everybody may read, or this one")
def test_a_file_that_may_not_be_read_is_told(inputs, tmp_path, capsys):
    told = refused(capsys, drr(inputs, "--pose", inputs / "closed", "--out", tmp_path / "o.nrrd"))
    assert "Permission denied" in told


def test_memory_that_ends_is_told(inputs, tmp_path, monkeypatch, capsys):
    from synthetic_imaging.cli import drr_images

    def run_out(*arguments, **options):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 34359738368 bytes.")

    monkeypatch.setattr(drr_images, "make", run_out)
    assert main(drr(inputs, "--out", tmp_path / "o.nrrd")) == 1
    told = capsys.readouterr().err
    assert "the memory of this computer does not hold it" in told and "unexpected" not in told
