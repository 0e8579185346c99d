"""Images for studies that tests of Visual Turing design: as files, and as nodes of the scene."""

from pathlib import Path

import study_bodies

PASSPHRASE = study_bodies.PASSPHRASE
IMAGES = {"modality": "ct", "box_mm": [48, 48, 36], "spacing_mm": [1.5, 1.5, 3]}


def addToScene(cases):
    """CaseInputs as nodes: [(case, volume node, point list of its lesions or None, segmentation of its organ)]."""
    import slicer

    from synthetic_imaging.io import read_labels, read_volume
    from SyntheticImagingLib import nodes

    added = []
    for case in cases:
        volume = nodes.volumeNodeFromVolume(read_volume(case.image), case.image.stem)
        points = None
        if case.lesions:
            points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", f"{case.image.stem} lesions")
            for site in case.lesions:
                points.AddControlPoint(site.center_ras)
        organ = nodes.segmentationFromLabels(read_labels(case.organ), {1: "Liver"}, volume, f"{case.image.stem} organ")
        added.append((case, volume, points, organ))
    return added


def writeTable(path: Path, cases):
    """A CSV file of CaseInputs, beside their images."""
    lines = ["image,truth,r,a,s,radius_mm,scanner,organ"]
    for case in cases:
        site = case.lesions[0] if case.lesions else None
        place = [*site.center_ras, site.radius_mm] if site else [""] * 4
        lines.append(",".join(map(str, (case.image.name, case.truth, *place, case.scanner, case.organ.name))))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
