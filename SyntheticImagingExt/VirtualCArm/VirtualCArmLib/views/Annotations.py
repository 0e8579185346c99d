"""What is written into an X-ray view: directions, angles, beam, a ruler, and that the image is synthetic."""

import vtk
from slicer.i18n import tr as _

_LETTERS = ((_("R"), _("L")), (_("A"), _("P")), (_("H"), _("F")))
_SECOND_LETTER = 0.5 + 1e-6
"""Sine of 30 degrees: a picture turned further gets a second letter, like "LP"."""

_RULER_MM = (5, 10, 20, 50, 100, 200)
_RULER_SHARE = 0.34
_MARGIN_PX = 10
_TICK_PX = 5
_CORNER_PX = 54
"""The lower edge of a slice view belongs to Slicer, which writes up to three lines of names there."""
_WHITE, _YELLOW, _ORANGE = (0.94, 0.96, 0.98), (1.0, 0.9, 0.45), (1.0, 0.66, 0.3)


class Annotations:
    """Text and a ruler over one X-ray view, drawn by 2D actors of its renderer."""

    def __init__(self, view):
        """view: the ``ImageView`` to write into."""
        self._view, self._renderer, self._observed, self._tag = view, None, None, None
        self._title, self._beam, self._mark = _Text(1.25, _WHITE, bold=True), _Text(0.9, _WHITE), _Text(0.9, _ORANGE)
        self._state, self._rulerText = _Text(1.0, _YELLOW), _Text(0.85, _WHITE)
        self._letters = [_Text(1.5, _YELLOW, bold=True) for _edge in range(4)]
        self._ruler = vtk.vtkPolyData()
        self._rulerActor = _lineActor(self._ruler)
        self._texts = [self._title, self._beam, self._mark, self._state, self._rulerText, *self._letters]
        self._actors = [*(line.actor for line in self._texts), self._rulerActor]
        self._readout, self._note = None, ""

    @property
    def texts(self):
        """What can be read: title, beam, mark, state, ruler, and the letters at the right, left, top and bottom."""
        names = ("title", "beam", "mark", "state", "ruler", "right", "left", "top", "bottom")
        return {name: line.text for name, line in zip(names, self._texts, strict=True)}

    def show(self, readout, state=""):
        """readout: what the logic says of the image, or None for no image. state: a note about how current it is."""
        self._readout, self._note = readout, state
        self.update()

    def note(self, text: str):
        """Say anew how current the image is."""
        if text != self._note:
            self._note = text
            self.update()

    def update(self):
        """Place everything anew after the view or the image has changed."""
        widget, image = self._view.widget, self._view.image
        self._attach(widget)
        readout = self._readout
        visible = widget is not None and image is not None and readout is not None and bool(readout["title"])
        for actor in self._actors:
            actor.SetVisibility(visible)
        if visible:
            self._write(image)
            self._arrange(widget.mrmlSliceNode(), image)
        if widget is not None:
            widget.sliceView().scheduleRender()

    def stop(self):
        """Take everything out of the view."""
        self._readout = None
        self._attach(None)

    def _attach(self, widget):
        renderer = widget.sliceView().renderWindow().GetRenderers().GetFirstRenderer() if widget is not None else None
        if renderer is self._renderer:
            return
        if self._renderer is not None:
            self._observed.RemoveObserver(self._tag)
            for actor in self._actors:
                self._renderer.RemoveViewProp(actor)
        self._renderer, self._observed, self._tag = renderer, None, None
        if renderer is not None:
            for actor in self._actors:
                renderer.AddViewProp(actor)
            self._observed = widget.mrmlSliceNode()
            self._tag = self._observed.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_a: self.update())

    def _write(self, image):
        readout = self._readout
        self._title.write(readout["title"])
        self._beam.write(beamText(readout))
        self._mark.write(_("SYNTHETIC"))
        self._state.write(self._note)
        right, up = imageAxes(image)
        directions = (right, [-v for v in right], up, [-v for v in up])
        for letter, direction in zip(self._letters, directions, strict=True):
            letter.write(edgeLetters(direction))

    def _arrange(self, sliceNode, image):
        width, height = sliceNode.GetDimensions()[:2]
        size = max(11, min(20, round(min(width, height) / 34)))
        for text in self._texts:
            text.actor.GetTextProperty().SetFontSize(round(size * text.scale))
        edges = _edgesInView(sliceNode, image)
        low, high = _MARGIN_PX, height - _MARGIN_PX
        floor = _CORNER_PX if height > 4 * _CORNER_PX else low
        self._title.put(low, high, "left", "top")
        self._beam.put(low, high - 1.7 * size, "left", "top")
        self._state.put(low, high - 3.1 * size, "left", "top")
        self._mark.put(width - low, high, "right", "top")
        middleX, middleY = (edges[0] + edges[1]) / 2, (edges[2] + edges[3]) / 2
        middleX, middleY = _within(middleX, 0, width), _within(middleY, 0, height)
        self._letters[0].put(_within(edges[0], 0, width) - low, middleY, "right", "middle")
        self._letters[1].put(_within(edges[1], 0, width) + low, middleY, "left", "middle")
        self._letters[2].put(middleX, _within(edges[2], 0, height) - low, "middle", "top")
        self._letters[3].put(middleX, max(floor, _within(edges[3], 0, height) + low), "middle", "bottom")
        self._drawRuler(sliceNode, width - 2 * low, floor + size, size)

    def _drawRuler(self, sliceNode, right, bottom, size):
        """A length in the plane of the isocenter, where the size in the patient is known."""
        width = sliceNode.GetDimensions()[0]
        pixelsPerMm = self._readout["magnification"] * width / sliceNode.GetFieldOfView()[0]
        fitting = [mm for mm in _RULER_MM if mm * pixelsPerMm <= _RULER_SHARE * width]
        lengthMm = fitting[-1] if fitting else _RULER_MM[0]
        left = right - lengthMm * pixelsPerMm
        ticks = [left, right] if lengthMm < 20 else [left + (right - left) * part / 5 for part in range(6)]
        points, lines = vtk.vtkPoints(), vtk.vtkCellArray()
        segments = [((left, bottom), (right, bottom))]
        for index, x in enumerate(ticks):
            high = _TICK_PX * (2 if index in (0, len(ticks) - 1) else 1)
            segments.append(((x, bottom), (x, bottom + high)))
        for ends in segments:
            lines.InsertNextCell(2)
            for x, y in ends:
                lines.InsertCellPoint(points.InsertNextPoint(x, y, 0))
        self._ruler.SetPoints(points)
        self._ruler.SetLines(lines)
        self._ruler.Modified()
        self._rulerText.write(_("{mm} mm at the isocenter").format(mm=lengthMm))
        self._rulerText.put(right, bottom + 2.6 * _TICK_PX, "right", "bottom")
        self.rulerPixels = right - left


_HORIZONTAL = {"left": vtk.VTK_TEXT_LEFT, "middle": vtk.VTK_TEXT_CENTERED, "right": vtk.VTK_TEXT_RIGHT}
_VERTICAL = {"top": vtk.VTK_TEXT_TOP, "middle": vtk.VTK_TEXT_CENTERED, "bottom": vtk.VTK_TEXT_BOTTOM}


def beamText(readout):
    """Voltage, magnification and scatter in one line."""
    parts = [_("magnification {magnification:.2f}").format(**readout)]
    if readout["naive"]:
        parts.insert(0, _("one energy, no noise, no scatter"))
    elif readout["kvp"]:
        parts.insert(0, _("{kvp:.0f} kVp").format(**readout))
    if readout["spr"]:
        parts.append(_("scatter/primary {spr:.2f}").format(**readout))
    return " · ".join(parts)


def imageAxes(imageNode):
    """Unit vectors to the right and upwards in the picture, in RAS."""
    matrix = vtk.vtkMatrix4x4()
    imageNode.GetIJKToRASDirectionMatrix(matrix)
    right = [matrix.GetElement(row, 0) for row in range(3)]
    up = [-matrix.GetElement(row, 1) for row in range(3)]
    return right, up


def edgeLetters(direction):
    """Where in the patient a direction (RAS) leads: R or L, A or P, H or F; two letters when it is oblique."""
    order = sorted(range(3), key=lambda axis: -abs(direction[axis]))
    letters = [axis for rank, axis in enumerate(order[:2]) if rank == 0 or abs(direction[axis]) > _SECOND_LETTER]
    return "".join(_LETTERS[axis][0 if direction[axis] > 0 else 1] for axis in letters)


def _edgesInView(sliceNode, image):
    """Pixel coordinates of the image's right, left, upper and lower edge in the view."""
    toRas, toPixels = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    image.GetIJKToRASMatrix(toRas)
    vtk.vtkMatrix4x4.Invert(sliceNode.GetXYToRAS(), toPixels)
    columns, rows, _slices = image.GetImageData().GetDimensions()
    first, last = ((i, j, 0, 1) for i, j in ((-0.5, -0.5), (columns - 0.5, rows - 0.5)))
    left, top = toPixels.MultiplyPoint(toRas.MultiplyPoint(first))[:2]
    right, bottom = toPixels.MultiplyPoint(toRas.MultiplyPoint(last))[:2]
    return right, left, top, bottom


def _within(value, low, high):
    return max(low, min(high, value))


class _Text:
    """A line of text whose size follows that of the view."""

    def __init__(self, scale, color, bold=False):
        self.scale, self.actor = scale, vtk.vtkTextActor()
        properties = self.actor.GetTextProperty()
        properties.SetFontFamilyToArial()
        properties.SetColor(*color)
        properties.SetBold(bold)
        properties.SetShadow(True)

    @property
    def text(self):
        return self.actor.GetInput() or ""

    def write(self, text: str):
        if text != self.text:
            self.actor.SetInput(text)

    def put(self, x: float, y: float, horizontal, vertical):
        """Justification "left", "middle" or "right", and "top", "middle" or "bottom", at a display position."""
        properties = self.actor.GetTextProperty()
        properties.SetJustification(_HORIZONTAL[horizontal])
        properties.SetVerticalJustification(_VERTICAL[vertical])
        self.actor.SetDisplayPosition(round(x), round(y))


def _lineActor(polyData):
    mapper = vtk.vtkPolyDataMapper2D()
    mapper.SetInputData(polyData)
    actor = vtk.vtkActor2D()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(*_WHITE)
    actor.GetProperty().SetLineWidth(2)
    return actor
