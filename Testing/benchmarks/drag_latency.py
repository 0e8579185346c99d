"""``python -m benchmarks.drag_latency [--quick]``: from a mouse move to the new pixels in the slice view.

The module runs in its window, off screen where there is no display; views are drawn in software then, which is the
larger part of the time. Each move is timed alone: the next one comes when everything has been drawn.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "SyntheticImagingExt"
REAL_CT = "crlm-ct-1006/crlm-ct-1006.nrrd"
REAL_ORGAN = "crlm-ct-1006/crlm-ct-1006-liver-semiauto.nrrd"
MOVES, WARM_UP = 20, 3
STEP_PX = (2.0, 1.0)
TURN = 6  # there and back again, so that the lesion stays in the organ
TIMEOUT_S = 5.0


def main(arguments=()):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the phantom only, fewer moves")
    options = parser.parse_args(arguments)
    sys.path[:0] = [str(EXTENSION / name) for name in ("SyntheticImaging", "SyntheticTumor")] + [str(ROOT / "Testing")]
    import slicer_host

    from .table import RESULTS, load, machine, markdown

    files = [str(EXTENSION / name / f"{name}.py") for name in ("SyntheticImaging", "SyntheticTumor")]
    host = slicer_host.start(modules=files)
    rows = []
    for name, load_body in _bodies(options.quick):
        rows += _measure_body(host, name, load_body, MOVES // 2 if options.quick else MOVES)
    text = "\n\n".join(
        (
            "# From a mouse move to new pixels",
            f"{machine()}. Load before: {load()}.",
            "Milliseconds from the mouse move, median (worst) of "
            f"{MOVES // 2 if options.quick else MOVES} moves; four views are shown and drawn in software. "
            '"New voxels" is when the engine has written them, "new pixels" when the axial view shows them.',
            markdown(("CT", "voxels", "radius", "layout", "new voxels", "new pixels"), rows),
        )
    )
    print(text)
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "drag_latency.md").write_text(text + "\n", encoding="utf-8")


def _bodies(quick):
    yield "torso phantom", _phantom
    data = _data_folder()
    if not quick and (data / REAL_CT).exists():
        yield "liver CT", lambda: _real(data)


def _data_folder():
    import os

    given = os.environ.get("SYNTHETIC_IMAGING_DATA")
    return Path(given) if given else ROOT.parent / "shared" / "data"


def _phantom():
    from SyntheticImagingLib import samples

    return samples.addTorsoPhantom()


def _real(data):
    from synthetic_imaging.io import read_labels, read_volume
    from SyntheticImagingLib import nodes, samples

    ct = read_volume(data / REAL_CT)
    node = nodes.volumeNodeFromVolume(ct, "CT")
    node.CreateDefaultDisplayNodes()
    samples.showAbdomen(node)
    return node, nodes.segmentationFromLabels(read_labels(data / REAL_ORGAN, like=ct), {1: "Liver"}, node, "Organs")


def _measure_body(host, name, load_body, moves):
    ct, _segmentation = load_body()
    widget = host.selectModule("SyntheticTumor")
    if not host.waitUntil(lambda: widget.logic.isReady, 60):
        raise RuntimeError(f"The {name} could not be prepared: {widget.ui.inputStatusLabel.text}")
    rows = []
    for radius_mm in (8.0, 16.0):
        for layout in ("FourUp", "OneUpRedSlice"):
            host.setLayout(layout)
            times = _measure(host, widget.logic, radius_mm, moves)
            shape = " × ".join(str(size) for size in ct.GetImageData().GetDimensions())
            rows.append((name, shape, f"{radius_mm:g} mm", layout, *(_text(values) for values in times)))
    host.setLayout("FourUp")
    host.selectModule("SyntheticImaging")
    host.clearScene()
    return rows


def _measure(host, logic, radius_mm, moves):
    """Milliseconds to new voxels and to new pixels, for each move."""
    import slicer
    from PySide6.QtCore import QEvent, QPointF

    index = logic.addLesion(logic.case.clearest_site(), "metastasis-colorectal", radius_mm)
    center = logic.lesions[index].center_ras
    slicer.modules.markups.logic().JumpSlicesToLocation(*center, False)
    host.processEvents(500)
    clock = _Clock(host.sliceView("Red"), logic)
    start = host.viewPosition("Red", center)
    host.moveSlice("Red", center)
    host._mouse(host.sliceView("Red"), QEvent.MouseButtonPress, start, "left", "left", ())
    results = []
    for move in range(1, moves + WARM_UP + 1):
        clock.begin()
        position = start + QPointF(*STEP_PX) * (1 + abs(move % (2 * TURN) - TURN))
        host._mouse(host.sliceView("Red"), QEvent.MouseMove, position, "none", "left", ())
        if not host.waitUntil(lambda: clock.shown_ms is not None, TIMEOUT_S):
            raise RuntimeError("The view did not show the moved lesion.")
        results.append((clock.drawn_ms, clock.shown_ms))
        host.processEvents(80)
    host._mouse(host.sliceView("Red"), QEvent.MouseButtonRelease, position, "left", "none", ())
    host.processEvents(300)
    clock.stop()
    logic.removeLesion(index)
    return list(zip(*results[WARM_UP:], strict=True))


class _Clock:
    """When, after a move, the voxels were written and a view was drawn with them."""

    def __init__(self, view, logic):
        self._view, self._logic, self._render = view, logic, view._render
        self._start = self.drawn_ms = self.shown_ms = None
        logic.previewed.connect(self._on_drawn)
        view._render = self._on_render

    def begin(self):
        self._start, self.drawn_ms, self.shown_ms = time.perf_counter(), None, None

    def stop(self):
        self._view._render = self._render
        self._logic.previewed.disconnect(self._on_drawn)

    def _since(self):
        return (time.perf_counter() - self._start) * 1000

    def _on_drawn(self, index):
        if self._start is not None and self.drawn_ms is None:
            self.drawn_ms = self._since()

    def _on_render(self):
        self._render()
        if self.drawn_ms is not None and self.shown_ms is None:
            self._view.repaint()
            self.shown_ms = self._since()


def _text(values):
    return f"{statistics.median(values):.0f} ({max(values):.0f})"


if __name__ == "__main__":
    main(sys.argv[1:])
