"""The rays of one view in the voxel coordinates of one volume."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from ..errors import InputError
from ..tuples import two


@dataclass(frozen=True)
class Rays:
    """Straight lines from one source point to the pixel centers of a detector.

    All vectors are float64 tensors of 3 in array order (k, j, i), in voxels; voxel centers lie at integers.
    source: the focal spot. origin: center of pixel (0, 0). row_step, column_step: to the next row, the next column.
    metric_mm: (3, 3) tensor that turns a difference (k, j, i) into millimeters.
    """

    source: torch.Tensor
    origin: torch.Tensor
    row_step: torch.Tensor
    column_step: torch.Tensor
    metric_mm: torch.Tensor
    rows: int
    columns: int

    @classmethod
    def of(cls, view, ijk_to_ras: np.ndarray) -> Rays:
        """The rays of a view as a volume with this geometry sees them.

        view: a ``geometry.View``, or anything with its attributes ``source_ras``, ``detector_origin_ras``,
            ``row_step_ras``, ``column_step_ras``, ``rows`` and ``columns``; vectors given as torch tensors
            receive gradients.
        ijk_to_ras: (4, 4), any invertible affine map.
        """
        matrix = torch.from_numpy(np.array(ijk_to_ras, dtype=np.float64))
        if view.rows < 1 or view.columns < 1:
            raise InputError(f"The detector has {view.rows} × {view.columns} pixels; give at least one row and column.")
        inverse = torch.linalg.inv(matrix)
        vectors = [_vector(view.source_ras), _vector(view.detector_origin_ras)]
        steps = [_vector(view.row_step_ras), _vector(view.column_step_ras)]
        points = two((inverse[:3, :3] @ vector + inverse[:3, 3]).flip(0) for vector in vectors)
        differences = two((inverse[:3, :3] @ step).flip(0) for step in steps)
        return cls(*points, *differences, matrix[:3, :3].flip(1), int(view.rows), int(view.columns))

    @property
    def differentiable(self) -> bool:
        return any(part.requires_grad for part in (self.source, self.origin, self.row_step, self.column_step))

    def targets(self) -> torch.Tensor:
        """Pixel centers, float64 tensor (rows, columns, 3)."""
        r = torch.arange(self.rows, dtype=torch.float64)[:, None, None]
        c = torch.arange(self.columns, dtype=torch.float64)[None, :, None]
        return self.origin + r * self.row_step + c * self.column_step

    def on_coarser_grid(self, factors: tuple[int, int, int]) -> Rays:
        """The same rays in the coordinates of a volume of which each voxel is a block of (k, j, i) voxels."""
        scale = torch.tensor(factors, dtype=torch.float64)
        points = two((point + 0.5) / scale - 0.5 for point in (self.source, self.origin))
        steps = two(step / scale for step in (self.row_step, self.column_step))
        return Rays(*points, *steps, self.metric_mm * scale, self.rows, self.columns)

    def between(self, row: int, stop: int) -> Rays:
        """Only the rays to the rows [row, stop)."""
        return replace(self, origin=self.origin + row * self.row_step, rows=stop - row)

    def every(self, stride: int) -> Rays:
        """A coarser matrix of pixels over the same detector, each ``stride`` × ``stride`` pixels."""
        shift = 0.5 * (stride - 1)
        origin = self.origin + shift * (self.row_step + self.column_step)
        rows, columns = -(-self.rows // stride), -(-self.columns // stride)
        steps = self.row_step * stride, self.column_step * stride
        return Rays(self.source, origin, *steps, self.metric_mm, rows, columns)


def _vector(values) -> torch.Tensor:
    vector = torch.as_tensor(values, dtype=torch.float64)
    if vector.shape != (3,) or not torch.isfinite(vector).all():
        raise InputError("The view holds a vector that is not three finite numbers; check its distances and angles.")
    return vector
