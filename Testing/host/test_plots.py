"""Plot and table views of the host's layouts."""

import numpy as np
import pytest

pytestmark = pytest.mark.gui


@pytest.fixture
def chart(host):
    """A rising red line of three points with labels."""
    import slicer

    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "Table")
    slicer.util.updateTableFromArray(table, [np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 4.0])], ["x", "y"])
    series = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", "Series")
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName("x")
    series.SetYColumnName("y")
    series.SetPlotType(series.PlotTypeScatter)
    series.SetColor(1, 0, 0)
    series.SetLineWidth(4)
    chart = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", "Chart")
    chart.AddAndObservePlotSeriesNodeID(series.GetID())
    return chart


def redPixels(host, manager):
    image = host.screenshot(widget=manager.plotWidget(0))
    colors = (image.pixelColor(x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2))
    return sum(color.red() > 200 and color.green() < 90 for color in colors)


def test_a_chart_is_shown_in_a_layout_with_a_plot(host, chart):
    import slicer

    manager = slicer.app.layoutManager()
    slicer.modules.plots.logic().ShowChartInLayout(chart)
    host.processEvents(100)
    assert manager.plotViewCount == 1
    assert manager.plotWidget(0).mrmlPlotViewNode().GetPlotChartNode() is chart
    before = redPixels(host, manager)
    assert before > 20
    chart.RemoveAllPlotSeriesNodeIDs()
    host.processEvents(100)
    assert redPixels(host, manager) == 0
    host.clearScene()
    host.setLayout("FourUp")
    assert manager.plotWidget(0).mrmlPlotViewNode().GetPlotChartNode() is None


def test_a_table_is_shown_in_a_layout_with_a_table(host, chart):
    import slicer

    manager, table = slicer.app.layoutManager(), slicer.util.getNode("Table")
    manager.setLayout(slicer.modules.tables.logic().GetLayoutWithTable(manager.layout))
    slicer.app.applicationLogic().GetSelectionNode().SetActiveTableID(table.GetID())
    slicer.app.applicationLogic().PropagateTableSelection()
    host.processEvents(50)
    assert manager.tableViewCount == 1
    assert manager.tableWidget(0).tableView().mrmlTableNode() is table
    host.setLayout("FourUp")
