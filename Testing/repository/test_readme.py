"""README.md and the documentation are true: examples run, links and pictures exist, nothing is left out."""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from readme import CONSOLE, PAGES, PLAIN, README, ROOT, blocks, blocks_of

import synthetic_imaging
from synthetic_imaging.declared import Declared, settings
from synthetic_imaging.xray.machines import machines

ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
DOCUMENTATION = ROOT / "Documentation"
ARCHITECTURE = DOCUMENTATION / "architecture.md"
WITH_SHELL = [page for page in PAGES if blocks_of(page, "sh")]


def name(page) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_SHELL, ids=name)
def test_shell_examples(page, tmp_path):
    """The examples of a page build on each other."""
    done = run(["bash", "-euo", "pipefail", "-c", "\n".join(blocks_of(page, "sh"))], tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert " is now " not in done.stderr, "an option is written by its former name"
    CHECKS[name(page)](tmp_path, done.stdout)


def check_shell_page(folder, printed):
    for file in ("ct.nrrd", "labels.nrrd", "instances.nrrd"):
        assert (folder / "one" / file).read_bytes() == (folder / "again" / file).read_bytes()
    assert "hcc-arterial" in printed and "No leak found in 6 cases." in printed
    assert (folder / "grown").is_dir() and (folder / "synthetic" / "one" / "ct.nrrd").is_file()
    assert {"labels.dcm", "instances.dcm", "dicom"} <= {path.name for path in (folder / "patient").iterdir()}
    assert (folder / "body.dcm").is_file() and "liver (1): dice 1," in printed
    assert (folder / "lateral.png").is_file() and any((folder / "truth").iterdir())
    assert (folder / "report" / "report.pdf").is_file() and (folder / "reads" / "study.imrmc").is_file()
    assert "−1.21" in (folder / "published" / "report.html").read_text(encoding="utf-8")


def check_cluster_page(folder, printed):
    record = json.loads((folder / "part1" / "synthetic" / "patient1" / "lesions.json").read_text(encoding="utf-8"))
    assert len(record["lesions"]) == 2 and not (folder / "part2" / "synthetic").exists()
    assert {path.stem for path in (folder / "images").glob("*.nrrd")} == {"frontal", "oblique", "lateral"}


CHECKS = {"Documentation/howto/shell.md": check_shell_page, "Documentation/howto/cluster.md": check_cluster_page}


@pytest.mark.slow
def test_python_examples(tmp_path):
    printed = ""
    for code in blocks("python", PLAIN):
        done = run([sys.executable, "-c", code], tmp_path)
        assert done.returncode == 0, done.stderr[-2000:]
        printed += done.stdout
    assert "volume_ml" in printed and (tmp_path / "result" / "lesions.json").exists()
    assert "90 kVp" in printed and (tmp_path / "xray-90.nrrd").exists()
    assert re.search(r"equivalence .* 96 enough", printed)


def run(command, folder):
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)


def test_every_code_block_is_run_by_a_test():
    """Blocks of make and pip have no language; every other language is one that tests run."""
    languages = {found for page in PAGES for found in re.findall(r"^```(\w\S*)", page.read_text("utf-8"), re.M)}
    assert languages <= {"sh", "python"}
    assert len(blocks("python")) == len(blocks("python", PLAIN)) + len(blocks("python", CONSOLE))


def test_links_and_pictures_exist():
    missing = []
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        targets = re.findall(r"\]\(([^)#\s]+)", text) + re.findall(r"\{download\}`[^`]*<([^>]+)>`", text)
        missing += [f"{name(page)}: {to}" for to in targets if "://" not in to and not (page.parent / to).exists()]
    assert not missing


def test_the_readme_is_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"`?make ([a-z]+)[` ]", code_of(page))}
    assert {"demo", "test", "docs"} <= named <= known


def code_of(page) -> str:
    """What stands in backticks or fences."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", page.read_text(encoding="utf-8"), re.DOTALL)) + " "


def test_the_walks_pass_rooms_that_exist():
    extension, rooms = ROOT / "SyntheticImagingExt", 0
    for file, word in re.findall(r"^\| \w+ \| `(\S+)` \| `(\w+)` \|", ARCHITECTURE.read_text("utf-8"), re.MULTILINE):
        (path,) = [*extension.glob(file), *extension.glob(f"*/{file}")]
        assert re.search(rf"\b{word}\b", path.read_text(encoding="utf-8")), f"{file} has no {word}"
        rooms += 1
    assert rooms >= 20


def test_the_messages_of_troubleshooting_are_those_that_people_see():
    """A message in italics at the beginning of a row; three points stand for what differs."""
    files = [*(ROOT / "SyntheticImagingExt").rglob("*.py"), *(ROOT / "Testing").glob("*.py"), ROOT / "Makefile"]
    joined = "\n".join(re.sub(r"[\"']\s*\n\s*[fr]?[\"']", "", path.read_text(encoding="utf-8")) for path in files)
    page = (DOCUMENTATION / "troubleshooting.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| ((?:`make`: )?\*.+?) \| ", page, re.MULTILINE)
    parts = [part.strip() for cell in cells for text in re.findall(r"\*(.+?)\*", cell) for part in text.split("...")]
    assert len(parts) > 40
    assert [part for part in parts if part not in joined] == []


def test_the_tutorials_name_what_is_on_the_panels():
    """What stands in bold in a tutorial is written on a button or beside a control."""
    files = [path for path in (ROOT / "SyntheticImagingExt").rglob("*") if path.suffix in (".ui", ".py", ".json")]
    shown = "\n".join(path.read_text(encoding="utf-8") for path in files)
    for page in (DOCUMENTATION / "tutorials").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        words = set(re.findall(r"\*\*(.+?)\*\*", text))
        assert len(words) > 3 and not [word for word in words if word not in shown], name(page)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built pages; warnings, dead links among them, are errors."""
    out = tmp_path_factory.mktemp("site")
    options = ["--builder", "html", "--fail-on-warning", "--keep-going", "--nitpicky", "--quiet"]
    done = run([sys.executable, "-m", "sphinx", *options, str(DOCUMENTATION), str(out)], ROOT)
    assert done.returncode == 0, done.stderr[-4000:]
    return out


@pytest.mark.slow
def test_the_pages_tell_every_setting_machine_verb_and_module(site):
    pages = {path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    tables = pages["reference/settings.html"] + pages["reference/machines.html"]
    for cls in declared_classes():
        for setting in (path.rpartition(".")[2] for path in settings(cls)):
            assert re.search(rf">(\w+\.)*{setting}<", tables), f"{cls.__name__}.{setting}"
    assert all(f">{machine}<" in pages["reference/machines.html"] for machine in machines())
    help_of_all = run([sys.executable, "-m", "synthetic_imaging", "--help"], ROOT).stdout
    verbs = re.findall(r"^    ([a-z][a-z-]+)(?:\s|$)", help_of_all, re.MULTILINE)
    assert {"tumor", "tumor-batch", "drr", "study"} <= set(verbs)
    for verb in verbs:
        assert f'id="{verb}"' in pages["reference/shell.html"]
        assert any(re.search(rf"synthetic-imaging {verb}\s", code) for code in blocks("sh")), f"no example of {verb}"
    for module in (ROOT / "SyntheticImagingExt").iterdir():
        assert module.is_file() or f">{module.name}<" in pages["glossary.html"], module.name


def declared_classes():
    """Every class of the core whose fields are declared, in files that git knows."""
    package = Path(synthetic_imaging.__file__).parent
    listed = run(["git", "ls-files", "-z", "*.py"], package).stdout.split("\0")
    for path in (package / file for file in listed if file):
        if path.is_file() and "(Declared):" in path.read_text(encoding="utf-8"):
            importlib.import_module(".".join(path.relative_to(package.parent).with_suffix("").parts))
    found = [cls for cls in Declared.__subclasses__() if cls.__module__.startswith("synthetic_imaging.")]
    assert len(found) > 20
    return found
