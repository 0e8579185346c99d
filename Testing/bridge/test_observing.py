"""Nodes and scene are followed without keeping anybody alive, and nobody works in what another has taken over."""

import gc
import weakref

import pytest


class Follower:
    def __init__(self):
        self.heard = []

    def changed(self):
        self.heard.append("changed")

    def removed(self, node):
        self.heard.append(node.GetName())

    def closes(self):
        self.heard.append("closes")

    def replaced(self):
        self.heard.append("replaced")

    def onTaken(self):
        self.heard.append("taken")


@pytest.fixture
def observations(core):
    from SyntheticImagingLib.observing import Observations

    return Observations()


def test_a_name_observes_one_node_at_a_time(scene, observations):
    first, second = (scene.AddNewNodeByClass("vtkMRMLTextNode", name) for name in "ab")
    follower, modified = Follower(), ["ModifiedEvent"]
    observations.observe("text", first, modified, follower.changed)
    observations.observe("text", second, modified, follower.changed)
    first.SetText("a")
    assert not follower.heard
    second.SetText("b")
    assert follower.heard
    follower.heard.clear()
    observations.observe("text", None, modified, follower.changed)
    second.SetText("c")
    assert not follower.heard


def test_the_scene_is_followed_until_all_is_dropped(scene, observations):
    follower = Follower()
    observations.observeScene(follower.closes, follower.replaced, follower.removed)
    scene.RemoveNode(scene.AddNewNodeByClass("vtkMRMLTextNode", "note"))
    assert follower.heard == ["note"]
    scene.Clear(0)
    assert follower.heard[1] == "closes" and follower.heard[-1] == "replaced"
    follower.heard.clear()
    observations.dropAll()
    scene.Clear(0)
    assert not follower.heard


def test_a_follower_is_not_kept_alive(scene, observations):
    node, follower = scene.AddNewNodeByClass("vtkMRMLTextNode"), Follower()
    observations.observe("text", node, ["ModifiedEvent"], follower.changed)
    observations.observeScene(closes=follower.closes, nodeRemoved=follower.removed)
    gone = weakref.ref(follower)
    del follower
    gc.collect()
    assert gone() is None
    node.SetText("nobody listens")
    scene.Clear(0)


def test_content_is_voxels_and_place_and_not_name_or_window(scene, addVolume):
    import vtk
    from slicer.util import arrayFromVolumeModified

    from SyntheticImagingLib.observing import contentOf

    node = addVolume()
    node.CreateDefaultDisplayNodes()
    before = contentOf(node)
    node.SetName("renamed")
    node.GetDisplayNode().SetWindowLevel(400, 40)
    assert contentOf(node) == before
    arrayFromVolumeModified(node)
    drawn = contentOf(node)
    assert drawn != before
    transform = scene.AddNewNodeByClass("vtkMRMLTransformNode")
    node.SetAndObserveTransformNodeID(transform.GetID())
    assert contentOf(node) == drawn, "nothing has moved"
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 5.0)
    transform.SetMatrixTransformToParent(matrix)
    moved = contentOf(node)
    assert moved != drawn
    transform.SetAndObserveTransformToParent(vtk.vtkThinPlateSplineTransform())
    assert contentOf(node) != drawn


def test_whoever_takes_something_over_has_its_owner_told():
    from SyntheticImagingLib.owning import Owners

    owners, one, other, third = Owners(), Follower(), Follower(), Follower()
    for each in (one, other, third):
        each.record = "record"
        owners.add(each)
    third.record = "another"
    owners.take(one, lambda each: each.record == "record")
    assert (one.heard, other.heard, third.heard) == ([], ["taken"], [])
    owners.discard(other)
    owners.take(one, lambda each: True)
    assert other.heard == ["taken"] and third.heard == ["taken"]
