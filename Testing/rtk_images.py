"""What RTK's Joseph projector makes of the phantom and of a real CT, kept beside the tests.

RTK takes 1.6 GB (``pip install ".[rtk]"``), so tests compare with its stored images; where it is installed, a test
compares these with RTK itself. ``python Testing/rtk_images.py`` makes them anew. The real CT is case C3N-00249 of the
TCIA collection CPTAC-PDA (CC BY 3.0).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import realdata
import torch

from synthetic_imaging.io import read_volume
from synthetic_imaging.phantom import torso
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray.bases import WATER
from synthetic_imaging.xray.geometry import Pose, View, machine_named

STORED = Path(__file__).with_name("rtk_images.npz")
POSES = (Pose(), Pose(90), Pose(30, -20, 10), Pose(-50, 25), Pose(10, 65, -40))


def chest() -> Volume:
    return read_volume(realdata.path("cptac-pda-c3n-00249-chest/cptac-pda-c3n-00249-chest.nrrd"))


def phantom() -> Volume:
    return torso(shape=(80, 128, 128), spacing_mm=(3.0, 3.0, 3.0)).ct


BODIES: dict[str, Callable[[], Volume]] = {"chest": chest, "phantom": phantom}


def in_air(ct: Volume) -> Volume:
    """With a layer of air around: RTK's volume ends at the centers of its outermost voxels, ours with the voxels."""
    matrix = ct.ijk_to_ras.copy()
    matrix[:3, 3] = ct.ras_from_ijk(np.array([-1.0, -1, -1]))
    return Volume(torch.nn.functional.pad(ct.data.float(), (1,) * 6, value=-1000.0), matrix)


def views(ct: Volume) -> list[View]:
    center = ct.ras_from_ijk((np.array(ct.shape[::-1]) - 1) / 2)
    machine = machine_named("cios-spin")
    poses = [Pose(pose.lao_deg, pose.cran_deg, pose.roll_deg, tuple(center)) for pose in POSES]
    return [View.of(machine, pose).resized(48) for pose in poses]


def stored(name: str) -> np.ndarray:
    """RTK's images (views, rows, columns) in mm of water."""
    with np.load(STORED) as images:
        return images[name]


def made(ct: Volume) -> np.ndarray:
    """The same by RTK, now; ``in_air`` comes first."""
    amounts = WATER.at(ct.data)[0].numpy()
    return np.stack([joseph(amounts, ct.ijk_to_ras, view) for view in views(ct)])


def joseph(amounts: np.ndarray, ijk_to_ras: np.ndarray, view: View) -> np.ndarray:
    """RTK's image of a volume (K, J, I) for a view."""
    import itk

    rtk = itk.RTK
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
    if not geometry.AddProjection(*points, *[itk.Vector[itk.D, 3](step.tolist()) for step in steps]):
        raise ValueError("RTK refuses this geometry.")
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


if __name__ == "__main__":
    np.savez_compressed(STORED, **{name: made(in_air(body())) for name, body in BODIES.items()})
