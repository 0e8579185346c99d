"""Against another projector: the Joseph projector of RTK, on a real CT and on the phantom."""

import numpy as np
import pytest
import realdata
import torch

from synthetic_imaging.io import read_volume
from synthetic_imaging.phantom import torso
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray.geometry import Pose, View, machine_named
from synthetic_imaging.xray.projector import WATER, Projector
from synthetic_imaging.xray.projector_reference import voxel_chords
from synthetic_imaging.xray.rays import Rays

itk = pytest.importorskip("itk", reason="needs RTK (pip install itk-rtk)")
if not hasattr(itk, "RTK"):
    pytest.skip("needs RTK (pip install itk-rtk)", allow_module_level=True)
rtk = itk.RTK

POSES = (Pose(), Pose(90), Pose(30, -20, 10), Pose(-50, 25), Pose(10, 65, -40))


def joseph(amounts: np.ndarray, ijk_to_ras: np.ndarray, view: View) -> np.ndarray:
    """RTK's image of a volume (K, J, I) for a view."""
    image_type = itk.Image[itk.F, 3]
    spacing = np.linalg.norm(ijk_to_ras[:3, :3], axis=0)
    volume = itk.image_view_from_array(amounts)
    volume.SetSpacing(spacing.tolist())
    volume.SetOrigin(ijk_to_ras[:3, 3].tolist())
    volume.SetDirection(itk.matrix_from_array(np.ascontiguousarray(ijk_to_ras[:3, :3] / spacing)))
    row_mm, column_mm = view.pixel_mm
    geometry = rtk.ThreeDCircularProjectionGeometry.New()
    points = [itk.Point[itk.D, 3](list(point)) for point in (view.source_ras, view.detector_origin_ras)]
    steps = [np.array(view.column_step_ras) / column_mm, np.array(view.row_step_ras) / row_mm]
    assert geometry.AddProjection(*points, *[itk.Vector[itk.D, 3](step.tolist()) for step in steps])
    blank = rtk.ConstantImageSource[image_type].New()
    blank.SetOrigin([0.0, 0.0, 0.0])
    blank.SetSpacing([column_mm, row_mm, 1.0])
    blank.SetSize([view.columns, view.rows, 1])
    projector = rtk.JosephForwardProjectionImageFilter[image_type, image_type].New()
    projector.SetGeometry(geometry)
    projector.SetInput(0, blank.GetOutput())
    projector.SetInput(1, volume)
    projector.Update()
    return itk.array_from_image(projector.GetOutput())[0]


def by_voxels(amounts: torch.Tensor, ijk_to_ras: np.ndarray, view: View) -> np.ndarray:
    rays = Rays.of(view, ijk_to_ras)
    parts = []
    for targets in rays.targets().reshape(-1, 3).split(1024):
        voxels, mm = voxel_chords(rays.source, targets, tuple(amounts.shape), rays.metric_mm)
        parts.append((amounts.flatten()[voxels] * mm).sum(1))
    return torch.cat(parts).view(view.rows, view.columns).numpy()


def in_air(ct: Volume) -> Volume:
    """With a layer of air around: RTK's volume ends at the centers of its outermost voxels, ours with the voxels."""
    matrix = ct.ijk_to_ras.copy()
    matrix[:3, 3] = ct.ras_from_ijk(np.array([-1.0, -1, -1]))
    return Volume(torch.nn.functional.pad(ct.data.float(), (1,) * 6, value=-1000.0), matrix)


def compare(ct: Volume):
    ct = in_air(ct)
    center = ct.ras_from_ijk((np.array(ct.shape[::-1]) - 1) / 2)
    prepared = Projector(ct)
    amounts = WATER.at(ct.data)[0]
    for pose in POSES:
        pose = Pose(pose.lao_deg, pose.cran_deg, pose.roll_deg, tuple(center))
        view = View.of(machine_named("cios-spin"), pose).resized(48)
        ours, theirs = prepared.integrate(view)[0].numpy(), joseph(amounts.numpy(), ct.ijk_to_ras, view)
        exact = by_voxels(amounts.double(), ct.ijk_to_ras, view)
        assert theirs.max() > 100
        assert np.abs(ours - theirs).max() < 2e-3 * theirs.max()
        assert np.abs(ours - theirs).mean() < 2e-4 * theirs.max()
        errors = [np.sqrt(np.square(image - exact).mean()) for image in (ours, theirs)]
        assert errors[0] < 1.01 * errors[1]


@pytest.mark.slow
def test_real_chest():
    compare(read_volume(realdata.path("cptac-pda-c3n-00249-chest/cptac-pda-c3n-00249-chest.nrrd")))


@pytest.mark.slow
def test_phantom():
    compare(torso(shape=(80, 128, 128), spacing_mm=(3.0, 3.0, 3.0)).ct)
