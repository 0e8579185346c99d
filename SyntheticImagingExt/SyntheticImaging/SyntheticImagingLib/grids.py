"""Where arrays lie: geometry of volume nodes and of the oriented images that segments are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import slicer
import vtk

from synthetic_imaging.errors import InputError

if TYPE_CHECKING:
    import numpy as np


def volumeArray(volumeNode: slicer.vtkMRMLScalarVolumeNode | None) -> np.ndarray:
    """The voxels (K, J, I) of a scalar volume node, sharing its memory; InputError where there are none to use."""
    from slicer.util import arrayFromVolume

    if volumeNode is None:
        raise InputError("No volume is chosen. Load a CT and choose it.")
    if not isinstance(volumeNode, slicer.vtkMRMLScalarVolumeNode):
        what = volumeNode.GetName() if isinstance(volumeNode, slicer.vtkMRMLNode) else volumeNode
        raise InputError(f'"{what}" is not a volume. Choose a CT.')
    name = volumeNode.GetName()
    if volumeNode.GetImageData() is None or volumeNode.GetImageData().GetNumberOfPoints() == 0:
        raise InputError(f'The volume "{name}" has no voxels. Load it again, or choose another one.')
    if volumeNode.GetImageData().GetNumberOfScalarComponents() != 1:
        raise InputError(
            f'The volume "{name}" is a color image with {volumeNode.GetImageData().GetNumberOfScalarComponents()} '
            "values per voxel. Choose the CT itself, with one value in HU per voxel."
        )
    return arrayFromVolume(volumeNode)


def worldMatrix(volumeNode: slicer.vtkMRMLScalarVolumeNode) -> np.ndarray:
    """IJK to world RAS of a volume node as an array (4, 4), parent transforms included."""
    import numpy as np
    from slicer.util import arrayFromVTKMatrix

    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    ijkToWorld = parentMatrix(volumeNode) @ arrayFromVTKMatrix(matrix)
    axes = ijkToWorld[:3, :3] / np.linalg.norm(ijkToWorld[:3, :3], axis=0)
    if np.abs(axes.T @ axes - np.eye(3)).max() > 1e-3:
        raise InputError(
            f'The axes of the volume "{volumeNode.GetName()}" are not at right angles (gantry tilt, or a transform '
            'with shear). Resample it first with the module "Resample Scalar/Vector/DWI Volume".'
        )
    return ijkToWorld


def parentMatrix(node: slicer.vtkMRMLTransformableNode) -> np.ndarray:
    """Parent transform of a node as an array (4, 4); InputError when it is not linear."""
    import numpy as np
    from slicer.util import arrayFromVTKMatrix

    parent = node.GetParentTransformNode()
    if parent is None:
        return np.eye(4)
    if not parent.IsTransformToWorldLinear():
        raise InputError(
            f'"{node.GetName()}" is warped by the transform "{parent.GetName()}". Harden the transform first '
            '(module "Transforms", or right-click in the data tree), then choose it again.'
        )
    matrix = vtk.vtkMatrix4x4()
    parent.GetMatrixTransformToWorld(matrix)
    return arrayFromVTKMatrix(matrix)


def boundingRegion(mask: np.ndarray) -> tuple[slice, slice, slice] | None:
    """The smallest region (three slices K, J, I) around the nonzero voxels of an array; None when there are none."""
    import numpy as np

    spans = [np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis))) for axis in range(3)]
    return tuple(slice(int(span[0]), int(span[-1]) + 1) for span in spans) if all(len(span) for span in spans) else None


def overlap(extent: Sequence[int], other: Sequence[int]) -> tuple[slice, slice, slice]:
    """The slices (K, J, I) of an array that covers one extent, where the other extent overlaps it."""
    parts = []
    for axis in (2, 1, 0):
        low, high = extent[2 * axis : 2 * axis + 2]
        first = max(low, other[2 * axis])
        parts.append(slice(first - low, max(first, min(high, other[2 * axis + 1]) + 1) - low))
    return tuple(parts)


def orientedImage(imageToWorld: np.ndarray, extent: Sequence[int]) -> slicer.vtkOrientedImageData:
    """An oriented image with geometry only."""
    from slicer.util import vtkMatrixFromArray

    image = slicer.vtkOrientedImageData()
    image.SetExtent(extent)
    image.SetImageToWorldMatrix(vtkMatrixFromArray(imageToWorld))
    return image


def imageArray(image: vtk.vtkImageData) -> np.ndarray:
    """The voxels (K, J, I) of a VTK image, sharing its memory; an empty array where it has none."""
    import numpy as np
    from vtk.util.numpy_support import vtk_to_numpy

    scalars = image.GetPointData().GetScalars()
    if scalars is None or scalars.GetNumberOfTuples() == 0:
        return np.zeros((0, 0, 0), np.uint8)
    return vtk_to_numpy(scalars).reshape(tuple(reversed(image.GetDimensions())))


def onGrid(image: slicer.vtkOrientedImageData, ijkToWorld: np.ndarray) -> bool:
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return _sameMatrix(matrix, ijkToWorld)


def _sameMatrix(matrix, array):
    """Whether a VTK matrix equals an array (4, 4) to a thousandth of a millimeter over a usual grid."""
    import numpy as np
    from slicer.util import arrayFromVTKMatrix

    return np.abs(arrayFromVTKMatrix(matrix) - array)[:3].max() < 1e-6
