"""Where the DICOM images of a volume node are: Slicer's DICOM module notes their UIDs, its database knows the files."""

from pathlib import Path

import slicer

from synthetic_imaging.errors import InputError

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
