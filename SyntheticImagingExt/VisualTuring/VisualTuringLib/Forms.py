"""The forms of the panel: the frame with its tabs, and what is on each of them."""

import slicer

PARTS = (("designTab", "VisualTuringDesign"), ("readTab", "VisualTuringRead"), ("reportTab", "VisualTuringReport"))


def loadForms(layout, resourcePath):
    """Put the forms into a layout; all their widgets by name, as of one form."""
    ui = _load(resourcePath("UI/VisualTuring.ui"), layout)
    for tab, name in PARTS:
        part = _load(resourcePath(f"UI/{name}.ui"), getattr(ui, tab).layout())
        vars(ui).update(vars(part))
    return ui


def _load(path, layout):
    widget = slicer.util.loadUI(path)
    layout.addWidget(widget)
    widget.setMRMLScene(slicer.mrmlScene)
    return slicer.util.childWidgetVariables(widget)
