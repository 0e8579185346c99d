"""The module's logic: design, check and evaluate reader studies. No window and no Qt is needed.

Every failure that a user can cause raises ``synthetic_imaging.errors.InputError`` with a sentence that says what is
wrong and what to do, and leaves scene and disk as they were.
"""

import shutil
import tempfile
from pathlib import Path

from SyntheticImagingLib.signal import Signal
from SyntheticImagingLib.stages import finish

from . import Cases, ReportNodes
from .Choices import DEFAULT_PRESET, Outlook, designOf, imagesOf, pathText
from .Work import Work


class TuringLogic:
    """Makes studies of images from files and from the scene, checks them, opens reading sessions, and reports.

    cases: the images of the next study, see ``Cases``; not in the scene, where readers would find them.
    Signal: changed() after the cases changed.

    Each long task has two forms: ``newStudy(...)`` does it here; ``newStudyWork(...)`` gives a ``Work`` for a worker
    process. onProgress(stage, percent).
    """

    def __init__(self):
        self.changed = Signal()
        self._cases = []

    def cleanup(self):
        """Forget the cases; call it when the logic is not needed any more."""
        self.clearCases()

    # Cases

    @property
    def cases(self):
        """The images of the next study; those whose nodes have left the scene are dropped."""
        self._cases = [case for case in self._cases if case.isThere]
        return tuple(self._cases)

    def addFolder(self, folder, truth, scanner="", onProgress=None):
        """Add every image of a folder: truth "real", "synthetic" or "host". Lesions may lie beside, see the core's
        ``cases_from_folder``."""
        return self.folderWork(folder, truth, scanner).perform(onProgress)

    def folderWork(self, folder, truth, scanner=""):
        path = _given(folder, "No folder is chosen. Choose the folder of the images.")
        return Work({"task": "folder", "folder": path, "truth": truth, "scanner": scanner}, onDone=self._addFiles)

    def addTable(self, path, onProgress=None):
        """Add the cases of a CSV file, see the core's ``cases_from_table`` for its columns."""
        return self.tableWork(path).perform(onProgress)

    def tableWork(self, path):
        path = _given(path, "No table is chosen. Choose a CSV file.")
        return Work({"task": "table", "path": path}, onDone=self._addFiles)

    def addVolume(self, volumeNode, truth, lesionsNode=None, **more):
        """Add a volume of the scene.

        lesionsNode: a point list (radiusMm: of all its points, 0 unknown), or a segmentation with lesionsSegmentId;
        without it the record of Synthetic Tumor is used, if the volume is its result. organNode, organSegmentId: the
        organ in which lesions can be made. scanner: the same word for images of the same scanner and protocol.
        """
        self._add([Cases.sceneCase(volumeNode, truth, lesionsNode, **more)])

    def saveCases(self, path):
        """Write the cases as a table that ``addTable`` reads; images that are only in the scene cannot be in it."""
        from synthetic_imaging.errors import InputError
        from synthetic_imaging.io.atomic import publish, staging
        from synthetic_imaging.reading.cases import CaseInput, table_of_cases

        path = Path(_given(path, "No file is chosen. Choose a name for the table."))
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

    def removeCases(self, rows):
        """Take out the cases with these indices."""
        self._cases = [case for row, case in enumerate(self.cases) if row not in set(rows)]
        self.changed.emit()

    def clearCases(self):
        self._cases = []
        self.changed.emit()

    def outlook(self, parameters):
        """What a study of the present cases with these choices (parameter node) would be, see ``Choices.Outlook``."""
        return Outlook(self.cases, parameters)

    def sampleSizes(self, cases, margin=None):
        """Rows of aim, cases that it needs per reader, enough; with a row for the margin of the design."""
        from synthetic_imaging.reading.proportions import sample_size_rows

        return sample_size_rows(int(cases), margin)

    def sampleSizesWork(self, margin):
        """The same rows for any number of cases, so without "enough": a small margin takes seconds."""
        return Work({"task": "sizes", "margin": margin}, onDone=lambda answer: answer["rows"])

    # Study

    def newStudy(self, folder, passphrase, design=None, images=None, onProgress=None, **more):
        """Make a study of the present cases; {"study_id", "cases", "leaks", "notes"}. See ``newStudySteps``."""
        work = finish(self.newStudySteps(folder, passphrase, design, images, **more), onProgress)
        return work.perform(onProgress)

    def newStudySteps(
        self, folder, passphrase, design=None, images=None, preset=DEFAULT_PRESET, keyPath=None, acceptLeaks=False,
        secret=None,
    ):  # fmt: skip
        """Generator (stage, percent) that writes the scene's volumes to temporary files; returns the Work.

        folder: of the study, must not exist. design: a core Design or its plain values, by default a rating study.
        images: plain values of a core ImagePolicy. keyPath: by default beside the folder. acceptLeaks: make the study
        even if real and synthetic can be told apart without looking. secret: seed of all that depends on the truth.
        """
        from synthetic_imaging.errors import InputError
        from synthetic_imaging.reading.design import Design
        from synthetic_imaging.reading.key import check_passphrase

        folder = Path(_given(folder, "No folder is chosen for the study. Choose a new one."))
        key = Path(pathText(keyPath) or defaultKeyPath(folder))
        check_passphrase(passphrase)
        if not self.cases:
            raise InputError("There are no cases yet. Add real images from a folder, a table or the scene.")
        design = Design.from_dict(design or {}) if not isinstance(design, Design) else design
        temporary = tempfile.mkdtemp(prefix="visual-turing-")
        try:
            cases = yield from Cases.writtenSteps(self.cases, temporary)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        request = {
            "task": "new", "folder": str(folder), "key": str(key), "cases": cases, "design": design.to_dict(),
            "images": images or {"modality": design.modality}, "preset": preset, "accept_leaks": acceptLeaks,
            "secret": secret,
        }  # fmt: skip
        return Work(request, passphrase, (folder, key), folder=temporary)

    def plannedStudySteps(self, parameters, passphrase, keyPath=None, acceptLeaks=False):
        """``newStudySteps`` with the choices of a parameter node."""
        return self.newStudySteps(
            pathText(parameters.newStudyFolder),
            passphrase,
            designOf(parameters),
            imagesOf(parameters),
            parameters.preset,
            keyPath,
            acceptLeaks,
        )

    def check(self, folder, passphrase, keyPath=None, onProgress=None):
        """Search a study for leaks; {"study_id", "cases", "leaks", "notes"}, the latter two as sentences."""
        return self.checkWork(folder, passphrase, keyPath).perform(onProgress)

    def checkWork(self, folder, passphrase, keyPath=None):
        return Work({"task": "check", **_studyAndKey(folder, keyPath)}, passphrase)

    # Reading

    def openSession(self, folder, reader, number=1, resume=False, **more):
        """A reading session (``ReadingLogic``) of a reader; neither key nor passphrase is needed or opened."""
        from .ReadingLogic import ReadingLogic

        return ReadingLogic(folder, reader, number, resume, **more)

    def status(self, folder, answers=None):
        """Who has read how much, without any truth (``ReadingStatus.StudyStatus``). answers: see ``report``."""
        from .ReadingStatus import studyStatus

        return studyStatus(_given(folder, "No study is chosen. Choose its folder."), pathText(answers) or None)

    # Report

    def report(self, folder, passphrase, keyPath=None, out=None, answers=None, onProgress=None):
        """Evaluate a study; {"files": paths, "warnings": sentences, "analysis": as in results.json}.

        out: by default ``<folder>-report``. answers: the folder of the answers, where it is not in the study.
        """
        return self.reportWork(folder, passphrase, keyPath, out, answers).perform(onProgress)

    def reportWork(self, folder, passphrase, keyPath=None, out=None, answers=None):
        request = {"task": "report", **_studyAndKey(folder, keyPath), "answers": pathText(answers) or None}
        out = Path(pathText(out) or defaultReportFolder(request["folder"]))
        return Work({**request, "out": str(out)}, passphrase, _reportFiles(out))

    def reportCounts(self, path, out, margin=0.15, onProgress=None):
        """Evaluate published counts (CSV: reader, real_as_real, ...); the same result as ``report``."""
        return self.countsWork(path, out, margin).perform(onProgress)

    def countsWork(self, path, out, margin=0.15):
        path = _given(path, "No table of counts is chosen. Choose a CSV file.")
        out = Path(_given(out, "No folder is chosen for the report. Choose one."))
        return Work({"task": "counts", "path": path, "margin": margin, "out": str(out)}, targets=_reportFiles(out))

    def reportNodes(self, analysis):
        """The tables and plots of a report as nodes, in a folder of the data tree; those of an earlier report of the
        same study are brought up to date. Returns {"tables": {name: node}, "charts": {name: node}}."""
        return ReportNodes.show(analysis)

    # Inner parts

    def _addFiles(self, answer):
        self._add([Cases.FileCase(values) for values in answer["cases"]])
        return len(answer["cases"])

    def _add(self, cases):
        self._cases = [*self.cases, *cases]
        self.changed.emit()


def defaultKeyPath(folder):
    """Beside the study, as the core names it."""
    folder = Path(folder).expanduser()
    return folder.with_name(f"{folder.name}.key.json")


def defaultReportFolder(folder):
    folder = Path(folder).expanduser()
    return folder.with_name(f"{folder.name}-report")


def _studyAndKey(folder, keyPath):
    folder = _given(folder, "No study is chosen. Choose its folder.")
    return {"folder": folder, "key": pathText(keyPath) or str(defaultKeyPath(folder))}


def _reportFiles(out):
    return [out / name for name in ("report.html", "results.json")]


def _given(path, sentence):
    """The text of a path; InputError with the sentence where there is none."""
    from synthetic_imaging.errors import InputError

    text = pathText(path)
    if not text:
        raise InputError(sentence)
    return text
