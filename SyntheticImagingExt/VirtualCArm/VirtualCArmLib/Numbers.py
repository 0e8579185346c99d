"""Steps, digits, units and tool tips of the form's numbers, from what is declared of them.

Slicer's binding takes ranges from the parameters; of annotations for steps and digits it warns, parameter by parameter.
"""

from .Parameters import SETTINGS


def dress(ui):
    """Every widget that is bound to a number; what the form says itself in a tool tip stays."""
    for widget in vars(ui).values():
        setting = SETTINGS.get(widget.property("SlicerParameterName"))
        if setting is None or setting.kind is bool:
            continue
        if setting.kind is float:
            widget.decimals = setting.decimals
        widget.singleStep = setting.step
        widget.suffix = setting.suffix
        if not widget.toolTip:
            widget.toolTip = f"{setting.help}."
