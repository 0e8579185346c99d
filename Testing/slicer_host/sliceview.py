"""A slice view with its controller bar: slicer-core's slice logic and displayable managers under Qt widgets."""

# ruff: noqa: N801 (the class names are Slicer's)

import math

import slicer
import vtk
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from .renderview import RenderView

BAR_HEIGHT_PX = 24
BAR_LEAST_WIDTH_PX = 335
"""Label, pin, link, maximize, slider and number of the application's bar cannot be squeezed."""


class qMRMLSliceView(RenderView):
    """The picture of one slice: reformatted volumes with the displayable managers' drawings on top."""

    factory = "vtkMRMLSliceViewDisplayableManagerFactory"
    managers = (
        "vtkMRMLModelSliceDisplayableManager",
        "vtkMRMLSegmentationsDisplayableManager2D",
        "vtkMRMLCrosshairDisplayableManager",
        "vtkMRMLOrientationMarkerDisplayableManager",
        "vtkMRMLRulerDisplayableManager",
        "vtkMRMLScalarBarDisplayableManager",
        "vtkMRMLMarkupsDisplayableManager",
    )

    def __init__(self, sliceLogic, parent=None):
        super().__init__(parent)
        self._logic = sliceLogic
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        self._actor = vtk.vtkActor2D()
        self._actor.SetMapper(self._mapper)
        self._actor.GetProperty().SetDisplayLocationToBackground()
        self._actor.SetVisibility(False)
        self._renderer.AddViewProp(self._actor)
        style = slicer.vtkMRMLSliceViewInteractorStyle()
        style.SetSliceLogic(sliceLogic)
        self.connectDisplayableManagers(style, sliceLogic.GetSliceNode())
        self._observed = sliceLogic
        self._tag = sliceLogic.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self.scheduleRender())

    def disconnectDisplayableManagers(self):
        self._observed.RemoveObserver(self._tag)
        super().disconnectDisplayableManagers()

    def mrmlSliceNode(self):
        return self._viewNode

    def sliceLogic(self):
        return self._logic

    def onDeviceResized(self, width, height):
        self._logic.ResizeSliceNode(width, height)

    def beforeRender(self):
        connection = self._logic.GetImageDataConnection()
        self._mapper.SetInputConnection(connection)
        self._actor.SetVisibility(connection is not None)
        background = self._logic.GetBackgroundLayer().GetVolumeNode() if self._logic.GetBackgroundLayer() else None
        label = self._logic.GetLabelLayer().GetVolumeNode() if self._logic.GetLabelLayer() else None
        names = [f"B: {background.GetName()}"] if background else []
        names += [f"L: {label.GetName()}"] if label else []
        self._corner.SetText(0, "\n".join(names))

    def convertRASToXYZ(self, ras):
        """RAS position in mm -> view position (x right, y up in pixels, z slice)."""
        matrix = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self._viewNode.GetXYToRAS(), matrix)
        return list(matrix.MultiplyPoint([*ras, 1.0])[:3])

    def convertXYZToRAS(self, xyz):
        """View position in pixels (y up) -> RAS position in mm."""
        return list(self._viewNode.GetXYToRAS().MultiplyPoint([*xyz, 1.0])[:3])


class qMRMLSliceControllerWidget(QWidget):
    """The colored bar above a slice view: name, offset slider and offset in mm."""

    def __init__(self, sliceLogic, parent=None):
        super().__init__(parent)
        self._logic = sliceLogic
        node = sliceLogic.GetSliceNode()
        color = "#" + "".join(f"{round(255 * c):02x}" for c in node.GetLayoutColor())
        self.setFixedHeight(BAR_HEIGHT_PX)
        self.setMinimumWidth(BAR_LEAST_WIDTH_PX)
        self.setAttribute(Qt.WA_StyledBackground)
        self.setStyleSheet(f"qMRMLSliceControllerWidget {{ background: {color}; }} QLabel {{ color: black; }}")
        self.setObjectName("SliceController")
        label = QLabel(f" {node.GetLayoutLabel()} ")
        self._slider = QSlider(Qt.Horizontal)
        self._spin = QDoubleSpinBox(decimals=4, suffix="mm", buttonSymbols=QDoubleSpinBox.NoButtons)
        self._spin.setFixedWidth(96)
        fit = QToolButton(
            text="[]", toolTip="Adjust the slice viewer's field of view to match the extent of the volume"
        )
        fit.setFixedSize(BAR_HEIGHT_PX - 4, BAR_HEIGHT_PX - 4)
        fit.clicked.connect(lambda: sliceLogic.FitSliceToBackground())
        layout = QHBoxLayout(self, spacing=4)
        layout.setContentsMargins(4, 1, 4, 1)
        for widget in (label, fit, self._slider, self._spin):
            layout.addWidget(widget, 1 if widget is self._slider else 0)
        self._slider.valueChanged.connect(lambda value: self._setOffset(self._low + value * self._step))
        self._spin.editingFinished.connect(lambda: self._setOffset(self._spin.value()))
        self._low, self._step = 0.0, 1.0
        self._tag = sliceLogic.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self.updateFromLogic())
        self._nodeTag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self.updateFromLogic())
        self.updateFromLogic()

    def disconnectLogic(self):
        self._logic.RemoveObserver(self._tag)
        if self._logic.GetSliceNode():
            self._logic.GetSliceNode().RemoveObserver(self._nodeTag)

    def fitSliceToBackground(self):
        self._logic.FitSliceToBackground()

    def setSliceVisible(self, visible):
        self._logic.GetSliceNode().SetSliceVisible(bool(visible))

    def sliceOffsetSlider(self):
        return self._slider

    def _setOffset(self, offset):
        self._logic.StartSliceOffsetInteraction()
        self._logic.SetSliceOffset(offset)
        self._logic.EndSliceOffsetInteraction()

    def updateFromLogic(self):
        bounds = [0.0] * 6
        self._logic.GetLowestVolumeSliceBounds(bounds)
        step = self._logic.GetLowestVolumeSliceSpacing()[2] or 1.0
        self._low, high, self._step = bounds[4] + step / 2, bounds[5] - step / 2, step
        offset = self._logic.GetSliceOffset()
        for widget in (self._slider, self._spin):
            widget.blockSignals(True)
        self._slider.setRange(0, max(0, math.ceil((high - self._low) / step - 1e-6)))
        self._slider.setValue(round((offset - self._low) / step))
        self._spin.setRange(-1e6, 1e6)
        self._spin.setSingleStep(step)
        self._spin.setValue(offset)
        for widget in (self._slider, self._spin):
            widget.blockSignals(False)


class qMRMLSliceWidget(QWidget):
    """Controller bar and view of one slice node, as `slicer.app.layoutManager().sliceWidget("Red")` returns it."""

    def __init__(self, sliceNode, applicationLogic, parent=None):
        super().__init__(parent)
        self._applicationLogic = applicationLogic
        self._logic = slicer.vtkMRMLSliceLogic()
        self._logic.SetMRMLApplicationLogic(applicationLogic)
        self._logic.SetMRMLScene(applicationLogic.GetMRMLScene())
        self._logic.SetSliceNode(sliceNode)
        applicationLogic.GetSliceLogics().AddItem(self._logic)
        self.setObjectName(f"qMRMLSliceWidget{sliceNode.GetLayoutName()}")
        self._controller = qMRMLSliceControllerWidget(self._logic)
        self._view = qMRMLSliceView(self._logic)
        layout = QVBoxLayout(self, spacing=0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._controller)
        layout.addWidget(self._view, 1)

    def detach(self):
        """Stop following the slice node, before it leaves the scene."""
        self._controller.disconnectLogic()
        self._view.disconnectDisplayableManagers()
        self._applicationLogic.GetSliceLogics().RemoveItem(self._logic)
        self._logic.SetMRMLScene(None)

    def mrmlSliceNode(self):
        return self._view.mrmlSliceNode()

    def mrmlSliceCompositeNode(self):
        return self._logic.GetSliceCompositeNode()

    def sliceLogic(self):
        return self._logic

    def sliceView(self):
        return self._view

    def sliceController(self):
        return self._controller

    def interactorStyle(self):
        return self._view.interactorStyle()

    def fitSliceToBackground(self):
        self._logic.FitSliceToBackground()
