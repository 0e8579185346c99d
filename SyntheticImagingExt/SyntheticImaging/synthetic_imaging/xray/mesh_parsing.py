"""What the readers of meshes share."""

from __future__ import annotations

import numpy as np


class DamagedError(ValueError):
    """What is wrong with a file, as the end of a sentence."""


def fans(faces) -> np.ndarray:
    """Polygons as triangles about their first corner; exact for flat ones, also where they are not convex."""
    if isinstance(faces, np.ndarray):
        parts = [faces[:, [0, at, at + 1]] for at in range(1, faces.shape[1] - 1)]
        return np.concatenate(parts) if parts else np.empty((0, 3), np.int64)
    triangles = [(face[0], face[at], face[at + 1]) for face in faces for at in range(1, len(face) - 1)]
    return np.array(triangles, np.int64).reshape(-1, 3)
