"""Rules that no linter knows: layers, sizes, lazy imports, forms that agree with their parameter nodes."""

import ast
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "SyntheticImagingExt"
CORE = EXTENSION / "SyntheticImaging" / "synthetic_imaging"
MODULE_FILES = sorted(folder / f"{folder.name}.py" for folder in EXTENSION.iterdir() if folder.is_dir())
SLICER_FACING = sorted({*MODULE_FILES, *EXTENSION.glob("*/*Lib/**/*.py")})
CORE_FILES = sorted(CORE.rglob("*.py"))
SOURCES = sorted({*SLICER_FACING, *CORE_FILES, *(ROOT / "Testing").rglob("*.py")})
FORMS = sorted(EXTENSION.glob("*/Resources/UI/*.ui"))
SLICER_PACKAGES = {"slicer", "vtk", "qt", "ctk", "SampleData", "numpy"}
MODULE_LINES, FILE_LINES = 120, 400


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path, everywhere: bool) -> set[str]:
    """Top-level packages that a file imports: everywhere, or only where it runs when the file is imported."""
    found = set()
    waiting = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
        elif everywhere or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return found


@pytest.mark.parametrize("path", SLICER_FACING, ids=name)
def test_slicer_facing_files_import_nothing_third_party_at_file_scope(path):
    own = {"synthetic_imaging", *(lib.name for lib in EXTENSION.glob("*/*Lib"))}
    foreign = imports(path, everywhere=False) - set(sys.stdlib_module_names) - SLICER_PACKAGES - own
    assert not foreign, f"import {sorted(foreign)} inside the functions that need it"


def test_the_bridge_and_the_modules_load_without_torch_and_warp():
    """What the Slicer-facing files take from the core at file scope must not load torch either."""
    wanted = set()
    for path in SLICER_FACING:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "synthetic_imaging":
                wanted.add(node.module)
    lines = ["import sys", *(f"import {module}" for module in sorted(wanted))]
    lines.append("print(sorted({'torch', 'warp', 'scipy', 'SimpleITK', 'skimage'} & set(sys.modules)))")
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, cwd=CORE.parent, check=True
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("path", CORE_FILES, ids=name)
def test_the_core_knows_neither_slicer_nor_qt(path):
    assert not imports(path, everywhere=True) & {"slicer", "qt", "ctk", "vtk", "PySide6", "SyntheticImagingLib"}


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_are_short(path):
    limit = MODULE_LINES if path in MODULE_FILES else FILE_LINES
    assert len(path.read_text(encoding="utf-8").splitlines()) <= limit


def test_the_extension_does_not_know_the_host():
    for path in [*EXTENSION.rglob("*.py"), *EXTENSION.rglob("CMakeLists.txt")]:
        assert not re.search(r"slicer_host|PySide", path.read_text(encoding="utf-8")), name(path)


@pytest.mark.parametrize("path", MODULE_FILES, ids=name)
def test_modules_have_the_classes_that_slicer_asks_for(path):
    classes = {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)}
    assert {path.stem, f"{path.stem}Widget", f"{path.stem}Logic", f"{path.stem}Test"} <= classes
    assert not path.stem.endswith(("Test", "Tests")), "Slicer takes such a module for a test and does not load it"


@pytest.mark.parametrize("path", FORMS, ids=name)
def test_forms_parse_and_name_what_they_use(path):
    """That they bind parameters which exist, the application itself checks when a panel opens."""
    root = ElementTree.parse(path).getroot()
    assert root.find("class").text == path.stem
    widgets = [widget.get("name") for widget in root.iter("widget")]
    assert len(widgets) == len(set(widgets)), "two widgets have one name"
    custom = {entry.findtext("class") for entry in root.iter("customwidget")}
    used = {widget.get("class") for widget in root.iter("widget")}
    assert {kind for kind in used if not kind.startswith("Q")} <= custom


def test_versions_agree():
    version = re.search(r'__version__ = "(.+?)"', (CORE / "__init__.py").read_text(encoding="utf-8"))[1]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == version
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["setuptools"]["dynamic"]["version"]["attr"] == "synthetic_imaging.__version__"
    assert f"license: {project['project']['license']}" in citation


def test_requirements_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    file = EXTENSION / "SyntheticImaging" / "Resources" / "requirements.txt"
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    assert lines == project["dependencies"]
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower().replace("_", "-")
    extras = project["optional-dependencies"]
    for line in project["dependencies"] + extras["dev"] + extras["docs"]:
        package = re.match(r"[\w-]+", line)[0].lower()
        assert re.search(rf"^{package}==", constraints, re.MULTILINE), f"{package} is not in constraints.txt"


def test_the_core_uses_only_declared_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    dependencies = project["dependencies"] + extras["onnx"] + extras["openvino"] + extras["completion"]
    modules = {"pillow": "PIL", "scikit-image": "skimage", "warp-lang": "warp"}
    declared = {modules.get(line.split(">")[0], line.split(">")[0]) for line in dependencies}
    used = set().union(*(imports(path, everywhere=True) for path in CORE_FILES))
    assert used - set(sys.stdlib_module_names) - {"synthetic_imaging"} <= declared
