"""Closed triangle meshes: checked and moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError


@dataclass(frozen=True)
class Mesh:
    """A surface of triangles.

    vertices_ras: (n, 3) mm. triangles: (m, 3) indices of vertices, counterclockwise seen from outside.
    """

    vertices_ras: np.ndarray
    triangles: np.ndarray

    def __post_init__(self):
        vertices = np.asarray(self.vertices_ras, dtype=np.float64)
        triangles = np.asarray(self.triangles)
        if vertices.ndim != 2 or vertices.shape[1:] != (3,) or not np.isfinite(vertices).all():
            raise InputError("The vertices of a mesh are (n, 3) finite coordinates in mm; export the model again.")
        whole = np.issubdtype(triangles.dtype, np.integer)
        if triangles.ndim != 2 or triangles.shape[1:] != (3,) or not len(triangles) or not whole:
            raise InputError("The mesh has no triangles, or not only triangles; triangulate the model first.")
        if triangles.min() < 0 or triangles.max() >= len(vertices):
            raise InputError("A triangle of the mesh refers to a vertex that does not exist; export the model again.")
        object.__setattr__(self, "vertices_ras", vertices)
        object.__setattr__(self, "triangles", triangles.astype(np.int64))

    @property
    def volume_mm3(self) -> float:
        """Enclosed volume by the divergence theorem; negative where the triangles face inwards."""
        a, b, c = np.moveaxis((self.vertices_ras - self.vertices_ras.mean(axis=0))[self.triangles], 1, 0)
        return float((a * np.cross(b, c)).sum() / 6)

    def closed(self) -> Mesh:
        """The mesh with vertices at one place made one, empty triangles left out and all facing outwards.

        InputError where it has holes or its triangles do not face the same way, because then there is no inside.
        """
        vertices, index = np.unique(self.vertices_ras, axis=0, return_inverse=True)
        triangles = index.reshape(-1)[self.triangles]
        twice = (triangles == np.roll(triangles, 1, axis=1)).any(axis=1)
        mesh = Mesh(vertices, triangles[~twice]) if not twice.all() else self
        mesh._refuse_open()
        return mesh if mesh.volume_mm3 >= 0 else Mesh(mesh.vertices_ras, mesh.triangles[:, ::-1])

    def moved(self, matrix: np.ndarray) -> Mesh:
        """Moved by a (4, 4) affine matrix in RAS mm."""
        matrix = np.asarray(matrix, dtype=np.float64)
        triangles = self.triangles if np.linalg.det(matrix[:3, :3]) > 0 else self.triangles[:, ::-1]
        return Mesh(self.vertices_ras @ matrix[:3, :3].T + matrix[:3, 3], triangles)

    def _refuse_open(self) -> None:
        """Every edge must be passed as often one way as the other way."""
        edges = np.stack([self.triangles, np.roll(self.triangles, -1, axis=1)], axis=-1).reshape(-1, 2)
        low, high = edges.min(axis=1), edges.max(axis=1)
        kinds, index, counts = np.unique(low * len(self.vertices_ras) + high, return_inverse=True, return_counts=True)
        balance = np.bincount(index, weights=np.where(edges[:, 0] == low, 1.0, -1.0), minlength=len(kinds))
        unmatched = int((balance != 0).sum())
        if not unmatched:
            return
        odd = counts % 2 == 1
        if odd.any():
            raise InputError(
                f"The mesh is not watertight: {int(odd.sum())} of its edges border a hole. "
                "Close the holes (for example by remeshing) and export it again."
            )
        raise InputError(
            f"The mesh's triangles do not all face outwards: at {unmatched} edges the direction changes. "
            "Recompute its normals consistently and export it again."
        )
