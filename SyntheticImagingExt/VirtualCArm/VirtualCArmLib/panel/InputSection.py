"""The section CT: which volume, what it cannot show, live or held."""

import slicer
from slicer.i18n import tr as _

from SyntheticImagingLib.hounsfield import AcceptHu
from SyntheticImagingLib.widgets import setTextIfNew


class InputSection:
    """onChosen(): called after the user has chosen another CT."""

    def __init__(self, ui, logic, onChosen):
        self.ui, self._logic, self._onChosen = ui, logic, onChosen
        self._parameters, self.problem = None, ""
        self.accepting = AcceptHu(ui.acceptHuButton, lambda: [self._parameters.ct], onChosen)
        ui.ctSelector.currentNodeChanged.connect(self._onCt)

    def setParameters(self, parameters):
        self._parameters = parameters

    def propose(self):
        """Choose what there is no doubt about: the CT that is shown, or the only one."""
        parameters = self._parameters
        if parameters is not None and parameters.ct is None:
            candidates = [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if _mayBeCt(node)]
            shown = [node for node in candidates if node.GetID() == _shownId()]
            if shown or len(candidates) == 1:
                parameters.ct = (shown or candidates)[0]

    def refresh(self):
        setTextIfNew(self.ui.noticeLabel, self.status())
        self.ui.noticeLabel.visible = bool(self.ui.noticeLabel.text)

    def status(self):
        """What is missing, wrong, or cannot be seen; "" when all is well."""
        logic = self._logic
        if self.problem:
            return self.problem
        if self._parameters is None or self._parameters.ct is None:
            return _("Choose a CT.")
        if logic.isStale:
            return _("The CT has changed and is prepared again.")
        if not logic.isReady:
            return _("Not prepared yet.")
        planes = "AB" if self._parameters.biplane else "A"
        problems = [logic.problem(plane) for plane in planes]
        return "\n".join(dict.fromkeys(sentence for sentence in (*problems, *logic.notices) if sentence))

    def _onCt(self, *_arguments):
        """While a scene opens or closes, the selector changes by itself; that is no choice of the user."""
        if self._parameters is None or slicer.mrmlScene.IsBatchProcessing():
            return
        # the binding of the parameter node may be called before or after this
        if self._parameters.ct is not self.ui.ctSelector.currentNode():
            self._parameters.ct = self.ui.ctSelector.currentNode()
        self._onChosen()


def _mayBeCt(node):
    image = node.GetImageData()
    isScalar = not node.IsA("vtkMRMLLabelMapVolumeNode") and image is not None
    return isScalar and min(image.GetDimensions()) > 1


def _shownId():
    widget = slicer.app.layoutManager().sliceWidget("Red")
    return widget.mrmlSliceCompositeNode().GetBackgroundVolumeID() if widget is not None else None
