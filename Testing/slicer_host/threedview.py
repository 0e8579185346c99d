"""A 3D view with its bar: the real camera, model, segmentation and markups displayable managers of slicer-core."""

# ruff: noqa: N801 (the class names are Slicer's)

import slicer
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from .renderview import RenderView
from .sliceview import BAR_HEIGHT_PX


class qMRMLThreeDView(RenderView):
    """The picture of one view node."""

    factory = "vtkMRMLThreeDViewDisplayableManagerFactory"
    managers = (
        "vtkMRMLCameraDisplayableManager",
        "vtkMRMLViewDisplayableManager",
        "vtkMRMLModelDisplayableManager",
        "vtkMRMLThreeDReformatDisplayableManager",
        "vtkMRMLCrosshairDisplayableManager3D",
        "vtkMRMLOrientationMarkerDisplayableManager",
        "vtkMRMLRulerDisplayableManager",
        "vtkMRMLSegmentationsDisplayableManager3D",
        "vtkMRMLMarkupsDisplayableManager",
    )
    multiSamples = 4

    def __init__(self, viewNode, parent=None):
        super().__init__(parent)
        style = slicer.vtkMRMLThreeDViewInteractorStyle()
        self.connectDisplayableManagers(style, viewNode)

    def mrmlViewNode(self):
        return self._viewNode

    def cameraNode(self):
        return slicer.modules.cameras.logic().GetViewActiveCameraNode(self._viewNode)

    def resetFocalPoint(self):
        """Fit the box to everything visible and look at its middle, from where the camera is."""
        self._viewNode.InvokeEvent(slicer.vtkMRMLViewNode.ResetFocalPointRequestedEvent)
        bounds = self._renderer.ComputeVisiblePropBounds()
        camera = self._renderer.GetActiveCamera()
        if bounds[0] > bounds[1]:
            return
        shift = [(bounds[2 * i] + bounds[2 * i + 1]) / 2 - camera.GetFocalPoint()[i] for i in range(3)]
        camera.SetPosition([p + s for p, s in zip(camera.GetPosition(), shift, strict=True)])
        camera.SetFocalPoint([p + s for p, s in zip(camera.GetFocalPoint(), shift, strict=True)])
        self._renderer.ResetCameraClippingRange()
        self.scheduleRender()

    def resetCamera(self, *_):
        """The same, from a distance that shows everything."""
        self.resetFocalPoint()
        self._renderer.ResetCamera()
        self._renderer.ResetCameraClippingRange()
        self.scheduleRender()


class qMRMLThreeDWidget(QWidget):
    """Bar and view of one view node, as `slicer.app.layoutManager().threeDWidget(0)` returns it."""

    def __init__(self, viewNode, applicationLogic, parent=None):
        super().__init__(parent)
        self._applicationLogic = applicationLogic
        self._logic = slicer.vtkMRMLViewLogic()
        self._logic.SetMRMLApplicationLogic(applicationLogic)
        self._logic.SetMRMLScene(applicationLogic.GetMRMLScene())
        self._logic.AddViewNode(viewNode.GetLayoutName())  # finds the node of that name
        applicationLogic.GetViewLogics().AddItem(self._logic)
        self.setObjectName(f"ThreeDWidget{viewNode.GetLayoutName()}")
        self._view = qMRMLThreeDView(viewNode)
        layout = QVBoxLayout(self, spacing=0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._bar(viewNode))
        layout.addWidget(self._view, 1)

    def _bar(self, viewNode):
        bar = QWidget(objectName="ThreeDViewController")
        bar.setFixedHeight(BAR_HEIGHT_PX)
        bar.setAttribute(Qt.WA_StyledBackground)
        bar.setStyleSheet("QWidget#ThreeDViewController { background: #7583b8; } QLabel { color: black; }")
        center = QToolButton(text="+", toolTip="Center the 3D view on the scene")
        center.setFixedSize(BAR_HEIGHT_PX - 4, BAR_HEIGHT_PX - 4)
        center.clicked.connect(lambda: self._view.resetCamera())
        layout = QHBoxLayout(bar, spacing=4)
        layout.setContentsMargins(4, 1, 4, 1)
        layout.addWidget(QLabel(f" {viewNode.GetLayoutLabel() or '1'} "))
        layout.addWidget(center)
        layout.addStretch(1)
        return bar

    def detach(self):
        self._view.disconnectDisplayableManagers()
        self._applicationLogic.GetViewLogics().RemoveItem(self._logic)
        self._logic.SetMRMLScene(None)

    def mrmlViewNode(self):
        return self._view.mrmlViewNode()

    def viewLogic(self):
        return self._logic

    def threeDView(self):
        return self._view

    def interactorStyle(self):
        return self._view.interactorStyle()
