"""The forms of Visual Turing: each in its tab, no wider or higher than it should be, numbers that a hand can set."""

from itertools import pairwise

import pytest

from synthetic_imaging.declared import setting_of
from synthetic_imaging.reading.conduct.readers import Reader
from synthetic_imaging.reading.design import LESION_BOX_MM, Design, ImagePolicy
from synthetic_imaging.reading.making.cases import LesionSite

pytestmark = pytest.mark.gui
NUMBERS = {
    "trainingSpinBox": (Design, "training_cases"),
    "repeatSpinBox": (Design, "repeat_share"),
    "blockSizeSpinBox": (Design, "block_size"),
    "timeLimitSpinBox": (Design, "time_limit_s"),
    "sessionsSpinBox": (Design, "sessions"),
    "washoutSpinBox": (Design, "washout_days"),
    "marginSpinBox": (Design, "margin"),
    "boxRSpinBox": (ImagePolicy, "box_mm"),
    "spacingSSpinBox": (ImagePolicy, "spacing_mm"),
    "sizePxSpinBox": (ImagePolicy, "size_px"),
    "casePointsRadiusSpinBox": (LesionSite, "radius_mm"),
    "experienceSpinBox": (Reader, "experience_years"),
}
LONG = "/home/ada/a_long_folder_name_of_a_study/AndAnotherNameInWhichThereIsNoPlaceToBreakIt/study"


def pages(ui):
    return (ui.designTab, ui.readTab, ui.reportTab)


def test_each_tab_holds_its_form(host, turing):
    ui = turing.ui
    own = ((ui.casesTable, ui.makeButton), (ui.readerComboBox, ui.startReadingButton), (ui.studyEdit, ui.countsButton))
    for index, (page, widgets) in enumerate(zip(pages(ui), own, strict=True)):
        ui.taskTabs.setCurrentIndex(index)
        host.processEvents(20)
        for widget in widgets:
            assert page.isAncestorOf(widget)
            assert widget.window() is host.window
    assert turing.layout.count() <= 2, "the tabs, and nothing stacked below them"


def test_the_panel_is_as_high_as_the_form_that_is_shown(host, turing):
    ui = turing.ui
    heights = []
    for index in (0, 1, 0):
        ui.taskTabs.setCurrentIndex(index)
        host.processEvents(50)
        heights.append(turing.parent.sizeHint.height())
    assert heights[1] < heights[0] / 2 and heights[2] == heights[0]


def test_folders_are_empty_until_they_are_chosen(host, turing, tmp_path):
    ui, edits = turing.ui, {"newStudyEdit": "newStudyFolder", "studyEdit": "studyFolder", "reportEdit": "reportFolder"}
    assert [getattr(ui, name).currentPath for name in edits] == ["", "", ""]
    ui.reportButton.enabled = True
    ui.reportButton.click()
    assert "No study is chosen" in ui.messageLabel.text
    for name, parameter in edits.items():
        getattr(ui, name).currentPath = str(tmp_path)
        assert getattr(turing.panel.parameters, parameter) == str(tmp_path)
    host.saveScene(tmp_path / "scene.mrml")
    host.clearScene()
    host.processEvents(50)
    assert [getattr(ui, name).currentPath for name in edits] == ["", "", ""]
    host.loadScene(tmp_path / "scene.mrml")
    host.processEvents(50)
    assert ui.studyEdit.currentPath == str(tmp_path)


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_those_that_the_core_declares(turing, name):
    """Where a number may be left out, the form has a value below its range for that."""
    box, setting = getattr(turing.ui, name), setting_of(*NUMBERS[name])
    low = {"experienceSpinBox": -1}.get(name, 0 if setting.optional else setting.low)
    assert (box.minimum, box.maximum, box.singleStep) == (low, setting.high, setting.step)
    assert box.suffix == setting.suffix and box.toolTip
    assert setting.kind is int or box.decimals == setting.decimals
    parameter, before = box.property("SlicerParameterName"), box.value
    box.value = low
    assert not setting.optional or box.text == box.specialValueText
    box.stepUp()
    assert parameter is None or turing.panel.parameters.getValue(parameter) == pytest.approx(low + setting.step)
    box.value = before


def test_a_form_begins_with_the_plan_of_the_core_and_a_part_around_the_lesion(turing):
    from VisualTuringLib.Parameters import PLAN

    assert PLAN.read(turing.panel.parameters, Design) == Design()
    assert PLAN.read(turing.panel.parameters, ImagePolicy) == ImagePolicy(box_mm=LESION_BOX_MM)


def test_choices_have_their_words(turing):
    from VisualTuringLib.Parameters import Arms, Mark, Modality

    ui = turing.ui
    for box, kind in ((ui.armsComboBox, Arms), (ui.markComboBox, Mark), (ui.modalityComboBox, Modality)):
        assert [box.itemText(index) for index in range(box.count)] == [member.label() for member in kind]


def test_no_text_widens_the_panel(host, turing):
    from VisualTuringLib.Tables import showText

    ui = turing.ui
    for index, label in enumerate((ui.makeLabel, ui.readStatusLabel, ui.reportLabel)):
        ui.taskTabs.setCurrentIndex(index)
        host.processEvents(20)
        before = turing.parent.sizeHint.width(), turing.parent.minimumSizeHint.width()
        showText(label, f"The study with 8 cases is in {LONG}, its key in {LONG}.key.json. Keep them apart.")
        host.processEvents(20)
        assert (turing.parent.sizeHint.width(), turing.parent.minimumSizeHint.width()) == before
        longest = max(label.fontMetrics().horizontalAdvance(word) for word in label.text.replace("\u200b", " ").split())
        assert longest < label.width, "every piece has a line that holds it"
        showText(label, "")
    turing.panel.read.refresh()


def test_a_long_result_pushes_the_table_down_and_lies_over_nothing(host, turing):
    from VisualTuringLib.Tables import showText

    ui, size = turing.ui, (host.window.width, host.window.height)
    host.window.resize(1366, 768)
    ui.taskTabs.setCurrentIndex(2)
    sentence = "Over all 2 readers the mean AUC was 0.688, and neither a difference nor its absence is proven."
    names = "reportButton", "reportLabel", "openPdfButton", "tableComboBox", "reportTableView", "chartComboBox"
    for count in (1, 2, 4):
        showText(ui.reportLabel, "\n".join([sentence] * count))
        host.processEvents(100)
        edges = [(widget.pos.y(), widget.pos.y() + widget.height) for widget in map(vars(ui).get, names)]
        assert all(above[1] <= below[0] for above, below in pairwise(edges)), (count, edges)
    showText(ui.reportLabel, "")
    host.window.resize(*size)


def test_the_lines_that_say_that_nothing_is_selected_take_no_room(host, turing):
    import slicer

    ui = turing.ui
    ui.sceneCasesSection.collapsed = False
    host.processEvents(20)
    for selector in (ui.caseLesionSelector, ui.caseOrganSelector):
        (message,) = slicer.util.findChildren(selector, name="label_Message")
        assert message.height == 0
    ui.sceneCasesSection.collapsed = True
