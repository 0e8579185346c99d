"""The full screen for reading: slice views with a strip, or a page; everything else is put away and given back."""

from contextlib import suppress

import qt
import slicer

VIEW_NAMES = ("Reading1", "Reading2")
_LAYOUT_IDS = {1: 73101, 2: 73102}
_BEFORE_ALL = 1000.0
_VIEW = (
    '<item><view class="vtkMRMLSliceNode" singletontag="{name}">'
    '<property name="orientation" action="default">Axial</property>'
    '<property name="viewlabel" action="default">{label}</property>'
    '<property name="viewcolor" action="default">#000000</property></view></item>'
)


class ReadingScreen:
    """Takes the main window over with ``open`` and gives it back with ``close``, whatever happened in between."""

    def __init__(self):
        self._undo = []
        self._bar = self._dock = None

    @property
    def isOpen(self):
        return bool(self._undo)

    def open(self, strip, page):
        """Put everything away. strip: the widget below the image; page: the widget in place of the image."""
        window = slicer.util.mainWindow()
        state, layout = window.windowState(), slicer.app.layoutManager().layout
        self._undo.append(lambda: window.setWindowState(state))
        self._undo.append(lambda: slicer.app.layoutManager().setLayout(layout))
        self._putAwayShortcuts(window)
        self._putAwayFrame(window)
        self._putAwayScene()
        self._addWidgets(window, strip, page)
        window.showFullScreen()
        window.setFocus()  # keys are for the reading now, not for the field that was typed into last

    def close(self):
        """Give everything back in reverse order; what has gone meanwhile is left out."""
        while self._undo:
            undo = self._undo.pop()
            with suppress(RuntimeError, ValueError):  # how a widget that is no more answers
                undo()

    def showViews(self, count):
        """A layout of one slice view, or of two side by side; returns their slice logics."""
        manager = slicer.app.layoutManager()
        node = manager.layoutLogic().GetLayoutNode()
        if not node.IsLayoutDescription(_LAYOUT_IDS[count]):
            views = "".join(_VIEW.format(name=name, label=i + 1) for i, name in enumerate(VIEW_NAMES[:count]))
            node.AddLayoutDescription(_LAYOUT_IDS[count], f'<layout type="horizontal">{views}</layout>')
        manager.setLayout(_LAYOUT_IDS[count])
        return [_prepared(manager.sliceWidget(name)) for name in VIEW_NAMES[:count]]

    def showImage(self, visible):
        """The views with the strip, or the page."""
        center = slicer.util.mainWindow().centralWidget()
        for widget in (center, self._bar) if not visible else (self._dock,):
            widget.setVisible(False)
        for widget in (center, self._bar) if visible else (self._dock,):
            widget.setVisible(True)

    def draw(self):
        """Draw the views now, so that a case's time begins when it is seen."""
        manager = slicer.app.layoutManager()
        for name in VIEW_NAMES:
            widget = manager.sliceWidget(name)
            if widget is not None and widget.visible:
                widget.sliceView().forceRender()

    def _putAwayFrame(self, window):
        """Menus, tool bars, panels (module, Data Probe, Python console, error log), status bar."""
        for kind in (qt.QMenuBar, qt.QToolBar, qt.QDockWidget, qt.QStatusBar):
            for widget in window.findChildren(kind):
                if not widget.isHidden():
                    self._hide(widget)
        center = window.centralWidget()
        style = center.styleSheet
        self._undo.append(lambda: center.setStyleSheet(style))
        center.setStyleSheet("QWidget { background: #000000; }")  # no bright line between two images
        self._undo.append(lambda: center.setVisible(True))

    def _hide(self, widget):
        self._undo.append(lambda: widget.setVisible(True))
        widget.setVisible(False)

    def _putAwayShortcuts(self, window):
        """No key may open a dialog, change the layout or mean two things while somebody reads."""
        for kind in (qt.QAction, qt.QShortcut):
            for item in window.findChildren(kind):
                if item.enabled and _hasKey(item):
                    self._undo.append(lambda item=item: item.setEnabled(True))
                    item.setEnabled(False)

    def _putAwayScene(self):
        """What the scene shows in all views would lie over the study's images, and the mouse must not draw."""
        for node in slicer.util.getNodesByClass("vtkMRMLDisplayNode"):
            if node.GetVisibility() and not node.IsA("vtkMRMLVolumeDisplayNode") and not _isOfViews(node):
                self._undo.append(lambda node=node: node.SetVisibility(True))
                node.SetVisibility(False)
        interaction = slicer.app.applicationLogic().GetInteractionNode()
        mode = interaction.GetCurrentInteractionMode()
        self._undo.append(lambda: interaction.SetCurrentInteractionMode(mode))
        interaction.SetCurrentInteractionMode(interaction.ViewTransform)
        self._withholdMenu(interaction)
        crosshair = slicer.mrmlScene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
        if crosshair is not None:
            shown = crosshair.GetCrosshairMode()
            self._undo.append(lambda: crosshair.SetCrosshairMode(shown))
            crosshair.SetCrosshairMode(crosshair.NoCrosshair)

    def _withholdMenu(self, interaction):
        """The menu of the right button offers the volume's properties and other modules."""

        def stop(caller, _event):
            caller.GetCommand(tag).AbortFlagOn()

        tag = interaction.AddObserver(interaction.ShowViewContextMenuEvent, stop, _BEFORE_ALL)
        self._undo.append(lambda: interaction.RemoveObserver(tag))

    def _addWidgets(self, window, strip, page):
        """The strip as a tool bar, which nobody can pull at; the page as a panel, which takes the whole window."""
        self._bar = qt.QToolBar(window)
        self._bar.setObjectName("VisualTuringReadingBar")
        self._bar.setMovable(False)
        self._bar.setStyleSheet("QToolBar { background: #1c1c1c; border: 0px; padding: 0px; spacing: 0px; }")
        self._bar.addWidget(strip)
        window.addToolBar(qt.Qt.BottomToolBarArea, self._bar)
        self._dock = qt.QDockWidget(window)
        self._dock.setObjectName("VisualTuringReadingDock")
        self._dock.setFeatures(qt.QDockWidget.NoDockWidgetFeatures)
        self._dock.setTitleBarWidget(qt.QWidget())
        self._dock.setWidget(page)
        window.addDockWidget(qt.Qt.BottomDockWidgetArea, self._dock)
        self._undo.append(lambda: self._removeWidgets(window))
        policy = window.contextMenuPolicy
        self._undo.append(lambda: window.setContextMenuPolicy(policy))
        window.setContextMenuPolicy(qt.Qt.NoContextMenu)  # it offers panels and tool bars

    def _removeWidgets(self, window):
        window.removeDockWidget(self._dock)
        window.removeToolBar(self._bar)
        for widget in (self._dock, self._bar):
            widget.hide()
            widget.deleteLater()
        self._dock = self._bar = None


def _prepared(widget):
    """A view without a bar, without texts, that no scene is saved with."""
    widget.sliceController().setVisible(False)
    view, node = widget.sliceView(), widget.mrmlSliceNode()
    view.cornerAnnotation().ClearAllTexts()
    view.cornerAnnotation().SetVisibility(False)
    logic = widget.sliceLogic()
    _restrictView(view)
    for each in (node, logic.GetSliceCompositeNode()):
        each.SetHideFromEditors(True)
        each.SetSaveWithScene(False)
    logic.GetSliceCompositeNode().SetLinkedControl(False)
    return logic


def _restrictView(view):
    """Mouse and keys of a view scroll, pan and zoom; they do not turn slices, blend or choose volumes."""
    widget = view.displayableManagerByClassName("vtkMRMLCrosshairDisplayableManager").GetSliceIntersectionWidget()
    for action in (
        widget.ActionRotate,
        widget.ActionBlend,
        widget.ActionShowSlice,
        widget.ActionAdjustLightbox,
        widget.ActionSelectVolume,
        widget.ActionSetCrosshairPosition,
        widget.ActionTranslateSliceIntersection,
        widget.ActionRotateSliceIntersection,
    ):
        widget.SetActionEnabled(action, False)


def _isOfViews(node):
    return node.IsA("vtkMRMLSliceDisplayNode")


def _hasKey(item):
    """Whether an action or a shortcut can be reached by a key."""
    sequence = item.shortcut if hasattr(item, "shortcut") else item.key
    return not sequence.isEmpty()
