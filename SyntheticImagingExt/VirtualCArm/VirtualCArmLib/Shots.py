"""Images that are kept: single ones, and sweeps as sequences."""

from collections.abc import Sequence
from dataclasses import replace

import slicer

from SyntheticImagingLib.stages import finish

from . import ImageNodes, Setup
from .LiveImage import LiveImage

SHOT_ATTRIBUTE = "VirtualCArm.Shot"


def keep(imageNode, ctNode, name):
    """A copy of a live image as a node of its own, beside the CT in the data tree."""
    from SyntheticImagingLib import nodes

    name = name if "synthetic" in name.lower() else f"{name} (synthetic)"
    node = nodes.cloneVolumeNode(imageNode, name)
    for attribute in imageNode.GetAttributeNames():
        node.SetAttribute(attribute, imageNode.GetAttribute(attribute))
    node.SetAttribute(SHOT_ATTRIBUTE, "1")
    nodes.markSynthetic(node, ctNode)
    nodes.placeBeside(node, ctNode)
    return node


def shotNodes():
    """Every kept image of the scene, the newest last."""
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return [node for node in nodes if node.GetAttribute(SHOT_ATTRIBUTE)]


def posesBetween(first, last, count):
    """Angles (lao, cran, roll in degrees) evenly spaced from one pose to another.

    A pose may leave the roll out, or be the name of a view. InputError for fewer than two, or what is no angle.
    """
    from synthetic_imaging.errors import InputError
    from synthetic_imaging.xray.checks import finite

    number = finite(count, "count")
    if number != int(number) or number < 2:
        raise InputError(f"A sweep of {count} images is none; give 2 or more.")
    ends = [_anglesOf(first), _anglesOf(last)]
    shares = [index / (int(number) - 1) for index in range(int(number))]
    return [tuple(a + share * (b - a) for a, b in zip(*ends, strict=True)) for share in shares]


def _anglesOf(pose):
    from synthetic_imaging.errors import InputError
    from synthetic_imaging.xray.checks import finite

    if isinstance(pose, str):
        return Setup.anglesOfView(pose)
    if not isinstance(pose, Sequence) or len(pose) not in (2, 3):
        raise InputError(
            "A pose of a sweep is LAO and CRAN in degrees, and the roll where it turns, or the name of a view."
        )
    angles = [finite(angle, "angle") for angle in pose]
    return angles if len(angles) == 3 else [*angles, 0.0]


def sweepSteps(patient, state, requests, ctNode, name):
    """Generator of (stage, percent); returns the browser node of a sequence of one image per request.

    Dropped midway, it removes what it made.
    """
    made, image = _Sweep(), LiveImage(lambda radiograph, isFinal: None)
    image.setPatient(patient)
    try:
        made.create(name, ctNode)
        for number, request in enumerate(requests):
            stage = f"Image {number + 1} of {len(requests)}: {request.view.pose().title}"
            yield stage, 100 * number / len(requests)
            image.ask(request)
            image.skipCoarse()
            while image.stage:
                image.step()
                yield stage, 100 * number / len(requests)
            made.checkPresent()
            made.addFrame(number, image.radiograph, request.view)
        made.finish(state)
    finally:
        made.removeUnlessFinished()
    return made.browser


class _Sweep:
    """The nodes of a sweep while it is made."""

    def __init__(self):
        self.browser = self.sequence = None
        self._isFinished = False

    def create(self, name, ctNode):
        from SyntheticImagingLib import nodes

        self._ctNode = ctNode
        add = slicer.mrmlScene.AddNewNodeByClass
        self.sequence = add("vtkMRMLSequenceNode", slicer.mrmlScene.GetUniqueNameByString(name))
        self.sequence.SetIndexName("image")
        self.sequence.SetIndexUnit("")
        self.sequence.SetIndexType(slicer.vtkMRMLSequenceNode.NumericIndex)
        self.browser = add("vtkMRMLSequenceBrowserNode", f"{self.sequence.GetName()} browser")
        nodes.markSynthetic(self.sequence, ctNode)

    def addFrame(self, number, radiograph, view):
        """Store one image; the sequence keeps a copy of its own."""
        from SyntheticImagingLib import nodes

        node = slicer.vtkMRMLScalarVolumeNode()
        node.SetName(f"{self.sequence.GetName()} {number + 1}")
        ImageNodes.show(node, radiograph, view, True)
        nodes.markSynthetic(node)  # on each frame, for the shown one takes its attributes from it
        self.sequence.SetDataNodeAtValue(node, str(number + 1))

    def checkPresent(self):
        """InputError when the user has deleted one of the nodes meanwhile."""
        from synthetic_imaging.errors import InputError

        if any(node.GetScene() is None for node in (self.browser, self.sequence)):
            raise InputError("The sweep was deleted while it was made. Start it again.")

    def finish(self, state):
        from SyntheticImagingLib import nodes

        self.browser.SetAndObserveMasterSequenceNodeID(self.sequence.GetID())
        slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(self.browser)
        proxy = self.browser.GetProxyNode(self.sequence)
        nodes.placeBeside(proxy, self._ctNode)
        ImageNodes.setWindow(proxy, (state.windowLow, state.windowHigh), state.inverted)
        self._isFinished = True

    def removeUnlessFinished(self):
        if self._isFinished:
            return
        for node in (self.browser, self.sequence):
            if node is not None and node.GetScene() is not None:
                slicer.mrmlScene.RemoveNode(node)


class CArmShots:
    """What the logic does with images that are kept; has parameters, patient, ctNode, image, _requestOf and _state."""

    def shot(self, name=None):
        """Keep the images as they are shown, brought up to date unless they are held; the node of plane A."""
        kept = []
        for plane in self._state.planes:
            node = self._shownImage(plane)
            title = name or f"X-ray {self.shownView(plane).pose().title} {self._state.kvp:g} kVp"
            suffix = f" {plane}" if plane != "A" and name else ""
            kept.append(keep(node, self.ctNode, f"{title}{suffix}"))
        self.changed.emit()
        return kept[0]

    @property
    def shots(self):
        """The nodes of all kept images, the newest last."""
        return shotNodes()

    def sweep(self, poseFrom=None, poseTo=None, count=None, name=None, onProgress=None):
        """Images from one pose to another as a sequence; its browser node. onProgress(stage, percent).

        poseFrom, poseTo: LAO and CRAN in degrees, and the roll, or the name of a view; by default the present pose and
        that of the parameters sweepLaoDeg and sweepCranDeg. count: how many images, sweepCount by default.
        """
        return finish(self.sweepSteps(poseFrom, poseTo, count, name), onProgress)

    def sweepSteps(self, poseFrom=None, poseTo=None, count=None, name=None):
        """``sweep`` as a generator of (stage, percent); one that is dropped leaves nothing behind."""
        self._ensureReady()
        here, parameters = self._state.pose("A"), self.parameters
        first = here if poseFrom is None else poseFrom
        last = (parameters.sweepLaoDeg, parameters.sweepCranDeg, here[2]) if poseTo is None else poseTo
        poses = posesBetween(first, last, parameters.sweepCount if count is None else count)
        requests = []
        for number, pose in enumerate(poses):
            state = self._state.withPose("A", pose)
            # noise of its own in every image
            requests.append(self._requestOf(replace(state, noiseSeed=state.noiseSeed + number), "A"))
        name = name or f"X-ray sweep {requests[0].view.pose().title} to {requests[-1].view.pose().title}"
        name = name if "synthetic" in name.lower() else f"{name} (synthetic)"
        return sweepSteps(self.patient, self._state, requests, self.ctNode, name)
