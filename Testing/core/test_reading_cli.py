"""The verb study: a study from the first command to the report."""

import csv

import pytest
import study_bodies

from synthetic_imaging.cli import main
from synthetic_imaging.cli.study import PASSPHRASE_VARIABLE
from synthetic_imaging.reading import key as keys
from synthetic_imaging.reading.conduct.session import open_session
from synthetic_imaging.reading.statistics import observers
from synthetic_imaging.reading.study import Study


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    with open(folder / "cases.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "truth", "r", "a", "s", "radius_mm", "scanner", "organ"])
        for case in study_bodies.write_inputs(folder, 8):
            site = case.lesions[0] if case.lesions else None
            place = [*site.center_ras, site.radius_mm] if site else [""] * 4
            writer.writerow([case.image.name, case.truth, *place, case.scanner, case.organ.name])
    return folder / "cases.csv"


@pytest.fixture
def passphrase(monkeypatch):
    monkeypatch.setenv(PASSPHRASE_VARIABLE, study_bodies.PASSPHRASE)


def study(*arguments) -> int:
    return main(["study", *map(str, arguments)])


def test_from_cases_to_report(table, tmp_path, capsys, passphrase):
    folder, key = tmp_path / "study", tmp_path / "study.key.json"
    options = [
        "--box-mm",
        "48,48,36",
        "--arms",
        "rating,pairs",
        "--training-cases",
        2,
        "--seed",
        1,
        "--title",
        "My study",
    ]
    assert study("new", "--table", table, *options, "--out", folder) == 0
    said = capsys.readouterr().out
    assert "with 14 cases" in said and "too few to prove equivalence to 0.50 within ±0.20: 60 cases" in said
    assert study("check", folder, "--key", key) == 0
    assert "No leak found in 14 cases." in capsys.readouterr().out
    assert study("report", folder, "--key", key, "--out", tmp_path / "report") == 2
    assert "Nothing has been read yet" in capsys.readouterr().err
    made = Study.load(folder)
    truth = {c: e["truth"] for c, e in keys.unseal(key, study_bodies.PASSPHRASE)["cases"].items()}
    for name in ("Ann", "Bob"):
        with open_session(made, name) as session:
            observers.read_session(session, truth, observers.Observer(3.0), seed=len(name))
    assert study("report", folder, "--key", key, "--out", tmp_path / "report") == 0
    assert "could tell real from synthetic" in capsys.readouterr().out
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "My study" in page and "Ann" not in page and "7 synthetic cases were made by the software" in page
    assert study("export", folder, "--key", key, "--formats", "csv,imrmc", "--out", tmp_path / "files") == 0
    assert {path.name for path in (tmp_path / "files").iterdir()} == {"reads.csv", "imrmc.csv", "study.imrmc"}
    made.path_of(made.cases[0].code).write_bytes(b"changed")
    assert study("check", folder, "--key", key) == 2
    assert "damaged or was changed" in capsys.readouterr().err


def test_a_leak_is_exit_status_one(table, tmp_path, capsys, passphrase):
    folder = tmp_path / "study"
    assert study("new", "--table", table, "--box-mm", "48,48,36", "--out", folder, "--quiet", "--seed", 1) == 0
    (folder / "notes.txt").write_text("the first ones are real")
    assert study("check", folder, "--key", tmp_path / "study.key.json") == 1
    assert "leak: The study folder holds 'notes.txt'" in capsys.readouterr().err


def test_published_counts(tmp_path, capsys):
    counts = tmp_path / "published.csv"
    counts.write_text(
        "reader,real_as_real,real_as_synthetic,synthetic_as_real,synthetic_as_synthetic,real_open,synthetic_open\n"
        "junior,5,15,21,8,0,1\nsenior,10,2,7,12,8,11\n"
    )
    assert study("report", "--counts", counts, "--out", tmp_path / "report") == 0
    assert "1 reader (junior) could tell real from synthetic, but called each" in capsys.readouterr().out
    assert "−1.21" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    counts.write_text("reader,real_as_real\na,1\n")
    assert study("report", "--counts", counts, "--out", tmp_path / "report") == 2
    counts.write_text(counts.read_text().replace("a,1", "a,x"))
    assert study("report", "--counts", counts, "--out", tmp_path / "report") == 2


def test_simulation_plans_a_study(tmp_path, capsys):
    plan = ["simulate", "--observer", "swapping", "--readers", 3, "--cases", 60, "--power", 10]
    assert study(*plan, "--out", tmp_path) == 0
    said = capsys.readouterr().out
    assert "100 % of 10 such studies prove discrimination." in said and "called each by the other's name" in said
    assert (tmp_path / "report.pdf").is_file() and (tmp_path / "imrmc.csv").is_file()
    assert study("simulate", "--observer", "lucky") == 2
    assert "choose one of guessing" in capsys.readouterr().err


def test_the_passphrase_comes_from_a_file_or_the_environment_only(table, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv(PASSPHRASE_VARIABLE, raising=False)
    arguments = ["new", "--table", table, "--box-mm", "48,48,36", "--out", tmp_path / "study", "--quiet"]
    arguments += ["--seed", 1]
    assert study(*arguments) == 2
    assert "No passphrase" in capsys.readouterr().err
    secret = tmp_path / "passphrase.txt"
    secret.write_text("short\n")
    assert study(*arguments, "--passphrase-file", secret) == 2
    secret.write_text("four words are enough\n")
    assert study(*arguments, "--passphrase-file", secret) == 0
    assert keys.unseal(tmp_path / "study.key.json", "four words are enough")["cases"]
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "not the passphrase")
    assert study("check", tmp_path / "study", "--key", tmp_path / "study.key.json") == 2
    assert "does not open" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["new", "--out", "x"], "No cases were given"),
        (["report", "--out", "x"], "Give the study folder"),
        (["new", "--table", "absent.csv", "--out", "x"], "cannot be read"),
        (
            ["new", "--table", "absent.csv", "--arms", "both", "--out", "x"],
            "--arms is both; give one or more of rating, pairs",
        ),
        (["new", "--table", "absent.csv", "--mark", "never", "--out", "x"], "choose one of off"),
        (["check", "absent", "--key", "absent"], "holds no study"),
    ],
)
def test_refusals_are_sentences(arguments, words, capsys, tmp_path, monkeypatch, passphrase):
    monkeypatch.chdir(tmp_path)
    assert study(*arguments) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_help_names_every_action(capsys):
    assert study("--help") == 0
    said = capsys.readouterr().out
    assert all(action in said for action in ("new", "check", "report", "export", "simulate"))
    assert study() == 2
