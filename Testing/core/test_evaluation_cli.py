"""``synthetic-imaging evaluate``: files and folders in, tables out, and what is refused."""

import csv
import json

import numpy as np
import pytest

from synthetic_imaging.cli import main
from synthetic_imaging.io import write_volume
from synthetic_imaging.volume import Volume

SEGMENT = {"Segment0_Name": "liver", "Segment0_LabelValue": "1", "Segment1_Name": "tumor", "Segment1_LabelValue": "2"}


def labels(shift=0, spacing_mm=1.0, tumor=True, metadata=None) -> Volume:
    """A liver of 12³ voxels with a tumor of 4³ in it, moved along i."""
    array = np.zeros((16, 16, 24), np.uint8)
    array[2:14, 2:14, 2 + shift : 14 + shift] = 1
    if tumor:
        array[6:10, 6:10, 6 + shift : 10 + shift] = 2
    return Volume.from_numpy(array, np.diag([spacing_mm] * 3 + [1]), metadata)


def rows(path) -> list[dict]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def refused(capsys, *arguments) -> str:
    capsys.readouterr()
    assert main(["evaluate", *map(str, arguments)]) == 2
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return told.err.strip().splitlines()[-1]


def test_two_files(tmp_path, capsys):
    write_volume(tmp_path / "p.nrrd", labels(1))
    write_volume(tmp_path / "r.nii.gz", labels())
    files = [str(tmp_path / "p.nrrd"), str(tmp_path / "r.nii.gz")]
    assert main(["evaluate", *files, "--lesions", "2", "--out", str(tmp_path / "out" / "t.csv")]) == 0
    told = capsys.readouterr()
    assert "label 2 (2): 1 of 1 lesions found" in told.out and "Measuring r" in told.err
    liver, tumor = rows(tmp_path / "out" / "t.csv")
    assert liver["case"] == "r" and float(tumor["dice"]) == 0.75 and float(tumor["msd_mm"]) == 1
    assert [row["found"] for row in rows(tmp_path / "out" / "t-lesions.csv")] == ["1"]
    described = json.loads((tmp_path / "out" / "t.json").read_text())
    assert described["measures"]["tolerance_mm"] == 2 and described["scores"][1]["dice"] == 0.75
    assert described["summary"][0]["low"] is None, "one case has no interval"


def test_folders_are_matched_by_name(tmp_path, capsys):
    predictions, references = tmp_path / "p", tmp_path / "r"
    for case, shift in (("a", 0), ("b", 1), ("c", 2)):
        write_volume(predictions / f"{case}.seg.nrrd", labels(shift))
        write_volume(references / f"{case}.nii.gz", labels())
    write_volume(predictions / "stray.nrrd", labels())
    write_volume(references / "empty.nrrd", labels(tumor=False).like(np.zeros((16, 16, 24), np.uint8)))
    write_volume(predictions / "empty.nrrd", labels(tumor=False))
    assert (
        main(["evaluate", str(predictions), str(references), "--out", str(tmp_path / "t.csv"), "--tolerance-mm", "1"])
        == 0
    )
    told = capsys.readouterr()
    assert "1 of" in told.err and "without a partner: stray" in told.err
    table = rows(tmp_path / "t.csv")
    assert [row["case"] for row in table] == ["a", "a", "b", "b", "c", "c", "empty"]
    assert table[-1]["dice"] == "0" and table[-1]["asd_mm"] == "" and table[-1]["rvd_percent"] == ""
    summary = {(row["label"], row["measure"]): row for row in rows(tmp_path / "t-summary.csv")}
    assert summary["1", "dice"]["cases"] == "4" and summary["1", "asd_mm"]["cases"] == "3"
    assert summary["1", "dice"]["invented"] == "1" and summary["2", "nsd"]["cases"] == "3"
    assert (
        float(summary["2", "dice"]["low"]) < float(summary["2", "dice"]["mean"]) < float(summary["2", "dice"]["high"])
    )


def test_names_of_segments_and_of_a_file_beside(tmp_path, capsys):
    write_volume(tmp_path / "p" / "a.seg.nrrd", labels(metadata=SEGMENT))
    swapped = labels()
    swapped = swapped.like(np.choose(swapped.numpy(), [0, 2, 1]).astype(np.uint8))
    write_volume(tmp_path / "r" / "a.nrrd", swapped)
    (tmp_path / "r" / "labels.json").write_text('{"labels": {"2": "Liver", "1": "Tumor"}}')
    files = [str(tmp_path / "p"), str(tmp_path / "r")]
    assert main(["evaluate", *files, "--lesions", "tumor", "--out", str(tmp_path / "t.csv")]) == 0
    assert [(row["name"], row["dice"]) for row in rows(tmp_path / "t.csv")] == [("Tumor", "1"), ("Liver", "1")]
    assert main(["evaluate", *files, "--match", "value", "--out", str(tmp_path / "v.csv")]) == 0
    assert [float(row["dice"]) for row in rows(tmp_path / "v.csv")] == [0, 0]
    (tmp_path / "r" / "labels.json").write_text("[]")
    assert "does not name labels like" in refused(capsys, *files, "--out", tmp_path / "n.csv")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("p.nrrd", "gone.nrrd", "--out", "t.csv"), "does not exist"),
        (("p.nrrd", "folder", "--out", "t.csv"), "give two files, or two folders"),
        (("folder", "folder", "--out", "t.csv"), "holds no file that ends in"),
        (("p.nrrd", "coarse.nrrd", "--out", "t.csv"), "another grid"),
        (("p.nrrd", "p.nrrd", "--out", "t.txt"), "end its name in .csv"),
        (("p.nrrd", "p.nrrd", "--out", "t.csv", "--lesions", "nodule"), "no label 'nodule'"),
        (("p.nrrd", "p.nrrd", "--out", "t.csv", "--tolerance-mm", "-1"), "tolerance"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(tmp_path, capsys, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    write_volume("p.nrrd", labels())
    write_volume("coarse.nrrd", labels(spacing_mm=2))
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert sentence in refused(capsys, *arguments)
    assert sorted(tmp_path.rglob("*")) == before


def test_two_files_of_one_case_are_refused(tmp_path, capsys):
    for name in ("a.nrrd", "a.nii.gz"):
        write_volume(tmp_path / name, labels())
    assert "two files for the case 'a'" in refused(capsys, tmp_path, tmp_path, "--out", tmp_path / "t.csv")


def test_another_grid_is_resampled_on_demand(tmp_path, capsys):
    write_volume(tmp_path / "p.nrrd", labels())
    larger = np.pad(labels().numpy(), 2)
    matrix = np.eye(4)
    matrix[:3, 3] = -2.25
    write_volume(tmp_path / "r.nrrd", Volume.from_numpy(larger, matrix))
    files = [str(tmp_path / "p.nrrd"), str(tmp_path / "r.nrrd")]
    assert main(["evaluate", *files, "--resample", "--out", str(tmp_path / "t.csv")]) == 0
    assert "resampled" in capsys.readouterr().err and all(row["dice"] == "1" for row in rows(tmp_path / "t.csv"))


def test_another_box_of_the_same_voxels_needs_no_resampling(tmp_path, capsys):
    """As Slicer writes segmentations: cut to what is drawn."""
    write_volume(tmp_path / "p.nrrd", labels())
    matrix = np.eye(4)
    matrix[:3, 3] = -2
    write_volume(tmp_path / "r.nrrd", Volume.from_numpy(np.pad(labels().numpy(), 2), matrix))
    assert main(["evaluate", str(tmp_path / "p.nrrd"), str(tmp_path / "r.nrrd"), "--out", str(tmp_path / "t.csv")]) == 0
    assert "resampled" not in capsys.readouterr().err and all(row["dice"] == "1" for row in rows(tmp_path / "t.csv"))
