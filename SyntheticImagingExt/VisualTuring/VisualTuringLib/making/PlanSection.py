"""The sections Questions, Pictures and Enough cases: what readers are asked and see, and what that can prove."""

import qt
from slicer.i18n import tr as _

from synthetic_imaging.reading.design import enough
from synthetic_imaging.tumor.plans import preset_table
from SyntheticImagingLib.jobs import WorkRunner
from SyntheticImagingLib.widgets import setTextIfNew, showAllRows, silent

from ..Parameters import Modality
from ..Tables import fillTable, fixHeight, setUpTable

INSTRUCTIONS_HEIGHT_PX = 70
CASES, ENOUGH = 1, 2
ENOUGH_COLOR, TOO_FEW_COLOR = "#2c7a2c", "#9a5b00"


class PlanSection:
    """onChanged(): called after a choice that the numbers depend on; they are shown when the hand rests."""

    def __init__(self, ui, logic, onChanged):
        self.ui, self._logic = ui, logic
        self._parameters, self._rows, self._asked, self._runner = None, {}, None, WorkRunner()
        for section in (ui.morePlanSection, ui.pictureSection):
            section.collapsed = True
        fixHeight(ui.instructionsEdit, INSTRUCTIONS_HEIGHT_PX)
        ui.instructionsEdit.textChanged.connect(self._onInstructions)
        for name in ("training", "repeat", "margin", "sessions"):
            getattr(ui, f"{name}SpinBox").valueChanged.connect(lambda *_a: onChanged())
        for name in ("arms", "modality"):
            getattr(ui, f"{name}ComboBox").currentIndexChanged.connect(lambda *_a: onChanged())
        ui.cueCheckBox.toggled.connect(lambda *_a: onChanged())
        ui.presetComboBox.currentIndexChanged.connect(self._onPreset)
        self._setUpTable()
        self._fillPresets()

    def setParameters(self, parameters):
        self._parameters = parameters
        if parameters is None:
            return
        if self.ui.instructionsEdit.plainText != parameters.instructions:
            with silent(self.ui.instructionsEdit):
                self.ui.instructionsEdit.setPlainText(parameters.instructions)
        if parameters.preset in self._presets:
            with silent(self.ui.presetComboBox):
                self.ui.presetComboBox.setCurrentIndex(self._presets.index(parameters.preset))

    def refresh(self):
        """Sample sizes, and which fields belong to the kind of picture."""
        parameters = self._parameters
        outlook = self._logic.outlook(parameters)
        isCt = parameters.modality is Modality.ct
        for name in ("boxR", "boxA", "boxS", "spacingR", "spacingA", "spacingS"):
            getattr(self.ui, f"{name}SpinBox").enabled = isCt
        self.ui.sizePxSpinBox.enabled = not isCt
        self.ui.presetComboBox.enabled = isCt and outlook.isMaking
        text = _("{cases} different cases; each reader answers {shown} times per session.")
        text = text.format(cases=outlook.cases, shown=outlook.shown)
        margin = round(parameters.margin, 2)
        if margin in self._rows:
            self._fillTable(self._rows[margin], outlook.cases)
        else:
            self._ask(margin)
            text += " " + _("What they can prove is being calculated …")
        setTextIfNew(self.ui.sampleLabel, text)

    def stop(self):
        """The panel goes away."""
        self._runner.cancel()
        self._asked = None

    def _ask(self, margin):
        """The numbers from a worker: SciPy alone takes a second to load. They are asked for once for each margin."""
        if margin == self._asked:
            return
        self._asked = margin

        def show(rows):
            self._rows[margin], self._asked = rows, None
            if self._parameters is not None:
                self.refresh()

        def fail(error):
            self._rows[margin], self._asked = [], None
            setTextIfNew(self.ui.sampleLabel, _("The numbers of cases are not known: {error}").format(error=error))

        self._runner.start(self._logic.sampleSizesWork(margin), lambda *_step: None, show, fail)

    def _setUpTable(self):
        setUpTable(self.ui.sampleTable, [_("Aim, for each reader"), _("Cases"), ""], 0)
        self.ui.sampleTable.setSelectionMode(qt.QAbstractItemView.NoSelection)

    def _fillTable(self, rows, cases):
        table = self.ui.sampleTable
        words = {True: _("enough"), False: _("too few")}
        isEnough = [enough(cases, row["cases"]) for row in rows]
        many = _("thousands")
        texts = [(row["aim"], str(row["cases"] or many), words[yes]) for row, yes in zip(rows, isEnough, strict=True)]
        fillTable(table, texts, centered=(CASES,))
        for number, yes in enumerate(isEnough):
            color = ENOUGH_COLOR if yes else TOO_FEW_COLOR
            table.item(number, ENOUGH).setForeground(qt.QBrush(qt.QColor(color)))
        showAllRows(table)

    def _fillPresets(self):
        self._presets, box, table = list(preset_table()), self.ui.presetComboBox, preset_table()
        with silent(box):
            for index, name in enumerate(self._presets):
                box.addItem(table[name]["title"], name)
                box.setItemData(index, table[name]["source"], qt.Qt.ToolTipRole)

    def _onInstructions(self, *_arguments):
        # bound here: a bound text field is written back at each key, which moves the cursor to the end
        if self._parameters is not None:
            self._parameters.instructions = self.ui.instructionsEdit.plainText

    def _onPreset(self, *_arguments):
        index = self.ui.presetComboBox.currentIndex
        if self._parameters is not None and 0 <= index < len(self._presets):
            self._parameters.preset = self._presets[index]
