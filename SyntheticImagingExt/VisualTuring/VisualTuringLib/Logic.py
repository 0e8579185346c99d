"""The module's logic: design, check and evaluate reader studies. No window and no Qt is needed.

Every failure that a user can cause raises ``synthetic_imaging.errors.InputError`` with a sentence that says what is
wrong and what to do, and leaves scene and disk as they were.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import slicer

from synthetic_imaging.declared import default_of
from synthetic_imaging.errors import InputError
from synthetic_imaging.io.trust import Trust
from synthetic_imaging.reading.design import Design, ImagePolicy
from synthetic_imaging.reading.key import check_passphrase, key_beside
from synthetic_imaging.tumor.plans import DEFAULT_PRESET
from SyntheticImagingLib.signal import Signal
from SyntheticImagingLib.stages import finish

from .conduct.ReadingLogic import ReadingLogic
from .conduct.ReadingStatus import StudyStatus, studyStatus
from .making import Cases
from .making.Outlook import Outlook
from .making.Planned import planned
from .Parameters import PLAN, VisualTuringParameterNode
from .Paths import defaultReportFolder, given, pathText
from .report import ReportNodes
from .Work import Work

Progress = Callable[[str, float], None] | None
"""Called with a stage and percents."""

_MARGIN = default_of(Design, "margin")


class TuringLogic:
    """Makes studies of images from files and from the scene, checks them, opens reading sessions, and reports.

    cases: the images of the next study, see ``Cases``; not in the scene, where readers would find them.
    Signals: changed() after the cases changed; message(text) for the user, about files of a folder that were left out.

    Each long task has two forms: ``newStudy(...)`` does it here; ``newStudyWork(...)`` gives a ``Work`` for a worker
    process. onProgress(stage, percent).
    """

    def __init__(self) -> None:
        self.changed, self.message = Signal(), Signal()
        self._cases: list[Cases.Case] = []

    def cleanup(self) -> None:
        """Forget the cases; call it when the logic is not needed any more."""
        self.clearCases()

    # Cases

    @property
    def cases(self) -> tuple[Cases.Case, ...]:
        """The images of the next study; those whose nodes have left the scene are dropped."""
        self._cases = [case for case in self._cases if case.isThere]
        return tuple(self._cases)

    def addFolder(self, folder: str | Path, truth: str, scanner: str = "", onProgress: Progress = None) -> int:
        """Add every image of a folder: truth "real", "synthetic" or "host". Lesions may lie beside, see the core's
        ``cases_from_folder``. What is no image is named by a message."""
        return self.folderWork(folder, truth, scanner).perform(onProgress)

    def folderWork(self, folder: str | Path, truth: str, scanner: str = "") -> Work:
        path = given(folder, "No folder is chosen. Choose the folder of the images.")
        return Work({"task": "folder", "folder": path, "truth": truth, "scanner": scanner}, onDone=self._addFiles)

    def addTable(self, path: str | Path, onProgress: Progress = None) -> int:
        """Add the cases of a CSV file, see the core's ``cases_from_table`` for its columns."""
        return self.tableWork(path).perform(onProgress)

    def tableWork(self, path: str | Path) -> Work:
        path = given(path, "No table is chosen. Choose a CSV file.")
        return Work({"task": "table", "path": path}, onDone=self._addFiles)

    def addVolume(
        self,
        volumeNode: slicer.vtkMRMLScalarVolumeNode,
        truth: str,
        lesionsNode: slicer.vtkMRMLNode | None = None,
        lesionsSegmentId: str = "",
        radiusMm: float = 0.0,
        organNode: slicer.vtkMRMLSegmentationNode | None = None,
        organSegmentId: str = "",
        scanner: str = "",
    ) -> None:
        """Add a volume of the scene: truth "real", "synthetic" or "host".

        lesionsNode: a point list (radiusMm: of all its points, 0 unknown), or a segmentation with lesionsSegmentId;
        without it the record of Synthetic Tumor is used, if the volume is its result. organNode, organSegmentId: the
        organ in which lesions can be made. scanner: the same word for images of the same scanner and protocol.
        """
        case = Cases.sceneCase(
            volumeNode, truth, lesionsNode, lesionsSegmentId, radiusMm, organNode, organSegmentId, scanner
        )
        self._add([case])

    def saveCases(self, path: str | Path) -> None:
        """Write the cases as a table that ``addTable`` reads; images that are only in the scene cannot be in it."""
        from synthetic_imaging.io.atomic import publish, staging
        from synthetic_imaging.reading.making.cases import CaseInput, table_of_cases

        path = Path(given(path, "No file is chosen. Choose a name for the table."))
        inScene = [case.name for case in self.cases if not isinstance(case, Cases.FileCase)]
        if inScene:
            raise InputError(
                f'"{inScene[0]}" is only in the scene, and a table names files. Save it as a file, add that.'
            )
        if not self.cases:
            raise InputError("There are no cases to save. Add images first.")
        text = table_of_cases([CaseInput.from_dict(case.values) for case in self.cases])
        with staging(path) as folder:
            (folder / path.name).write_text(text, encoding="utf-8")
            publish(folder, path)

    def removeCases(self, rows: Iterable[int]) -> None:
        """Take out the cases with these indices."""
        self._cases = [case for row, case in enumerate(self.cases) if row not in set(rows)]
        self.changed.emit()

    def clearCases(self) -> None:
        self._cases = []
        self.changed.emit()

    def outlook(self, parameters: VisualTuringParameterNode) -> Outlook:
        """What a study of the present cases with the choices of a parameter node would be."""
        facts = [case.facts for case in self.cases]
        try:
            return Outlook(facts, PLAN.read(parameters, Design))
        except InputError as error:
            return Outlook(facts, Design(), str(error))

    def sampleSizes(self, cases: int, margin: float | None = None) -> list[dict]:
        """Rows of aim, cases that it needs per reader, enough; with a row for the margin of the design."""
        from synthetic_imaging.reading.statistics.proportions import sample_size_rows

        return sample_size_rows(int(cases), margin)

    def sampleSizesWork(self, margin: float) -> Work:
        """The same rows for any number of cases, so without "enough": a small margin takes seconds."""
        return Work({"task": "sizes", "margin": margin}, onDone=lambda answer: answer["rows"])

    # Study

    def newStudy(
        self,
        folder: str | Path,
        passphrase: str,
        design: Design | Mapping[str, Any] | None = None,
        images: ImagePolicy | Mapping[str, Any] | None = None,
        onProgress: Progress = None,
        **more: Any,
    ) -> dict:
        """Make a study of the present cases; {"study_id", "cases", "leaks", "notes"}. See ``newStudySteps``."""
        work = finish(self.newStudySteps(folder, passphrase, design, images, **more), onProgress)
        return work.perform(onProgress)

    def newStudySteps(
        self,
        folder: str | Path,
        passphrase: str,
        design: Design | Mapping[str, Any] | None = None,
        images: ImagePolicy | Mapping[str, Any] | None = None,
        preset: str = DEFAULT_PRESET,
        keyPath: str | Path | None = None,
        acceptLeaks: bool = False,
        secret: int | None = None,
        acceptHu: bool = False,
        **settings: Any,
    ) -> Iterator[tuple[str, float]]:
        """Generator (stage, percent) that writes the scene's volumes to temporary files; returns the Work.

        folder: of the study, must not exist. design, images: a core Design and ImagePolicy or their plain values, by
        default a rating study of whole images. settings: single ones of either by keyword, ``timeLimitS=60,
        boxMm=(120, 120, 60)``. keyPath: by default beside the folder. acceptLeaks: make the study even if real and
        synthetic can be told apart without looking. secret: seed of all that depends on the truth. acceptHu: take
        images for CTs in HU, whatever they look like.
        """
        folder = Path(given(folder, "No folder is chosen for the study. Choose a new one."))
        key = Path(pathText(keyPath) or key_beside(folder))
        check_passphrase(passphrase)
        if not self.cases:
            raise InputError("There are no cases yet. Add real images from a folder, a table or the scene.")
        design, images = planned(design, images, settings)
        temporary = tempfile.mkdtemp(prefix="visual-turing-")
        try:
            cases = yield from Cases.writtenSteps(self.cases, temporary)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        request = {
            "task": "new", "folder": str(folder), "key": str(key), "cases": cases, "design": design.to_dict(),
            "images": images.to_dict(), "preset": preset, "accept_leaks": acceptLeaks, "secret": secret,
            "trust": Trust(accept_hu=acceptHu).to_dict(),
        }  # fmt: skip
        return Work(request, passphrase, (folder, key), folder=temporary)

    def plannedStudySteps(
        self,
        parameters: VisualTuringParameterNode,
        passphrase: str,
        keyPath: str | Path | None = None,
        acceptLeaks: bool = False,
        acceptHu: bool = False,
    ) -> Iterator[tuple[str, float]]:
        """``newStudySteps`` with the choices of a parameter node."""
        return self.newStudySteps(
            parameters.newStudyFolder,
            passphrase,
            PLAN.read(parameters, Design),
            PLAN.read(parameters, ImagePolicy),
            parameters.preset,
            keyPath,
            acceptLeaks,
            acceptHu=acceptHu,
        )

    def check(
        self, folder: str | Path, passphrase: str, keyPath: str | Path | None = None, onProgress: Progress = None
    ) -> dict:
        """Search a study for leaks; {"study_id", "cases", "leaks", "notes"}, the latter two as sentences."""
        return self.checkWork(folder, passphrase, keyPath).perform(onProgress)

    def checkWork(self, folder: str | Path, passphrase: str, keyPath: str | Path | None = None) -> Work:
        return Work({"task": "check", **_studyAndKey(folder, keyPath)}, passphrase)

    # Reading

    def openSession(
        self,
        folder: str | Path,
        reader: str,
        number: int = 1,
        resume: bool = False,
        experienceYears: float | None = None,
        specialty: str = "",
        answers: str | Path | None = None,
    ) -> ReadingLogic:
        """A reading session (``ReadingLogic``) of a reader; neither key nor passphrase is needed or opened."""
        return ReadingLogic(folder, reader, number, resume, experienceYears, specialty, answers)

    def status(self, folder: str | Path, answers: str | Path | None = None) -> StudyStatus:
        """Who has read how much, without any truth (``ReadingStatus.StudyStatus``). answers: see ``report``."""
        return studyStatus(given(folder, "No study is chosen. Choose its folder."), pathText(answers) or None)

    # Report

    def report(
        self,
        folder: str | Path,
        passphrase: str,
        keyPath: str | Path | None = None,
        out: str | Path | None = None,
        answers: str | Path | None = None,
        onProgress: Progress = None,
    ) -> dict:
        """Evaluate a study; {"files": paths, "warnings": sentences, "analysis": as in results.json}.

        out: by default ``<folder>-report``. answers: the folder of the answers, where it is not in the study.
        """
        return self.reportWork(folder, passphrase, keyPath, out, answers).perform(onProgress)

    def reportWork(
        self,
        folder: str | Path,
        passphrase: str,
        keyPath: str | Path | None = None,
        out: str | Path | None = None,
        answers: str | Path | None = None,
    ) -> Work:
        request = {"task": "report", **_studyAndKey(folder, keyPath), "answers": pathText(answers) or None}
        out = Path(pathText(out) or defaultReportFolder(request["folder"]))
        return Work({**request, "out": str(out)}, passphrase, _reportFiles(out))

    def reportCounts(
        self, path: str | Path, out: str | Path, margin: float = _MARGIN, onProgress: Progress = None
    ) -> dict:
        """Evaluate published counts (CSV: reader, real_as_real, ...); the same result as ``report``."""
        return self.countsWork(path, out, margin).perform(onProgress)

    def countsWork(self, path: str | Path, out: str | Path, margin: float = _MARGIN) -> Work:
        path = given(path, "No table of counts is chosen. Choose a CSV file.")
        out = Path(given(out, "No folder is chosen for the report. Choose one."))
        return Work({"task": "counts", "path": path, "margin": margin, "out": str(out)}, targets=_reportFiles(out))

    def reportNodes(self, analysis: dict) -> dict[str, dict[str, slicer.vtkMRMLNode]]:
        """The tables and plots of a report as nodes, in a folder of the data tree; those of an earlier report of the
        same study are brought up to date. Returns {"tables": {name: node}, "charts": {name: node}}."""
        return ReportNodes.show(analysis)

    # Inner parts

    def _addFiles(self, answer):
        self._add([Cases.FileCase(values) for values in answer["cases"]])
        if answer.get("left_out"):
            self.message.emit(" ".join(answer["left_out"]))
        return len(answer["cases"])

    def _add(self, cases):
        self._cases = [*self.cases, *cases]
        self.changed.emit()


def _studyAndKey(folder, keyPath):
    folder = given(folder, "No study is chosen. Choose its folder.")
    return {"folder": folder, "key": pathText(keyPath) or str(key_beside(folder))}


def _reportFiles(out):
    return [out / name for name in ("report.html", "results.json")]
