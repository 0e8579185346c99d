"""The extension's modules in the stand-in for the application."""

from pathlib import Path

import pytest
from tumor_console import addBody

EXTENSION = Path(__file__).resolve().parents[2] / "SyntheticImagingExt"


@pytest.fixture(scope="session")
def host():
    """One running application per process with all modules of the extension loaded."""
    import slicer_host

    files = (folder / f"{folder.name}.py" for folder in sorted(EXTENSION.iterdir()))
    return slicer_host.start(modules=[str(file) for file in files if file.exists()])


@pytest.fixture(autouse=True)
def quiet(host):
    """An empty scene before each test, and no exception in a callback during it."""
    host.scene.Clear(0)
    host.exceptions.clear()
    host.shownMessages.clear()
    yield
    assert not host.exceptions, host.exceptions


@pytest.fixture
def body(host):
    return addBody(size_mm=60.0)


@pytest.fixture
def widget(host, body):
    """Synthetic Tumor, open, with the only CT and organ of the scene chosen and prepared."""
    import slicer

    widget = host.selectModule("SyntheticTumor")
    assert host.waitUntil(lambda: widget.logic.isReady)
    widget.ui.placeRadiusSlider.value = 4.0
    yield widget
    slicer.util.selectModule("SyntheticImaging")


@pytest.fixture
def carm(host):
    """Virtual C-arm, open, with a body of water and a bead of bone, and a small image drawn; has settle()."""
    import carm_console
    import slicer

    ct = carm_console.addCt()
    ct.CreateDefaultDisplayNodes()
    slicer.util.setSliceViewerLayers(background=ct, fit=True)
    widget = host.selectModule("VirtualCArm")
    panel, widget.logic.parameters.showPatient3D = widget.panel, False

    def settle(seconds=20):
        busy = (lambda: panel.live.isWaiting, lambda: panel.steps.isRunning, lambda: panel.backgroundIsRunning)
        assert host.waitUntil(lambda: not any(each() for each in busy), seconds)
        host.processEvents(20)

    widget.settle, widget.ct = settle, ct
    assert host.waitUntil(lambda: widget.logic.isReady, 30)
    widget.logic.set(imageSize=128, noise=False)
    settle()
    yield widget
    slicer.util.selectModule("SyntheticImaging")


@pytest.fixture
def fastHands(monkeypatch):
    """A key counts soon after the last one, so that tests need not wait; test_a_key_that_bounces takes it back."""
    monkeypatch.setattr("VisualTuringLib.conduct.ReadingDesk.DOUBLE_PRESS_S", 0.02)


@pytest.fixture
def openDesk(host, tmp_path, fastHands):
    """Make a reading study with these options and sit down before the full screen: (study, reading, desk)."""
    import reading_studies

    from VisualTuringLib.conduct.ReadingDesk import ReadingDesk
    from VisualTuringLib.conduct.ReadingLogic import ReadingLogic

    desks = []

    def sit(clock=None, **options):
        study = reading_studies.make_study(tmp_path / f"study{len(desks)}", **options)
        reading = ReadingLogic(study.folder, "Ann Lee", clock=clock)
        desks.append(ReadingDesk(reading))
        desks[-1].open()
        host.processEvents(50)
        return study, reading, desks[-1]

    yield sit
    for desk in desks:
        desk.leave()
    host.processEvents(20)


@pytest.fixture
def noGpu(monkeypatch):
    """As on a computer without a GPU."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)


@pytest.fixture(scope="module")
def turingCases(tmp_path_factory):
    """Four cases as files, and a table of them beside the images."""
    import study_bodies
    import turing_bodies

    folder = tmp_path_factory.mktemp("inputs")
    cases = study_bodies.write_inputs(folder, count=4)
    turing_bodies.writeTable(folder / "cases.csv", cases)
    return cases


@pytest.fixture
def turingTable(turingCases):
    return Path(turingCases[0].image).parent / "cases.csv"


@pytest.fixture
def turing(host):
    """Visual Turing, open, with nothing chosen."""
    import slicer

    widget = host.selectModule("VisualTuring")
    widget.ui.taskTabs.setCurrentIndex(0)
    host.processEvents(250)
    yield widget
    widget.panel.cancel()
    widget.logic.clearCases()
    for name in ("casesFolder", "casesTable", "newKey", "key", "counts", "countsReport"):
        getattr(widget.ui, f"{name}Edit").currentPath = ""
    slicer.util.selectModule("SyntheticImaging")
