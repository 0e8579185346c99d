"""What the extension needs, what of it is installed, and a way to install the rest; nothing is imported to find out.

Slicer brings ``packaging`` and pip's functions (``slicer.packaging``); torch is left to the PyTorch extension, which
picks the build that fits the computer's graphics card.
"""

import importlib
from importlib import metadata

import slicer
from slicer.i18n import tr as _

from synthetic_imaging.errors import InputError

from .tree import PACKAGE_FOLDER

REQUIREMENTS_FILE = PACKAGE_FOLDER / "Resources" / "requirements.txt"
REQUESTER = "Synthetic Imaging"


def requirements():
    """The requirements as packaging.requirements.Requirement, in the order of the file."""
    from packaging.requirements import Requirement

    lines = (line.strip() for line in REQUIREMENTS_FILE.read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def installedVersion(name):
    """The version of an installed package, read from its metadata, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def status():
    """One (name, wanted, installed version or None, is satisfied) per requirement."""
    return [_statusOf(requirement) for requirement in requirements()]


def _statusOf(requirement):
    version = installedVersion(requirement.name)
    satisfied = version is not None and requirement.specifier.contains(version, prereleases=True)
    return requirement.name, str(requirement.specifier), version, satisfied


def missing():
    """The requirements that are not satisfied."""
    return [requirement for requirement in requirements() if not _statusOf(requirement)[3]]


def device():
    """Where the engine computes: "CUDA: <name of the card>", "CPU", or None without torch. Imports torch."""
    if installedVersion("torch") is None:
        return None
    import torch

    return f"CUDA: {torch.cuda.get_device_name(0)}" if torch.cuda.is_available() else "CPU"


def requireInstalled():
    """Raise InputError that says what is missing and where to install it; for the start of every task."""
    absent = missing()
    if not absent:
        return

    names = ", ".join(requirement.name for requirement in absent)
    raise InputError(
        _(
            "Python packages are missing: {names}. Open the module Synthetic Imaging and press Install what is missing."
        ).format(names=names)
    )


def install():
    """Ask, then install what is missing, with progress. True when everything is there; False when the user declined.

    Raises InputError when torch is missing and the PyTorch extension is not installed, and what the installers raise.
    """
    absent = missing()
    if not absent:
        return True
    names = "\n".join(f"- {requirement}" for requirement in absent)
    question = _("These Python packages will be downloaded and installed into Slicer:\n\n{names}\n\nContinue?")
    torchUtils = _pyTorchUtils() if any(requirement.name == "torch" for requirement in absent) else None
    if not slicer.util.confirmOkCancelDisplay(question.format(names=names), REQUESTER):
        return False
    for requirement in absent:
        if requirement.name == "torch":
            torchUtils.installTorch(askConfirmation=False, torchVersionRequirement=str(requirement.specifier))
    others = [str(requirement) for requirement in absent if requirement.name != "torch"]
    if others:
        from slicer.packaging import pip_ensure

        pip_ensure(others, prompt_install=False, requester=REQUESTER)
    importlib.invalidate_caches()
    return not missing()


def _pyTorchUtils():
    """The logic of the PyTorch extension; InputError that says how to get the extension."""
    try:
        import PyTorchUtils
    except ModuleNotFoundError as error:
        raise InputError(
            _(
                "PyTorch is missing, and the extension that installs it too. Open the Extensions Manager (menu View), "
                'install the extension "PyTorch", restart Slicer and press the button again.'
            )
        ) from error
    return PyTorchUtils.PyTorchUtilsLogic()
