"""A segmentation of the scene as a DICOM segmentation (SEG) of the images that it was made on."""

from pathlib import Path

import vtk

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import dicomfiles, nodes
from SyntheticImagingLib.grids import imageArray, onGrid, overlap, parentMatrix, volumeArray, worldMatrix

from ..running.Segmenting import requestFolder
from ..SegmenterWork import SegmenterWork
from .Prediction import BINARY, TAG_PREFIX

MODEL_TAG = f"{TAG_PREFIX}Model"
SUFFIX = ".dcm"


def problemOf(node):
    """A sentence that says why a segmentation cannot be a DICOM segmentation, or ""."""
    return dicomfiles.problemOf(volumeOf(node))


def volumeOf(node):
    """The volume that a segmentation was made on, or None."""
    return node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole())


def exportWork(node, path):
    """Work that writes a segmentation node; its result is the path. InputError where it cannot be written."""
    import numpy as np

    if node is None or node.GetScene() is None:
        raise InputError("No segmentation is chosen. Run a model first, or choose a segmentation.")
    if not str(path or "").strip():
        raise InputError("No file is chosen. Choose one that ends in .dcm.")
    volume = volumeOf(node)
    files = dicomfiles.filesOf(volume)
    path = Path(path).expanduser().absolute()
    path = path if path.suffix.lower() == SUFFIX else path.with_name(path.name + SUFFIX)
    labels, segments = _labeled(node, volume)
    with requestFolder() as folder:
        array = folder / "labels.npy"
        np.save(array, labels)
        request = {
            "task": "write_dicom",
            "labels": str(array),
            "ijk_to_ras": _patientMatrix(volume).tolist(),
            "files": [str(file) for file in files],
            "segments": segments,
            "description": f"Segmentation: {node.GetName()}",
            "out": str(path),
        }
    return SegmenterWork(request, lambda answer: Path(answer["path"]), folder)


def _labeled(node, volume):
    """Labels (K, J, I) on the grid of the volume, and what each value is, as plain values."""
    import numpy as np

    labels = np.zeros(volumeArray(volume).shape, np.uint16)
    segments = []
    for image, parts in _layers(node).items():
        numbers = np.zeros(1 + max(segment.GetLabelValue() for _id, segment in parts), np.uint16)
        for segmentId, segment in parts:
            segments.append({"label": len(segments) + 1, "name": segment.GetName(), **_looks(segment)})
            if isinstance(image, str) or not onGrid(image, np.linalg.inv(parentMatrix(node)) @ worldMatrix(volume)):
                mask = nodes.labelsFromSegment(node, segmentId, volume).numpy()
                _add(mask * np.uint16(len(segments)), labels, node, segments)
            else:
                numbers[segment.GetLabelValue()] = len(segments)
        if numbers.any():
            whole = [bound for size in reversed(labels.shape) for bound in (0, size - 1)]
            part = imageArray(image)[overlap(image.GetExtent(), whole)]
            layer = numbers[np.where(part < len(numbers), part, 0)]
            _add(layer, labels[overlap(whole, image.GetExtent())], node, segments)
    if not segments:
        raise InputError(f'"{node.GetName()}" has no segment. Draw one, or run a model, first.')
    return labels, segments


def _layers(node):
    """(id, segment) of all segments by the labelmap that they share, or by their id where they have none."""
    segmentation, layers = node.GetSegmentation(), {}
    for segmentId in segmentation.GetSegmentIDs():
        segment = segmentation.GetSegment(segmentId)
        image = segment.GetRepresentation(BINARY)
        layers.setdefault(segmentId if image is None else image, []).append((segmentId, segment))
    return layers


def _add(layer, labels, node, segments):
    """Put labels into others, in place; InputError where there are some already."""
    both = labels[(layer != 0) & (labels != 0)]
    if both.size:
        raise InputError(
            f'Segments of "{node.GetName()}" overlap ("{segments[int(both[0]) - 1]["name"]}" and another one), and a '
            "voxel of the file has one label. Separate them in the Segment Editor first, with its masking."
        )
    labels[layer != 0] = layer[layer != 0]


def _looks(segment):
    """Color, terms and origin of a segment."""
    found = {"color": [round(255 * part) for part in segment.GetColor()]}
    parts = [tuple(part.split("^")) for part in _tag(segment, segment.GetTerminologyEntryTagName()).split("~")]
    for name, index in (("category", 1), ("type", 2), ("region", 5)):
        if len(parts) > index and len(parts[index]) == 3 and all(parts[index]):
            found[name] = parts[index]
    model = _tag(segment, MODEL_TAG)
    origin = {"algorithm": model, "learned": True} if model else {"method": "SEMIAUTOMATIC", "algorithm": "3D Slicer"}
    return found | origin


def _tag(segment, name):
    text = vtk.reference("")
    segment.GetTag(name, text)
    return str(text)


def _patientMatrix(volume):
    """IJK to RAS of the patient, as DICOM has it: without the transforms that move the volume in the scene."""
    from slicer.util import arrayFromVTKMatrix

    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    return arrayFromVTKMatrix(matrix)
