"""A folder of CTs: pairs by name, seeds by name, resumption, and failures that stop nothing."""

import json
import shutil

import numpy as np
import pytest
import tumor_bodies
from hypothesis import given
from hypothesis import strategies as st

from synthetic_imaging.cli import cases, main
from synthetic_imaging.cli.tumor_batch import entries_of, seed_of
from synthetic_imaging.errors import InputError
from synthetic_imaging.io import read_volume, write_volume


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folders cts (a.nrrd, b_0000.nii.gz, the DICOM series c) and organs (a.nii.gz, b.nrrd, c.mha)."""
    folder = tmp_path_factory.mktemp("many")
    for seed, (ct_name, organ_name) in enumerate([("a.nrrd", "a.nii.gz"), ("b_0000.nii.gz", "b.nrrd"), ("c", "c.mha")]):
        grid = tumor_bodies.grid((2.0, 2.0, 2.5))
        ct, organ, _ = tumor_bodies.body(size_mm=60, ijk_to_ras=grid, seed=seed)
        write_volume(folder / "cts" / ct_name, ct)
        write_volume(folder / "organs" / organ_name, organ)
    return folder


@pytest.fixture
def folders(made, tmp_path):
    for name in ("cts", "organs"):
        shutil.copytree(made / name, tmp_path / name)
    return tmp_path


def run(folders, *arguments, quiet=True, out="out") -> int:
    places = [str(folders / name) for name in ("cts", "organs")]
    given = ["--radius-mm", "4", *map(str, arguments), "--out", str(folders / out), *(["--quiet"] if quiet else [])]
    return main(["tumor-batch", *places, *given])


def results(folders, out="out") -> dict:
    return {path.parent.name: path.stat().st_mtime_ns for path in (folders / out).glob("*/lesions.json")}


def test_every_ct_gets_a_result_with_a_progress_bar(folders, capsys):
    assert run(folders, "--count", 2, quiet=False) == 0
    assert set(results(folders)) == {"a", "b_0000", "c"}
    told = capsys.readouterr()
    assert "3/3" in told.err and "3 of 3 cases" in told.out
    places = set()
    for name in results(folders):
        record = json.loads((folders / "out" / name / "lesions.json").read_text())
        assert len(record["lesions"]) == 2
        places |= {tuple(entry["lesion"]["center_ras"]) for entry in record["lesions"]}
        assert (read_volume(folders / "out" / name / "labels.nrrd").numpy() == 2).any()
    assert len(places) == 6


def test_a_case_is_the_same_in_any_company(folders):
    assert run(folders, "--seed", 5) == 0
    (folders / "cts" / "a.nrrd").unlink()
    assert run(folders, "--seed", 5, out="fewer") == 0
    for name in ("b_0000", "c"):
        for file in ("ct.nrrd", "instances.nrrd"):
            first, second = (read_volume(folders / out / name / file).numpy() for out in ("out", "fewer"))
            np.testing.assert_array_equal(first, second)


@given(seed=st.integers(0, 2**40), names=st.sets(st.text(min_size=1), min_size=2, max_size=20))
def test_seeds_depend_on_seed_and_name(seed, names):
    seeds = {seed_of(seed, name) for name in names}
    assert seeds == {seed_of(seed, name) for name in sorted(names, reverse=True)}
    assert all(0 <= one < 2**31 for one in seeds)
    assert len(seeds) == len(names)
    assert seeds.isdisjoint({seed_of(seed + 1, name) for name in names})


def test_an_interrupted_batch_resumes(folders, monkeypatch, capsys):
    read, calls = cases.read_case, []

    def interrupted(options, ct, *rest):
        calls.append(ct.name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return read(options, ct, *rest)

    monkeypatch.setattr(cases, "read_case", interrupted)
    assert run(folders) == 130
    first = results(folders)
    assert set(first) == {"a"} and {path.name for path in (folders / "out").iterdir()} == {"a", "batch.json"}
    assert run(folders, quiet=False) == 0
    assert "1 of 3 cases are complete already" in capsys.readouterr().out
    assert calls == ["a.nrrd", "b_0000.nii.gz", "b_0000.nii.gz", "c"]
    assert results(folders)["a"] == first["a"] and len(results(folders)) == 3
    assert run(folders, out="whole") == 0
    for name in first:
        again = read_volume(folders / "whole" / name / "ct.nrrd").numpy()
        np.testing.assert_array_equal(read_volume(folders / "out" / name / "ct.nrrd").numpy(), again)


def test_a_batch_that_loses_its_folder_says_so(folders, monkeypatch, capsys):
    """Deleted or unmounted while it works: neither before the next case nor at the end is that taken for success."""
    read, calls = cases.read_case, []

    def losing(options, ct, *rest):
        calls.append(ct.name)
        if len(calls) == 2:
            shutil.rmtree(folders / "out")
        return read(options, ct, *rest)

    monkeypatch.setattr(cases, "read_case", losing)
    assert run(folders) == 2 and len(calls) == 2
    assert "has gone while cases were made" in capsys.readouterr().err
    shutil.rmtree(folders / "out")
    assert run(folders) == 0 and len(results(folders)) == 3


def test_a_case_that_is_taken_away_meanwhile_is_a_failure(folders, monkeypatch, capsys):
    read = cases.read_case

    def losing(options, ct, *rest):
        if ct.name == "c":
            shutil.rmtree(folders / "out" / "a")
        return read(options, ct, *rest)

    monkeypatch.setattr(cases, "read_case", losing)
    assert run(folders, quiet=False) == 1
    told = capsys.readouterr()
    assert "2 of 3 cases are in" in told.out and "a: was made and is gone" in told.err


def test_an_incomplete_case_is_made_again(folders):
    assert run(folders) == 0
    before = results(folders)
    (folders / "out" / "a" / "labels.nrrd").unlink()
    (folders / "out" / "c" / "lesions.json").write_text("{")
    assert run(folders) == 0
    after = results(folders)
    assert (folders / "out" / "a" / "labels.nrrd").exists()
    assert after["b_0000"] == before["b_0000"] and after["a"] != before["a"] and after["c"] != before["c"]


def test_failures_are_listed_and_stop_nothing(folders, capsys):
    (folders / "organs" / "a.nii.gz").unlink()
    (folders / "cts" / "d.nrrd").write_bytes(b"NRRD0004\nnot really")
    shutil.copy(folders / "organs" / "b.nrrd", folders / "organs" / "d.nrrd")
    assert run(folders, quiet=False) == 1
    told = capsys.readouterr()
    assert set(results(folders)) == {"b_0000", "c"}
    assert "2 of 4 cases are in" in told.out
    failures = [line for line in told.err.splitlines() if line.startswith("synthetic-imaging: ")]
    assert len(failures) == 2
    assert "a: has no organ" in failures[0] and "d: 'd.nrrd'" in failures[1]
    assert not (folders / "out" / "a").exists() and not (folders / "out" / "d").exists()


def test_an_unexpected_error_is_a_failure_of_its_case(folders, monkeypatch, capsys):
    read = cases.read_case

    def broken(options, ct, *rest):
        if ct.name == "c":
            raise ZeroDivisionError("a bug")
        return read(options, ct, *rest)

    monkeypatch.setattr(cases, "read_case", broken)
    assert run(folders) == 1
    assert "c: unexpected ZeroDivisionError: a bug." in capsys.readouterr().err
    assert len(results(folders)) == 2


def test_warnings_name_their_case(folders, capsys):
    organ = read_volume(folders / "organs" / "b.nrrd")
    shifted = organ.ijk_to_ras.copy()
    shifted[0, 3] += 1
    write_volume(folders / "organs" / "b.nrrd", type(organ)(organ.data, shifted))
    assert run(folders) == 0
    assert "b_0000: warning: 'b.nrrd' lies on another grid" in capsys.readouterr().err


def test_a_batch_is_not_resumed_with_other_options(folders, capsys):
    assert run(folders, "--seed", 1) == 0
    before = results(folders)
    assert run(folders, "--seed", 2) == 2
    assert "made with other options" in capsys.readouterr().err
    assert results(folders) == before


def test_a_batch_of_version_0_1_is_resumed(folders, capsys):
    assert run(folders, "--count", 2, "--seed", 1, "--satellite-count", 1) == 0
    before = results(folders)
    record = {"preset": None, "level": None, "count": 2, "radius_mm": 4.0, "contrast_hu": None, "without": None,
              "satellites": 1, "seed": 1, "organ_value": None, "dicom": False}  # fmt: skip
    (folders / "out" / "batch.json").write_text(json.dumps(record, indent=2))
    assert run(folders, "--count", 2, "--seed", 1, "--satellites", 1) == 0 and results(folders) == before
    assert run(folders, "--count", 2, "--seed", 1) == 2
    (folders / "out" / "batch.json").write_text("[")
    assert run(folders, "--count", 2, "--seed", 1, "--satellite-count", 1) == 2
    assert "made with other options" in capsys.readouterr().err


def test_folders_that_cannot_be_used(folders, capsys):
    def refused(*arguments) -> str:
        assert main(["tumor-batch", *map(str, arguments), "--out", str(folders / "out"), "--quiet"]) == 2
        assert not (folders / "out").exists()
        return capsys.readouterr().err

    assert "is not a folder" in refused(folders / "cts" / "a.nrrd", folders / "organs")
    assert "two folders" in refused(folders / "cts", folders / "cts")
    assert "--preset is 'wart'" in refused(folders / "cts", folders / "organs", "--preset", "wart")
    (folders / "empty").mkdir()
    assert "holds no CT" in refused(folders / "empty", folders / "organs")
    assert "should be called, for instance, 'a.nrrd'" in refused(folders / "cts", folders / "empty")
    shutil.copy(folders / "organs" / "b.nrrd", folders / "cts" / "a.mha")
    with pytest.raises(InputError, match="same name"):
        entries_of(folders / "cts", folders / "organs")
