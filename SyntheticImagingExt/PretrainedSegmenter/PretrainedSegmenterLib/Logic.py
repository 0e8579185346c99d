"""The module's logic: models, runs, and measures. No window and no Qt is needed.

Every failure that a user can cause raises ``synthetic_imaging.errors.InputError`` with a sentence that says what is
wrong and what to do, and leaves scene and disk as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import slicer

from synthetic_imaging.declared import changed
from synthetic_imaging.errors import InputError
from synthetic_imaging.evaluation.settings import Measures
from synthetic_imaging.segmentation.postprocessing import Step, step_from
from synthetic_imaging.segmentation.settings import Settings
from SyntheticImagingLib.keywords import byPath
from SyntheticImagingLib.requirements import requireInstalled
from SyntheticImagingLib.signal import Signal
from SyntheticImagingLib.stages import OnProgress

from .measuring import MeasureNodes
from .measuring.EvaluateWork import evaluateWork
from .models.ModelWork import ModelWork
from .results import DicomExport
from .running.Case import Case
from .running.Run import Run
from .SegmenterWork import SegmenterWork


class SegmenterLogic:
    """Lists, fetches and runs models, and measures what they found.

    Signal: changed() after a model came or went.
    Each long task has two forms: ``importModel(...)`` does it here; ``importWork(...)`` gives a ``Work`` for a worker
    process. A model is named by its id in the list, or is the path of a folder or file.
    """

    def __init__(self) -> None:
        self.changed = Signal()
        self._descriptions: dict[tuple[str, str], dict] = {}  # by id and hash
        self._background: Any = None

    def cleanup(self) -> None:
        """End what is running in the background."""
        self.cancel()

    # Models

    def models(self) -> list[Any]:
        """All models by name: entries of ``synthetic_imaging.segmentation.catalog``."""
        return self._catalog().entries()

    def model(self, identity: str) -> Any:
        """One of them; InputError where there is none of that id."""
        return self._catalog().entry(identity)

    def modelSizeMb(self, identity: str) -> float:
        """What a model takes on the disk."""
        return self._catalog().size_bytes(identity) / 1e6

    def modelsFolder(self) -> Path:
        """Where models are kept."""
        return self._catalog().folder

    def describe(self, model: str, onProgress: OnProgress | None = None) -> dict:
        """card (see ``synthetic_imaging.segmentation.Card``), channels, modalities and labels of a model."""
        return SegmenterWork({"task": "describe", "model": str(model)}).perform(onProgress)

    def described(self, entry: Any) -> dict | None:
        """The same of an installed model of the list where it was found out before, else None."""
        return self._descriptions.get((entry.id, entry.sha256))

    def describeWork(self, entry: Any) -> SegmenterWork:
        return SegmenterWork({"task": "describe", "model": entry.id}, lambda found: self._describedAs(entry, found))

    def _describedAs(self, entry, found):
        self._descriptions[entry.id, entry.sha256] = found
        return found

    def importModel(self, path: str | Path, identity: str = "", onProgress: OnProgress | None = None) -> Any:
        """Take a model from a folder or file; its entry. identity: what to call it, by default by its own name."""
        return self.importWork(path, identity).perform(onProgress)

    def importWork(self, path: str | Path, identity: str = "") -> ModelWork:
        requireInstalled()
        if not str(path or "").strip():
            raise InputError("No file is chosen. Choose the file or folder of a model.")
        path = Path(path).expanduser().absolute()
        if not path.exists():
            raise InputError(f"'{path}' does not exist; check the path for typing errors.")
        request = {"task": "import", "path": str(path), "id": identity}
        return ModelWork(request, self._onModel, self.modelsFolder())

    def downloadModel(self, model: str, agreed: bool = False, onProgress: OnProgress | None = None) -> Any:
        """Load a model of the list, or from an https address; its entry. What broke off goes on from there.

        agreed: that the user agrees to a license that forbids commercial use; InputError without it.
        """
        return self.downloadWork(model, agreed).perform(onProgress)

    def downloadWork(self, model: str, agreed: bool = False) -> ModelWork:
        requireInstalled()
        if not str(model or "").strip():
            raise InputError("No address is given. Type the https address of a model, or choose one of the list.")
        request = {"task": "download", "model": model.strip(), "agreed": agreed}
        return ModelWork(request, self._onModel, self.modelsFolder())

    def _onModel(self, answer):
        entry = self.model(answer.pop("entry")["id"])
        self._describedAs(entry, answer)
        self.changed.emit()
        return entry

    def removeModel(self, identity: str) -> float:
        """Delete a model from this computer; the megabytes that became free."""
        freed = self._catalog().remove(identity) / 1e6
        self.changed.emit()
        return freed

    @staticmethod
    def _catalog():
        from synthetic_imaging.segmentation.catalog import Catalog

        return Catalog()

    # Runs

    def segment(
        self,
        volumes: slicer.vtkMRMLScalarVolumeNode | Iterable[slicer.vtkMRMLScalarVolumeNode],
        model: str,
        steps: Iterable[Step | Mapping[str, Any] | str] = (),
        ownSteps: bool = True,
        regionNode: slicer.vtkMRMLSegmentationNode | None = None,
        regionSegmentId: str = "",
        wholeSequence: bool = False,
        waitForCompletion: bool = True,
        onDone: Callable[[Any], None] | None = None,
        onProgress: OnProgress | None = None,
        **settings: Any,
    ) -> Any:
        """Run a model on a volume, or on the channels of one in the model's order: a new segmentation node.

        steps: after the model, as objects or JSON of ``synthetic_imaging.segmentation.postprocessing``, or by name:
        "largest_component", "fill_holes", "crf"; ownSteps: those of the model's description come first.
        regionNode, regionSegmentId: look only around that segment. wholeSequence: every item of the sequence that the
        volume shows. settings: those of ``synthetic_imaging.segmentation.Settings``, for instance preset="fast".
        waitForCompletion False: runs in a worker process and returns None at once; onDone(node) is called at the end,
        or onDone(exception); one run at a time, which ``cancel`` ends.
        """
        nodes = (volumes,) if volumes is None or isinstance(volumes, slicer.vtkMRMLNode) else tuple(volumes)
        chosen = changed(Settings(), byPath(Settings, settings))
        after = tuple(map(_step, steps))
        case = Case(nodes, str(model or ""), chosen, after, ownSteps, regionNode, regionSegmentId, wholeSequence)
        if not waitForCompletion:
            return self._inBackground(case, onDone, onProgress)
        run = self.begin(case)
        try:
            while (work := run.nextWork()) is not None:
                work.perform(onProgress)
        except BaseException:
            run.discard()
            raise
        return run.nodes[0]

    def begin(self, case: Case) -> Run:
        """A case ready to be run, piece by piece; InputError where it cannot be used."""
        requireInstalled()
        return Run(case)

    def _inBackground(self, case, onDone, onProgress) -> None:
        from .running.Background import Background

        if self._background is not None and self._background.isRunning:
            raise InputError("A model is running. Wait until it is done, or cancel it.")
        self._background = Background(self.begin(case), onDone, onProgress)
        self._background.start()

    def cancel(self) -> None:
        """End the run in the background; nothing of it stays."""
        if self._background is not None:
            self._background.cancel()

    # Files

    def exportDicom(
        self, segmentationNode: slicer.vtkMRMLSegmentationNode, path: str | Path, onProgress: OnProgress | None = None
    ) -> Path:
        """Write a segmentation as a DICOM SEG of the images that it was made on; the path, which ends in .dcm.

        The image has to be loaded by Slicer's module DICOM. InputError where it was not, or has been moved since.
        """
        return self.exportDicomWork(segmentationNode, path).perform(onProgress)

    def exportDicomWork(self, segmentationNode: slicer.vtkMRMLSegmentationNode, path: str | Path) -> SegmenterWork:
        requireInstalled()
        return DicomExport.exportWork(segmentationNode, path)

    # Measures

    def evaluate(
        self,
        segmentationNode: slicer.vtkMRMLSegmentationNode,
        referenceNode: slicer.vtkMRMLSegmentationNode,
        lesions: Iterable[str] | None = None,
        onProgress: OnProgress | None = None,
        **measures: Any,
    ) -> dict:
        """Measure a segmentation against another one, structure by structure: {"tables", "chart", "rows", "notes"}.

        tables: nodes by name: scores and, where there are lesions, sensitivity, lesions and false_positives. rows: the
        same as plain values. lesions: names of segments of the reference whose pieces are lesions; None: those whose
        name says so. measures: those of ``synthetic_imaging.evaluation.Measures``, for instance toleranceMm=3.
        """
        settings = changed(Measures(), byPath(Measures, measures))
        return self.evaluateWork(segmentationNode, referenceNode, settings, lesions).perform(onProgress)

    def evaluateWork(
        self,
        segmentationNode: slicer.vtkMRMLSegmentationNode,
        referenceNode: slicer.vtkMRMLSegmentationNode,
        measures: Measures,
        lesions: Iterable[str] | None = None,
    ) -> Any:
        def onTables(tables, notes):
            return {**MeasureNodes.show(tables, segmentationNode), "rows": tables, "notes": notes}

        requireInstalled()
        return evaluateWork(segmentationNode, referenceNode, measures, lesions, onTables)


def _step(given) -> Step:
    if isinstance(given, Step):
        return given
    return step_from({"name": given} if isinstance(given, str) else given)
