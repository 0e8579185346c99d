"""A study on a real CT: its three metastases against twins made in the same liver."""

import numpy as np
import pytest
import realdata

from synthetic_imaging.io import read_labels, read_volume
from synthetic_imaging.reading import key as keys
from synthetic_imaging.reading.design import Design
from synthetic_imaging.reading.making.building import build_study
from synthetic_imaging.reading.making.cases import CaseInput, LesionSite
from synthetic_imaging.reading.making.images import ImagePolicy

LESIONS_KJI = (17, 255, 122), (20, 302, 133), (35, 273, 117)
RADIUS_MM = 7.0


@pytest.mark.slow
def test_real_metastases_and_their_twins(tmp_path):
    path = realdata.path("crlm-ct-1006/crlm-ct-1006.nrrd")
    organ = path.with_name("crlm-ct-1006-liver-semiauto.nrrd")
    ct = read_volume(path)
    points = [tuple(ct.ras_from_ijk(np.array(index[::-1]))) for index in LESIONS_KJI]
    cases = [CaseInput(path, "real", (LesionSite(point, RADIUS_MM),), "", organ) for point in points]
    study, report = build_study(
        tmp_path / "study", cases, Design(cue=True), ImagePolicy(box_mm=(120, 120, 60)), "long enough", secret=4,
        preset="metastasis-colorectal",
    )  # fmt: skip
    assert report.leaks == () and "1 source CTs show both" in report.notes[1]
    values = keys.unseal(tmp_path / "study.key.json", "long enough")["cases"]
    assert {entry["scanner"] for entry in values.values()} == {"slices of 5 mm"}
    images = {code: read_volume(study.image_path(code)) for code in values}
    assert {image.shape for image in images.values()} == {(12, 149, 149)}
    assert min(image.numpy().min() for image in images.values()) >= -1024, "outside the scan circle it was -3024"
    liver = read_labels(organ, like=ct)
    for entry in values.values():
        for lesion in entry["recipe"]:
            i, j, k = np.rint(ct.ijk_from_ras(lesion["center_ras"])).astype(int)
            assert liver.numpy()[k, j, i] and lesion["radius_mm"] == RADIUS_MM
            assert min(np.linalg.norm(np.subtract(lesion["center_ras"], point)) for point in points) > 2 * RADIUS_MM
    contrasts = {"real": [], "synthetic": []}
    for code, entry in values.items():
        image, site = images[code], entry["lesions"][0]
        k, j, i = np.indices(image.shape)
        distance = np.linalg.norm(image.ras_from_ijk(np.stack([i, j, k], -1)) - site["center_ras"], axis=-1)
        hu = image.numpy()
        tissue = (hu > 40) & (hu < 180)
        around = hu[(distance > 12) & (distance < 20) & tissue].mean()
        contrasts[entry["truth"]].append(hu[distance < 4].mean() - around)
    assert max(contrasts["real"] + contrasts["synthetic"]) < -8, "all are darker than the liver around them"
