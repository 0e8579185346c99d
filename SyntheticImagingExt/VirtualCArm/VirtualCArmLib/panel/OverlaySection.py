"""The section Structures and landmarks."""

from slicer.i18n import tr as _

from SyntheticImagingLib.widgets import setTextIfNew

MOST_NAMES = 6


class OverlaySection:
    """What of the patient is drawn over the picture, and which landmarks cannot be seen there."""

    def __init__(self, ui, logic):
        self.ui, self._logic = ui, logic
        self._parameters = None

    def setParameters(self, parameters):
        self._parameters = parameters

    def refresh(self):
        if self._parameters is not None:
            setTextIfNew(self.ui.landmarksLabel, self._landmarksText())

    def usable(self):
        parameters, ui = self._parameters, self.ui
        noSegments = noPoints = ""
        if parameters is not None and parameters.segmentation is None:
            noSegments = _("Choose a segmentation.")
        if parameters is not None and parameters.landmarks is None:
            noPoints = _("Choose landmarks: a list of points in the patient.")
        return {ui.outlinesCheckBox: noSegments, ui.landmarksCheckBox: noPoints}

    def _landmarksText(self):
        if not self._logic.isReady or self._parameters.landmarks is None:
            return ""
        lines = []
        for plane in "AB" if self._parameters.biplane else "A":
            found = self._logic.landmarks(plane)
            if found:
                lines.append(_textOf(found, plane if self._parameters.biplane else ""))
        return "\n".join(lines)


def _textOf(found, plane):
    unseen = [_("{name}: {why}").format(name=each.name, why=each.unseen) for each in found if not each.visible]
    text = _("{seen} of {count} landmarks in the picture").format(seen=len(found) - len(unseen), count=len(found))
    more = ", ..." if len(unseen) > MOST_NAMES else ""
    parts = [f"{plane}: {text}" if plane else text]
    return "; ".join([*parts, *unseen[:MOST_NAMES]]) + more
