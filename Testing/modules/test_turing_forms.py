"""The forms of Visual Turing: each in its tab, no wider or higher than it should be, numbers that a hand can set."""

import logging

import pytest

pytestmark = pytest.mark.gui
NUMBERS = {
    "trainingSpinBox": (0, 100, 2, None),
    "repeatSpinBox": (0, 100, 5, 0),
    "blockSizeSpinBox": (2, 100, 2, None),
    "timeLimitSpinBox": (0, 600, 5, 0),
    "sessionsSpinBox": (1, 10, 1, None),
    "washoutSpinBox": (0, 365, 1, 0),
    "marginSpinBox": (0.01, 0.49, 0.01, 2),
    "boxRSpinBox": (0, 1000, 10, 0),
    "voxelSSpinBox": (0, 20, 0.1, 2),
    "sizePxSpinBox": (16, 4096, 64, None),
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
def test_numbers_have_the_bounds_of_a_hand(turing, name):
    box, (low, high, step, decimals) = getattr(turing.ui, name), NUMBERS[name]
    assert (box.minimum, box.maximum, box.singleStep) == (low, high, step)
    assert decimals is None or box.decimals == decimals
    box.value = low
    box.stepUp()
    assert turing.panel.parameters.getValue(box.property("SlicerParameterName")) == pytest.approx(low + step)


def test_declaring_numbers_warns_of_nothing(host, caplog):
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    from SyntheticImagingLib.ranges import ranged

    with caplog.at_level(logging.WARNING):

        @parameterNodeWrapper
        class Node:
            length: ranged(float, 0, 5, step=0.5, decimals=1) = 1.0
            count: ranged(int, 1, 9) = 2

    assert not caplog.records
    node = Node(host.scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))
    for name, value, error in (("length", 5.1, ValueError), ("count", 2.0, TypeError), ("length", "1", TypeError)):
        with pytest.raises(error):
            setattr(node, name, value)


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


def test_the_lines_that_say_that_nothing_is_selected_take_no_room(host, turing):
    import slicer

    ui = turing.ui
    ui.sceneCasesSection.collapsed = False
    host.processEvents(20)
    for selector in (ui.caseLesionSelector, ui.caseOrganSelector):
        (message,) = slicer.util.findChildren(selector, name="label_Message")
        assert message.height == 0
    ui.sceneCasesSection.collapsed = True
