"""Plot and table views of a layout: VTK's charts drawn from chart and series nodes, and the cells of a table node."""

# ruff: noqa: N801 (the class names are Slicer's)

import slicer
import vtk
from PySide6.QtWidgets import QVBoxLayout, QWidget

from .datawidgets import qMRMLTableView
from .renderview import RenderView

_MARKERS = {"none": 0, "cross": 1, "plus": 2, "square": 3, "circle": 4, "diamond": 5}
_LINES = {"none": 0, "solid": 1, "dash": 2, "dot": 3, "dash-dot": 4, "dash-dot-dot": 5}
_AXES = ((vtk.vtkAxis.BOTTOM, "X"), (vtk.vtkAxis.LEFT, "Y"))


class qMRMLPlotView(RenderView):
    """The chart that a plot view node names."""

    def __init__(self, viewNode=None, parent=None):
        super().__init__(parent)
        self._renderer.SetBackground(1, 1, 1)
        self._chart, actor = vtk.vtkChartXY(), vtk.vtkContextActor()
        actor.GetScene().AddItem(self._chart)
        self._renderer.AddActor(actor)
        actor.GetScene().SetRenderer(self._renderer)
        self._observed = []
        self._viewNode = viewNode
        if viewNode is not None:
            self._tag = viewNode.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._follow())
            self._follow()

    def mrmlPlotViewNode(self):
        return self._viewNode

    def detach(self):
        self._timer.stop()
        self._unfollow()
        self._viewNode.RemoveObserver(self._tag)

    def _unfollow(self):
        for node, tag in self._observed:
            node.RemoveObserver(tag)
        self._observed = []

    def _follow(self):
        """Observe the chart of the view node, and draw it."""
        self._unfollow()
        chart = self._viewNode.GetPlotChartNode()
        if chart is not None:
            self._observed = [(chart, chart.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._fill(chart)))]
            self._fill(chart)

    def _fill(self, chart):
        self._chart.ClearPlots()
        self._chart.SetTitle(chart.GetTitle() or "")
        self._chart.GetTitleProperties().SetFontSize(14)
        self._chart.SetShowLegend(bool(chart.GetLegendVisibility()))
        labels = None
        for index in range(chart.GetNumberOfPlotSeriesNodes()):
            labels = self._addPlot(chart.GetNthPlotSeriesNode(index)) or labels
        for place, letter in _AXES:
            axis = self._chart.GetAxis(place)
            axis.SetTitle(getattr(chart, f"Get{letter}AxisTitle")() or "")
            axis.SetBehavior(vtk.vtkAxis.AUTO)
            if not getattr(chart, f"Get{letter}AxisRangeAuto")():
                axis.SetBehavior(vtk.vtkAxis.FIXED)
                axis.SetRange(*getattr(chart, f"Get{letter}AxisRange")())
        if labels is not None:
            places = vtk.vtkDoubleArray()
            for index in range(labels.GetNumberOfValues()):
                places.InsertNextValue(index)
            self._chart.GetAxis(vtk.vtkAxis.BOTTOM).SetCustomTickPositions(places, labels)
        self._chart.RecalculateBounds()
        self.scheduleRender()

    def _addPlot(self, series):
        """Draw one series; the labels of its points, if it has any."""
        node = series.GetTableNode()
        if node is None or node.GetColumnIndex(series.GetYColumnName()) < 0:
            return None
        isBar = series.GetPlotType() in (series.PlotTypeBar, series.PlotTypeScatterBar)
        plot = self._chart.AddPlot(vtk.vtkChart.BAR if isBar else vtk.vtkChart.LINE)
        plot.SetLabel(series.GetName())
        plot.SetColorF(*series.GetColor())
        if series.GetPlotType() in (series.PlotTypeScatter, series.PlotTypeScatterBar):
            plot.SetInputData(node.GetTable(), series.GetXColumnName(), series.GetYColumnName())
        else:
            plot.SetUseIndexForXSeries(True)
            plot.SetInputData(node.GetTable(), series.GetYColumnName(), series.GetYColumnName())
        if not isBar:
            plot.SetMarkerStyle(_MARKERS[series.GetMarkerStyleAsString(series.GetMarkerStyle())])
            plot.SetMarkerSize(series.GetMarkerSize())
            plot.GetPen().SetLineType(_LINES[series.GetLineStyleAsString(series.GetLineStyle())])
            plot.SetWidth(series.GetLineWidth())
        label = series.GetLabelColumnName()
        return node.GetTable().GetColumnByName(label) if label else None


class _ViewWidget(QWidget):
    """A view of the layout without a bar."""

    def __init__(self, view, parent):
        super().__init__(parent)
        self._view = view
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(view)


class qMRMLPlotWidget(_ViewWidget):
    """`slicer.app.layoutManager().plotWidget(0)`."""

    def __init__(self, viewNode, applicationLogic, parent=None):
        super().__init__(qMRMLPlotView(viewNode), parent)
        self._viewNode = viewNode

    def mrmlPlotViewNode(self):
        return self._viewNode

    def plotView(self):
        return self._view

    def detach(self):
        self._view.detach()


class qMRMLTableWidget(_ViewWidget):
    """`slicer.app.layoutManager().tableWidget(0)`."""

    def __init__(self, viewNode, applicationLogic, parent=None):
        super().__init__(qMRMLTableView(), parent)
        self._viewNode = viewNode
        self._view.setMRMLScene(slicer.mrmlScene)
        self._tag = viewNode.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._follow())
        self._follow()

    def mrmlTableViewNode(self):
        return self._viewNode

    def tableView(self):
        return self._view

    def detach(self):
        self._viewNode.RemoveObserver(self._tag)

    def _follow(self):
        self._view.setMRMLTableNode(self._viewNode.GetTableNode())
