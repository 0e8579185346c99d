"""The logic follows the scene without being kept alive by it."""

import weakref

import slicer
import vtk


def observe(logic):
    """Tell the logic when the scene closes and when nodes leave it; tags for ``stop``."""
    reference = weakref.ref(logic)

    def onClose(scene, event):
        if reference() is not None:
            reference().release()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeRemoved(scene, event, node):
        if reference() is not None:
            reference().onNodeRemoved(node)

    scene = slicer.mrmlScene
    tags = [
        scene.AddObserver(slicer.vtkMRMLScene.StartCloseEvent, onClose),
        scene.AddObserver(slicer.vtkMRMLScene.NodeRemovedEvent, onNodeRemoved),
    ]
    return [(scene, tag) for tag in tags]


def stop(tags):
    while tags:
        scene, tag = tags.pop()
        scene.RemoveObserver(tag)
