"""One CT with lesions in the scene: the prepared case, the composition, and the nodes that show it."""

from collections.abc import Callable, Sequence

import slicer

from synthetic_imaging.errors import InputError
from synthetic_imaging.tumor.lesion import Lesion
from SyntheticImagingLib import nodes
from SyntheticImagingLib.owning import Owners
from SyntheticImagingLib.stages import Steps, finish

from . import Views, Window
from .Inputs import Inputs
from .Points import LesionPoints
from .Preparation import InputObserver, preparation, summaryOf
from .Results import Results, nameOf
from .Segments import LesionSegments

_sessions = Owners()


class Session:
    """Holds the state between the scene and the engine; it decides nothing.

    case: None until prepared; summary: its numbers, see ``summaryOf``. composition: None until the first lesion.
    isStale: the inputs have changed since. measures: of each lesion, as it was published last.
    """

    def __init__(self, onInputsChanged: Callable[[], object], onTaken: Callable[[], object]):
        """onInputsChanged(): CT or a segment was edited. onTaken(): another session has taken up the same lesions."""
        self.inputs, self.case, self.composition = Inputs(), None, None
        self.isStale, self.summary = False, {}
        self.results, self.points, self.segments = Results(), LesionPoints(), LesionSegments()
        self.measures = []
        self._written = None
        self._onInputsChanged = onInputsChanged
        self.onTaken = onTaken
        self._observer = InputObserver(self._onInputEvent)
        _sessions.add(self)

    @property
    def isReady(self) -> bool:
        return self.case is not None and not self.isStale

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        return self.composition.lesions if self.composition is not None else ()

    def release(self):
        """Let go of everything; nodes in the scene stay as they are."""
        self._observer.stop()
        self.points.release()
        self.segments.release()
        self.results.forget()
        self.inputs, self.case, self.composition = Inputs(), None, None
        self.isStale, self.summary, self.measures, self._written = False, {}, [], None

    def end(self):
        """Let go for good."""
        self.release()
        _sessions.discard(self)

    def takeUp(self, record: slicer.vtkMRMLTextNode):
        """Go on with the nodes of a record; two sessions that write into the same nodes would spoil them."""
        _sessions.take(self, lambda session: session.results.record is record)
        self.results.adopt(record)

    def dropNode(self, node: slicer.vtkMRMLNode) -> bool:
        """A node leaves the scene. Inputs end the session; results are made again at the next change."""
        if self.inputs.uses(node):
            self.release()
            return True
        if node is self.results.points:
            self.points.release()
        if node is self.results.segmentation:
            self.segments.release()
        return self.results.drop(node)

    def prepare(self, inputs: Inputs) -> Steps[None]:
        """Generator (stage, percent): prepare the inputs, or prepare them again after they changed."""
        if inputs != self.inputs:
            self.release()
        case = yield from preparation(inputs)
        Window.showOrgan(inputs.ctNode, case)
        yield "Drawing the lesions", 95
        lesions = self.lesions
        self.inputs, self.case, self.summary, self.isStale = inputs, case, summaryOf(case), False
        self._observer.watch(inputs)
        if self.composition is not None:
            self.composition = None
            self.segments.release()
            self.show(lesions)
            self.composition.clear_history()
            self.publish()

    def prepareStale(self) -> bool:
        """Prepare at once what was prepared and has changed since; whether there was something to do."""
        wasStale = self.case is not None and self.isStale
        if wasStale:
            finish(self.prepare(self.inputs))
        return wasStale

    def _onInputEvent(self):
        if self.case is not None and not self.isStale:
            self.isStale = True
            self._onInputsChanged()

    def ensureResults(self):
        """Make the nodes that are missing, and let the composition write into the result's voxels."""
        isFirst = not self.results.nodes()
        if self.results.volume is None:
            self.results.createVolume(self.inputs, self.case.ct.numpy())
            Views.showVolume(self.results.volume, inPlaceOf=[self.inputs.ctNode], always=True)
        self._connectVoxels()
        self._ensurePoints()
        self._ensureSegmentation()
        if self.results.record is None:
            self.results.createRecord(self.inputs)
        if isFirst:
            # the result has an outline of the organ; the input's color would lie over the lesions
            Views.setVisible([self.inputs.organNode], False)

    def _ensurePoints(self):
        if self.results.points is None:
            self.results.points = self.points.create(f"{nameOf(self.inputs.ctNode)} lesion centers")
            nodes.markSynthetic(self.results.points, self.inputs.ctNode)
            nodes.placeBeside(self.results.points, self.inputs.ctNode)
        if self.points.node is not self.results.points:
            self.points.follow(self.results.points)

    def _ensureSegmentation(self):
        if self.results.segmentation is None:
            name = f"{nameOf(self.inputs.ctNode)} lesions"
            self.results.segmentation = self.segments.create(self.inputs.ctNode, name, self.inputs)
        if self.segments.node is not self.results.segmentation:
            self.segments.follow(self.results.segmentation)

    def _connectVoxels(self):
        """The composition writes straight into the node's memory, so that a drag costs no copy."""
        from synthetic_imaging.tumor import Composition

        voxels, original = nodes.volumeArray(self.results.volume), self.case.ct.numpy()
        if voxels.shape != original.shape or voxels.dtype != original.dtype:
            raise InputError(
                f'The volume "{self.results.volume.GetName()}" no longer has the size and voxel type of the CT. '
                "Delete it; it is made again at the next change."
            )
        if self.composition is None:
            voxels[...] = original
            self.composition = Composition(self.case, into=voxels)
        elif not _sameMemory(self.composition.hu, voxels):
            voxels[...] = self.composition.hu
            self.composition.hu = voxels

    def show(self, lesions: Sequence[Lesion], remember: bool = False, preview: bool = False):
        """Draw lesions into the result and tell the views."""
        self.ensureResults()
        self._note(self.composition.set_lesions(lesions, remember=remember, preview=preview))

    def step(self, name: str):
        """Draw the lesions of the step before or after, name being "undo" or "redo"."""
        self.ensureResults()
        self._note(getattr(self.composition, name)())

    def restore(self, lesions: Sequence[Lesion]):
        """Draw the lesions of a record; the history begins with them."""
        self.show(lesions)
        self.composition.clear_history()

    def _note(self, regions):
        """Voxels in these regions have changed."""
        for region in regions:
            self._written = region if self._written is None else self._written.union(region)
        if self.results.volume is not None:
            slicer.util.arrayFromVolumeModified(self.results.volume)

    def publish(self, current: int = -1):
        """Bring segments, measures, record and points in line with the composition."""
        from synthetic_imaging.tumor import text_of

        self.ensureResults()
        composition = self.composition
        self.segments.update(composition, self.inputs, self._written)
        self._written = None
        self.measures = [composition.measure(index) for index in range(len(composition.lesions))]
        self.results.writeRecord(self.inputs, text_of(self.case, composition.lesions, _plain(self.measures)))
        self.points.show(composition.lesions, current)


def _sameMemory(first, second):
    return first.__array_interface__["data"][0] == second.__array_interface__["data"][0]


def _plain(measures):
    """JSON has no NaN: what a hidden lesion has no value for is None."""
    return [{key: (value if value == value else None) for key, value in entry.items()} for entry in measures]
