"""Outlines of the segments over an X-ray image, as the values of a label map.

Shadows overlap, and a label map holds one label per pixel. So each combination of structures that a ray can meet has a
label of its own, in the color of the smallest of them: Slicer then draws the whole outline of every structure.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import slicer

from synthetic_imaging.steps import in_background
from synthetic_imaging.xray.geometry import View

from ..scene import Structures
from .Lengths import lengthSteps

MOST_PIXELS = 512


class Outlines:
    """Draws outlines piece by piece, after the images; the newest request for a plane wins."""

    def __init__(self, show: Callable[[str, View, np.ndarray, list[tuple]], object]):
        """show(plane, view, values, looks): as ``OutlineNodes.show``."""
        self._show = show
        self._key, self._projectors, self._segments = None, [], {}
        self._asked, self._work = {}, None

    def forget(self):
        """Another CT: nothing that is prepared counts any more."""
        self.dropAll()
        self._key, self._projectors = None, []

    def dropAll(self):
        for plane in list(self._asked):
            self.drop(plane)

    def drop(self, plane: str):
        """Draw no outlines for a plane."""
        if self._asked.pop(plane, None) is not None and self._work is not None:
            self._work.close()
            self._work = None

    def ask(
        self,
        plane: str,
        segmentationNode: slicer.vtkMRMLSegmentationNode | None,
        ctNode: slicer.vtkMRMLScalarVolumeNode,
        view: View,
    ):
        """Draw the outlines of the visible segments for a view."""
        self.drop(plane)
        self._asked[plane] = segmentationNode, ctNode, view.resized(min(MOST_PIXELS, view.columns))

    def isOld(self, segmentationNode: slicer.vtkMRMLSegmentationNode | None) -> bool:
        """Whether the segments have changed since they were prepared."""
        return Structures.contentOf(segmentationNode, Structures.segmentIds(segmentationNode)) != self._key

    @property
    def isWaiting(self):
        return bool(self._asked)

    def step(self):
        """One piece of work; nothing when there is none."""
        if not self._asked:
            return
        plane, asked = next(iter(self._asked.items()))
        if self._work is None:
            self._work = self._draw(plane, *asked)
        try:
            next(self._work)
        except StopIteration:
            self._asked.pop(plane, None)
            self._work = None
        except Exception:
            self.dropAll()
            raise

    def _draw(self, plane, segmentationNode, ctNode, view):
        import torch

        yield from self._prepare(segmentationNode, ctNode)
        masks, labels = [], []
        for projector in self._projectors:
            lengths = yield from lengthSteps(projector, view)
            masks.append(lengths > 0)
            labels += projector.labels
        if labels:
            values, combinations = combined(torch.cat(masks).numpy(), labels)
            self._show(plane, view, values, [self._look(members) for members in combinations])

    def _prepare(self, segmentationNode, ctNode):
        from synthetic_imaging.xray.truth import StructureProjector

        ids = Structures.segmentIds(segmentationNode)
        key = Structures.contentOf(segmentationNode, ids)
        if key == self._key:
            return
        layers, names = yield from Structures.layerSteps(segmentationNode, ids, ctNode)
        projectors = []
        for layer in layers:
            projectors.append((yield from in_background(partial(StructureProjector, layer))))
        segmentation = segmentationNode.GetSegmentation()
        self._segments = {
            label: (name, segmentation.GetSegment(ids[label - 1]).GetColor()) for label, name in names.items()
        }
        # making the label maps may have touched the segments
        self._key, self._projectors = Structures.contentOf(segmentationNode, ids), projectors

    def _look(self, members):
        """Name and color of a combination, the smallest structure first."""
        return " + ".join(self._segments[label][0] for label in members), self._segments[members[0]][1]


def combined(masks: np.ndarray, labels: list[int]) -> tuple[np.ndarray, list[list[int]]]:
    """Which structures each pixel shows.

    masks: bool (n, rows, columns). Returns values int16 (rows, columns), 0 for none, and for each value from 1 on the
    labels that it stands for, the one with the smallest shadow first.
    """
    weights = np.random.default_rng(0).integers(1, 2**62, len(labels), dtype=np.int64)
    codes = np.zeros(masks.shape[1:], np.int64)
    for mask, weight in zip(masks, weights, strict=True):
        codes[mask] += weight  # sums of random numbers tell combinations apart; they may wrap around
    found, first, places = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort([mask.sum() for mask in masks], kind="stable")
    values = np.zeros(len(found), np.int16)
    combinations = []
    for number, pixel in enumerate(first):
        members = [labels[index] for index in order if masks[index].flat[pixel]]
        if members:
            combinations.append(members)
            values[number] = len(combinations)
    return values[places.reshape(codes.shape)], combinations
