"""The modules from the console: a real MRML scene and no window."""

import sys
import types

import pytest
import tumor_bodies


@pytest.fixture(scope="session")
def core():
    import slicer
    from slicer_host import i18n, packaging, parameternode
    from slicer_host.bootstrap import create_core

    core = create_core()
    for name, module in (("i18n", i18n), ("packaging", packaging), ("parameterNodeWrapper", parameternode)):
        sys.modules[f"slicer.{name}"] = module
        setattr(slicer, name, module)
    slicer.mrmlScene = core.scene
    slicer.app = types.SimpleNamespace(applicationLogic=lambda: core.applicationLogic)
    modules = {
        name: types.SimpleNamespace(logic=lambda logic=logic: logic) for name, logic in core.moduleLogics.items()
    }
    slicer.modules = types.SimpleNamespace(**modules)
    return core


@pytest.fixture(autouse=True)
def quiet(core):
    """An empty scene; stands in for the fixture that starts a window."""
    core.scene.Clear(0)
    yield


@pytest.fixture
def body():
    """A CT node and a segmentation node with the segments Liver and Vessels."""
    from SyntheticImagingLib import nodes

    ct, organ, vessels = tumor_bodies.body(size_mm=80.0)
    ctNode = nodes.volumeNodeFromVolume(ct, "CT")
    labels = organ.like((organ.numpy() + 2 * vessels.numpy()).clip(0, 2))
    segmentation = nodes.segmentationFromLabels(labels, {1: "Liver", 2: "Vessels"}, ctNode, "Organs")
    # the organ holds its vessels, as segmentations of organs do
    nodes.setSegmentRegion(segmentation, "liver", organ.numpy(), (slice(None),) * 3, ctNode)
    return ctNode, segmentation


@pytest.fixture
def logic(body):
    from SyntheticTumorLib.Logic import TumorLogic

    logic = TumorLogic()
    logic.messages = []
    logic.message.connect(logic.messages.append)
    logic.setInput(body[0], body[1], "liver")
    yield logic
    logic.cleanup()


@pytest.fixture
def carmCt():
    """A body of water with a bead of bone, as a CT node."""
    import carm_console

    return carm_console.addCt()


@pytest.fixture
def carm(carmCt):
    """The logic of Virtual C-arm, the CT prepared, small images; its messages in ``messages``."""
    import carm_console

    logic = carm_console.newLogic()
    logic.parameters.imageSize = 128
    logic.setCt(carmCt)
    yield logic
    logic.cleanup()
