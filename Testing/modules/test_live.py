"""What a moving hand asks for: previews at once, the newest only, and the rest when the hand rests."""

import time

import pytest

REST_MS = 30


class Drawing:
    def __init__(self, pieces=1):
        self.drawn, self._pieces, self._left = [], pieces, 0

    def ask(self, live):
        self._left = self._pieces
        live.request(self)

    def drawNow(self):
        self.drawn.append("now")

    def drawPreview(self):
        self.drawn.append("preview")
        self._left -= 1
        return self._left > 0

    def restSteps(self):
        self.drawn.append("half")
        yield
        self.drawn.append("all")


@pytest.fixture
def live(host):
    from SyntheticImagingLib.live import LiveUpdates

    live = LiveUpdates(REST_MS)
    yield live
    live.stop()


def test_many_changes_are_one_preview_and_one_full_drawing(host, live):
    drawing, done = Drawing(), []
    live.done.connect(lambda: done.append(True))
    for _change in range(5):
        drawing.ask(live)
    assert not drawing.drawn and live.isPreviewWaiting
    assert host.waitUntil(lambda: not live.isWaiting)
    assert drawing.drawn == ["preview", "half", "all"] and done == [True]


def test_every_piece_is_previewed_before_the_rest(host, live):
    drawing = Drawing(pieces=2)
    drawing.ask(live)
    assert host.waitUntil(lambda: not live.isWaiting)
    assert drawing.drawn == ["preview", "preview", "half", "all"]


def test_a_hand_that_leaves_no_idle_moment_sees_previews(host, live, monkeypatch):
    drawing = Drawing(pieces=2)
    drawing.ask(live)
    now = time.perf_counter()
    monkeypatch.setattr("SyntheticImagingLib.live.time.perf_counter", lambda: now + 60)
    drawing.ask(live)
    assert drawing.drawn == ["preview", "preview"]


def test_what_fails_is_told_and_not_tried_again(host, live):
    drawing, errors = Drawing(), []
    live.failed.connect(errors.append)
    drawing.drawPreview = lambda: 1 / 0
    drawing.ask(live)
    live.defer(lambda: [][0])
    assert host.waitUntil(lambda: len(errors) == 2)
    host.processEvents(2 * REST_MS)
    assert {type(error) for error in errors} == {ZeroDivisionError, IndexError}
    assert not live.isWaiting and not drawing.drawn


def test_what_was_asked_for_is_forgotten_when_it_stops(host, live):
    drawing = Drawing()
    drawing.ask(live)
    live.stop()
    host.processEvents(2 * REST_MS)
    assert not drawing.drawn and not live.isWaiting


def test_without_a_window_all_is_done_at_once():
    from SyntheticImagingLib.scheduling import AtOnce

    drawing, acted = Drawing(), []
    AtOnce().request(drawing)
    AtOnce().defer(lambda: acted.append(True))
    assert drawing.drawn == ["now"] and acted == [True]
