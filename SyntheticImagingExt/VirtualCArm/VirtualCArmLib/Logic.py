"""The module's logic: a C-arm around a CT, on MRML nodes. No window and no Qt is needed.

Every failure that a user can cause raises ``synthetic_imaging.errors.InputError`` with a sentence that says what is
wrong and what to do, and leaves the scene as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import slicer

from synthetic_imaging.errors import InputError
from synthetic_imaging.xray.geometry import Geometry, View
from synthetic_imaging.xray.machines import machine_named
from synthetic_imaging.xray.settings import Settings
from synthetic_imaging.xray.sweeps import Sweep
from synthetic_imaging.xray.views import view_named
from SyntheticImagingLib import hounsfield
from SyntheticImagingLib.scheduling import Scheduler
from SyntheticImagingLib.stages import OnProgress, Steps, finish

from .CArm import CArm
from .imaging import Export, Shots, Sweeps
from .imaging.PreparedCt import centerOf
from .scene import ImageNodes, Landmarks, ToolSet, ToolShapes
from .scene.ToolShapes import Point
from .state.Parameters import BEAM, NUMBERS, PLANES, POSES, VirtualCArmParameterNode, present, windowWithin
from .state.State import State, planeNamed

Browser = slicer.vtkMRMLSequenceBrowserNode
Volume = slicer.vtkMRMLScalarVolumeNode


class CArmLogic:
    """Stands a C-arm around a CT and makes the images that it would take.

    Setters, sliders, handles and imports write the parameter node; the logic follows it. Planes are "A" and, with the
    parameter biplane, "B".

    Signals: changed() after the state or readiness changed; imageChanged(plane, isFinal) after a plane's image was
    drawn, coarse or in full; message(text) for the user; inputsChanged() when the CT was edited or moved, which asks
    for ``ctSteps``.
    """

    def __init__(self, findParameterNode: Callable[[], VirtualCArmParameterNode], scheduler: Scheduler | None = None):
        """findParameterNode(): the wrapped parameter node of the present scene. scheduler: when images are drawn, of a
        window; without one all is done at once."""
        self.parts = parts = CArm(findParameterNode, scheduler)
        self.changed, self.imageChanged = parts.changed, parts.imageChanged
        self.message, self.inputsChanged = parts.message, parts.inputsChanged

    def cleanup(self):
        """Stop following the scene; call it when the logic is not needed any more."""
        self.parts.end()

    @property
    def parameters(self) -> VirtualCArmParameterNode:
        """The wrapped parameter node."""
        return self.parts.parameters

    @property
    def state(self) -> State:
        """What it says, as objects of the core."""
        return self.parts.state

    # CT

    def setCt(self, ctNode: Volume, onProgress: OnProgress | None = None, acceptHu: bool = False) -> None:
        """Choose the CT and prepare it (a second or two), with the isocenter in it. onProgress(stage, percent).
        acceptHu: its numbers are HU, whatever they look like; the node keeps that."""
        hounsfield.accept(ctNode, acceptHu)
        finish(self.ctSteps(ctNode), onProgress)

    def ctSteps(self, ctNode: Volume) -> Steps[None]:
        """``setCt`` as a generator of (stage, percent); one that is dropped changes nothing."""
        if self.isPreparedFor(ctNode):
            return
        yield from self.parts.prepareSteps(ctNode)

    def isPreparedFor(self, ctNode: Volume | None) -> bool:
        """Whether this CT is prepared and unchanged since."""
        return ctNode is not None and ctNode is self.ctNode and self.isReady

    @property
    def isReady(self) -> bool:
        """Whether images can be drawn."""
        return self.parts.ct.isReady

    @property
    def isStale(self) -> bool:
        """Whether the CT has changed since it was prepared."""
        return self.parts.ct.isStale

    @property
    def ctNode(self) -> Volume | None:
        """The CT that is prepared, or None."""
        return self.parts.ct.node

    @property
    def patient(self) -> Any:
        """The core's ``Patient`` of it, or None."""
        return self.parts.ct.patient

    @property
    def regions(self) -> tuple[str, ...]:
        """Parts of the body, of ``synthetic_imaging.xray.REGIONS``, that the prepared CT seems to show."""
        return self.parts.ct.regions

    def release(self):
        """Let go of the CT; the images in the scene stay as they are."""
        self.parts.release()

    # Setting

    def setPose(self, laoDeg: float | None = None, cranDeg: float | None = None, rollDeg: float | None = None,
                isocenterRas: Point | None = None, plane: str = "A") -> None:  # fmt: skip
        """Turn the C-arm (LAO, CRAN and clockwise positive) and move its isocenter (RAS mm, in the world)."""
        given, suffix = {"laoDeg": laoDeg, "cranDeg": cranDeg, "rollDeg": rollDeg}, PLANES[planeNamed(plane)]
        values = {f"{name}{suffix}": value for name, value in given.items() if value is not None}
        self.set(isocenterRas=isocenterRas, **values)

    def setView(self, name: str, plane: str = "A") -> None:
        """Take one of the common views: "ap", "lateral-left", "inlet", ...; see ``synthetic_imaging.xray.VIEWS``."""
        self.set(**POSES[planeNamed(plane)].values(view_named(name).pose))

    def setMachine(self, name: str) -> None:
        """Take distances and detector of a preset: "cios-spin", ...; InputError lists the names."""
        known = self.state.geometry
        kept = {each: getattr(known, each) for each in ("image_size", "table_r_mm", "table_a_mm", "table_s_mm")}
        self.set(machine=name, **NUMBERS.values(Geometry.of(machine_named(name), **kept)))

    def setBeam(self, **values: Any) -> None:
        """Set kvp, alMm, cuMm, photonsPerMm2, noise, scatterRatio, grid, shutters, window, naive, ...: the names of
        ``synthetic_imaging.xray.Settings`` in lowerCamelCase."""
        values = present(values)
        if strangers := sorted(set(values) - set(BEAM.settings)):
            raise InputError(f"A beam has no {', '.join(strangers)}; it has {', '.join(BEAM.settings)}.")
        self.set(**values)

    def set(self, isocenterRas: Point | None = None, **values: Any) -> None:
        """Set any parameters together; all are checked before the first is written."""
        self.parts.holder.set(present(values), isocenterRas)

    def fitWindow(self, plane: str = "A", narrowest: float = 0.0) -> None:
        """Set the window once by the last full image of a plane; it stays there for the images that follow.

        narrowest: the least width, in attenuation, that it gets around its middle.
        """
        radiograph = self.parts.images.radiograph(planeNamed(plane))
        if radiograph is None:
            raise InputError("There is no image yet to which a window could be fitted; take one first.")
        window = radiograph.fitted_window()
        middle, half = (window.low + window.high) / 2, max(window.high - window.low, narrowest) / 2
        self.set(**windowWithin(middle - half, middle + half))

    def centerIsocenter(self) -> None:
        """Put the isocenter at the center of the CT."""
        self.parts.ensureReady()
        self.setPose(isocenterRas=centerOf(self.patient.ct))

    def isocenterNode(self) -> slicer.vtkMRMLMarkupsFiducialNode:
        """The point that is the isocenter; made anew where it was deleted."""
        return self.parts.holder.isocenterNode()

    # What is set and shown

    def view(self, plane: str = "A") -> View:
        """The core ``View`` that is set for a plane."""
        return self.state.view(plane)

    def shownView(self, plane: str = "A") -> View | None:
        """The core ``View`` of the image that is shown: another one than ``view`` where it is held; None without.

        Also that of an image of a saved scene, or of a CT that is gone.
        """
        return self.parts.shownView(plane)

    @property
    def isocenterRas(self) -> tuple[float, float, float]:
        """Where the C-arm turns about, in the patient; known too while the other numbers cannot be."""
        return self.state.isocenterInPatientRas

    def settings(self) -> Settings:
        """The core ``Settings``."""
        self.state.require(Settings)
        return self.state.settings

    def window(self, plane: str = "A") -> tuple[float, float]:
        """Attenuation at the ends of the gray scale with which a plane is shown."""
        return self.parts.images.window(self.state, plane)

    def image(self, plane: str = "A") -> Volume:
        """The live image of a plane, brought up to date in full: a scalar volume of one slice at the detector."""
        return self.parts.completeImage(plane)

    def takeImage(self) -> None:
        """Draw all planes as they stand now, while images are held too; soon in a window, else at once."""
        self.parts.ensureReady()
        self.parts.images.take(self.state)
        self.changed.emit()

    def imageNode(self, plane: str = "A") -> Volume | None:
        """The live image of a plane as it is now, or None."""
        return self.parts.imageNode(plane)

    def isHeld(self, plane: str = "A") -> bool:
        """Whether the image is one taken before the C-arm moved on."""
        return self.parts.images.isHeld(self.state, plane)

    def rayAt(self, plane: str, column: float, row: float) -> tuple | None:
        """The ray to a pixel of the shown image: (sourceRas, pixelRas), tuples in mm; None without an image."""
        view = self.shownView(plane)
        return None if view is None else (tuple(view.source_ras), tuple(view.pixel_ras(column, row).tolist()))

    def readout(self, plane: str = "A") -> dict[str, Any]:
        """What to write beside the shown image.

        title (angles), magnification (at the isocenter), pixelMmAtIsocenter, spr (scatter to primary), kvp, naive,
        device, isFinal, isHeld, problem ("" or why there is no image). Numbers are None without an image.
        """
        view, radiograph = self.shownView(plane), self.parts.images.radiograph(plane)
        return {
            "title": view.pose().title if view else "",
            "magnification": view.magnification if view else None,
            "pixelMmAtIsocenter": view.pixel_mm[1] / view.magnification if view else None,
            "spr": radiograph.scatter_to_primary if radiograph else None,
            "kvp": radiograph.settings.spectrum.kvp if radiograph else None,
            "naive": radiograph.settings.naive if radiograph else None,
            "device": self.parts.ct.deviceText,
            "isFinal": self.parts.images.isFinal(plane),
            "isHeld": self.isHeld(plane),
            "problem": self.problem(plane),
            **({} if self.parts.images.shownView(plane) else ImageNodes.beamOf(self.imageNode(plane))),
        }

    def problem(self, plane: str = "A") -> str:
        """Why there is no image of what is set, or ""."""
        if self.patient is None:
            return "No CT is prepared. Choose a CT."
        if self.isStale:
            return "The CT has changed. Wait until it is prepared again."
        return self.parts.images.problem(self.state, plane)

    @property
    def notices(self) -> list[str]:
        """Sentences that a user should know: thick or cut CT, what the machine cannot reach, a full GPU."""
        if self.patient is None:
            return []
        ct, tools, images = self.parts.ct, self.parts.tools, self.parts.images
        found = [self.patient.notice, ct.gpuProblem, ct.notice, *tools.problems.values()]
        ofPlanes = {plane: [*images.notices(plane), *self.state.beyondMachine(plane)] for plane in self.state.planes}
        for plane, sentences in ofPlanes.items():
            for sentence in sentences:
                isCommon = all(sentence in other for other in ofPlanes.values())
                found.append(sentence if isCommon else f"Plane {plane}: {sentence}")
        return list(dict.fromkeys(sentence for sentence in found if sentence))

    # Instruments

    @property
    def tools(self) -> list[slicer.vtkMRMLModelNode]:
        """The model nodes in the beam."""
        return ToolSet.toolNodes()

    def addTool(self, modelNode: slicer.vtkMRMLModelNode, material: str) -> None:
        """Put a model into the beam, or change its material: "steel", "titanium", ... It is followed from then on.

        InputError where it is not watertight, or there is no such material.
        """
        self.parts.tools.add(modelNode, material)

    def removeTool(self, modelNode: slicer.vtkMRMLModelNode) -> None:
        """Take a model out of the beam; the node stays in the scene."""
        self.parts.tools.remove(modelNode)

    def toolMaterial(self, modelNode: slicer.vtkMRMLModelNode) -> str | None:
        """The name of a tool's material, or None where the model is no tool."""
        return modelNode.GetAttribute(ToolSet.MATERIAL_ATTRIBUTE)

    def addKwire(self, entryRas: Point, targetRas: Point, **options: Any) -> slicer.vtkMRMLModelNode:
        """A Kirschner wire with its tip at the target; its model node. options: of ``ToolShapes.kwire``."""
        return self.parts.tools.addShape(ToolShapes.kwire(entryRas, targetRas, **options))

    def addNeedle(self, entryRas: Point, targetRas: Point, **options: Any) -> slicer.vtkMRMLModelNode:
        """A hollow needle with its tip at the target; its model node. options: of ``ToolShapes.needle``."""
        return self.parts.tools.addShape(ToolShapes.needle(entryRas, targetRas, **options))

    def addScrew(self, entryRas: Point, targetRas: Point, **options: Any) -> slicer.vtkMRMLModelNode:
        """A bone screw from entry (its head) to target; its model node. options: of ``ToolShapes.screw``."""
        return self.parts.tools.addShape(ToolShapes.screw(entryRas, targetRas, **options))

    def addSnake(self, entryRas: Point, targetRas: Point, **options: Any) -> slicer.vtkMRMLModelNode:
        """A bent manipulator with its tip at the target; its model node. options: of ``ToolShapes.snake``."""
        return self.parts.tools.addShape(ToolShapes.snake(entryRas, targetRas, **options))

    # Images that are kept, and files

    def shot(self, name: str | None = None) -> Volume:
        """Keep the images as they are shown, brought up to date unless they are held; the node of plane A."""
        kept = []
        for plane in self.state.planes:
            node = self.parts.shownImage(plane)
            title = name or f"X-ray {self.shownView(plane).pose().title} {self.state.settings.spectrum.kvp:g} kVp"
            suffix = f" {plane}" if plane != "A" and name else ""
            kept.append(Shots.keep(node, self.ctNode, f"{title}{suffix}"))
        self.changed.emit()
        return kept[0]

    @property
    def shots(self) -> list[Volume]:
        """The nodes of all kept images, the newest last."""
        return Shots.shotNodes()

    def sweep(self, poseFrom: Sweeps.Named | None = None, poseTo: Sweeps.Named | None = None, count: int | None = None,
              name: str | None = None, onProgress: OnProgress | None = None) -> Browser:  # fmt: skip
        """Images from one pose to another as a sequence; its browser node. onProgress(stage, percent).

        poseFrom, poseTo: LAO and CRAN in degrees, and the roll, or the name of a view; by default the present pose and
        that of the parameters sweepLaoDeg and sweepCranDeg. count: how many images, sweepCount by default.
        """
        return finish(self.sweepSteps(poseFrom, poseTo, count, name), onProgress)

    def sweepSteps(self, poseFrom: Sweeps.Named | None = None, poseTo: Sweeps.Named | None = None,
                   count: int | None = None, name: str | None = None) -> Steps[Browser]:  # fmt: skip
        """``sweep`` as a generator of (stage, percent); one that is dropped leaves nothing behind."""
        self.parts.ensureReady()
        states = Sweeps.statesOf(self.state, NUMBERS.read(self.parameters, Sweep), poseFrom, poseTo, count)
        requests = [self.parts.images.request(state, "A") for state in states]
        name = name or f"X-ray sweep {requests[0].view.pose().title} to {requests[-1].view.pose().title}"
        return Sweeps.sweepSteps(self.patient, requests, self.state.settings.window, self.ctNode, name)

    def radiograph(self, plane: str = "A") -> Any:
        """The core ``Radiograph`` of the shown image, with the window as it is set; brought up to date unless held."""
        from synthetic_imaging.xray import radiograph

        self.parts.shownImage(plane)
        shown = self.parts.images.radiograph(plane)
        low, high = self.window(plane)
        settings = replace(shown.settings, window=replace(self.settings().window, low=low, high=high))
        return radiograph(shown.paths, shown.view, settings, shown.notices)

    def exportImage(self, path: str | Path, output: str = "display", plane: str = "A") -> Path:
        """Write the shown image; the path of the file.

        path: .nrrd and .mha hold any output as float32 with geometry and pose, .nii.gz without the pose; .png (8 bits)
        and .dcm (DICOM XA, 16 bits) hold "display". output: "display", "line-integral", "transmission" or "signal".
        """
        from synthetic_imaging.xray import write_image

        return write_image(path, self.radiograph(plane), output, Export.studyOf(self.ctNode))

    def exportPose(self, path: str | Path, plane: str = "A") -> Path:
        """Write the pose that is set, with distances, detector and projection matrix, as JSON; the path."""
        from synthetic_imaging.xray import write_pose

        return write_pose(path, self.view(plane))

    def importPose(self, path: str | Path, plane: str = "A") -> None:
        """Stand the C-arm as a file says: JSON, a text file with a 3x4 matrix, an image made before, or DICOM XA.

        Plane A takes isocenter, distances and detector over too, and the table goes back to 0. Plane B takes the angles
        only, for it shares all else with A, which must not move; where the file has other numbers, a message says so.
        """
        from synthetic_imaging.xray import read_pose

        view = read_pose(path, self.view(plane))
        angles = POSES[plane].values(view.pose())
        if plane == "A":
            self.set(isocenterRas=view.isocenter_ras, **angles, **Export.parametersOf(view, self.state.machine))
            return
        self.set(**angles)
        if not Export.isNear(self.view(plane), view):
            self.message.emit(
                "Only the angles were taken over: isocenter, distances and detector are those of plane A. "
                "Import the pose there to take over everything."
            )

    def exportTruth(self, folder: str | Path, plane: str = "A", onProgress: OnProgress | None = None) -> Path:
        """Write what is where in the image of the pose that is set; the path of truth.json, which lists it.

        Masks and path lengths of the visible segments and of the tools, projected landmarks with their visibility and
        belief maps, and the pose.
        """
        return finish(self.truthSteps(folder, plane), onProgress)

    def truthSteps(self, folder: str | Path, plane: str = "A") -> Steps[Path]:
        """``exportTruth`` as a generator of (stage, percent); dropped before it writes, it leaves nothing behind."""
        self.parts.ensureReady()
        points, state = Landmarks.pointsOf(self.state.landmarks), self.state
        return Export.truthSteps(
            folder, state.view(plane), state.segmentation, points, self.parts.tools.current(), self.ctNode
        )

    def landmarks(self, plane: str = "A") -> list:
        """The landmarks in the shown image: core ``Landmark`` with name, column, row, visible and why it is unseen."""
        return Landmarks.projected(self.parameters.landmarks, self.shownView(plane))
