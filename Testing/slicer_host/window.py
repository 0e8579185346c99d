"""The main window: module selector and panel at the left, the views at the right, as in the application."""

# ruff: noqa: N801 (the class names are Slicer's)

import slicer
import vtk
from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QDockWidget,
    QFrame,
    QLabel,
    QMainWindow,
    QScrollArea,
    QSizePolicy,
    QStyleFactory,
    QToolBar,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from .ctkwidgets import ctkCollapsibleButton

PANEL_WIDTH_PX = 327
"""Of the module panel, unless the module needs more."""
LOGO_HEIGHT_PX, PROBE_HEIGHT_PX = 37, 96


def apply_style(application):
    """Slicer's light look: Fusion with a quiet palette."""
    application.setStyle(QStyleFactory.create("Fusion"))
    palette = QPalette()
    for role, color in (
        (QPalette.Window, "#efefef"), (QPalette.Base, "#ffffff"), (QPalette.AlternateBase, "#f4f4f4"),
        (QPalette.Button, "#f0f0f0"), (QPalette.Text, "#1e1e1e"), (QPalette.WindowText, "#1e1e1e"),
        (QPalette.ButtonText, "#1e1e1e"), (QPalette.Highlight, "#3b82c4"), (QPalette.HighlightedText, "#ffffff"),
        (QPalette.ToolTipBase, "#ffffdc"), (QPalette.ToolTipText, "#1e1e1e"),
    ):  # fmt: skip
        palette.setColor(role, QColor(color))
    for role in (QPalette.Text, QPalette.WindowText, QPalette.ButtonText):
        palette.setColor(QPalette.Disabled, role, QColor("#9a9a9a"))
    application.setPalette(palette)


class ModuleSelector(QToolBar):
    """Chooses the module whose panel is shown."""

    moduleSelected = Signal(str)

    def __init__(self, parent):
        super().__init__("Module Selection", parent)
        self.setObjectName("ModuleSelectorToolBar")
        self.setMovable(False)
        self._combo = QComboBox()
        self._combo.setMinimumWidth(230)
        self.addWidget(QLabel(" Modules: "))
        self.addWidget(self._combo)
        self._combo.activated.connect(lambda index: self.selectModule(self._combo.itemData(index)))
        self._selected = ""

    def addModule(self, module):
        self._combo.addItem(module.icon, module.title, module.name)
        self._combo.setCurrentIndex(self._combo.findData(self._selected))

    def selectModule(self, name):
        if self._combo.findData(name) < 0:
            raise RuntimeError(f"There is no module named {name}")
        self._selected = name
        self._combo.setCurrentIndex(self._combo.findData(name))
        self.moduleSelected.emit(name)

    @property
    def selectedModule(self):
        return self._selected


class ModulePanel(QScrollArea):
    """Shows one module's widget and tells modules when they are entered and left.

    It is never scrolled sideways: it grows to the width that the module asks for, and keeps that.
    """

    def __init__(self):
        super().__init__()
        self.setObjectName("ModulePanel")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.NoFrame)
        self.setSizePolicy(QSizePolicy.Minimum, QSizePolicy.Expanding)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        content = QWidget()
        content.setSizePolicy(QSizePolicy.Minimum, QSizePolicy.Preferred)
        self._layout = QVBoxLayout(content)
        self._layout.setSizeConstraint(QVBoxLayout.SetMinAndMaxSize)
        self._layout.setContentsMargins(0, 0, 0, 0)
        help = ctkCollapsibleButton("Help & Acknowledgement")
        help.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Fixed)
        help.setCollapsed(True)
        self._layout.addWidget(help)
        self.setWidget(content)
        self._current = None

    def currentWidget(self):
        return self._current

    def showModule(self, module):
        """Leave the module that is shown and enter this one, if any."""
        widget = module.widgetRepresentation() if module is not None else None
        if widget is self._current:
            return
        if self._current is not None:
            self._current.exit()
            self._current.removeEventFilter(self)
            self._layout.removeWidget(self._current)
            self._current.hide()
            self._current.setParent(None)
        self._current = widget
        if widget is None:
            return
        widget.layout().setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(widget, 1)
        widget.setSizePolicy(QSizePolicy.Minimum, widget.sizePolicy().verticalPolicy())
        widget.setVisible(True)
        widget.installEventFilter(self)
        self.updateGeometry()
        widget.enter()

    def eventFilter(self, watched, event):
        """The module has a new size: perhaps the panel should have one."""
        if event.type() == QEvent.Resize:
            self.updateGeometry()
        return False

    def minimumSizeHint(self):
        width = self.widget().minimumSizeHint().width() + self.horizontalScrollBar().sizeHint().width()
        return QSize(max(width, PANEL_WIDTH_PX), super().minimumSizeHint().height())


class DataProbe(QLabel):
    """Position and value under the mouse cursor, from the crosshair node."""

    def __init__(self, scene):
        super().__init__()
        self.setObjectName("DataProbe")
        self.setTextFormat(Qt.PlainText)
        self.setFixedHeight(PROBE_HEIGHT_PX)
        self.setAlignment(Qt.AlignTop)
        self.setContentsMargins(6, 2, 6, 2)
        self._crosshair, self._tag = None, None
        self.follow(scene)

    def follow(self, scene):
        if self._crosshair is not None:
            self._crosshair.RemoveObserver(self._tag)
        self._crosshair = scene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
        self.setText("")
        if self._crosshair is not None:
            event = slicer.vtkMRMLCrosshairNode.CursorPositionModifiedEvent
            self._tag = self._crosshair.AddObserver(event, self._onMoved)

    def _onMoved(self, crosshair, event):
        ras = [0.0, 0.0, 0.0]
        if not crosshair.GetCursorPositionRAS(ras):
            self.setText("")
            return
        text = "R {:.1f}  A {:.1f}  S {:.1f}".format(*ras)
        node = crosshair.GetCursorPositionXYZ([0.0] * 3)
        logic = slicer.app.applicationLogic().GetSliceLogic(node) if node else None
        volume = logic.GetBackgroundLayer().GetVolumeNode() if logic else None
        if volume is not None and volume.GetImageData() is not None:
            text += f"\nB {volume.GetName()}  {self._value(volume, ras)}"
        self.setText(text)

    @staticmethod
    def _value(volume, ras):
        if volume.GetParentTransformNode() is not None:
            return ""
        matrix = vtk.vtkMatrix4x4()
        volume.GetRASToIJKMatrix(matrix)
        ijk = [round(x) for x in matrix.MultiplyPoint([*ras, 1.0])[:3]]
        image = volume.GetImageData()
        if any(not 0 <= i < n for i, n in zip(ijk, image.GetDimensions(), strict=True)):
            return "Out of Frame"
        return f"({ijk[0]}, {ijk[1]}, {ijk[2]})  {image.GetScalarComponentAsDouble(*ijk, 0):g}"


class qSlicerMainWindow(QMainWindow):
    """`slicer.util.mainWindow()`."""

    def __init__(self, core, size):
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        self.setWindowTitle("3D Slicer (host)")
        self._selector = ModuleSelector(self)
        self.addToolBar(self._selector)
        self._panel = ModulePanel()
        self._probe = DataProbe(core.scene)
        self._addViewToolBar(core)
        for name in ("File", "Edit", "View", "Help"):
            self.menuBar().addMenu(name)
        dock = self._panelDock()
        self.addDockWidget(Qt.LeftDockWidgetArea, dock)
        self._viewport = QWidget(objectName="CentralWidget")
        self.setCentralWidget(self._viewport)
        self._selector.moduleSelected.connect(
            lambda name: self._panel.showModule(slicer.app.moduleManager().module(name))
        )
        self.statusBar()
        self.resize(*size)
        self.resizeDocks([dock], [1], Qt.Horizontal)  # as narrow as can be

    def _panelDock(self):
        dock = QDockWidget(self)
        dock.setObjectName("PanelDockWidget")
        dock.setFeatures(QDockWidget.NoDockWidgetFeatures)
        logo = QLabel("  <b>3D Slicer</b> (host)")
        logo.setFixedHeight(LOGO_HEIGHT_PX)
        dock.setTitleBarWidget(logo)
        body = QWidget()
        body.setSizePolicy(QSizePolicy.Minimum, QSizePolicy.Preferred)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._panel, 1)
        title = QLabel(" Data Probe")
        title.setStyleSheet("background: #dcdcdc; padding: 2px;")
        layout.addWidget(title)
        layout.addWidget(self._probe)
        dock.setWidget(body)
        return dock

    def _addViewToolBar(self, core):
        bar = QToolBar("Views", self)
        bar.setMovable(False)
        cls = slicer.vtkMRMLLayoutNode
        for text, layout in (("Four-Up", cls.SlicerLayoutFourUpView), ("Red", cls.SlicerLayoutOneUpRedSliceView),
                             ("3D", cls.SlicerLayoutOneUp3DView)):  # fmt: skip
            action = bar.addAction(text)
            action.triggered.connect(lambda *_, layout=layout: slicer.app.layoutManager().setLayout(layout))
        self.addToolBar(bar)

    def moduleSelector(self):
        return self._selector

    def modulePanel(self):
        return self._panel

    def viewport(self):
        return self._viewport

    def dataProbe(self):
        return self._probe

    @property
    def leastSize(self):
        """(width, height) in pixels below which the window cannot be made, as the panel and the views are now."""
        self.layout().activate()
        least = self.layout().minimumSize()
        return least.width(), least.height()

    def closeEvent(self, event):
        self.hide()
        event.accept()
