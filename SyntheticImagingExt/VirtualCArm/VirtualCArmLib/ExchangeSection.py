"""The section Export and import."""

import ctk
import qt
import slicer
from slicer.i18n import tr as _

from SyntheticImagingLib.widgets import setTextIfNew

POSE_FILTER = _("Poses (*.json *.txt *.csv *.dcm *.ima *.nrrd);;All files (*)")


class ExchangeSection:
    """do(action): runs an action and shows problems; run(title, generator, onDone): the same for long work."""

    def __init__(self, ui, logic, do, run):
        self.ui, self._logic, self._do, self._run = ui, logic, do, run
        self._parameters, self._written = None, ""
        ui.exportFolderEdit.filters = ctk.ctkPathLineEdit.Dirs
        ui.exportButton.clicked.connect(self._onExport)
        ui.importPoseButton.clicked.connect(self._onImport)
        self._kinds = {
            ui.nrrdCheckBox: "nrrd",
            ui.pngCheckBox: "png",
            ui.dicomCheckBox: "dcm",
            ui.poseCheckBox: "json",
            ui.truthCheckBox: "truth",
        }

    def setParameters(self, parameters):
        self._parameters = parameters

    def refresh(self):
        setTextIfNew(self.ui.exportLabel, self._written)

    def usable(self, problem):
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

        self._do(lambda: self._run(_("Export"), self._logic.exportSteps(folder, self._chosen()), written))

    def _onImport(self, *_arguments):
        title = _("Import a pose")
        path = qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), title, "", POSE_FILTER)
        if path:
            self._do(lambda: self._logic.importPose(path))
