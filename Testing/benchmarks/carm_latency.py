"""``python -m benchmarks.carm_latency [--quick]``: from a move of a slider to new pixels in the X-ray view.

Virtual C-arm runs in its window, off screen where there is no display; views are drawn in software then, the 3D view
among them, which is the larger part of the time. Single steps come when everything has been drawn; in a steady turn the
slider moves 30 times a second whether or not the images keep up.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHEST_CT = "cptac-pda-c3n-00249-chest/cptac-pda-c3n-00249-chest.nrrd"
STEPS, STEP_DEG = 12, 3.0
TURN_S, TURN_MS, TURN_DEG = 3.0, 33, 1.0
TIMEOUT_S, REST_MS = 60, 600


def main(arguments=()):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the phantom only, fewer steps; writes no file")
    options = parser.parse_args(arguments)
    sys.path[:0] = [str(ROOT / "Testing")]
    import sessions

    from .table import RESULTS, load, machine, markdown

    host = sessions.startHost()
    rows = [
        _measured(host, name, make, 4 if options.quick else STEPS) for name, make in _bodies(sessions, options.quick)
    ]
    columns = ("CT", "voxels", "choice to full image", "step to coarse", "step to full", "turn: coarse", "turn: per s")
    text = "\n\n".join(
        (
            "# From a move of a slider to a new X-ray image",
            f"{machine()}. Load before: {load()}.",
            "512 × 512 pixels, realistic image, C-arm and patient in 3D, every view drawn in software. Milliseconds, "
            f"median (worst), from the change of the angle to the drawn X-ray view: of {STEPS} single steps, and of a "
            "steady turn with 30 changes a second. The choice of the CT is in seconds, with all kernels compiled.",
            markdown(columns, rows),
        )
    )
    print(text)
    if not options.quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "carm_latency.md").write_text(text + "\n", encoding="utf-8")


def _bodies(sessions, quick):
    import pytest
    import realdata

    yield "torso phantom", lambda: sessions.loadPhantom()[0]
    if quick:
        return
    try:
        path = realdata.path(CHEST_CT)
    except pytest.skip.Exception:
        return
    yield "chest CT", lambda: _loaded(path)


def _loaded(path):
    from synthetic_imaging.io import read_volume
    from SyntheticImagingLib import nodes, samples

    ct = nodes.volumeNodeFromVolume(read_volume(path), "CT")
    ct.CreateDefaultDisplayNodes()
    samples.showAbdomen(ct)
    return ct


def _measured(host, name, make, steps):
    import carm_pictures

    ct = make()
    shape = " × ".join(map(str, ct.GetImageData().GetDimensions()))
    started = time.perf_counter()
    widget = host.selectModule("VirtualCArm")
    clock = _Clock(host.sliceView("Xray"), widget.logic)
    if not host.waitUntil(lambda: clock.final_at is not None, TIMEOUT_S):
        raise RuntimeError(f"The {name} was not drawn: {widget.ui.noticeLabel.text}")
    first_s = clock.final_at - started
    carm_pictures.settle(host, widget)
    coarse, full = _single_steps(host, widget, clock, steps)
    turn, per_s = _turn(host, widget, clock)
    clock.stop()
    host.selectModule("SyntheticImaging")
    host.clearScene()
    return name, shape, f"{first_s:.1f} s", _text(coarse), _text(full), _text(turn), f"{per_s:.0f}"


def _single_steps(host, widget, clock, steps):
    """Milliseconds to the coarse and to the full image, of each step."""
    coarse, full = [], []
    for _ in range(steps):
        clock.clear()
        started = time.perf_counter()
        wanted = widget.ui.laoSlider.value + STEP_DEG
        widget.ui.laoSlider.value = wanted
        if not host.waitUntil(lambda: clock.final_at is not None, TIMEOUT_S):
            raise RuntimeError("The view did not show the moved C-arm.")
        first = next(at for at, lao_deg in clock.shown if abs(lao_deg - wanted) < 1e-6)
        coarse.append(1000 * (first - started))
        full.append(1000 * (clock.final_at - started))
        host.processEvents(REST_MS)
    return coarse, full


def _turn(host, widget, clock):
    """Milliseconds from each change to the first picture of it or of a later one, and pictures per second."""
    import qt

    changes = []

    def change():
        value = widget.ui.laoSlider.value + TURN_DEG
        changes.append((time.perf_counter(), value))
        widget.ui.laoSlider.value = value

    widget.ui.laoSlider.value = -60.0
    host.processEvents(2 * REST_MS)
    clock.clear()
    timer = qt.QTimer()
    timer.setInterval(TURN_MS)
    timer.timeout.connect(change)
    timer.start()
    host.processEvents(round(1000 * TURN_S))
    timer.stop()
    end = changes[-1][0]
    host.processEvents(3 * REST_MS)
    waits = []
    for moved, value in changes:
        later = [at for at, lao_deg in clock.shown if at > moved and lao_deg >= value - 1e-6]
        waits += [1000 * (later[0] - moved)] if later else []
    return waits, sum(at <= end for at, _lao_deg in clock.shown) / TURN_S


class _Clock:
    """When the X-ray view was drawn, with which angle, and when in full."""

    def __init__(self, view, logic):
        self._view, self._logic, self._render = view, logic, view._render
        self.clear()
        view._render = self._on_render

    def clear(self):
        self.shown, self.final_at = [], None

    def stop(self):
        self._view._render = self._render

    def _on_render(self):
        self._render()
        self._view.repaint()
        view, now = self._logic.shownView(), time.perf_counter()
        if view is not None:
            self.shown.append((now, view.pose().lao_deg))
            readout = self._logic.readout()
            if self.final_at is None and readout["isFinal"] and view == self._logic.view():
                self.final_at = now


def _text(values):
    return f"{statistics.median(values):.0f} ({max(values):.0f})"


if __name__ == "__main__":
    main(sys.argv[1:])
