"""What the console tests of Virtual C-arm stand their C-arm around, and how they make its logic."""

import re

import numpy as np

BEAD_RAS = (30.0, -20.0, 45.0)
"""Center of the bead of bone."""
CENTER_RAS = (0.0, 0.0, 0.0)
BODY_MM = (110.0, 80.0)
"""Half axes of the body, right and anterior; it runs through the whole CT."""


def addCt(name="CT", spacing=2.5, bead=True):
    """A CT node, 240 x 200 x 200 mm about RAS 0: an elliptic cylinder of water with a bead."""
    import slicer

    counts = [round(size / spacing) for size in (240, 200, 200)]
    first = [-(count - 1) / 2 * spacing for count in counts]
    r, a, s = (start + spacing * np.arange(count) for start, count in zip(first, counts, strict=True))
    s, a, r = np.meshgrid(s, a, r, indexing="ij")
    hu = np.where((r / BODY_MM[0]) ** 2 + (a / BODY_MM[1]) ** 2 < 1, 0, -1000).astype(np.int16)
    if bead:
        hu[(r - BEAD_RAS[0]) ** 2 + (a - BEAD_RAS[1]) ** 2 + (s - BEAD_RAS[2]) ** 2 < 8**2] = 1500
    matrix = np.diag([spacing, spacing, spacing, 1.0])
    matrix[:3, 3] = first
    return slicer.util.addVolumeFromArray(hu, ijkToRAS=matrix, name=name)


class Hand:
    """A scheduler: images are drawn at once or, ``isLate``, when the test does it."""

    def __init__(self):
        self.isLate, self.requests = False, 0

    def request(self, drawing):
        self.requests += 1
        if not self.isLate:
            drawing.drawNow()

    def defer(self, action):
        action()


def newLogic():
    """The logic on the scene's parameter node, as the module file makes it; its scheduler is ``hand``."""
    from VirtualCArmLib.Logic import CArmLogic

    hand = Hand()
    logic = CArmLogic(findParameterNode, hand)
    logic.hand = hand
    logic.messages = []
    logic.message.connect(logic.messages.append)
    return logic


def findParameterNode():
    import slicer

    from VirtualCArmLib.state.Parameters import VirtualCArmParameterNode

    node = slicer.mrmlScene.GetSingletonNode("VirtualCArm", "vtkMRMLScriptedModuleNode")
    if node is None:
        node = slicer.vtkMRMLScriptedModuleNode()
        node.SetSingletonTag("VirtualCArm")
        node = slicer.mrmlScene.AddNode(node)
    return VirtualCArmParameterNode(node)


def tip(widget):
    """A tool tip as it is read; the application makes rich text of it."""
    return re.sub("<[^>]*>", "", widget.toolTip)


def voxels(node):
    """(rows, columns) of a one-slice volume node."""
    from slicer.util import arrayFromVolume

    return arrayFromVolume(node)[0]


def ijkToRas(node):
    import slicer
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def center(values):
    """(column, row) of the center of mass."""
    rows, columns = np.indices(values.shape)
    return float((columns * values).sum() / values.sum()), float((rows * values).sum() / values.sum())


def points(name, places):
    """A point list node."""
    import slicer
    import vtk

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
    node.CreateDefaultDisplayNodes()
    for label, place in places.items():
        node.AddControlPointWorld(vtk.vtkVector3d(*place), label)
    return node


def closedModel(name="Cube", size=20.0, center=(0.0, 0.0, 0.0), isOpen=False):
    """A model node of a cube, or of a cube that lacks a side."""
    import slicer
    import vtk

    source = vtk.vtkCubeSource()
    source.SetXLength(size)
    source.SetYLength(size)
    source.SetZLength(size)
    source.SetCenter(*center)
    source.Update()
    body = vtk.vtkPolyData()
    body.DeepCopy(source.GetOutput())
    if isOpen:
        body.BuildLinks()
        body.DeleteCell(0)
        body.RemoveDeletedCells()
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", name)
    node.SetAndObservePolyData(body)
    node.CreateDefaultDisplayNodes()
    return node
