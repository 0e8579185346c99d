"""The images that the next study is made of: from files, and from the scene.

They live in the logic and not in the scene: a reader may open the scene, and must not find the truth in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import slicer

from synthetic_imaging.declared import setting_of
from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.making.cases import LesionSite, sites_of_labels
from synthetic_imaging.reading.making.checks import HOST, CaseFacts, check_truth

TUMOR_RECORD_ATTRIBUTE, TUMOR_VOLUME_ROLE = "SyntheticTumor.Record", "SyntheticTumor.volume"


class Case(Protocol):
    """An image of the next study.

    facts: what the core wants to know before it reads it. lesionCount: of a segment the parts are counted when the
    study is made; it counts as one until then. isThere: whether its nodes are still in the scene.
    """

    truth: str
    name: str
    scanner: str
    lesionCount: int
    hasOrgan: bool
    facts: CaseFacts
    isThere: bool

    def written(self, folder: Path, files: dict) -> dict:
        """A core CaseInput as plain values; what is only in the scene is written into a folder.

        files: paths of what was written before, by node and segment; added to.
        """


class _Case:
    @property
    def facts(self) -> CaseFacts:
        return CaseFacts(self.name, self.truth, self.lesionCount > 0, self.hasOrgan)


class FileCase(_Case):
    """An image file with what is known of it (a core CaseInput as plain values)."""

    isThere = True

    def __init__(self, values: dict):
        self.values = values

    @property
    def truth(self):
        return self.values["truth"]

    @property
    def name(self):
        return Path(self.values["image"]).name

    @property
    def scanner(self):
        return self.values["scanner"]

    @property
    def lesionCount(self):
        return len(self.values["lesions"])

    @property
    def hasOrgan(self):
        return self.values["organ"] is not None

    def written(self, folder: Path, files: dict) -> dict:
        return self.values


class SceneCase(_Case):
    """A volume node; its lesions are the points, the segment or the record of Synthetic Tumor that go with it.

    lesionsNode: a point list, or a segmentation with lesionsSegmentId, or None. radiusMm: of all points, 0 unknown.
    organNode, organSegmentId: the organ in which lesions can be made. Nodes are read when the study is made.
    """

    def __init__(self, volumeNode, truth, lesionsNode, lesionsSegmentId, radiusMm, organNode, organSegmentId, scanner):
        self.volumeNode, self.truth, self.scanner = volumeNode, truth, scanner
        self.lesionsNode, self.lesionsSegmentId, self.radiusMm = lesionsNode, lesionsSegmentId, radiusMm
        self.organNode, self.organSegmentId = organNode, organSegmentId

    @property
    def name(self):
        return self.volumeNode.GetName()

    @property
    def lesionCount(self):
        if self._isPoints:
            return self.lesionsNode.GetNumberOfDefinedControlPoints()
        if self.lesionsNode is not None:
            return 1
        return len(_recordedLesions(self.volumeNode))

    @property
    def hasOrgan(self):
        return self.organNode is not None

    @property
    def isThere(self):
        nodes = (self.volumeNode, self.lesionsNode, self.organNode)
        return all(slicer.mrmlScene.IsNodePresent(node) for node in nodes if node is not None)

    @property
    def _isPoints(self):
        return self.lesionsNode is not None and self.lesionsNode.IsA("vtkMRMLMarkupsNode")

    def written(self, folder: Path, files: dict) -> dict:
        from synthetic_imaging.io import write_volume
        from SyntheticImagingLib import nodes

        def path(key, kind, read):
            if key not in files:
                files[key] = folder / str(len(files)) / f"{_fileName(self.name)}{kind}.nii"
                write_volume(files[key], read())
            return str(files[key])

        image = path(self.volumeNode.GetID(), "", lambda: nodes.volumeFromNode(self.volumeNode))
        organ = None
        if self.hasOrgan:
            key = self.volumeNode.GetID(), self.organNode.GetID(), self.organSegmentId
            read = lambda: nodes.labelsFromSegment(self.organNode, self.organSegmentId, self.volumeNode)  # noqa: E731
            organ = path(key, " organ", read)
        return {
            "image": image, "truth": self.truth, "lesions": self._sites(), "scanner": self.scanner, "organ": organ,
            "organ_values": [],
        }  # fmt: skip

    def _sites(self):
        from SyntheticImagingLib import nodes

        if self._isPoints:
            return [_site(point, self.radiusMm) for point in _points(self.lesionsNode)]
        if self.lesionsNode is None:
            return _recordedLesions(self.volumeNode)
        found = sites_of_labels(nodes.labelsFromSegment(self.lesionsNode, self.lesionsSegmentId, self.volumeNode))
        return [_site(site.center_ras, site.radius_mm) for site in found]


def sceneCase(
    volumeNode: slicer.vtkMRMLScalarVolumeNode | None,
    truth: str,
    lesionsNode: slicer.vtkMRMLNode | None = None,
    lesionsSegmentId: str = "",
    radiusMm: float = 0.0,
    organNode: slicer.vtkMRMLSegmentationNode | None = None,
    organSegmentId: str = "",
    scanner: str = "",
) -> SceneCase:
    """A SceneCase; InputError where the nodes cannot be what they are given for."""
    if volumeNode is None:
        raise InputError("No volume is chosen. Load an image and choose it.")
    check_truth(truth, f'"{volumeNode.GetName()}"')
    if lesionsNode is not None and lesionsNode.IsA("vtkMRMLSegmentationNode"):
        _checkSegment(lesionsNode, lesionsSegmentId, "the lesions")
    if organNode is not None:
        _checkSegment(organNode, organSegmentId, "the organ")
    if truth == HOST and organNode is None:
        raise InputError(
            f'"{volumeNode.GetName()}" has no organ to make lesions in. Choose the segment of the organ with it.'
        )
    radiusMm = setting_of(LesionSite, "radius_mm").checked(radiusMm, "radiusMm")
    return SceneCase(volumeNode, truth, lesionsNode, lesionsSegmentId, radiusMm, organNode, organSegmentId, scanner)


def writtenSteps(cases: Sequence[Case], folder: str | Path) -> Iterator[tuple[str, float]]:
    """Generator (stage, percent): every case as plain values, with the scene's volumes in files of the folder."""
    files, values = {}, []
    for number, case in enumerate(cases):
        yield f"{number + 1} of {len(cases)}", 100 * number / len(cases)
        values.append(case.written(Path(folder), files))
    return values


def _checkSegment(node, segmentId, what):
    if not segmentId or node.GetSegmentation().GetSegment(segmentId) is None:
        raise InputError(f'Choose the segment of {what} in "{node.GetName()}".')


def _points(node):
    for index in range(node.GetNumberOfControlPoints()):
        if node.GetNthControlPointPositionStatus(index) == node.PositionDefined:
            yield node.GetNthControlPointPositionWorld(index)


def _recordedLesions(volumeNode):
    """Lesions that Synthetic Tumor put into a volume, by its record in the scene."""
    for record in slicer.util.getNodesByClass("vtkMRMLTextNode"):
        isRecord = record.GetAttribute(TUMOR_RECORD_ATTRIBUTE)
        if isRecord and record.GetNodeReference(TUMOR_VOLUME_ROLE) is volumeNode:
            from synthetic_imaging.tumor import lesions_of

            lesions = lesions_of(record.GetText() or "")
            return [_site(lesion.center_ras, _sphereRadiusMm(lesion.volume_mm3)) for lesion in lesions]
    return []


def _sphereRadiusMm(volumeMm3):
    from math import pi

    return (volumeMm3 * 0.75 / pi) ** (1 / 3)


def _site(ras, radiusMm):
    return {"center_ras": [float(x) for x in ras], "radius_mm": float(radiusMm), "place": ""}


def _fileName(name):
    """A node's name as a file name: the key tells the study's owner by it where a case came from."""
    return "".join(letter if letter.isalnum() or letter in "-_ " else "_" for letter in name).strip() or "volume"
