"""Images, poses and truth into files, and poses out of files."""

from dataclasses import replace

import slicer

from SyntheticImagingLib.stages import finish

from . import Landmarks, Setup, Structures

STUDY_TAGS = {
    "PatientName": "0010,0010",
    "PatientID": "0010,0020",
    "PatientBirthDate": "0010,0030",
    "PatientSex": "0010,0040",
    "StudyInstanceUID": "0020,000D",
    "StudyID": "0020,0010",
    "StudyDate": "0008,0020",
    "StudyTime": "0008,0030",
    "StudyDescription": "0008,1030",
    "AccessionNumber": "0008,0050",
}


def studyOf(ctNode):
    """Patient and study of a CT that was loaded from Slicer's DICOM database, as metadata of the core; else empty."""
    from synthetic_imaging.io.metadata import DICOM_PREFIX

    database = getattr(slicer, "dicomDatabase", None)
    uids = (ctNode.GetAttribute("DICOM.instanceUIDs") or "").split()
    if database is None or not uids:
        return {}
    values = {name: database.instanceValue(uids[0], tag) for name, tag in STUDY_TAGS.items()}
    return {DICOM_PREFIX + name: value for name, value in values.items() if value}


def _isNear(view, other):
    """Whether source and detector's corner are in the same places, to a hundredth of a millimeter."""
    places = [(*one.source_ras, *one.pixel_ras(-0.5, -0.5)) for one in (view, other)]
    return max(abs(a - b) for a, b in zip(*places, strict=True)) < 0.01


def _told(stage, percent, steps, perStep=0.0):
    """Steps as (stage, percent); what the generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
        percent += perStep
        yield stage, percent


class CArmExchange:
    """What the logic exchanges with files; has parameters, patient, ctNode, _state and the images."""

    def radiograph(self, plane="A"):
        """The core ``Radiograph`` of the shown image, with the window as it is set; brought up to date unless held."""
        from synthetic_imaging.xray import radiograph

        self._shownImage(plane)
        shown = self._drawing.radiograph(plane)
        low, high = self.window(plane)
        settings = replace(shown.settings, window=replace(self.settings().window, low=low, high=high))
        return radiograph(shown.paths, shown.view, settings, shown.notices)

    def exportImage(self, path, output="display", plane="A"):
        """Write the shown image; the path of the file.

        path: .nrrd and .mha hold any output as float32 with geometry and pose, .nii.gz without the pose; .png (8 bits)
        and .dcm (DICOM XA, 16 bits) hold "display". output: "display", "line-integral", "transmission" or "signal".
        """
        from synthetic_imaging.xray import write_image

        return write_image(path, self.radiograph(plane), output, studyOf(self.ctNode))

    def exportPose(self, path, plane="A"):
        """Write the pose that is set, with distances, detector and projection matrix, as JSON; the path."""
        from synthetic_imaging.xray import write_pose

        return write_pose(path, self.view(plane))

    def importPose(self, path, plane="A"):
        """Stand the C-arm as a file says: JSON, a text file with a 3x4 matrix, an image made before, or DICOM XA.

        Plane A takes isocenter, distances and detector over too, and the table goes back to 0. Plane B takes the angles
        only, for it shares all else with A, which must not move; where the file has other numbers, a message says so.
        """
        from synthetic_imaging.xray import read_pose

        view = read_pose(path, self.view(plane))
        values = self._valuesOf(view, plane)
        if plane == Setup.PLANES[0]:
            self.set(isocenterRas=view.isocenter_ras, **values)
            return
        self.set(**{name: values[name] for name in Setup.poseNames(plane)})
        if not _isNear(self.view(plane), view):
            self.message.emit(
                "Only the angles were taken over: isocenter, distances and detector are those of plane A. "
                "Import the pose there to take over everything."
            )

    def _valuesOf(self, view, plane):
        """The parameters that give a view."""
        pose, far, near, (right, up) = view.pose_and_distances()
        row_mm, column_mm = view.pixel_mm
        angles = (pose.lao_deg, pose.cran_deg, pose.roll_deg)
        values = dict(zip(Setup.poseNames(plane), angles, strict=True))
        values |= {
            "sourceToDetectorMm": far,
            "sourceToIsocenterMm": near,
            "fieldWidthMm": view.columns * column_mm,
            "fieldHeightMm": view.rows * row_mm,
            "offRightMm": right,
            "offUpMm": up,
            "imageSize": view.columns,
            "tableRMm": 0.0,
            "tableAMm": 0.0,
            "tableSMm": 0.0,
        }
        known = Setup.machineNumbers(self._state.machine)
        same = all(abs(values[name] - known[name]) < 1e-3 for name in known if name in values and name[:3] != "off")
        return values if same else {**values, "machine": "generic"}

    def exportTruth(self, folder, plane="A", onProgress=None):
        """Write what is where in the image of the pose that is set; the path of truth.json, which lists it.

        Masks and path lengths of the visible segments and of the tools, projected landmarks with their visibility and
        belief maps, and the pose.
        """
        return finish(self.truthSteps(folder, plane), onProgress)

    def truthSteps(self, folder, plane="A"):
        """``exportTruth`` as a generator of (stage, percent); dropped before it writes, it leaves nothing behind."""
        from synthetic_imaging.errors import InputError
        from synthetic_imaging.steps import in_background
        from synthetic_imaging.xray.truth_files import write_truth

        self._ensureReady()
        view, segmentation = self.view(plane), self.parameters.segmentation
        ids, points = Structures.segmentIds(segmentation), Landmarks.pointsOf(self.parameters.landmarks)
        if not (ids or points or self._tools.current()):
            raise InputError("There is no truth to export: choose a segmentation or landmarks, or add an instrument.")
        reading = Structures.layerSteps(segmentation, ids, self.ctNode)
        layers, names = yield from _told("Reading the segments", 0, reading, 80 / max(1, len(ids)))
        tools = self._tools.current()
        writing = in_background(lambda: write_truth(folder, view, layers, tools, points, names))
        return (yield from _told("Projecting and writing", 80, writing))

    def landmarks(self, plane="A"):
        """The landmarks in the shown image: core ``Landmark`` with name, column, row, visible and why it is unseen."""
        return Landmarks.projected(self.parameters.landmarks, self.shownView(plane))
