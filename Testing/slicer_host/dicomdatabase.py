"""`slicer.dicomDatabase`: the files of DICOM images by their UID, as Slicer's module DICOM keeps them."""

import pydicom


class DicomDatabase:
    """What modules ask of a ctkDICOMDatabase."""

    def __init__(self):
        self._files = {}
        self.isOpen = True

    def insert(self, path, storeFile=True, generateThumbnail=True):
        """Take up a file."""
        self._files[str(pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID)] = str(path)

    def fileForInstance(self, sopInstanceUid):
        """Its file; an empty text where the database does not know it."""
        return self._files.get(sopInstanceUid, "")
