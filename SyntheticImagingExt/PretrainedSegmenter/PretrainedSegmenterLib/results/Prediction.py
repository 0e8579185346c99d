"""What a model found, as a segmentation node; the label array is imported once and shared by all segments."""

from dataclasses import dataclass, field
from typing import Any

import slicer
import vtk

from SyntheticImagingLib import nodes, terms
from SyntheticImagingLib.grids import imageArray, orientedImage, parentMatrix

PREDICTION_ATTRIBUTE = "SyntheticImaging.Prediction"
"""Set to "1" on every segmentation that a model made of an image; the image itself may be of a patient."""
ABSENT_ATTRIBUTE = "SyntheticImaging.NotFound"
"""Names of the structures that the model knows and did not find, with "|" between them."""
TAG_PREFIX = "SyntheticImaging."
FILL_OPACITY = 0.25
BINARY = "Binary labelmap"


@dataclass(frozen=True)
class Prediction:
    """labels: array (K, J, I). ijkToWorld: (4, 4). structures: value, name, color, category and type of each label.

    card: of the model (see ``synthetic_imaging.segmentation.Card``). sha256: of its file.
    """

    labels: Any
    ijkToWorld: Any
    structures: list[dict]
    card: dict
    sha256: str
    preset: str
    notes: list[str] = field(default_factory=list)

    @property
    def origin(self):
        """What made it, by the name of a tag."""
        card = self.card
        known = {"Model": card["id"] or card["name"], "ModelVersion": card["version"], "ModelSha256": self.sha256}
        return {TAG_PREFIX + name: text for name, text in {**known, "Preset": self.preset}.items() if text}


def addPrediction(prediction, volumeNode):
    """A new segmentation node beside the volume, with one segment per structure that was found."""
    name = f"{volumeNode.GetName()} {prediction.card['name'] or prediction.card['id']}"
    node = nodes.createSegmentation(volumeNode, slicer.mrmlScene.GenerateUniqueName(name))
    try:
        fill(node, prediction)
    except BaseException:
        nodes.removeWithDisplays(node)
        raise
    node.GetDisplayNode().SetOpacity2DFill(FILL_OPACITY)
    return node


def fill(node, prediction):
    """Mark a segmentation node as a prediction and give it the segments."""
    import numpy as np

    present = _valuesIn(prediction.labels)
    found = [entry for entry in prediction.structures if entry["value"] in present]
    absent = [entry["name"] for entry in prediction.structures if entry["value"] not in present]
    node.SetAttribute(PREDICTION_ATTRIBUTE, "1")
    node.SetAttribute(ABSENT_ATTRIBUTE, "|".join(absent))
    for name, text in prediction.origin.items():
        node.SetAttribute(name, text)
    if not found:
        return
    ijkToNode = np.linalg.inv(parentMatrix(node)) @ prediction.ijkToWorld
    image = _image(prediction.labels, ijkToNode)
    for entry in found:
        node.GetSegmentation().AddSegment(_segment(entry, image, prediction.origin), _idOf(entry, found))


def absentIn(node):
    """The structures that a prediction does not hold."""
    return [name for name in (node.GetAttribute(ABSENT_ATTRIBUTE) or "").split("|") if name]


def _valuesIn(labels):
    """Slice by slice, for counting takes eight bytes a voxel."""
    import numpy as np

    counts = np.zeros(int(labels.max()) + 1, np.int64)
    for part in labels:
        counts += np.bincount(part.reshape(-1), minlength=len(counts))
    return set(np.flatnonzero(counts).tolist())


def _image(labels, ijkToNode):
    """The labels as an oriented image, cut to where there are any."""
    import numpy as np

    part = []
    for others in ((1, 2), (0, 2), (0, 1)):
        places = np.flatnonzero(labels.any(axis=others))
        part.append(slice(places[0], places[-1] + 1))
    extent = [int(bound) for axis in (2, 1, 0) for bound in (part[axis].start, part[axis].stop - 1)]
    image = orientedImage(ijkToNode, extent)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR if labels.dtype.itemsize == 1 else vtk.VTK_SHORT, 1)
    imageArray(image)[...] = labels[tuple(part)]
    return image


def _segment(entry, image, tags):
    segment = slicer.vtkSegment()
    segment.SetName(_titleOf(entry["name"]))
    segment.SetLabelValue(entry["value"])
    segment.AddRepresentation(BINARY, image)
    _describe(segment, entry)
    for name, text in tags.items():
        segment.SetTag(name, text)
    return segment


def _describe(segment, entry):
    """Term and color: those of the model, else those of a known organ."""
    from synthetic_imaging.segmentation.recipe import Label
    from synthetic_imaging.segmentation.segments import color_of, terminology_entry

    label, known = Label(**entry), terms.findTerm(entry["name"])
    if known and not label.type:
        terms.setTerminology(segment, known)
    else:
        segment.SetTag(segment.GetTerminologyEntryTagName(), terminology_entry(label))
    if label.color or not known:
        segment.SetColor(*(value / 255 for value in color_of(label)))
    elif label.type:
        segment.SetColor(*terms.terms()[known]["rgb"])


def _titleOf(name):
    """A name of a model as people write it: "kidney_left" is "Kidney left"."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _idOf(entry, entries):
    """The same in every result of a model: the name, and the value where several have one name."""
    name = entry["name"].lower().replace(" ", "_")
    isUnique = sum(other["name"].lower().replace(" ", "_") == name for other in entries) == 1
    return name if isUnique else f"{name}_{entry['value']}"
