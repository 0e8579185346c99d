"""The images that the next study is made of: from files, and from the scene.

They live in the logic and not in the scene: a reader may open the scene, and must not find the truth in it.
"""

from pathlib import Path

import slicer

KINDS = ("real", "synthetic", "host")
"""host: a CT in which synthetic lesions are made."""
TUMOR_RECORD_ATTRIBUTE, TUMOR_VOLUME_ROLE = "SyntheticTumor.Record", "SyntheticTumor.volume"


class FileCase:
    """An image file with what is known of it (a core CaseInput as plain values)."""

    def __init__(self, values):
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

    @property
    def isThere(self):
        return True

    def written(self, folder, files):
        """The values with paths of files; for a file these are its own."""
        return self.values


class SceneCase:
    """A volume node; its lesions are the points, the segment or the record of Synthetic Tumor that go with it.

    lesionsNode: a point list, or a segmentation with lesionsSegmentId, or None. radiusMm: of all points, 0 unknown.
    organNode, organSegmentId: the organ in which lesions can be made. Nodes are read when the study is made.
    """

    def __init__(self, volumeNode, truth, lesionsNode, lesionsSegmentId, radiusMm, organNode, organSegmentId, scanner):
        self.volumeNode, self.truth, self.scanner = volumeNode, truth, scanner
        self.lesionsNode, self.lesionsSegmentId, self.radiusMm = lesionsNode, lesionsSegmentId, float(radiusMm)
        self.organNode, self.organSegmentId = organNode, organSegmentId

    @property
    def name(self):
        return self.volumeNode.GetName()

    @property
    def lesionCount(self):
        """Of a segment the parts are counted when the study is made; it counts as one here."""
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
        """Whether its nodes are still in the scene."""
        nodes = (self.volumeNode, self.lesionsNode, self.organNode)
        return all(slicer.mrmlScene.IsNodePresent(node) for node in nodes if node is not None)

    @property
    def _isPoints(self):
        return self.lesionsNode is not None and self.lesionsNode.IsA("vtkMRMLMarkupsNode")

    def written(self, folder, files):
        """A core CaseInput as plain values; the volume and the organ are written into a folder.

        files: paths of what was written before, by node and segment; added to.
        """
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
        from synthetic_imaging.reading.cases import sites_of_labels

        found = sites_of_labels(nodes.labelsFromSegment(self.lesionsNode, self.lesionsSegmentId, self.volumeNode))
        return [_site(site.center_ras, site.radius_mm) for site in found]


def sceneCase(
    volumeNode, truth, lesionsNode=None, lesionsSegmentId="", radiusMm=0.0, organNode=None, organSegmentId="",
    scanner="",
):  # fmt: skip
    """A SceneCase; InputError where the nodes cannot be what they are given for."""
    from synthetic_imaging.errors import InputError

    if volumeNode is None:
        raise InputError("No volume is chosen. Load an image and choose it.")
    if truth not in KINDS:
        raise InputError(f'An image is {", ".join(KINDS[:2])} or a {KINDS[2]}, not "{truth}".')
    if lesionsNode is not None and lesionsNode.IsA("vtkMRMLSegmentationNode"):
        _checkSegment(lesionsNode, lesionsSegmentId, "the lesions")
    if organNode is not None:
        _checkSegment(organNode, organSegmentId, "the organ")
    if truth == "host" and organNode is None:
        raise InputError(
            f'"{volumeNode.GetName()}" has no organ to make lesions in. Choose the segment of the organ with it.'
        )
    return SceneCase(volumeNode, truth, lesionsNode, lesionsSegmentId, radiusMm, organNode, organSegmentId, scanner)


def writtenSteps(cases, folder):
    """Generator (stage, percent): every case as plain values, with the scene's volumes in files of the folder."""
    files, values = {}, []
    for number, case in enumerate(cases):
        yield f"{number + 1} of {len(cases)}", 100 * number / len(cases)
        values.append(case.written(Path(folder), files))
    return values


def _checkSegment(node, segmentId, what):
    from synthetic_imaging.errors import InputError

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
