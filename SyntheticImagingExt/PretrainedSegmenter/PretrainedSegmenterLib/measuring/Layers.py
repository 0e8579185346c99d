"""Which segments of two segmentations belong together, and their voxels as label arrays on one grid.

Segments may overlap, labels of an array cannot: pairs that would are put into further layers.
"""

from dataclasses import dataclass

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import nodes, terms

from ..results.Prediction import absentIn


@dataclass(frozen=True)
class Pair:
    """One structure. An empty id: that side has no voxel of it."""

    name: str
    segmentId: str
    referenceId: str


def pairsOf(segmentationNode, referenceNode):
    """The structures that both know, and sentences about what only one of them has.

    Segments belong together by name, else by their term where it is there once. What a prediction looked for and did
    not find counts as empty.
    """
    ours, theirs = _byName(segmentationNode), _byName(referenceNode)
    ours.update({_key(name): "" for name in absentIn(segmentationNode) if _key(name) not in ours})
    found = {name: (ours[name], theirs[name]) for name in theirs if name in ours}
    left = {_key_: id_ for _key_, id_ in ours.items() if _key_ not in found}
    missing = {_key_: id_ for _key_, id_ in theirs.items() if _key_ not in found}
    ourTerms, theirTerms = _byTerm(segmentationNode, left), _byTerm(referenceNode, missing)
    for term in [term for term in theirTerms if term in ourTerms]:
        found[theirTerms[term]] = left.pop(ourTerms[term]), missing.pop(theirTerms[term])
    if not found:
        raise InputError(
            f'No segment of "{referenceNode.GetName()}" has the name or the term of one of '
            f'"{segmentationNode.GetName()}". Rename one of them (double-click in Segmentations).'
        )
    segments = referenceNode.GetSegmentation()
    pairs = [Pair(segments.GetSegment(theirId).GetName(), ourId, theirId) for ourId, theirId in found.values()]
    return pairs, [
        f'Only "{node.GetName()}" has {_listed(node, ids)}.'
        for node, ids in ((segmentationNode, left.values()), (referenceNode, missing.values()))
        if any(ids)
    ]


def layersOf(pairs, segmentationNode, referenceNode, volumeNode):
    """Layers of (prediction, reference, names by value): arrays on the grid of the volume."""
    import numpy as np

    layers = []
    for pair in pairs:
        masks = [
            _mask(node, segmentId, volumeNode)
            for node, segmentId in ((segmentationNode, pair.segmentId), (referenceNode, pair.referenceId))
        ]
        for arrays, names in layers:
            if len(names) < 255 and not any(
                (array[mask] != 0).any() for array, mask in zip(arrays, masks, strict=True)
            ):
                break
        else:
            arrays, names = [np.zeros(mask.shape, np.uint8) for mask in masks], {}
            layers.append((arrays, names))
        value = len(names) + 1
        names[value] = pair.name
        for array, mask in zip(arrays, masks, strict=True):
            array[mask] = value
    return layers


def gridOf(segmentationNode, referenceNode):
    """The volume on whose grid both are compared; InputError where none is known."""
    for node in (referenceNode, segmentationNode):
        volume = node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole())
        if volume is not None and volume.GetImageData() is not None:
            return volume
    raise InputError(
        f'Neither "{segmentationNode.GetName()}" nor "{referenceNode.GetName()}" names the image that it was made on. '
        "Choose it as source geometry in the Segment Editor first."
    )


def _mask(node, segmentId, volumeNode):
    import numpy as np

    from SyntheticImagingLib.grids import volumeArray

    if not segmentId:
        return np.zeros(volumeArray(volumeNode).shape, bool)
    return nodes.labelsFromSegment(node, segmentId, volumeNode).numpy() != 0


def _byName(node):
    segmentation, found = node.GetSegmentation(), {}
    for segmentId in segmentation.GetSegmentIDs():
        name = segmentation.GetSegment(segmentId).GetName() or ""
        if _key(name) in found:
            raise InputError(f'Two segments of "{node.GetName()}" are called "{name}". Rename one of them.')
        found[_key(name)] = segmentId
    return found


def _byTerm(node, ids):
    """Keys by term, of those terms that one segment alone has."""
    segmentation, found = node.GetSegmentation(), {}
    for key, segmentId in ids.items():
        term = terms.organOf(segmentation.GetSegment(segmentId)) if segmentId else terms.findTerm(key)
        found.setdefault(term, []).append(key)
    return {term: keys[0] for term, keys in found.items() if term and len(keys) == 1}


def _key(name):
    return " ".join(name.lower().replace("_", " ").split())


def _listed(node, ids):
    names = [node.GetSegmentation().GetSegment(segmentId).GetName() for segmentId in ids if segmentId]
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
