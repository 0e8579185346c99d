"""The room around a lesion in words, the same for one that is there and for one that a click would place."""

from slicer.i18n import tr as _

NONE_MM = 500
"""The engine says 1000 mm where the organ has no vessel."""


def roomText(vesselMm, surfaceMm):
    """A sentence on a lesion's distances to vessel and surface of the organ (mm, negative where they meet)."""
    if vesselMm > NONE_MM:
        vessel = _("No vessel near")
    elif vesselMm < 0:
        vessel = _("Touches a vessel (by {mm:.1f} mm)").format(mm=-vesselMm)
    else:
        vessel = _("Vessel {mm:.1f} mm away").format(mm=vesselMm)
    if surfaceMm < 0:
        surface = _("crosses the surface of the organ")
    else:
        surface = _("surface {mm:.1f} mm away").format(mm=surfaceMm)
    return f"{vessel}, {surface}."


def vesselCell(vesselMm):
    """The distance to the nearest vessel in as few signs as a table has room for."""
    if vesselMm > NONE_MM:
        return ""
    return _("touches") if vesselMm < 0 else f"{vesselMm:.1f} mm"
