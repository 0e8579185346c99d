"""Small studies with images to look at, made in a moment; their key is sealed beside them as for real ones."""

from pathlib import Path

import numpy as np

from synthetic_imaging.io import write_volume
from synthetic_imaging.reading import key as keys
from synthetic_imaging.reading.design import PAIRS, REAL, SYNTHETIC, Design
from synthetic_imaging.reading.study import IMAGES, MANIFEST, Study, StudyCase, StudyPair, file_digest
from synthetic_imaging.volume import Volume

PASSPHRASE = "nobody reads this"
NAMES = ("MILLER^JANE", "ct_007_hospital_north")
"""Where the images are said to come from, in the key only."""


def make_study(folder, cases=8, training=0, pixels=(16, 64, 64), volumes=None, cue=True, **design) -> Study:
    """A study of noisy bodies with one bright ball each, its place varying; half of them are said to be synthetic.

    pixels: (K, J, I) of the images. volumes: images to use instead, as many as are there, then bodies.
    """
    folder = Path(folder)
    (folder / IMAGES).mkdir(parents=True)
    plan = Design(**{"title": "Session test", "training_cases": training, "repeat_share": 0.0, "cue": cue, **design})
    rng = np.random.default_rng(5)
    given = list(volumes or ())
    listed, truth = [], {}
    for number in range(cases + training):
        code = f"C{rng.integers(16**7):07X}{number:02d}"
        volume, center = _body(rng, pixels, plan.modality) if number >= len(given) else (given[number], None)
        path = folder / IMAGES / f"{code}.nii"
        write_volume(path, volume)
        truth[code] = (REAL, SYNTHETIC)[number % 2]
        listed.append((code, file_digest(path), tuple(center) if cue and center is not None else None))
    main, taught = listed[:cases], listed[cases:]
    study = Study(
        folder,
        "feedbeef",
        plan,
        7,
        tuple(StudyCase(code, digest, n // 4, cue_ras=point) for n, (code, digest, point) in enumerate(main)),
        _pairs(main) if PAIRS in plan.arms else (),
        tuple(StudyCase(code, digest, cue_ras=point, truth=truth[code]) for code, digest, point in taught),
        _pairs(taught, truth) if PAIRS in plan.arms else (),
    )
    (folder / MANIFEST).write_text(study.manifest_text())
    sources = {code: {"truth": kind, "source": NAMES[n % 2]} for n, (code, kind) in enumerate(truth.items())}
    folder.with_name(f"{folder.name}.key.json").write_text(
        keys.seal({"cases": sources, "pairs": {}}, study.study_id, PASSPHRASE)
    )
    return Study.load(folder)


def _pairs(listed, truth=None):
    pairs = []
    for n in range(0, len(listed) - 1, 2):
        codes = tuple(sorted((listed[n][0], listed[n + 1][0])))
        synthetic = next((code for code in codes if truth[code] == SYNTHETIC), None) if truth else None
        pairs.append(StudyPair(codes, n // 4, synthetic=synthetic))
    return tuple(pairs)


def _body(rng, shape, modality):
    """An ellipse of soft tissue with a ball in it; its center in RAS."""
    spacing = np.array([1.0, 1.0, 1.0] if modality == "xray" else [3.0, 1.5, 1.5])
    if modality == "xray":
        shape = (1, *shape[1:])
    grid = np.stack(np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in shape), indexing="ij"))
    mm = grid * spacing[:, None, None, None]
    half = np.maximum(np.array(shape) * spacing / 2, 1)
    center = rng.uniform(-0.3, 0.3, 3) * half
    center[0] = round(center[0] / spacing[0]) * spacing[0] + (0 if shape[0] % 2 else spacing[0] / 2)
    inside = (mm[1] / half[1]) ** 2 + (mm[2] / half[2]) ** 2 < 0.8
    ball = ((mm - center[:, None, None, None]) ** 2).sum(0) < 8.0**2
    values = np.where(inside, 90, -1000) + np.where(ball, 45, 0)
    if modality == "xray":
        values = np.where(inside, 1800, 300) + np.where(ball, 700, 0)
    values = values + rng.normal(0, 12, shape)
    matrix = np.diag([-spacing[2], -spacing[1], spacing[0], 1.0])
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(shape[::-1]) - 1) / 2)
    volume = Volume.from_numpy(np.rint(np.clip(values, -1024, 4095)).astype(np.int16), matrix)
    return volume, (-center[2], -center[1], center[0])
