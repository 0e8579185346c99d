"""The command that makes the X-ray pictures of the README, at a small size."""

from dataclasses import replace

import gallery
import numpy as np
import pytest
from PIL import Image

from synthetic_imaging.phantom import torso
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray.geometry import View
from synthetic_imaging.xray.settings import Collimation
from synthetic_imaging.xray.views import VIEWS

PHANTOM = next(scene for scene in gallery.SCENES if scene.name == "phantom_ap")


SMALL = replace(PHANTOM, ct=lambda: torso(shape=(60, 90, 90), spacing_mm=(4.0, 4.0, 4.0)).ct)


def halves(sheet: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """The naive picture and the realistic one, without the words in their corners."""
    gray = np.asarray(sheet).astype(float)
    half = (gray.shape[1] - 8) // 2
    return gray[:-20, :half], gray[:-20, half + 8 :]


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    monkeypatch.setattr(gallery, "PIXELS", 96)
    monkeypatch.setattr(gallery, "OUT", tmp_path)


def test_the_command_writes_the_pictures_that_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gallery, "SCENES", (SMALL,))
    assert gallery.main([PHANTOM.name]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["xray_phantom_ap.png"]
    with Image.open(tmp_path / "xray_phantom_ap.png") as sheet:
        assert sheet.size == (2 * 96 + 8, 96)
        naive, realistic = halves(sheet)
    assert np.corrcoef(naive.ravel(), realistic.ravel())[0, 1] > 0.9
    assert np.abs(naive - realistic).mean() > 1
    assert gallery.main(["nothing"]) == 2 and "nothing" in capsys.readouterr().err


def test_only_the_open_field_is_shown():
    view = View.of(gallery.C_ARM, VIEWS["ap"].pose).resized(400)
    half = gallery.C_ARM.field_mm[0] / 2
    scene = replace(PHANTOM, collimation=Collimation(0, half - 100, 0, half - 50, half - 30))
    rows, columns = gallery.open_field(scene, view)
    pixel = view.pixel_mm[0]
    assert (rows.stop - rows.start) * pixel == pytest.approx(80, abs=2 * pixel)
    assert columns.stop == 400 and (400 - columns.start) * pixel == pytest.approx(100 + 200 * pixel, abs=2 * pixel)
    assert gallery.open_field(PHANTOM, view) == (slice(0, 400), slice(0, 400))


def test_finer_voxels_show_the_same_body():
    """Splines through the coarse voxels, at the same places; axes that are fine already stay as they are."""
    k, j, i = np.indices((14, 20, 30))
    hu = 300 * np.sin(k / 3) + 200 * np.cos(j / 4) * np.sin(i / 9)
    matrix = np.array([[-0.8, 0, 0, 5], [0, -2, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1.0]])
    ct = Volume.from_numpy(hu.astype(np.int16), matrix)
    fine = gallery.finer(ct)
    assert np.allclose(fine.spacing_mm, [0.8, 1, 1]) and fine.shape == (40, 39, 30)
    assert np.allclose(fine.ras_from_ijk([0, 0, 0]), ct.ras_from_ijk([0, 0, 0]))
    assert np.abs(fine.numpy()[::3, ::2] - ct.numpy()).max() <= 1
    places = fine.ijk_from_ras(ct.ras_from_ijk([10.0, 9.5, 6.5])).round().astype(int)
    wanted = 300 * np.sin(6.5 / 3) + 200 * np.cos(9.5 / 4) * np.sin(10 / 9)
    assert fine.numpy()[tuple(places[::-1])] == pytest.approx(wanted, abs=60)


@pytest.mark.slow
@pytest.mark.parametrize("scene", gallery.SCENES, ids=lambda scene: scene.name)
def test_every_picture_uses_its_grays(scene):
    for picture in halves(gallery.picture(scene)):
        seen = picture[picture > 0]
        assert np.ptp(np.quantile(seen, [0.05, 0.95])) > 80
        assert (picture == 255).mean() < 0.1
