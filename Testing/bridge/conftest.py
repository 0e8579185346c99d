"""A real MRML scene from slicer-core, without a window."""

import types

import numpy as np
import pytest


@pytest.fixture(scope="session")
def core():
    import slicer
    from slicer_host.bootstrap import create_core

    core = create_core()
    slicer.mrmlScene = core.scene
    slicer.app = types.SimpleNamespace(
        applicationLogic=lambda: core.applicationLogic,
        testingEnabled=lambda: True,
        processEvents=lambda *arguments: None,
        translate=lambda context, text: text,
    )
    modules = {
        name: types.SimpleNamespace(logic=lambda logic=logic: logic) for name, logic in core.moduleLogics.items()
    }
    slicer.modules = types.SimpleNamespace(**modules)
    return core


@pytest.fixture
def scene(core):
    yield core.scene
    core.scene.Clear(0)


@pytest.fixture
def addVolume(scene):
    """A function that adds a scalar volume node: random int16 values on an oblique, flipped, anisotropic grid."""
    from slicer.util import addVolumeFromArray

    def add(shape=(12, 20, 24), dtype=np.int16, name="CT", ijkToRAS=None):
        array = np.random.default_rng(0).integers(-1000, 1000, shape).astype(dtype)
        return addVolumeFromArray(array, ijkToRAS=obliqueMatrix() if ijkToRAS is None else ijkToRAS, name=name)

    return add


def obliqueMatrix(spacing=(0.8, 0.9, 5.0), origin=(11.0, -7.0, 31.0), angle_deg=20.0):
    """IJK to RAS with axes turned about S, i and j flipped as in DICOM."""
    cos, sin = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[-cos, sin, 0], [-sin, -cos, 0], [0, 0, 1]]) * spacing
    matrix[:3, 3] = origin
    return matrix
