"""Tools and implants in the beam: model nodes with a material, which is kept on the node itself."""

import json

import slicer
import vtk

MATERIAL_ATTRIBUTE = "VirtualCArm.Material"
SHAPE_ATTRIBUTE = "VirtualCArm.Shape"
METAL = (0.72, 0.74, 0.78)
USUAL_MM = {"K-wire": 2.0, "Screw": 6.5, "Needle": 1.3, "Snake": 6.0}
"""Diameters that shapes have unless another one is given."""
_BORE_SHARE = 1.0 / 1.3


def toolNodes():
    """Every model node of the scene that has a material, in the scene's order."""
    nodes = slicer.util.getNodesByClass("vtkMRMLModelNode")
    return [node for node in nodes if node.GetAttribute(MATERIAL_ATTRIBUTE)]


class Tools:
    """The scene's tools as the core's; onChanged() after one has moved, changed its shape, come or gone.

    problems: sentences about tools that are left out, by node id.
    """

    def __init__(self, onChanged):
        self._onChanged = onChanged
        self._meshes, self._tools, self._tags, self._known = {}, {}, {}, []
        self.problems = {}

    def refresh(self):
        """Look through the scene again."""
        nodes = toolNodes()
        for nodeId in set(self._tags) - {node.GetID() for node in nodes}:
            self._forget(nodeId)
        for node in nodes:
            if node.GetID() not in self._tags:
                self._observe(node)
        self._known = self._current(nodes)

    def release(self):
        """Stop following; the nodes stay."""
        for nodeId in list(self._tags):
            self._forget(nodeId)
        self._known, self.problems = [], {}

    def current(self):
        """The core's tools; the same list object as long as nothing has changed."""
        return self._known

    def checked(self, node, material):
        """The core's Tool of a model node; InputError where it cannot be one."""
        from synthetic_imaging.errors import InputError
        from synthetic_imaging.xray import Tool

        _checkModel(node)
        try:
            return Tool(node.GetName(), self._mesh(node).moved(_toWorld(node)), material)
        except InputError as error:
            raise InputError(f'"{node.GetName()}": {error}') from error

    def _current(self, nodes):
        from synthetic_imaging.errors import InputError

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

    def _observe(self, node):
        events = (slicer.vtkMRMLModelNode.PolyDataModifiedEvent, vtk.vtkCommand.ModifiedEvent)
        events += (slicer.vtkMRMLTransformableNode.TransformModifiedEvent,)
        # what Slicer sends when points were edited through NumPy
        events += (slicer.vtkMRMLDisplayableNode.DisplayModifiedEvent,)
        self._tags[node.GetID()] = node, [node.AddObserver(event, self._onEvent) for event in events]

    def _forget(self, nodeId):
        node, tags = self._tags.pop(nodeId)
        for tag in tags:
            node.RemoveObserver(tag)
        self._meshes.pop(nodeId, None)
        self._tools.pop(nodeId, None)

    def _onEvent(self, node, event):
        known = self._tools.get(node.GetID())
        if known is None or known[0] != _contentOf(node):
            self.refresh()
            self._onChanged()


def _checkModel(node):
    from synthetic_imaging.errors import InputError

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


def _toWorld(node):
    from SyntheticImagingLib.grids import parentMatrix

    return parentMatrix(node)


def meshOf(body):
    """A closed core Mesh of a vtkPolyData; InputError where it is empty or not watertight."""
    import numpy as np
    from vtk.util.numpy_support import vtk_to_numpy

    from synthetic_imaging.errors import InputError
    from synthetic_imaging.xray import Mesh

    if body is None or not body.GetNumberOfPoints():
        raise InputError("The model has no surface. Load it again, or choose another one.")
    filter_ = vtk.vtkTriangleFilter()
    filter_.PassLinesOff()
    filter_.PassVertsOff()
    filter_.SetInputData(body)
    filter_.Update()
    triangles = filter_.GetOutput()
    cells = vtk_to_numpy(triangles.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    points = vtk_to_numpy(triangles.GetPoints().GetData()) if len(cells) else np.zeros((0, 3))
    return Mesh(points.astype(np.float64), cells.astype(np.int64)).closed()


def polyDataOf(mesh):
    """A vtkPolyData with normals of a core Mesh."""
    import numpy as np
    from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray

    points, cells, body = vtk.vtkPoints(), vtk.vtkCellArray(), vtk.vtkPolyData()
    points.SetDataTypeToDouble()
    points.SetData(numpy_to_vtk(mesh.vertices_ras, deep=True))
    flat = np.hstack([np.full((len(mesh.triangles), 1), 3), mesh.triangles]).astype(np.int64).ravel()
    cells.ImportLegacyFormat(numpy_to_vtkIdTypeArray(flat, deep=True))
    body.SetPoints(points)
    body.SetPolys(cells)
    return body


class CArmTools:
    """What the logic does with tools; has _tools and _onToolsChanged."""

    @property
    def tools(self):
        """The model nodes in the beam."""
        return toolNodes()

    def addTool(self, modelNode, material):
        """Put a model into the beam, or change its material: "steel", "titanium", ... It is followed from then on.

        InputError where it is not watertight, or there is no such material.
        """
        self._tools.checked(modelNode, material)
        modelNode.SetAttribute(MATERIAL_ATTRIBUTE, material)
        self._onToolsChanged()

    def removeTool(self, modelNode):
        """Take a model out of the beam; the node stays in the scene."""
        _checkModel(modelNode)
        modelNode.SetAttribute(MATERIAL_ATTRIBUTE, None)
        self._onToolsChanged()

    def toolMaterial(self, modelNode):
        """The name of a tool's material, or None where the model is no tool."""
        return modelNode.GetAttribute(MATERIAL_ATTRIBUTE)

    def addKwire(self, entryRas, targetRas, diameterMm=USUAL_MM["K-wire"], lengthMm=150.0, material="steel"):
        """A Kirschner wire whose tip is at the target, coming from the entry; its model node."""
        from synthetic_imaging.xray import shapes

        mesh = shapes.kwire(targetRas, _direction(entryRas, targetRas), lengthMm, diameterMm)
        return self._addShape("K-wire", mesh, material, entryRas, targetRas, diameterMm, lengthMm)

    def addNeedle(
        self, entryRas, targetRas, diameterMm=USUAL_MM["Needle"], boreMm=None, lengthMm=150.0, material="steel"
    ):
        """A hollow needle with its tip at the target; its model node. boreMm: a good three quarters by default."""
        from synthetic_imaging.xray import shapes

        boreMm = diameterMm * _BORE_SHARE if boreMm is None else boreMm
        mesh = shapes.needle(targetRas, _direction(entryRas, targetRas), lengthMm, diameterMm, boreMm)
        return self._addShape("Needle", mesh, material, entryRas, targetRas, diameterMm, lengthMm)

    def addScrew(self, entryRas, targetRas, diameterMm=USUAL_MM["Screw"], material="titanium-alloy"):
        """A bone screw from the entry, where its head is, to the target; its model node."""
        import math

        from synthetic_imaging.xray import shapes

        length, scale = math.dist(entryRas, targetRas), diameterMm / 6.5
        sizes = (length, diameterMm, 4.5 * scale, 2.75 * scale, 8.0 * scale, 4.5 * scale)
        mesh = shapes.screw(targetRas, _direction(entryRas, targetRas), *sizes)
        return self._addShape("Screw", mesh, material, entryRas, targetRas, diameterMm, length)

    def addSnake(
        self, entryRas, targetRas, bendTowardsRas=(0.0, 0.0, 1.0), diameterMm=USUAL_MM["Snake"], bendDeg=60.0,
        lengthMm=35.0, material="nitinol",
    ):  # fmt: skip
        """A bent, snake-like manipulator whose tip is at the target and points along the way from the entry.

        bendTowardsRas: a direction, to which side it has bent.
        """
        from synthetic_imaging.xray import shapes

        direction = _direction(entryRas, targetRas)
        bore = diameterMm * 2 / 3
        mesh = shapes.snake(targetRas, direction, bendTowardsRas, lengthMm, diameterMm, bore, bendDeg)
        return self._addShape("Snake", mesh, material, entryRas, targetRas, diameterMm, lengthMm)

    def _addShape(self, name, mesh, material, entryRas, targetRas, diameterMm, lengthMm):
        from synthetic_imaging.xray import material_named
        from SyntheticImagingLib import tree

        material_named(material)
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", slicer.mrmlScene.GetUniqueNameByString(name))
        node.SetAndObservePolyData(polyDataOf(mesh))
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetColor(*METAL)
        node.GetDisplayNode().SetVisibility2D(True)
        node.GetDisplayNode().SetSliceIntersectionThickness(2)
        shape = {
            "entry_ras_mm": list(map(float, entryRas)),
            "target_ras_mm": list(map(float, targetRas)),
            "diameter_mm": diameterMm,
            "length_mm": lengthMm,
        }
        node.SetAttribute(SHAPE_ATTRIBUTE, json.dumps({"kind": name, **shape}))
        tree.markSynthetic(node)
        self.addTool(node, material)
        return node


def _direction(entryRas, targetRas):
    from synthetic_imaging.errors import InputError
    from synthetic_imaging.xray.checks import triple

    way = [b - a for a, b in zip(triple(entryRas, "entryRas"), triple(targetRas, "targetRas"), strict=True)]
    if sum(step * step for step in way) < 1e-12:
        raise InputError("Entry and target are the same point; place them apart.")
    return way
