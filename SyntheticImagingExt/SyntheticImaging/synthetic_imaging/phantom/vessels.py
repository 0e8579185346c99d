"""Branching vessels that fill an organ."""

from __future__ import annotations

import numpy as np

from .shapes import Solid, curve

_MURRAY = 2.7
"""Exponent between the radii at a fork: r^x = r1^x + r2^x (Murray 1926 has 3; measured trees lie near 2.7)."""


def scatter(solid: Solid, count: int, rng: np.random.Generator, margin_mm: float) -> np.ndarray:
    """Points (N, 3) spread evenly inside a solid: each new one is the most remote of a few random candidates."""
    pool = rng.uniform(solid.low, solid.high, (60 * count, 3))
    pool = pool[solid.contains(pool, margin_mm)]
    if len(pool) <= count:
        return pool
    chosen = [pool[0]]
    nearest = np.full(len(pool), np.inf)
    for _ in range(count - 1):
        nearest = np.minimum(nearest, np.linalg.norm(pool - chosen[-1], axis=1))
        candidates = rng.integers(0, len(pool), 24)
        chosen.append(pool[candidates[np.argmax(nearest[candidates])]])
    return np.array(chosen)


def grow_tree(
    trunks: list[np.ndarray],
    targets: np.ndarray,
    root_radius_mm: float,
    rng: np.random.Generator,
    step_mm: float = 7.0,
    tip_radius_mm: float = 0.7,
) -> np.ndarray:
    """Cones (N, 8) of a tree that starts as given trunks and reaches every target.

    trunks: curves (N, 3) in mm; the first starts at the root, the others start on an earlier one.
    Nearer targets are reached first, each by a gently bent branch from the cheapest node: short ways and forward angles
    are cheap. Radii follow from the number of tips downstream by Murray's law.
    """
    tree = _Tree(trunks, step_mm)
    reach = np.linalg.norm(targets[:, None] - tree.points()[None], axis=-1).min(axis=1)
    for target in targets[np.argsort(reach)]:
        tree.branch(target, rng)
    return tree.cones(root_radius_mm, tip_radius_mm)


class _Tree:
    """Nodes with a parent each; the root is node 0."""

    def __init__(self, trunks: list[np.ndarray], step_mm: float):
        self.step_mm = step_mm
        self.position: list[np.ndarray] = [np.asarray(trunks[0][0], dtype=float)]
        self.parent: list[int] = [-1]
        for trunk in trunks:
            dense = curve(trunk, step_mm)
            self._extend(self._nearest(dense[0]), dense[1:])

    def points(self) -> np.ndarray:
        return np.array(self.position)

    def branch(self, target: np.ndarray, rng: np.random.Generator) -> None:
        points = self.points()
        way = target - points
        length = np.linalg.norm(way, axis=1)
        forward = self._directions(points)
        cosine = (way * forward).sum(axis=1) / np.maximum(length, 1e-6)
        node = int(np.argmin(length * (1.35 - 0.55 * cosine)))
        bend = 0.25 * length[node] * forward[node] + rng.normal(0, 0.06 * length[node], 3)
        middle = points[node] + 0.5 * way[node] + 0.5 * bend
        self._extend(node, curve([points[node], middle, target], self.step_mm)[1:])

    def cones(self, root_radius_mm: float, tip_radius_mm: float) -> np.ndarray:
        tips = np.ones(len(self.parent))
        for node in range(len(self.parent) - 1, 0, -1):
            tips[self.parent[node]] += tips[node]
        # every node counts as a small tip, so that vessels also taper between forks
        share = (tips / tips[0]) ** (1 / _MURRAY)
        radii = tip_radius_mm + (root_radius_mm - tip_radius_mm) * (share - share.min()) / (1 - share.min())
        points, parents = self.points(), np.array(self.parent[1:])
        return np.hstack([points[parents], points[1:], radii[parents][:, None], radii[1:][:, None]])

    def _nearest(self, point: np.ndarray) -> int:
        return int(np.argmin(np.linalg.norm(self.points() - point, axis=1)))

    def _directions(self, points: np.ndarray) -> np.ndarray:
        parents = np.maximum(self.parent, 0)
        step = points - points[parents]
        return step / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-6)

    def _extend(self, node: int, points: np.ndarray) -> None:
        for point in points:
            self.position.append(point)
            self.parent.append(node)
            node = len(self.position) - 1
