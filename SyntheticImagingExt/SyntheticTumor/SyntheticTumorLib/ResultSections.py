"""The sections Results and export, and Growth."""

import ctk
from slicer.i18n import tr as _

from synthetic_imaging.errors import InputError
from synthetic_imaging.tumor.plans import Growth
from SyntheticImagingLib.widgets import setTextIfNew, silent

from .Parameters import NUMBERS


class ResultSections:
    """do(action): runs an action and shows problems; run(title, generator, onDone): the same for long work."""

    def __init__(self, ui, logic, do, run):
        self.ui, self._logic, self._do, self._run = ui, logic, do, run
        self._parameters = None
        self.exported, self._browser = "", None
        ui.exportFolderEdit.filters = ctk.ctkPathLineEdit.Dirs
        ui.exportButton.clicked.connect(self._onExport)
        ui.growthButton.clicked.connect(self._onGrowth)
        ui.showGrowthButton.toggled.connect(self._onShowGrowth)
        for spinBox in (ui.frameCountSpinBox, ui.intervalSpinBox, ui.doublingTimeSpinBox):
            spinBox.valueChanged.connect(self._refreshGrowth)
        ui.cropCheckBox.toggled.connect(self._refreshGrowth)
        self.showBrowser(None)

    def setParameters(self, parameters):
        self._parameters = parameters
        self.refresh()

    def refresh(self):
        volume = self._logic.results.volume
        text = _("No result yet.")
        if volume is not None:
            text = _('"{name}", its segmentation, lesion centers and record are beside the CT.').format(
                name=volume.GetName()
            )
        setTextIfNew(self.ui.resultsLabel, "\n".join(part for part in (text, self.exported) if part))
        if self._browser is not None and self._browser.GetScene() is None:
            self.showBrowser(None)
        with silent(self.ui.showGrowthButton):
            self.ui.showGrowthButton.checked = self._browser is not None and self._logic.display.isGrowthShown
        self._refreshGrowth()

    def usable(self, problem):
        logic = self._logic
        none = problem or ("" if logic.lesions else _("There is no lesion to export. Place one first."))
        grow = problem or ("" if logic.current >= 0 else _("Select the lesion that is to grow."))
        return {self.ui.exportButton: none, self.ui.growthButton: grow}

    def showBrowser(self, browser):
        """The time controls of a growth sequence, or none."""
        for widget in (self.ui.seekWidget, self.ui.playWidget):
            widget.setMRMLSequenceBrowserNode(browser)
            widget.visible = browser is not None
        self._browser = browser
        self.ui.showGrowthButton.visible = browser is not None

    def _refreshGrowth(self, *_arguments):
        logic, parameters = self._logic, self._parameters
        if parameters is None or not logic.isReady or not 0 <= logic.current < len(logic.lesions):
            setTextIfNew(self.ui.growthLabel, "")
            return
        try:
            growth = NUMBERS.read(parameters, Growth)
            last = logic.growthPreview(logic.current, growth, parameters.cropToOrgan)
        except InputError:
            last = None  # said when the button is pressed
        text = _("Radius {first:.1f} to {last:.1f} mm in {days:.0f} days; {megabytes:.0f} MB.") if last else ""
        setTextIfNew(self.ui.growthLabel, text.format(**last) if last else "")

    def _onExport(self, *_arguments):
        folder, dicom = self.ui.exportFolderEdit.currentPath, self.ui.exportDicomCheckBox.checked

        def onExported(_paths):
            self.ui.exportFolderEdit.addCurrentPathToHistory()
            self.exported = _("Written to {folder}.").format(folder=folder)
            self.refresh()

        self._do(lambda: self._run(_("Export"), self._logic.exportSteps(folder, dicom), onExported))

    def _onGrowth(self, *_arguments):
        def grow():
            growth, logic = NUMBERS.read(self._parameters, Growth), self._logic
            self._run(
                _("Growth"), logic.growthSteps(logic.current, growth, self._parameters.cropToOrgan), self._onGrown
            )

        self._do(grow)

    def _onGrown(self, browser):
        self.showBrowser(browser)
        self.ui.showGrowthButton.checked = True

    def _onShowGrowth(self, on):
        self._do(lambda: self._logic.showGrowth(self._browser if on else None))
