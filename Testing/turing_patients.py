"""Twenty cases of a study: lesions in the torso phantom, metastases in a real CT, and twins made of each."""

import numpy as np
import realdata

REAL_CT = "crlm-ct-1006/crlm-ct-1006.nrrd"
REAL_ORGAN = "crlm-ct-1006/crlm-ct-1006-liver-semiauto.nrrd"
METASTASES_KJI = (17, 255, 122), (20, 302, 133), (35, 273, 117)
RADIUS_MM, LESIONS = 7.0, 10
PHANTOM_SHAPE = (80, 128, 128)


def addCases():
    """Put the images into the scene: [(volume node, point list of one lesion, segmentation, segment id)], ten of them.

    Without the real CT all ten lesions are in the phantom; second value: whether it is there.
    """
    real = realdata.find(REAL_CT)
    fromReal = _metastases(real) if real else []
    return _phantomLesions(LESIONS - len(fromReal)) + fromReal, bool(real)


def _metastases(path):
    from synthetic_imaging.io import read_labels, read_volume

    ct = read_volume(path)
    organ = read_labels(realdata.find(REAL_ORGAN), like=ct)
    places = [ct.ras_from_ijk(np.array(index[::-1])) for index in METASTASES_KJI]
    return _nodes("CRLM-CT-1006", ct, organ.like((organ.numpy() > 0).astype("uint8")), places)


def _phantomLesions(count):
    """Lesions from the engine, which stand for real ones: nothing but chance separates them from their twins."""
    from synthetic_imaging import tumor
    from synthetic_imaging.phantom import torso

    phantom = torso(seed=1, shape=PHANTOM_SHAPE)
    labels = phantom.labels
    case = tumor.Case(phantom.ct, labels, organ_value=38, organ_name="liver")
    lesions = tumor.sample_lesions(case, count=count, radius_mm=RADIUS_MM, seed=3)
    composition = tumor.Composition(case)
    composition.set_lesions(lesions)
    organ = labels.like((labels.numpy() == 38).astype("uint8"))
    return _nodes("Torso phantom", composition.ct, organ, [lesion.center_ras for lesion in lesions])


def _nodes(name, ct, organ, places):
    import slicer

    from SyntheticImagingLib import nodes

    volume = nodes.volumeNodeFromVolume(ct, name)
    segmentation = nodes.segmentationFromLabels(organ, {1: "Liver"}, volume, f"{name} organ")
    added = []
    for number, ras in enumerate(places, 1):
        points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", f"{name} lesion {number}")
        points.AddControlPoint(list(map(float, ras)))
        added.append((volume, points, segmentation, segmentation.GetSegmentation().GetNthSegmentID(0)))
    return added
