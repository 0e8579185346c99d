"""The X-ray views of both planes: picture, writing, mouse, and the image in 3D."""

import slicer
from slicer.i18n import tr as _

from ..scene.Landmarks import keepToView
from ..scene.OutlineNodes import outlineNode
from ..state.Parameters import windowWithin
from .Annotations import Annotations
from .ImagePlane import ImagePlane
from .ImageView import ImageView
from .Layouts import VIEW_NAMES, Layouts
from .RayLine import RayLine
from .XrayMouse import XrayMouse

_FROM_FEET_AND_LEFT = (-900.0, -120.0, -1300.0)
_CLOSER = 1.15


class XrayViews:
    """What the window shows of the logic's images. It only asks the logic, and writes windows into the parameters.

    onRay(sourceRas, pixelRas, point): the mouse is on the ray between these points, ``point`` being the ray's nearest
    to the isocenter.
    """

    def __init__(self, logic, guarded):
        self._logic, self._guarded = logic, guarded
        self._parameters = None
        self.layouts = Layouts()
        self.planes = {plane: _Plane(self, plane) for plane in VIEW_NAMES}
        self.ray = RayLine()
        self.isShown = False

    def setParameters(self, parameters):
        self._parameters = parameters

    def show(self):
        """Bring up the layout with as many X-ray views as there are planes."""
        if self._parameters is None:
            return
        self.isShown = True
        self.layouts.show(self._parameters.biplane)
        self.refresh()

    def leave(self):
        """The user goes to another module: the former layout comes back, the images stay in the scene."""
        self.isShown = False
        self.release()
        self.layouts.restore()

    def release(self):
        """Let go of views and nodes; the scene is closing or the panel goes away."""
        for plane in self.planes.values():
            plane.stop()
        self.ray.remove()

    def refresh(self):
        """Show the images and everything about them anew."""
        if not self.isShown or self._parameters is None:
            return
        if self.layouts.isShown:
            self.layouts.show(self._parameters.biplane)
        for name, plane in self.planes.items():
            if name in self._shownPlanes:
                plane.refresh(self._parameters)
            else:
                plane.stop()
        renderIn3D()

    @property
    def _shownPlanes(self):
        return "AB" if self._parameters.biplane else "A"

    def refreshPlane(self, name):
        """A new image of one plane is there."""
        if self.isShown and self._parameters is not None:
            self.planes[name].refresh(self._parameters)
            self.planes[name].draw()
            self.ray.hide()  # it belongs to the image before; the mouse shows it again
            renderIn3D()

    def refreshNotes(self):
        """Say of each image whether it is still that of the present pose."""
        if self.isShown and self._parameters is not None:
            for name in self._shownPlanes:
                self.planes[name].refreshNote()

    def lookAtCArm(self):
        """Turn the first 3D view such that the C-arm and the patient are seen from the patient's feet and left."""
        widget = slicer.app.layoutManager().threeDWidget(0)
        if widget is None or not self.isShown:
            return
        isocenter = self._logic.isocenterRas
        camera = slicer.modules.cameras.logic().GetViewActiveCameraNode(widget.mrmlViewNode())
        camera.SetFocalPoint(*isocenter)
        camera.SetPosition(*(place + shift for place, shift in zip(isocenter, _FROM_FEET_AND_LEFT, strict=True)))
        camera.SetViewUp(0, 1, 0)
        widget.threeDView().resetCamera()
        camera.GetCamera().Dolly(_CLOSER)

    def fit(self):
        """Show the whole pictures again."""
        for plane in self.planes.values():
            plane.view.fit()

    def setWindow(self, low: float, high: float):
        wasModifying = self._parameters.parameterNode.StartModify()
        for name, value in windowWithin(low, high).items():
            setattr(self._parameters, name, value)
        self._parameters.parameterNode.EndModify(wasModifying)

    def onPixel(self, name, column, row):
        """The mouse is over a pixel of a plane's picture, or has left it (None)."""
        if column is None or not self._parameters.showRay:
            self.ray.hide()
            return
        self._guarded(lambda: self._showRay(name, column, row))

    def _showRay(self, name, column, row):
        ray = self._logic.rayAt(name, column, row)
        if ray is None:
            self.ray.hide()
            return
        source, pixel = ray
        self.ray.show(source, pixel)
        if self._parameters.slicesFollowRay:
            point = nearestTo(self._logic.isocenterRas, source, pixel)
            jump, group = slicer.vtkMRMLSliceNode.OffsetJumpSlice, 0
            slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *point, jump, group)


class _Plane:
    """One plane's view with its writing, mouse and image in 3D."""

    def __init__(self, views, name):
        self._views, self._logic, self._name = views, views._logic, name
        self.view, self.imagePlane = ImageView(name), ImagePlane(name)
        self.annotations = Annotations(self.view)
        self.mouse = XrayMouse(
            self.view,
            lambda column, row: views.onPixel(name, column, row),
            lambda: views._logic.window(name),
            views.setWindow,
        )

    def refresh(self, parameters):
        image, readout = self._logic.imageNode(self._name), self._readout()
        outlines = outlineNode(parameters, self._name) if parameters.showOutlines else None
        self.view.show(image, outlines)
        keepToView(parameters, self._name, self.view.sliceNode)
        self.mouse.attach()
        self.annotations.show(readout, _noteOf(readout))
        if image is not None and parameters.showImage3D:
            self.imagePlane.show(image)
        else:
            self.imagePlane.hide()

    def _readout(self):
        return self._logic.readout(self._name) if self._logic.imageNode(self._name) is not None else None

    def refreshNote(self):
        """The image is the same, but the C-arm may have moved on."""
        self.annotations.note(_noteOf(self._readout()))

    def draw(self):
        """Now, and not after the 3D views, which take longer."""
        if self.view.widget is not None:
            self.view.widget.sliceView().forceRender()

    def stop(self):
        self.mouse.detach()
        self.annotations.stop()
        self.view.stop()
        self.imagePlane.remove()


def _noteOf(readout):
    """How current the picture is."""
    if readout is None or readout["title"] == "":
        return ""
    if readout["isHeld"]:
        return _("Last image hold: the C-arm has moved on")
    return "" if readout["isFinal"] else _("Preview")


def nearestTo(point, start, end):
    """The point of the line through start and end that is nearest to a point."""
    along = [b - a for a, b in zip(start, end, strict=True)]
    share = sum((p - a) * d for p, a, d in zip(point, start, along, strict=True)) / sum(d * d for d in along)
    return [a + share * d for a, d in zip(start, along, strict=True)]


def renderIn3D():
    """A texture does not tell the 3D views that its picture is new; a C-arm that comes near must not be cut off."""
    manager = slicer.app.layoutManager()
    for index in range(manager.threeDViewCount):
        view = manager.threeDWidget(index).threeDView()
        view.renderWindow().GetRenderers().GetFirstRenderer().ResetCameraClippingRange()
        view.scheduleRender()
