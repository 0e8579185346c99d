"""Making a study: images of both kinds through one pipeline, random codes, the key apart, and a search for leaks."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from ... import __version__
from ...errors import InputError
from ...io.atomic import flush, flush_folder, publish, staging
from ...io.trust import Trust
from ...tumor.plans import DEFAULT_PRESET
from .. import key as keys
from ..design import Design, ImagePolicy
from ..study import IMAGES, MANIFEST, SUFFIX, Study, file_digest
from .cases import CaseInput
from .leaks import LeakReport, check_study
from .planning import plan_study, random_codes
from .preparing import Prepared, Progress, prepare

FILE_TIME_S = 946_728_000
"""Noon of 2000-01-01 (UTC), the time of every file of a study."""


def build_study(
    folder: str | Path,
    cases: Sequence[CaseInput],
    design: Design,
    policy: ImagePolicy,
    passphrase: str,
    preset: str = DEFAULT_PRESET,
    key_path: str | Path | None = None,
    secret: int | None = None,
    accept_leaks: bool = False,
    progress: Progress = lambda done, total, text: None,
    trust: Trust | None = None,
) -> tuple[Study, LeakReport]:
    """Make a study folder and its key; all of it or nothing.

    cases: real ones, synthetic ones, and hosts. Without synthetic ones the synthetic half is made: each real case gets
        a twin in a host of the same scanner; without hosts the real CTs that have an organ are the hosts (then the
        design needs a cue, for such a CT shows real lesions too).
    preset: kind of the lesions that are made. key_path: by default ``key.key_beside(folder)``.
    secret: seed of everything that depends on the truth; drawn at random by default, and kept in the key.
    accept_leaks: keep a study whose classes can be told apart without looking at the picture.
    progress: called with the images done, their number, and a text. trust: what is not doubted of the images.

    Raises InputError, with the reasons, where the study leaks; nothing is left behind.
    """
    folder = Path(folder).expanduser()
    key_path = Path(key_path).expanduser() if key_path else keys.key_beside(folder)
    _check_targets(folder, key_path)
    keys.check_passphrase(passphrase)
    if design.modality != policy.modality:
        raise InputError(f"The design is for {design.modality}, the image policy for {policy.modality}; make them one.")
    secret = secrets.randbits(63) if secret is None else secret
    rng = np.random.default_rng(secret)
    with staging(folder) as temporary:
        raw, staged = temporary / "raw", temporary / "study"
        raw.mkdir()
        items = prepare(cases, design, policy, preset, rng, raw, progress, trust)
        progress(len(items), len(items), "Searching for leaks")
        codes = random_codes(len(items), rng)
        _copy_in_order(items, codes, raw, staged / IMAGES)
        digests = [file_digest(staged / IMAGES / f"{code}{SUFFIX}") for code in codes]
        study, synthetic_of = plan_study(items, codes, digests, design, policy.to_dict(), rng)
        write_manifest(study, staged)
        values = {
            "version": __version__,
            "secret": secret,
            "cases": {code: item.to_dict() for code, item in zip(codes, items, strict=True)},
            "pairs": synthetic_of,
        }
        report = check_study(Study.load(staged), values)
        if report.leaks and not accept_leaks:
            raise InputError(f"The study was not made, because it leaks. {report.sentences} Nothing was written.")
        values["leaks"] = [leak.sentence for leak in report.leaks]
        _publish(staged, folder, key_path, keys.seal(values, study.study_id, passphrase))
    return Study.load(folder), report


def write_manifest(study: Study, folder: Path):
    """Write the manifest of a study into a folder, with the same time as every other file."""
    path = folder / MANIFEST
    path.write_text(study.manifest_text(), encoding="utf-8")
    flush(path)
    os.utime(path, (FILE_TIME_S, FILE_TIME_S))


def _check_targets(folder: Path, key_path: Path):
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"'{folder}' exists already; choose a new folder for the study.")
    if key_path.exists():
        raise InputError(f"'{key_path}' exists already, and a key is never replaced; choose another name for the key.")
    if folder.resolve() in key_path.resolve().parents:
        raise InputError("The key must not lie in the study folder, which readers get; choose a place beside it.")


def _copy_in_order(items: Sequence[Prepared], codes: Sequence[str], raw: Path, images: Path):
    """Files get their place in the order of their codes, so that no time stamp tells how they were made."""
    images.mkdir(parents=True)
    for code, item in sorted(zip(codes, items, strict=True), key=lambda entry: entry[0]):
        target = images / f"{code}{SUFFIX}"
        shutil.copyfile(raw / item.file, target)
        flush(target)
        (raw / item.file).unlink()
    for code in sorted(codes):
        os.utime(images / f"{code}{SUFFIX}", (FILE_TIME_S, FILE_TIME_S))


def _publish(staged: Path, folder: Path, key_path: Path, sealed: str):
    """The key first, so that no study is ever without one; then the whole folder in one step."""
    with staging(key_path) as temporary:
        (temporary / key_path.name).write_text(sealed, encoding="utf-8")
        publish(temporary, key_path)
    try:
        if folder.exists():
            folder.rmdir()
        os.replace(staged, folder)
        flush_folder(folder.parent)
    except BaseException:
        with suppress(OSError):
            key_path.unlink()
        raise
