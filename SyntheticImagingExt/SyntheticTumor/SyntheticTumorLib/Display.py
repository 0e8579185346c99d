"""What the views show of a session: its result, or in the result's place the original or a growth sequence."""

from SyntheticImagingLib.signal import Signal

from . import Views, Window
from .Results import SHOWN_ROLE


class Display:
    """Volumes, outlines and surfaces of a session in the views; ``changed`` is emitted when others are shown."""

    def __init__(self, session, changed: Signal):
        self._session, self._changed = session, changed
        self._instead, self._pointsAreHidden, self._outlined = None, False, True

    @property
    def isOriginalShown(self) -> bool:
        return self._instead is not None and self._instead is self._session.inputs.ctNode

    @property
    def isGrowthShown(self) -> bool:
        return self._instead is not None and not self.isOriginalShown

    @property
    def isShown3D(self) -> bool:
        return self._session.segments.hasSurfaces

    def showOriginal(self, on: bool):
        """The CT as it was in the slice views, without outlines, or the result again."""
        self._show(self._session.inputs.ctNode if on else None)

    def showGrowth(self, browser):
        """The frames of a growth sequence in the slice views, without outlines; None shows the result again."""
        self._show(browser.GetProxyNode(browser.GetMasterSequenceNode()) if browser is not None else None)

    def showResult(self):
        """The result, whatever was shown in its place."""
        self._show(None)

    def showResultOfSaved(self, record):
        """The same in a scene that was saved while something else was shown."""
        shown, results = record.GetNodeReference(SHOWN_ROLE), self._session.results
        if shown is not None:
            Views.showVolume(results.volume, inPlaceOf=[shown])
            Views.setVisible([results.points], True)
            Views.setOutlined(results.segmentation, self._outlined)
            record.SetNodeReferenceID(SHOWN_ROLE, None)

    def showOutlines(self, on: bool):
        """The outlines of organ and lesions in the slice views."""
        self._outlined = bool(on)
        Views.setOutlined(self._session.results.segmentation, self._outlined and self._instead is None)

    def show3D(self, on: bool):
        """The lesions in the translucent organ in the 3D views; they follow every change."""
        session = self._session
        session.segments.showSurfaces(bool(on))
        if self.isShown3D and session.isReady:
            region = session.case.region
            middle = [(first + last - 1) / 2 for first, last in zip(region.start, region.stop, strict=True)]
            Views.lookAt3D(session.case.ct.ras_from_ijk(middle[::-1]))

    def lookAt(self, lesion):
        """Bring the slice views to a lesion, and the 3D views too where surfaces are shown."""
        shown = self._instead if self._instead is not None else self._session.results.volume
        Views.lookAt(lesion.center_ras, shown, lesion.radius_mm)
        if self.isShown3D:
            Views.lookAt3D(lesion.center_ras)

    def dropNode(self, node):
        """A node has left the scene."""
        if node is not None and node in (self._session.results.volume, self._instead):
            self._instead = None
            self._showMarks()

    def _show(self, volume):
        """A volume in place of the result, without the marks of the lesions; None shows the result again."""
        results = self._session.results
        if volume is self._instead or results.volume is None:
            return
        before = results.volume if self._instead is None else self._instead
        after = results.volume if volume is None else volume
        # the user's window, whichever volume it was set on
        Window.copyWindow(before, after)
        Views.showVolume(after, inPlaceOf=[self._session.inputs.ctNode, results.volume, self._instead])
        if self._instead is None:
            self._pointsAreHidden = results.points is not None and bool(results.points.GetDisplayVisibility())
        self._instead = volume
        self._showMarks()
        if results.record is not None:
            # a scene that is saved now opens with the result
            results.record.SetNodeReferenceID(SHOWN_ROLE, volume.GetID() if volume is not None else None)
        self._changed.emit()

    def _showMarks(self):
        """Points and outlines belong to the result; the surfaces in 3D stay whatever the slice views show."""
        results, isResult = self._session.results, self._instead is None
        if self._pointsAreHidden:
            Views.setVisible([results.points], isResult)
        Views.setOutlined(results.segmentation, self._outlined and isResult)
