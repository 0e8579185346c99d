"""A comparison of two segmentations, ready to be run."""

from synthetic_imaging.errors import InputError
from SyntheticImagingLib.grids import worldMatrix

from ..running.Segmenting import requestFolder
from ..SegmenterWork import SegmenterWork
from .Layers import gridOf, layersOf, pairsOf

LESION_WORDS = ("tumor", "lesion", "mass", "cyst", "metastas", "nodule")


def evaluateWork(segmentationNode, referenceNode, measures, lesions, onTables):
    """Work whose result is that of onTables(tables, notes).

    lesions: names of segments of the reference whose pieces are lesions; None: those whose name says so.
    InputError where nothing can be compared.
    """
    import numpy as np

    for node, what in ((segmentationNode, "segmentation"), (referenceNode, "reference")):
        if node is None or node.GetScene() is None:
            raise InputError(f"No {what} is chosen. Choose one.")
    if segmentationNode is referenceNode:
        raise InputError("The segmentation is its own reference. Choose another one.")
    volume = gridOf(segmentationNode, referenceNode)
    pairs, notes = pairsOf(segmentationNode, referenceNode)
    names = [pair.name for pair in pairs]
    if unknown := [name for name in lesions or () if name not in names]:
        raise InputError(f'"{unknown[0]}" is no structure that both have; there are {", ".join(names)}.')
    asked = [name for name in names if isLesion(name)] if lesions is None else list(lesions)
    layers = layersOf(pairs, segmentationNode, referenceNode, volume)
    with requestFolder() as folder:
        saved = []
        for index, (arrays, known) in enumerate(layers):
            files = [folder / f"{side}{index}.npy" for side in ("prediction", "reference")]
            for file, array in zip(files, arrays, strict=True):
                np.save(file, array)
            saved.append({"prediction": str(files[0]), "reference": str(files[1]), "names": known})
        request = {
            "task": "evaluate",
            "case": segmentationNode.GetName(),
            "layers": saved,
            "ijk_to_ras": worldMatrix(volume).tolist(),
            "measures": measures.to_dict(),
            "lesions": asked,
        }
    return SegmenterWork(request, lambda answer: onTables(answer["tables"], notes), folder)


def isLesion(name):
    """Whether a name says that the pieces of a segment are lesions."""
    return any(word in name.lower() for word in LESION_WORDS)
