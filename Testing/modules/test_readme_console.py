"""The examples for Slicer's Python console do what they say."""

import json

import pytest
from readme import CONSOLE, blocks

FIRST_LINES = {
    "# Slicer console",
    "# Slicer console: X-ray images",
    "# Slicer console: segmentations",
    "# Slicer console: a reader study",
}


def test_every_example_is_run_here():
    assert {code.splitlines()[0] for code in blocks("python", CONSOLE)} == FIRST_LINES


@pytest.mark.slow
def test_console_example(host, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("python", "# Slicer console\n")
    names = {}
    exec(compile(code, "console.md", "exec"), names)
    record = json.loads((tmp_path / "result" / "lesions.json").read_text(encoding="utf-8"))
    first, *others = [entry["lesion"] for entry in record["lesions"]]
    assert first["preset"] == "metastasis-colorectal" and first["radius_mm"] == 9 and first["contrast_hu"] == -55
    assert 3 <= len(others) <= 10 and all(lesion["radius_mm"] <= 4 for lesion in others)
    assert (tmp_path / "result" / "ct.nrrd").exists()
    names["logic"].cleanup()


@pytest.mark.slow
def test_xray_example(host, tmp_path, monkeypatch):
    from slicer.util import arrayFromVolume

    monkeypatch.chdir(tmp_path)
    (code,) = blocks("python", "# Slicer console: X-ray images")
    names = {}
    exec(compile(code, "console.md", "exec"), names)
    plain, withWire = arrayFromVolume(names["kept"])[0], arrayFromVolume(names["image"])[0]
    assert plain.shape == (512, 512) and (withWire - plain).max() > 1 > abs(withWire - plain)[:40].max()
    assert names["browser"].GetNumberOfItems() == 4
    pose = json.loads((tmp_path / "pose.json").read_text(encoding="utf-8"))
    assert (round(pose["lao_deg"], 6), round(pose["cran_deg"], 6)) == (30, -10)
    assert (tmp_path / "xray.dcm").stat().st_size > 512 * 512
    names["logic"].cleanup()


@pytest.mark.slow
def test_segmentation_example(host, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNTHETIC_IMAGING_MODELS", str(tmp_path / "models"))
    (code,) = blocks("python", "# Slicer console: segmentations")
    names = {}
    exec(compile(code, "console.md", "exec"), names)
    assert names["fast"].GetSegmentation().GetSegmentIDs() == ("body",)
    assert 0.8 < names["scores"]["dice"] <= 1 and names["scores"]["name"] == "Body"
    assert not [entry for entry in names["logic"].models() if entry.installed]


@pytest.mark.slow
def test_reader_study_example(host, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("python", "# Slicer console: a reader study")
    names = {}
    exec(compile(code, "console.md", "exec"), names)
    assert names["found"]["cases"] == 6 and not names["found"]["leaks"]
    assert names["nodes"]["tables"]["readers"].GetNumberOfRows() == 1
    written = {path.name for path in (tmp_path / "study-report").iterdir()}
    assert {"report.html", "report.pdf", "reads.csv", "results.json"} <= written
    assert len(names["report"]["analysis"]["reads"]) == 8
    names["logic"].cleanup()
