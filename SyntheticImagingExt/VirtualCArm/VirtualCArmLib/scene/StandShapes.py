"""The C-arm's geometry, of boxes and cylinders in mm: x to the image's right, y up, z towards the detector."""

import math

import vtk

ARC_RADIUS_MM, ARC_DEPTH_MM, ARC_WIDTH_MM = 575.0, 55.0, 90.0
"""Inner radius, radial depth and width of the C, as it is drawn for a source-to-detector distance of 1 m."""
BACK_MM = 75.0
"""How far the housings reach behind the focal spot and behind the detector's surface."""

LIGHT, GRAY, DARK, BLUE = (150, 154, 158), (112, 117, 122), (48, 53, 60), (52, 92, 140)
"""Grays that several lamps of a view do not turn into white."""


def arc():
    """The C: half a ring at the image's left side, its middle at the origin."""
    corners = [
        (radius, y)
        for radius, y in (
            (ARC_RADIUS_MM, -ARC_WIDTH_MM / 2),
            (ARC_RADIUS_MM + ARC_DEPTH_MM, -ARC_WIDTH_MM / 2),
            (ARC_RADIUS_MM + ARC_DEPTH_MM, ARC_WIDTH_MM / 2),
            (ARC_RADIUS_MM, ARC_WIDTH_MM / 2),
        )
    ]
    points, quads, steps = vtk.vtkPoints(), vtk.vtkCellArray(), 72
    for step in range(steps + 1):
        # a little more than half a turn, so that the ends carry the housings
        angle = math.radians(80 + 200 * step / steps)
        for radius, y in corners:
            points.InsertNextPoint(radius * math.cos(angle), y, radius * math.sin(angle))
    for step in range(steps):
        for corner in range(4):
            here, beside = 4 * step + corner, 4 * step + (corner + 1) % 4
            _insert(quads, (here, beside, beside + 4, here + 4))
    _insert(quads, (3, 2, 1, 0))
    _insert(quads, tuple(4 * steps + corner for corner in range(4)))
    body = vtk.vtkPolyData()
    body.SetPoints(points)
    body.SetPolys(quads)
    return _merged((body, LIGHT))


def tube():
    """The X-ray tube, its focal spot at the origin, the collimator before it."""
    housing = _cylinder(75, 260, (0, 0, -10), axis="y")
    ends = [(_cylinder(60, 40, (0, side * 140, -10), axis="y"), GRAY) for side in (-1, 1)]
    collimator, mouth = _box((120, 120, 70), (0, 0, 85)), _box((90, 90, 8), (0, 0, 122))
    return _merged((housing, LIGHT), *ends, (collimator, GRAY), (mouth, DARK))


def detector(isRound: bool):
    """The detector for a field of 1 x 1 across, 1 mm deep; its surface at z = 0, the housing behind it."""
    if isRound:
        return _merged(
            (_cylinder(0.5, 0.02 * BACK_MM, (0, 0, 0.01 * BACK_MM), axis="z"), DARK),
            (_cylinder(0.56, 0.98 * BACK_MM, (0, 0, 0.51 * BACK_MM), axis="z"), LIGHT),
        )
    return _merged(
        (_box((1.0, 1.0, 4), (0, 0, 2)), DARK),
        (_box((1.14, 1.14, 40), (0, 0, 24)), LIGHT),
        (_box((1.16, 1.16, 5), (0, 0, 26)), BLUE),
        (_box((0.7, 0.7, BACK_MM - 44), (0, 0, 44 + (BACK_MM - 44) / 2)), GRAY),
    )


def beam(isRound: bool):
    """The beam from the focal spot at the origin to z = 1, where it reaches from -1 to 1."""
    sides = 64 if isRound else 4
    turns = [2 * math.pi * step / sides for step in range(sides)]
    corners = [(math.cos(t), math.sin(t)) for t in turns] if isRound else [(1, 1), (-1, 1), (-1, -1), (1, -1)]
    points, faces = vtk.vtkPoints(), vtk.vtkCellArray()
    points.InsertNextPoint(0, 0, 0)
    for x, y in corners:
        points.InsertNextPoint(x, y, 1)
    for step in range(sides):
        _insert(faces, (0, 1 + step, 1 + (step + 1) % sides))
    body = vtk.vtkPolyData()
    body.SetPoints(points)
    body.SetPolys(faces)
    return body


def centralRay():
    """The line from the focal spot at the origin to z = 1."""
    line = vtk.vtkLineSource()
    line.SetPoint1(0, 0, 0)
    line.SetPoint2(0, 0, 1)
    line.Update()
    return line.GetOutput()


def _insert(cells, ids):
    cells.InsertNextCell(len(ids))
    for one in ids:
        cells.InsertCellPoint(one)


def _box(size, center):
    source = vtk.vtkCubeSource()
    source.SetXLength(size[0])
    source.SetYLength(size[1])
    source.SetZLength(size[2])
    source.SetCenter(*center)
    source.Update()
    return source.GetOutput()


def _cylinder(radius, height, center, axis):
    source = vtk.vtkCylinderSource()
    source.SetRadius(radius)
    source.SetHeight(height)
    source.SetResolution(64)
    turn = vtk.vtkTransform()
    turn.Translate(*center)
    if axis == "z":
        turn.RotateX(90)
    moved = vtk.vtkTransformPolyDataFilter()
    moved.SetTransform(turn)
    moved.SetInputConnection(source.GetOutputPort())
    moved.Update()
    return moved.GetOutput()


def _merged(*parts):
    """One body of parts with their colors, smooth where it is round."""
    joined = vtk.vtkAppendPolyData()
    for body, color in parts:
        colors = vtk.vtkUnsignedCharArray()
        colors.SetName("Color")
        colors.SetNumberOfComponents(3)
        for _ in range(body.GetNumberOfPoints()):
            colors.InsertNextTuple3(*color)
        bare = vtk.vtkPolyData()
        bare.SetPoints(body.GetPoints())
        bare.SetPolys(body.GetPolys())
        bare.GetPointData().SetScalars(colors)
        joined.AddInputData(bare)
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputConnection(joined.GetOutputPort())
    normals.SetFeatureAngle(35)
    normals.ConsistencyOn()
    normals.AutoOrientNormalsOn()
    normals.Update()
    return normals.GetOutput()
