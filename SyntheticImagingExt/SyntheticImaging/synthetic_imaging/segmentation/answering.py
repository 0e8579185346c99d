"""From the network's answers to labels on the image's grid, row by row as they come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .recipe import Recipe
from .resampling import Line, taken

_HEADS_AT_ONCE = 16
"""Heads whose answers are on the fine grid at the same time."""

_BLOCK = 16
"""Voxels of the network's grid along the side of a block."""


def _blocks(along: Line) -> list[tuple[slice, slice, Line]]:
    """Per block of the coarse axis: what of the fine axis it makes, the coarse voxels it needs, and how."""
    blocks = []
    for start in range(0, int(along.first[-1]) + 1, _BLOCK):
        low, high = np.searchsorted(along.first, (start, start + _BLOCK))
        fine, coarse = slice(int(low), int(high)), slice(start, start + _BLOCK + 1)
        blocks.append((fine, coarse, Line(along.first[fine] - start, along.second[fine] - start, along.weight[fine])))
    return blocks


def _possible(piece: torch.Tensor, leading: torch.Tensor) -> torch.Tensor:
    """Which heads can be the largest anywhere between the voxels of a block (heads, y, x), among them ``leading``.

    leading: the heads that are the largest at some voxel. Between voxels the largest head is not below the mean of
    these, which is not below its smallest value at a voxel; and no head is above its own largest value at a voxel.
    """
    floor = piece[leading].mean(0).min()
    return torch.nonzero(piece.flatten(1).amax(1) >= floor)[:, 0]


class Labeling:
    """Takes rows of answers on the network's grid and fills a label array on the image's.

    labels: array (Z, Y, X) that is written. lines: how the image's voxels lie among the network's, per axis.
    size: rows of the network's grid. half: answers are rounded as nnU-Net rounds them.
    """

    def __init__(self, labels: np.ndarray, lines: Sequence[Line], size: int, recipe: Recipe, half: bool):
        self.labels, self.lines, self.recipe, self.half = labels, lines, recipe, half
        self.size, self.next = size, 0
        self.kept = torch.empty(0)
        self.values = np.array(recipe.head_labels, dtype=labels.dtype)
        self.blocks = [_blocks(along) for along in self.lines[1:]]

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

    def _labeled(self, row: torch.Tensor) -> np.ndarray:
        """Labels (Y, X) of one row of answers (heads, y, x)."""
        if self.recipe.activation == "regions":
            return self._regions(row)
        if len(row) <= _HEADS_AT_ONCE or row.device.type != "cpu":
            return self.values[self._largest(row, *self.lines[1:]).cpu().numpy()]
        labels = np.empty([len(along.first) for along in self.lines[1:]], dtype=self.labels.dtype)
        row = row.float()
        leader = row.argmax(0)
        for rows, up, down in self.blocks[0]:
            for columns, left, across in self.blocks[1]:
                piece = row[:, up, left]
                heads = _possible(piece, torch.unique(leader[up, left]))
                if len(heads) == 1:
                    labels[rows, columns] = self.values[int(heads)]
                else:
                    best = self._largest(piece[heads], down, across)
                    labels[rows, columns] = self.values[heads[best].numpy()]
        return labels

    def _largest(self, row: torch.Tensor, down: Line, across: Line) -> torch.Tensor:
        """Index of the largest head on the fine grid; of equal ones the first."""
        best = index = torch.empty(0)
        for start in range(0, len(row), _HEADS_AT_ONCE):
            fine = taken(taken(row[start : start + _HEADS_AT_ONCE], 1, down), 2, across)
            value, place = (fine.half() if self.half else fine).max(0)
            if start == 0:
                best, index = value, place
            else:
                better = value > best
                best = torch.where(better, value, best)
                index = torch.where(better, place + start, index)
        return index

    def _regions(self, row: torch.Tensor) -> np.ndarray:
        fine = taken(taken(row, 1, self.lines[1]), 2, self.lines[2])
        fine = (fine.half() if self.half else fine).float()
        inside = (fine if self.recipe.activate_first else torch.sigmoid(fine)) > 0.5
        labels = np.zeros(inside.shape[1:], dtype=self.labels.dtype)
        for value, mask in zip(self.values, inside.cpu().numpy(), strict=True):
            labels[mask] = value
        return labels
