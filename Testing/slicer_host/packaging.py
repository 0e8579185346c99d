"""`slicer.packaging`: checks are real, installations are only written down in `installed`."""

import importlib.metadata
import pathlib
import tomllib

import slicer.util
from packaging.requirements import Requirement

installed = []  # what a module asked to install, in order


def load_requirements(path):
    """Requirements of a requirements.txt; lines of comments, of options and empty ones are left out.

    InvalidRequirement where a comment follows a requirement in its line.
    """
    lines = (line.strip() for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and line[0] not in "#-"]


def load_pyproject_dependencies(path):
    project = tomllib.loads(pathlib.Path(path).read_text(encoding="utf-8"))["project"]
    return [Requirement(text) for text in project.get("dependencies", [])]


def _as_list(requirements):
    items = [requirements] if isinstance(requirements, (str, Requirement)) else requirements
    if not isinstance(items, list):
        raise TypeError(f"Requirements are a text, a Requirement or a list of them, not {type(items).__name__}")
    return [Requirement(item) if isinstance(item, str) else item for item in items]


def pip_check(requirements):
    """True when every requirement is met by what is installed."""
    return not _missing(requirements)


def _missing(requirements):
    missing = []
    for requirement in _as_list(requirements):
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            version = None
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            missing.append(requirement)
    return missing


def pip_ensure(requirements, *args, prompt_install=True, requester=None, **kwargs):
    """Ask, then install what is missing; RuntimeError when the user declines, as in the application."""
    missing = _missing(requirements)
    if not missing:
        return
    names = ", ".join(str(requirement) for requirement in missing)
    if prompt_install and not slicer.util.confirmOkCancelDisplay(
        f"{requester or 'A module'} needs to install: {names}"
    ):
        raise RuntimeError(f"Installation of {names} was declined")
    installed.extend(str(requirement) for requirement in missing)


def pip_install(requirements, *args, blocking=True, logCallback=None, completedCallback=None, **kwargs):
    installed.extend(str(requirement) for requirement in _as_list(requirements))
    if logCallback:
        logCallback(f"Would install {requirements}")
    if completedCallback:
        completedCallback(0)


def pip_uninstall(requirements, *args, **kwargs):
    """Nothing is removed."""


def isPipInstallInProgress():
    return False
