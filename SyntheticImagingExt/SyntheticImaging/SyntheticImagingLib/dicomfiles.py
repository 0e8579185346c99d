"""Where the DICOM images of a volume node are: Slicer's DICOM module notes their UIDs, its database knows the files."""

from pathlib import Path

import slicer

from synthetic_imaging.errors import InputError

from .nodes import volumeFromNode

INSTANCES_ATTRIBUTE = "DICOM.instanceUIDs"
"""Set by Slicer on volumes that its DICOM module loaded: SOP instance UIDs with spaces between them."""


def problemOf(volumeNode):
    """A sentence that says why a volume has no DICOM images to refer to, or ""."""
    if volumeNode is None or volumeNode.GetScene() is None:
        return "The image that the segmentation was made on is not in the scene any more. Load it again."
    if not (volumeNode.GetAttribute(INSTANCES_ATTRIBUTE) or "").split():
        return (
            f'"{volumeNode.GetName()}" was not loaded from DICOM, and a DICOM segmentation refers to DICOM images. '
            "Load the image with the module DICOM, or save the segmentation as .seg.nrrd (File > Save Data)."
        )
    return ""


def headerOf(volumeNode):
    """Patient, study and frame of reference of a volume's DICOM images, as ``Volume.metadata`` of the core has them.

    Nothing for a volume from another file. Without the frame of reference where the volume was moved since it was
    loaded, for it lies elsewhere then.
    """
    from synthetic_imaging.io import slices_of
    from synthetic_imaging.io.dicom.drawings import FRAME_KEY
    from synthetic_imaging.io.dicom.segmentation_writing import grid_of
    from synthetic_imaging.io.labels import share_voxels

    if problemOf(volumeNode):
        return {}
    slices = slices_of(filesOf(volumeNode))
    isMoved = volumeNode.GetParentTransformNode() is not None
    isMoved = isMoved or not share_voxels(volumeFromNode(volumeNode), grid_of(slices))
    return {key: value for key, value in slices.metadata.items() if not (isMoved and key == FRAME_KEY)}


def filesOf(volumeNode):
    """The files of a volume's DICOM images; InputError where there are none, or the database has lost them."""
    if problem := problemOf(volumeNode):
        raise InputError(problem)
    uids = volumeNode.GetAttribute(INSTANCES_ATTRIBUTE).split()
    database = getattr(slicer, "dicomDatabase", None)
    known = [database.fileForInstance(uid) if database is not None else "" for uid in uids]
    files = [Path(path) for path in known if path and Path(path).is_file()]
    if len(files) < len(uids):
        raise InputError(
            f'{len(uids) - len(files)} of {len(uids)} DICOM images of "{volumeNode.GetName()}" are not in Slicer\'s '
            "DICOM database any more. Import them again with the module DICOM."
        )
    return files
