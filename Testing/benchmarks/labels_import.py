"""``python -m benchmarks.labels_import [--quick]``: 100 labels into a scene at once, beside one label map per segment.

The peer is what a script does that has a file per structure: each becomes a label map node, which the application's own
logic imports into one segmentation.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SHAPE, QUICK_SHAPE, LABELS = (300, 512, 512), (75, 128, 128), 100
GRID = (4, 5, 5)


def blocks(shape):
    """LABELS structures side by side, as those of a body are."""
    parts = [np.arange(size) * count // size for size, count in zip(shape, GRID, strict=True)]
    k, j, i = np.meshgrid(*parts, indexing="ij", sparse=True)
    return (1 + (k * GRID[1] + j) * GRID[2] + i).astype(np.uint8)


def at_once(labels, ct):
    from PretrainedSegmenterLib.results.Prediction import Prediction, addPrediction

    structures = [
        {"value": value, "name": f"structure {value}", "color": None, "category": None, "type": None}
        for value in range(1, LABELS + 1)
    ]
    card = {"id": "benchmark", "name": "Benchmark", "version": ""}
    return addPrediction(Prediction(labels, _ijk_to_ras(ct), structures, card, "", "quality"), ct)


def one_by_one(labels, ct):
    import slicer
    from slicer.util import updateVolumeFromArray

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "One by one")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(ct)
    logic = slicer.modules.segmentations.logic()
    for value in range(1, LABELS + 1):
        mask = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", f"structure {value}")
        mask.CopyOrientation(ct)
        updateVolumeFromArray(mask, (labels == value).astype(np.uint8))
        logic.ImportLabelmapToSegmentationNode(mask, node)
        slicer.mrmlScene.RemoveNode(mask)
    return node


def _ijk_to_ras(ct):
    import vtk
    from slicer.util import arrayFromVTKMatrix

    matrix = vtk.vtkMatrix4x4()
    ct.GetIJKToRASMatrix(matrix)
    return arrayFromVTKMatrix(matrix)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a smaller CT; writes no file")
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT / "Testing"), str(ROOT / "SyntheticImagingExt" / "PretrainedSegmenter")]
    import sessions

    from .table import RESULTS, load, machine, markdown

    host = sessions.startHost()
    from slicer.util import addVolumeFromArray, arrayFromSegmentBinaryLabelmap

    labels = blocks(QUICK_SHAPE if options.quick else SHAPE)
    ct = addVolumeFromArray(labels.astype(np.int16), name="CT")
    rows, nodes, seconds = [], {}, {}
    for name, add in (("this project: all labels at once", at_once), ("a label map per segment", one_by_one)):
        start = time.perf_counter()
        nodes[name] = add(labels, ct)
        host.processEvents(0)
        seconds[name] = time.perf_counter() - start
    slowest = max(seconds.values())
    for name, node in nodes.items():
        segmentation = node.GetSegmentation()
        ids = [segmentation.GetNthSegmentID(index) for index in range(segmentation.GetNumberOfSegments())]
        right = [np.array_equal(arrayFromSegmentBinaryLabelmap(node, one, ct) != 0, labels == index + 1)
                 for index, one in enumerate(ids[:: LABELS // 10])
                 for index in [index * (LABELS // 10)]]  # fmt: skip
        rows.append([name, f"{seconds[name]:.1f} s", f"{slowest / seconds[name]:.1f}", str(len(ids)),
                     f"{sum(right)} of {len(right)}"])  # fmt: skip
    size = " × ".join(map(str, reversed(labels.shape)))
    text = "\n\n".join([
        f"# {LABELS} labels into a scene",
        f"{machine()}. Load before: {load()}.",
        f"A label array of {size} voxels becomes a segmentation node that the views show, in the window off screen.",
        markdown(["", "time", "times as fast", "segments", "compared voxel by voxel and right"], rows),
    ])  # fmt: skip
    print(text)
    if not options.quick:
        (RESULTS / "labels_import.md").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
