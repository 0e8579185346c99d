"""PythonQt's manners: properties as attributes, named signals, dialogs that are recorded."""

import ast
import enum
import functools
from pathlib import Path

import pytest

pytestmark = pytest.mark.gui

EXTENSION = Path(__file__).resolve().parents[2] / "SyntheticImagingExt"


@pytest.fixture
def qt(host):
    import qt

    return qt


def test_properties_are_attributes_and_setters_stay(qt):
    button = qt.QPushButton("Go")
    button.enabled = False
    assert not button.enabled
    button.setEnabled(True)
    assert button.enabled
    assert button.isEnabled()
    assert button.text == "Go"
    button.setText("Stop")
    assert button.text == "Stop"
    button.objectName = "go"
    assert button.name == "go"
    assert button.className() == "QPushButton"


def test_plain_tool_tip_reads_back_as_rich_text(qt):
    button = qt.QPushButton("Go")
    assert button.toolTip == ""
    button.toolTip = 'Choose "A & B" first.'
    assert button.toolTip == '<p>Choose "A &amp; B" first.</p>'
    button.toolTip = "<b>Why</b>"
    assert button.toolTip == "<b>Why</b>"


def test_empty_layout_menu_and_document_are_false_and_widgets_are_true(qt):
    outer = qt.QWidget()
    layout = qt.QVBoxLayout(outer)
    menu, document = qt.QMenu(), qt.QTextDocument()
    assert not any((layout, qt.QHBoxLayout(), qt.QGridLayout(), qt.QFormLayout(), menu, document))
    assert not any((qt.QIcon(), qt.QPixmap(), qt.QImage(), qt.QColor(), qt.QModelIndex(), qt.QUrl(), qt.QSize()))
    label = qt.QLabel("x")
    layout.addWidget(label)
    menu.addAction("Go")
    document.setPlainText("x")
    assert all((layout, menu, document, qt.QColor("red"), qt.QUrl("http://a"), qt.QSize(1, 2)))
    label.hide()
    assert not layout, "all that it holds is hidden"
    assert all((qt.QListWidget(), qt.QTableWidget(), qt.QTreeWidget(), qt.QTabWidget(), qt.QSplitter(), qt.QWidget()))


def test_reading_a_property_like_a_method_fails_as_in_the_application(qt):
    with pytest.raises(TypeError):
        qt.QLabel("x").text()


def test_many_calls_do_not_wear_out_none_and_true(qt):
    got = []
    button = qt.QPushButton()
    button.checkable = True
    button.toggled.connect(got.append)
    for _ in range(20000):
        button.setEnabled(True)
    for _ in range(2000):
        button.toggle()
    assert len(got) == 2000


def test_properties_of_other_widgets(qt):
    slider = qt.QSlider(qt.Qt.Horizontal)
    slider.maximum, slider.value = 50, 7
    assert (slider.maximum, slider.value) == (50, 7)
    table = qt.QTableWidget(2, 3)
    table.rowCount = 4
    assert (table.rowCount, table.columnCount) == (4, 3)
    box = qt.QComboBox()
    box.addItems(["a", "b"])
    box.currentIndex = 1
    assert (box.currentText, box.count) == ("b", 2)
    dialog = qt.QProgressDialog()
    dialog.labelText, dialog.maximum, dialog.value = "Working", 20, 3
    assert (dialog.labelText, dialog.maximum) == ("Working", 20)
    widget = qt.QWidget()
    widget.setLayout(qt.QVBoxLayout())
    assert widget.layout().count() == 0


def test_a_subclass_may_override_what_is_a_property(qt):
    class Wide(qt.QWidget):
        def sizeHint(self):
            return qt.QSize(321, 45)

    outer = qt.QWidget()
    outer.setLayout(qt.QVBoxLayout())
    outer.layout().setContentsMargins(0, 0, 0, 0)
    outer.layout().addWidget(Wide())
    outer.adjustSize()
    assert outer.width == 321


@pytest.mark.parametrize("connect", ["attribute", "with type", "without type"])
def test_clicked_passes_false_to_who_takes_it(qt, connect):
    got = []
    button = qt.QPushButton()
    slots = (lambda *args: got.append(args), lambda checked: got.append((checked,)), lambda: got.append(()))
    for slot in slots:
        if connect == "attribute":
            button.clicked.connect(slot)
        else:
            button.connect("clicked(bool)" if connect == "with type" else "clicked()", slot)
    button.click()
    if connect == "without type":
        assert got[2] == ()
    else:
        assert got == [(False,), (False,), ()]


def test_disconnect(qt):
    got = []
    button = qt.QPushButton()

    class Receiver:
        def any(self, *args):
            got.append(args)

        def none(self):
            got.append("none")

    receiver = Receiver()
    button.clicked.connect(receiver.any)
    button.connect("clicked()", receiver.none)
    button.clicked.disconnect(receiver.any)
    button.click()
    assert got == ["none"]
    button.disconnect("clicked()", receiver.none)
    button.click()
    assert got == ["none"]


def test_partial_gets_the_arguments(qt):
    got = []
    edit = qt.QLineEdit()
    edit.textChanged.connect(functools.partial(lambda tag, text: got.append((tag, text)), "tag"))
    edit.text = "new"
    assert got == [("tag", "new")]


def test_unknown_signal_is_refused(qt):
    with pytest.raises(ValueError, match="no signal"):
        qt.QPushButton().connect("squeezed(bool)", print)


def test_process(qt, host):
    import sys

    got = []
    process = qt.QProcess()
    process.setProcessChannelMode(qt.QProcess.MergedChannels)
    process.connect("readyReadStandardOutput()", lambda: got.append(process.readAllStandardOutput().data().decode()))
    process.connect("finished(int,QProcess::ExitStatus)", lambda code, status: got.append((code, status)))
    process.start(sys.executable, ["-c", "import sys; print('hello'); sys.exit(3)"])
    assert host.waitUntil(lambda: (3, qt.QProcess.NormalExit) in got)
    assert "hello" in got[0]


def test_timer(qt, host):
    got = []
    qt.QTimer.singleShot(0, lambda: got.append(1))
    timer = qt.QTimer()
    timer.interval = 1
    timer.connect("timeout()", lambda: got.append(2))
    timer.start()
    assert timer.active
    assert host.waitUntil(lambda: len(got) > 3)
    timer.stop()
    assert got[0] == 1


def test_settings_live_in_a_folder_of_this_run(qt, host):
    import slicer

    slicer.app.settings().setValue("Toy/color", "red")
    assert slicer.util.settingsValue("Toy/color", "") == "red"
    assert slicer.app.settings().fileName().startswith(slicer.app.temporaryPath)
    slicer.app.settings().remove("Toy/color")


def test_shortcut(qt, host):
    got = []
    shortcut = qt.QShortcut(qt.QKeySequence("Ctrl+Z"), host.window)
    shortcut.connect("activated()", lambda: got.append("undo"))
    host.keyPress("Ctrl+Z")
    assert got == ["undo"]
    shortcut.enabled = False
    host.keyPress("Ctrl+Z")
    assert got == ["undo"]
    shortcut.delete()


def test_error_display_is_recorded_with_its_cause(host, widget):
    widget.ui.failButton.click()
    (level, text) = host.shownMessages[0]
    assert level == "error"
    assert text.startswith("The toy broke.\n\na spring is loose")
    assert isinstance(host.exceptions.pop(), ValueError)


def test_questions_are_answered(host, qt):
    import slicer

    assert slicer.util.confirmOkCancelDisplay("Go on?")
    host.dialogs.answers.append(qt.QMessageBox.No)
    assert not slicer.util.confirmYesNoDisplay("Delete?")
    assert host.shownMessages == [("question", "Go on?"), ("question", "Delete?")]


def test_file_dialogs_give_the_queued_path(host, qt, tmp_path):
    assert qt.QFileDialog.getSaveFileName(None, "Save", "", "*.nrrd") == ""
    host.dialogs.paths.append(str(tmp_path))
    assert qt.QFileDialog.getExistingDirectory(None, "Folder", "") == str(tmp_path)


def test_progress_dialog_and_wait_cursor(host, qt):
    import slicer

    dialog = slicer.util.createProgressDialog(labelText="Working", maximum=5, windowTitle="Toy")
    dialog.value = 3
    assert dialog.labelText == "Working"
    dialog.close()
    with slicer.util.WaitCursor():
        assert qt.QApplication.overrideCursor() is not None
    assert qt.QApplication.overrideCursor() is None


def test_status_message(host):
    import slicer

    slicer.util.showStatusMessage("Done", 1000)
    assert host.window.statusBar().currentMessage() == "Done"
    assert slicer.util.mainWindow() is host.window


def scopedEnums(qt, source):
    """Members of enumerations that are named as PySide6 alone has them: qt.Qt.AlignmentFlag.AlignLeft."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            words = ast.unparse(node).split(".")
            if words[0] == "qt" and len(words) == 4:
                scope = getattr(getattr(qt, words[1], None), words[2], None)
                found += [".".join(words)] if isinstance(scope, enum.EnumMeta) else []
    return found


def test_modules_name_members_of_enumerations_by_their_class_alone(qt):
    assert scopedEnums(qt, "a = qt.Qt.AlignmentFlag.AlignLeft | qt.Qt.AlignTop; qt.QSize(1, 2).width") == [
        "qt.Qt.AlignmentFlag.AlignLeft"
    ]
    files = [path for path in EXTENSION.rglob("*.py") if "synthetic_imaging" not in path.parts]
    assert len(files) > 50
    assert {path.name: scopedEnums(qt, path.read_text(encoding="utf-8")) for path in files} == {
        path.name: [] for path in files
    }
