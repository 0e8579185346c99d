"""The study owner's tasks in a process of their own: requests and answers of plain values."""

import json
import os
import subprocess
import sys

import pytest
import study_bodies
from study_sessions import answer_some, make_study

from synthetic_imaging.errors import InputError
from synthetic_imaging.reading import key as keys
from synthetic_imaging.reading.conduct.session import open_session
from synthetic_imaging.reading.making.cases import CaseInput, LesionSite, cases_from_table, table_of_cases
from synthetic_imaging.reading.worker import perform


def run_process(folder, request, passphrase=""):
    """The answer and the progress lines of a worker process."""
    ask, reply = folder / "request.json", folder / "answer.json"
    ask.write_text(json.dumps(request))
    environment = os.environ | {keys.PASSPHRASE_VARIABLE: passphrase}
    command = [sys.executable, "-m", "synthetic_imaging.reading.worker", str(ask), str(reply)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(reply.read_text()), [json.loads(line) for line in done.stdout.splitlines()]


def test_cases_survive_the_way_to_another_process(tmp_path):
    site = LesionSite((1.0, -2.0, 3.5), 6.0, "deep")
    case = CaseInput(tmp_path / "a.nrrd", "real", (site,), "scanner", tmp_path / "organ.nrrd", (38, 39))
    assert CaseInput.from_dict(json.loads(json.dumps(case.to_dict()))) == case
    bare = CaseInput(tmp_path / "b.nrrd", "host")
    assert CaseInput.from_dict(json.loads(json.dumps(bare.to_dict()))) == bare


def test_a_table_gives_the_cases_back_that_it_was_written_from(tmp_path):
    for name in ("a.nrrd", "b.nrrd", "organ.nrrd"):
        (tmp_path / name).touch()
    sites = LesionSite((1.25, -2.0, 3.5), 6.0, "deep"), LesionSite((0.0, 0.0, 0.0), 0.0)
    organ = tmp_path / "organ.nrrd"
    cases = [
        CaseInput(tmp_path / "a.nrrd", "real", sites, "scanner, old", organ, (38, 39)),
        CaseInput(tmp_path / "a.nrrd", "real", sites[1:], "scanner, old", organ),
        CaseInput(tmp_path / "b.nrrd", "synthetic"),
    ]
    (tmp_path / "cases.csv").write_text(table_of_cases(cases))
    assert cases_from_table(tmp_path / "cases.csv") == cases


def test_a_study_is_made_and_checked_in_a_process(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    cases = study_bodies.write_inputs(source, count=4)
    request = {
        "task": "new", "folder": str(tmp_path / "study"), "key": str(tmp_path / "truth.json"),
        "cases": [case.to_dict() for case in cases], "design": study_bodies.design().to_dict(),
        "images": study_bodies.POLICY.to_dict(), "preset": "hcc-portal", "accept_leaks": False, "secret": 5,
    }  # fmt: skip
    answer, lines = run_process(tmp_path, request, study_bodies.PASSPHRASE)
    assert answer["answer"]["cases"] == 8 and answer["answer"]["leaks"] == []
    assert len(list((tmp_path / "study" / "images").iterdir())) == 8
    percents = [line["percent"] for line in lines]
    assert percents == sorted(percents) and percents[-1] <= 100 and len(percents) >= 9
    checking = {"task": "check", "folder": str(tmp_path / "study"), "key": str(tmp_path / "truth.json")}
    assert perform(checking, study_bodies.PASSPHRASE)["leaks"] == []
    with pytest.raises(InputError, match="passphrase does not open"):
        perform(checking, "another passphrase")
    again, _ = run_process(tmp_path, request, study_bodies.PASSPHRASE)
    assert "exists already" in again["problem"]


def test_folders_and_tables_become_cases(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    study_bodies.write_inputs(source, count=2)
    (source / "cases.csv").write_text("image,truth,r,a,s\npatient00.nrrd,real,1,2,3\nbody0.nrrd,host,,,\n")
    table = perform({"task": "table", "path": str(source / "cases.csv")})["cases"]
    assert [case["truth"] for case in table] == ["real", "host"]
    assert table[0]["lesions"][0]["center_ras"] == (1.0, 2.0, 3.0)
    (source / "cases.csv").unlink()
    folder = perform({"task": "folder", "folder": str(source), "truth": "synthetic", "scanner": "B"})["cases"]
    assert len(folder) == 8 and {case["scanner"] for case in folder} == {"B"}


def test_a_report_holds_what_its_files_hold(tmp_path):
    study, values = make_study(tmp_path / "study", cases=8)
    values["leaks"] = ["Files differ in size."]
    values["cases"] = {code: {**entry, "source": code} for code, entry in values["cases"].items()}
    (tmp_path / "k.json").write_text(keys.seal(values, study.study_id, study_bodies.PASSPHRASE))
    with open_session(study, "A. Reader") as session:
        answer_some(session, session.total)
    request = {
        "task": "report",
        "folder": str(study.folder),
        "key": str(tmp_path / "k.json"),
        "out": str(tmp_path / "r"),
    }
    answer = perform(request, study_bodies.PASSPHRASE)
    assert json.loads((tmp_path / "r" / "results.json").read_text()) == answer["analysis"]
    assert answer["warnings"] == ["The study was made although it leaks: Files differ in size."]
    names = {"report.html", "report.pdf", "reads.csv", "results.json", "imrmc.csv", "study.imrmc"}
    assert {path.name for path in (tmp_path / "r").iterdir()} == names
    assert answer["analysis"]["tables"]["readers"][0]["cases"] == 8


def test_published_counts_become_the_reanalysis(tmp_path):
    table = tmp_path / "published.csv"
    table.write_text(
        "reader,real_as_real,real_as_synthetic,synthetic_as_real,synthetic_as_synthetic,real_open,synthetic_open\n"
        "junior,5,15,21,8,0,1\nsenior,10,2,7,12,8,11\n"
    )
    answer, _ = run_process(
        tmp_path, {"task": "counts", "path": str(table), "margin": 0.15, "out": str(tmp_path / "r")}
    )
    rows = answer["answer"]["analysis"]["tables"]["readers"]
    assert [round(row["d_prime"], 2) for row in rows] == [-1.21, 1.19]
    assert {path.name for path in (tmp_path / "r").iterdir()} == {"report.html", "report.pdf", "results.json"}
    table.write_text("reader,real_as_real\njunior,-3\n")
    with pytest.raises(InputError, match="columns needed"):
        perform({"task": "counts", "path": str(table), "margin": 0.15, "out": str(tmp_path / "r")})
