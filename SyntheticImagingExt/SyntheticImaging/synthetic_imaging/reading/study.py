"""A study on the disk, as readers get it: the manifest and the images under random codes. No truth is in it.

study/manifest.json     the design, the codes, the blocks; the truth of training cases only
study/images/<code>.nii
study/answers/          what the readers answered
study.key.json          beside the study, encrypted: see ``key``
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError
from ..tuples import three
from .design import PAIRS, RATING, REAL, SYNTHETIC, Design

SCHEMA = "synthetic-imaging-study/1"
NOTICE = "Reader study; may contain images with synthetic lesions. Not for clinical use."
MANIFEST, IMAGES, ANSWERS = "manifest.json", "images", "answers"
SUFFIX = ".nii"
PIECE_BYTES = 2 * 2**20
"""What is read of an image at a time, so that a window stays alive."""


@dataclass(frozen=True)
class StudyCase:
    """One image. cue_ras: where its lesion is, in mm, where the design shows that; truth: of training cases only."""

    code: str
    sha256: str
    block: int = 0
    repeat: bool = False
    cue_ras: tuple[float, float, float] | None = None
    truth: str | None = None


@dataclass(frozen=True)
class StudyPair:
    """Two images of which one is synthetic, codes in alphabetical order; synthetic: of training pairs only."""

    codes: tuple[str, str]
    block: int = 0
    repeat: bool = False
    synthetic: str | None = None

    @property
    def name(self) -> str:
        return "-".join(self.codes)


@dataclass(frozen=True)
class Study:
    """The manifest of a study and its folder. Everything here may be seen by a reader."""

    folder: Path
    study_id: str
    design: Design
    order_seed: int
    cases: tuple[StudyCase, ...]
    pairs: tuple[StudyPair, ...] = ()
    training: tuple[StudyCase, ...] = ()
    training_pairs: tuple[StudyPair, ...] = ()
    images: dict = field(default_factory=dict)
    digest: str = ""

    @classmethod
    def load(cls, folder: str | Path) -> Study:
        """Read the manifest of a study folder; InputError where it is missing, damaged or was changed."""
        folder = Path(folder).expanduser()
        values = _read(folder / MANIFEST)
        try:
            study = cls(
                folder,
                str(values["study_id"]),
                Design.from_dict(values["design"]),
                int(values["order_seed"]),
                tuple(_case(entry) for entry in values["cases"]),
                tuple(_pair(entry) for entry in values["pairs"]),
                tuple(_case(entry) for entry in values["training"]),
                tuple(_pair(entry) for entry in values["training_pairs"]),
                values["images"],
                values["sha256"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(_damaged(folder / MANIFEST, f"{type(error).__name__} at {error}")) from error
        study._check()
        return study

    def to_dict(self) -> dict:
        """The manifest without its checksum."""
        cases = [_entry(case) for case in sorted(self.cases, key=lambda case: case.code)]
        pairs = [_entry(pair) for pair in sorted(self.pairs, key=lambda pair: pair.codes)]
        return {
            "schema": SCHEMA,
            "notice": NOTICE,
            "study_id": self.study_id,
            "design": self.design.to_dict(),
            "images": self.images,
            "order_seed": self.order_seed,
            "cases": cases,
            "pairs": pairs,
            "training": [_entry(case) for case in sorted(self.training, key=lambda case: case.code)],
            "training_pairs": [_entry(pair) for pair in sorted(self.training_pairs, key=lambda pair: pair.codes)],
        }

    def manifest_text(self) -> str:
        """The manifest with its checksum, as it is written."""
        values = self.to_dict()
        return json.dumps({**values, "sha256": digest_of(values)}, indent=1, ensure_ascii=False) + "\n"

    def case(self, code: str) -> StudyCase:
        for case in (*self.cases, *self.training):
            if case.code == code:
                return case
        raise InputError(f"The study has no image '{code}'.")

    def path_of(self, code: str) -> Path:
        return self.folder / IMAGES / f"{code}{SUFFIX}"

    def image_path(self, code: str) -> Path:
        """The file of an image; InputError where it is missing, so that nobody answers about nothing."""
        path = self.path_of(code)
        if not path.is_file() or path.stat().st_size == 0:
            raise InputError(
                f"Image '{path.name}' is missing from the study folder '{self.folder}' or is empty; copy the study "
                "again from its owner. All answers given so far are kept."
            )
        return path

    def damage_of(self, code: str) -> InputError:
        """What is said of an image that is not as it was when the study was made."""
        return InputError(
            f"Image '{self.path_of(code).name}' of the study is damaged or was changed; copy the study again from its "
            "owner. All answers given so far are kept."
        )

    def check_digest(self, code: str, digest: str | None):
        """InputError unless the SHA-256 of an image's file is that of the manifest."""
        if digest != self.case(code).sha256:
            raise self.damage_of(code)

    def check_steps(self) -> Generator[tuple[int, float], None, int]:
        """Read every image and compare it with the manifest, in pieces: yields (images done, share of the next).

        InputError names the first image that is missing, damaged or was changed. Returns the number of images.
        """
        cases = (*self.cases, *self.training)
        for number, case in enumerate(cases):
            path, digest, done = self.image_path(case.code), hashlib.sha256(), 0
            size = path.stat().st_size
            try:
                with open(path, "rb") as file:
                    while piece := file.read(PIECE_BYTES):
                        digest.update(piece)
                        done += len(piece)
                        yield number, min(1.0, done / size)
            except OSError as error:
                raise self.unreadable(code=case.code, error=error) from error
            self.check_digest(case.code, digest.hexdigest())
        return len(cases)

    def check_images(self):
        """The same at once."""
        for _ in self.check_steps():
            pass

    def unreadable(self, code: str, error: OSError) -> InputError:
        """What is said of an image whose folder has gone, or that may not be read."""
        return InputError(
            f"Image '{self.path_of(code).name}' of the study cannot be read: {error.strerror or error}. Connect its "
            "folder again and go on; all answers given so far are kept."
        )

    def _check(self):
        codes = [case.code for case in (*self.cases, *self.training)]
        known = set(codes)
        in_pairs = {code for pair in (*self.pairs, *self.training_pairs) for code in pair.codes}
        if len(known) < len(codes) or not in_pairs <= known or not self.cases:
            raise InputError(_damaged(self.folder / MANIFEST, "its list of images contradicts itself"))
        if PAIRS in self.design.arms and not self.pairs:
            raise InputError(_damaged(self.folder / MANIFEST, "it has no pairs"))
        if RATING not in self.design.arms and any(case.repeat for case in self.cases):
            raise InputError(_damaged(self.folder / MANIFEST, "it repeats cases of an arm it does not have"))


def digest_of(values: dict) -> str:
    """SHA-256 of plain values, whatever the order of their names."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> dict:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise InputError(
            f"'{path.parent}' holds no study: {path.name} cannot be read ({reason}). Choose the folder that the "
            f"study's owner gave you, in which {path.name} lies."
        ) from error
    try:
        values = json.loads(text)
    except ValueError as error:
        raise InputError(_damaged(path, str(error))) from error
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        raise InputError(
            f"'{path}' is not the manifest of a reader study of this version ({SCHEMA}); open it with the version that "
            "made it, or ask its owner for the study again."
        )
    content = {name: value for name, value in values.items() if name != "sha256"}
    if digest_of(content) != values.get("sha256"):
        raise InputError(_damaged(path, "its checksum does not fit"))
    return values


def _damaged(path: Path, why: str) -> str:
    return (
        f"The manifest '{path}' is damaged or was changed ({why}); copy the study again from its owner. "
        "Answers already given are kept."
    )


def _case(entry: dict) -> StudyCase:
    cue = entry.get("cue_ras")
    truth = entry.get("truth")
    if truth not in (None, REAL, SYNTHETIC):
        raise ValueError(f"truth {truth}")
    return StudyCase(
        _code(entry["code"]), str(entry["sha256"]), int(entry["block"]), bool(entry["repeat"]),
        None if cue is None else three(map(float, cue)), truth,
    )  # fmt: skip


def _pair(entry: dict) -> StudyPair:
    first, second = entry["codes"]
    return StudyPair((_code(first), _code(second)), int(entry["block"]), bool(entry["repeat"]), entry.get("synthetic"))


def _code(text: str) -> str:
    if not (isinstance(text, str) and text.isalnum() and text.isascii()):
        raise ValueError(f"code {text!r}")
    return text


def _entry(item: StudyCase | StudyPair) -> dict:
    values = dict(vars(item))
    if isinstance(item, StudyPair):
        values["codes"] = list(item.codes)
    elif item.cue_ras is not None:
        values["cue_ras"] = list(item.cue_ras)
    return {name: value for name, value in values.items() if value is not None}
