"""The section Export and import."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Protocol

import ctk
import qt
import slicer
from slicer.i18n import tr as _

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.geometry import View
from SyntheticImagingLib.widgets import setTextIfNew

POSE_FILTER = _("Poses (*.json *.txt *.csv *.dcm *.ima *.nrrd);;All files (*)")
NRRD, PNG, DICOM, POSE, TRUTH = ".nrrd", ".png", ".dcm", ".json", "truth"


class Files(Protocol):
    """What the section needs of the logic."""

    parameters: Any

    def view(self, plane: str) -> View:
        """What is set for a plane."""

    def exportImage(self, path: str, output: str, plane: str) -> Path:
        """Write the shown image."""

    def exportPose(self, path: str, plane: str) -> Path:
        """Write what is set."""

    def importPose(self, path: str) -> None:
        """Stand as a file says."""

    def truthSteps(self, folder: str, plane: str) -> Generator[tuple[str, float], None, Path]:
        """Write what is where."""


class ExchangeSection:
    """do(action): runs an action and shows problems; run(title, generator, onDone): the same for long work."""

    def __init__(self, ui, logic: Files, do: Callable, run: Callable):
        self.ui, self._logic, self._do, self._run = ui, logic, do, run
        self._parameters, self._written = None, ""
        ui.exportFolderEdit.filters = ctk.ctkPathLineEdit.Dirs
        ui.exportButton.clicked.connect(self._onExport)
        ui.importPoseButton.clicked.connect(self._onImport)
        self._kinds = {
            ui.nrrdCheckBox: NRRD,
            ui.pngCheckBox: PNG,
            ui.dicomCheckBox: DICOM,
            ui.poseCheckBox: POSE,
            ui.truthCheckBox: TRUTH,
        }

    def setParameters(self, parameters):
        self._parameters = parameters

    def refresh(self):
        setTextIfNew(self.ui.exportLabel, self._written)

    def usable(self, problem: str):
        chosen = problem or ("" if self._chosen() else _("Check what to export."))
        return {self.ui.exportButton: chosen, self.ui.importPoseButton: problem}

    def _chosen(self):
        return [kind for box, kind in self._kinds.items() if box.checked]

    def _onExport(self, *_arguments):
        folder = self.ui.exportFolderEdit.currentPath

        def written(paths):
            self.ui.exportFolderEdit.addCurrentPathToHistory()
            self._written = _("Written to {folder}.").format(folder=folder)
            self.refresh()

        self._do(lambda: self._run(_("Export"), exportSteps(self._logic, folder, self._chosen()), written))

    def _onImport(self, *_arguments):
        title = _("Import a pose")
        path = qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), title, "", POSE_FILTER)
        if path:
            self._do(lambda: self._logic.importPose(path))


def exportSteps(logic: Files, folder: str, kinds: list[str]) -> Generator[tuple[str, float], None, list[Path]]:
    """Generator of (stage, percent); writes what is chosen of every plane, and returns the paths."""
    if not folder:
        raise InputError(_("Choose a folder first."))
    planes, paths = "AB" if logic.parameters.biplane else "A", []
    for plane in planes:
        base = f"{folder}/{fileName(logic.view(plane).pose().title, plane if len(planes) > 1 else '')}"
        for kind in kinds:
            yield _("Plane {plane}: {kind}").format(plane=plane, kind=kind), 100 * len(paths) / len(kinds * len(planes))
            if kind == TRUTH:
                paths.append((yield from logic.truthSteps(f"{base}-truth", plane)))
            elif kind == POSE:
                paths.append(logic.exportPose(base + kind, plane))
            elif kind == NRRD:
                paths.append(logic.exportImage(base + kind, "transmission", plane))
            else:
                paths.append(logic.exportImage(base + kind, "display", plane))
    return paths


def fileName(title: str, plane: str) -> str:
    """ "xray-lao30-caud10" for "LAO 30 CAUD 10"."""
    angles = title.lower().replace(" ", "").replace("cran", "-cran").replace("caud", "-caud")
    return "-".join(part for part in ("xray", angles, plane) if part)
