"""What went wrong in a session is kept where a test can look: exceptions of callbacks, and the error log."""

import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def qt(host):
    import qt

    return qt


def test_exceptions_in_observers_are_kept(host, block):
    def fail(caller, event):
        raise KeyError("observer")

    tag = block.AddObserver("ModifiedEvent", fail)
    block.Modified()
    block.RemoveObserver(tag)
    assert isinstance(host.exceptions.pop(), KeyError)


def test_error_log_has_what_python_qt_and_mrml_say(host, qt, block):
    import logging

    import slicer
    import vtk

    assert host.errorLog == []
    logging.info("not of interest")
    logging.warning("of %s", "Python")
    logging.error("an error of Python")
    qt.qWarning("of Qt")
    slicer.mrmlScene.GetSubjectHierarchyNode().SetItemName(99, "of MRML")
    vtk.vtkPolyDataNormals().Update()
    assert [level for level, _ in host.errorLog] == ["warning", "error", "warning", "error", "error"]
    words = ("of Python", "an error of Python", "of Qt", "Failed to find subject hierarchy item", "Input port")
    assert all(word in text for word, (_, text) in zip(words, host.errorLog, strict=True))


def test_error_that_is_displayed_leaves_its_traceback_in_the_log(host, widget):
    widget.ui.failButton.click()
    assert [level for level, _ in host.errorLog] == ["error", "error"]
    assert "The toy broke." in host.errorLog[0][1]
    assert "Traceback" in host.errorLog[1][1]
    assert "a spring is loose" in host.errorLog[1][1]
    host.exceptions.clear()


def test_segments_without_display_node_or_hierarchy_item_are_complained_of(host, widget):
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Bare")
    node.GetSegmentation().AddEmptySegment("a")
    assert any("No display node" in text for _, text in host.errorLog)
    host.errorLog.clear()
    hidden = slicer.vtkMRMLSegmentationNode()
    hidden.SetHideFromEditors(True)
    hidden = slicer.mrmlScene.AddNode(hidden)
    hidden.CreateDefaultDisplayNodes()
    hidden.GetSegmentation().AddEmptySegment("a")
    assert any("Unable to find subject hierarchy item" in text for _, text in host.errorLog)
    host.errorLog.clear()
    good = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Good")
    good.CreateDefaultDisplayNodes()
    good.GetSegmentation().AddEmptySegment("a")
    assert host.errorLog == []
