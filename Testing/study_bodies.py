"""A small reader study for tests: one body as real cases and as hosts, made once per session of tests."""

import numpy as np
import tumor_bodies

from synthetic_imaging import tumor
from synthetic_imaging.io import write_volume
from synthetic_imaging.reading.design import Design
from synthetic_imaging.reading.making.cases import CaseInput, LesionSite
from synthetic_imaging.reading.making.images import ImagePolicy

PASSPHRASE = "three small lesions"
POLICY = ImagePolicy(box_mm=(48, 48, 36), spacing_mm=(1.5, 1.5, 3))


def write_inputs(folder, count=10, seed=0):
    """CTs that stand for real cases, each with a lesion at a known place, and three hosts, the same CTs without it.

    Returns CaseInputs with truth "real" and "host". The "real" lesions come from the engine too, so nothing but chance
    separates the classes.
    """
    rng = np.random.default_rng(seed)
    hosts, bodies = [], []
    for number in range(3):
        ct, organ, _ = tumor_bodies.body(80, tumor_bodies.grid((1.5, 1.5, 3.0)), seed=seed + number, vessels=False)
        image, mask = folder / f"body{number}.nrrd", folder / f"organ{number}.nrrd"
        write_volume(image, ct)
        write_volume(mask, organ)
        hosts.append(CaseInput(image, "host", (), "scanner A", mask))
        bodies.append(tumor.Composition(tumor.Case(ct, organ, organ_name="liver")))
    patients = []
    for index in range(count):
        body, host = bodies[index % 3], hosts[index % 3]
        lesion = tumor.sample_lesions(body.case, radius_mm=float(rng.uniform(4, 8)), seed=index + 100 * seed)[0]
        body.set_lesions([lesion])
        path = folder / f"patient{index:02d}.nrrd"
        write_volume(path, body.ct)
        site = LesionSite(lesion.center_ras, lesion.radius_mm)
        patients.append(CaseInput(path, "real", (site,), "scanner A", host.organ))
    return patients + hosts


def design(**options) -> Design:
    return Design(**{"title": "Test study", "repeat_share": 0.2, "block_size": 4, "cue": True, **options})
