"""From the network's answers to labels on the image's grid, row by row as they come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .recipe import Recipe
from .resampling import Line, taken

_HEADS_AT_ONCE = 16
"""Heads whose answers are on the fine grid at the same time."""


class Labeling:
    """Takes rows of answers on the network's grid and fills a label array on the image's.

    labels: array (Z, Y, X) that is written. lines: how the image's voxels lie among the network's, per axis.
    size: rows of the network's grid. half: answers are rounded as nnU-Net rounds them.
    """

    def __init__(self, labels: np.ndarray, lines: Sequence[Line], size: int, recipe: Recipe, half: bool):
        self.labels, self.lines, self.recipe, self.half = labels, lines, recipe, half
        self.size, self.next = size, 0
        self.kept: torch.Tensor | None = None
        self.values = np.array(recipe.head_labels, dtype=labels.dtype)

    def add(self, first: int, answers: torch.Tensor) -> None:
        """Rows from ``first`` on, (heads, rows, y, x); every image row that they complete is labeled."""
        along = self.lines[0]
        have = first + answers.shape[1]
        base = first
        if self.recipe.activate_first:
            answers = answers.float()
            answers = torch.sigmoid(answers) if self.recipe.activation == "regions" else torch.softmax(answers, 0)
        while self.next < len(along.first) and along.second[self.next] < have:
            low, high, weight = along.first[self.next], along.second[self.next], along.weight[self.next]
            row = self._row(answers, low - base)
            if weight and low != high:
                row = torch.lerp(row.float(), self._row(answers, high - base).float(), float(weight))
            self.labels[self.next] = self._labeled(row)
            self.next += 1
        self.kept = answers[:, -1].clone()

    def _row(self, answers: torch.Tensor, index: int) -> torch.Tensor:
        # the row before these ones is that of the call before
        return answers[:, index] if index >= 0 else self.kept

    def _fine(self, row: torch.Tensor) -> torch.Tensor:
        fine = taken(taken(row, 1, self.lines[1]), 2, self.lines[2])
        return fine.half() if self.half else fine

    def _labeled(self, row: torch.Tensor) -> np.ndarray:
        """Labels (Y, X) of one row of answers (heads, y, x)."""
        if self.recipe.activation == "regions":
            return self._regions(row)
        best = index = None
        for start in range(0, len(row), _HEADS_AT_ONCE):
            value, place = self._fine(row[start : start + _HEADS_AT_ONCE]).max(0)
            if best is None:
                best, index = value, place
            else:
                # a head that is only as good as an earlier one loses
                better = value > best
                best = torch.where(better, value, best)
                index = torch.where(better, place + start, index)
        return self.values[index.cpu().numpy()]

    def _regions(self, row: torch.Tensor) -> np.ndarray:
        fine = self._fine(row).float()
        inside = (fine if self.recipe.activate_first else torch.sigmoid(fine)) > 0.5
        labels = np.zeros(inside.shape[1:], dtype=self.labels.dtype)
        for value, mask in zip(self.values, inside.cpu().numpy(), strict=True):
            labels[mask] = value
        return labels
