"""The host with the toy module, once per test process; every test starts with an empty scene."""

import os
from pathlib import Path

import pytest

TOY = Path(__file__).parent / "toy" / "ToyPlacer.py"


@pytest.fixture(scope="session")
def running():
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import slicer_host

    host = slicer_host.start(modules=[TOY], size=(1300, 850))
    yield host
    host.close()


@pytest.fixture
def host(running):
    running.setLayout("FourUp")
    running.clearScene()
    running.dialogs.reset()
    running.exceptions.clear()
    running.errorLog.clear()
    yield running
    assert not running.exceptions


@pytest.fixture
def widget(host):
    return host.selectModule("ToyPlacer")


@pytest.fixture
def block(host, widget):
    """A bright block of 60 HU in air, shown in the slice views; voxels of 2 x 2 x 4 mm."""
    import slicer

    node = widget.logic.makeBlock()
    slicer.util.setSliceViewerLayers(background=node, fit=True)
    host.processEvents()
    return node
