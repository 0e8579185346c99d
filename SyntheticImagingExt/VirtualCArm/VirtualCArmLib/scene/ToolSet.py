"""Tools and implants in the beam: model nodes with a material, which is kept on the node itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import slicer
import vtk

from synthetic_imaging.errors import InputError
from SyntheticImagingLib import tree
from SyntheticImagingLib.grids import parentMatrix
from SyntheticImagingLib.observing import Observations

from .ToolMeshes import meshOf, polyDataOf
from .ToolShapes import Shape

if TYPE_CHECKING:
    from synthetic_imaging.xray.tools import Tool


MATERIAL_ATTRIBUTE = "VirtualCArm.Material"
SHAPE_ATTRIBUTE = "VirtualCArm.Shape"
METAL = (0.72, 0.74, 0.78)
_EVENTS = (
    slicer.vtkMRMLModelNode.PolyDataModifiedEvent,
    vtk.vtkCommand.ModifiedEvent,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
    # what Slicer sends when points were edited through NumPy
    slicer.vtkMRMLDisplayableNode.DisplayModifiedEvent,
)


def toolNodes() -> list[slicer.vtkMRMLModelNode]:
    """Every model node of the scene that has a material, in the scene's order."""
    nodes = slicer.util.getNodesByClass("vtkMRMLModelNode")
    return [node for node in nodes if node.GetAttribute(MATERIAL_ATTRIBUTE)]


class ToolSet:
    """The scene's tools as the core's; onChanged() after one has moved, changed its shape, come or gone.

    problems: sentences about tools that are left out, by node id.
    """

    def __init__(self, onChanged: Callable[[], object]):
        self._onChanged = onChanged
        self._meshes, self._tools, self._followed, self._known = {}, {}, set(), []
        self._observations = Observations()
        self.problems = {}

    def refresh(self):
        """Look through the scene again."""
        nodes = toolNodes()
        ids = {node.GetID() for node in nodes}
        for nodeId in self._followed - ids:
            self._forget(nodeId)
        for node in nodes:
            if node.GetID() not in self._followed:
                self._observations.observe(node.GetID(), node, _EVENTS, self._onEvent)
        self._followed = ids
        self._known = self._current(nodes)

    def renew(self):
        """Look through the scene again, because a tool has come, gone, moved or changed its shape."""
        self.refresh()
        self._onChanged()

    def release(self):
        """Stop following; the nodes stay."""
        for nodeId in list(self._followed):
            self._forget(nodeId)
        self._followed, self._known, self.problems = set(), [], {}

    def add(self, node: slicer.vtkMRMLModelNode, material: str):
        """Put a model into the beam, or change its material; InputError where it is not watertight."""
        self.checked(node, material)
        node.SetAttribute(MATERIAL_ATTRIBUTE, material)
        self.renew()

    def addShape(self, shape: Shape) -> slicer.vtkMRMLModelNode:
        """The model node of a shape, in the beam."""
        from synthetic_imaging.xray import material_named

        material_named(shape.material)
        name = slicer.mrmlScene.GetUniqueNameByString(shape.kind)
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", name)
        node.SetAndObservePolyData(polyDataOf(shape.mesh))
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetColor(*METAL)
        node.GetDisplayNode().SetVisibility2D(True)
        node.GetDisplayNode().SetSliceIntersectionThickness(2)
        node.SetAttribute(SHAPE_ATTRIBUTE, json.dumps(shape.record()))
        tree.markSynthetic(node)
        self.add(node, shape.material)
        return node

    def remove(self, node: slicer.vtkMRMLModelNode):
        """Take a model out of the beam; the node stays in the scene."""
        _checkModel(node)
        node.SetAttribute(MATERIAL_ATTRIBUTE, None)
        self.renew()

    def current(self) -> list:
        """The core's tools; the same list object as long as nothing has changed."""
        return self._known

    def checked(self, node: slicer.vtkMRMLModelNode, material: str) -> Tool:
        """The core's Tool of a model node; InputError where it cannot be one."""
        from synthetic_imaging.xray import Tool

        _checkModel(node)
        try:
            return Tool(node.GetName(), self._mesh(node).moved(parentMatrix(node)), material)
        except InputError as error:
            raise InputError(f'"{node.GetName()}": {error}') from error

    def _current(self, nodes):
        found, self.problems = [], {}
        for node in nodes:
            try:
                found.append(self._tool(node))
            except InputError as error:
                self.problems[node.GetID()] = f"A tool is left out of the image. {error}"
        same = len(found) == len(self._known) and all(a is b for a, b in zip(found, self._known, strict=True))
        return self._known if same else found

    def _tool(self, node):
        """As ``checked``, made anew only when the node has changed."""
        content = _contentOf(node)
        known = self._tools.get(node.GetID())
        if known is None or known[0] != content:
            known = content, self.checked(node, node.GetAttribute(MATERIAL_ATTRIBUTE))
            self._tools[node.GetID()] = known
        return known[1]

    def _mesh(self, node):
        body = node.GetPolyData()
        known = self._meshes.get(node.GetID())
        if known is None or known[0] is not body or known[1] != _changedAt(body):
            known = body, _changedAt(body), meshOf(body)
            self._meshes[node.GetID()] = known
        return known[2]

    def _forget(self, nodeId):
        self._observations.drop(nodeId)
        self._meshes.pop(nodeId, None)
        self._tools.pop(nodeId, None)

    def _onEvent(self):
        nodes = toolNodes()
        if {node.GetID() for node in nodes} != self._followed or any(self._isOld(node) for node in nodes):
            self.renew()

    def _isOld(self, node):
        known = self._tools.get(node.GetID())
        return known is None or known[0] != _contentOf(node)


def _checkModel(node):
    if not isinstance(node, slicer.vtkMRMLModelNode):
        chosen = "No model is chosen" if node is None else "That is not a model"
        raise InputError(f"{chosen}. Load a closed surface, for instance an STL file, and choose it.")


def _contentOf(node):
    body, matrix = node.GetPolyData(), vtk.vtkMatrix4x4()
    parent = node.GetParentTransformNode()
    if parent is not None:
        parent.GetMatrixTransformToWorld(matrix)
    numbers = tuple(matrix.GetElement(row, column) for row in range(3) for column in range(4))
    linear = parent is None or bool(parent.IsTransformToWorldLinear())
    material = node.GetAttribute(MATERIAL_ATTRIBUTE)
    return node.GetName(), material, _changedAt(body), numbers, linear


def _changedAt(body):
    """Numbers that change with a surface; its points may be edited in place."""
    points = body.GetPoints() if body is not None else None
    return body.GetMTime() if body else 0, points.GetData().GetMTime() if points else 0
