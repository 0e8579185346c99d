"""What a header says beside voxels and geometry: what is kept, and the mark of synthetic images."""

from __future__ import annotations

import re
from dataclasses import replace

import SimpleITK as sitk

from .. import __version__
from ..volume import Volume

SYNTHETIC_KEY = "SyntheticImaging"
"""Header key whose presence says that an image is synthetic or altered; keys that begin with it belong to the mark."""

DICOM_PREFIX = "DICOM."
_IDENTIFYING = {"PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "InstitutionName"}
_NIFTI_KEPT = ("descrip", "aux_file", "intent_name")
_NIFTI_DESCRIPTION_LENGTH = 79
_META_IMAGE_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]*")
_META_IMAGE_VALUE_LENGTH = 4096
_META_IMAGE_OWN = {
    "acquisitiondate", "anatomicalorientation", "binarydata", "binarydatabyteordermsb", "centerofrotation",
    "color", "comment", "compresseddata", "compresseddatasize", "compressionlevel", "dimsize", "distanceunits",
    "elementbyteordermsb", "elementdatafile", "elementmax", "elementmin", "elementnbits", "elementnumberofchannels",
    "elementorigin", "elementsize", "elementspacing", "elementtointensityfunctionoffset",
    "elementtointensityfunctionslope", "elementtype", "headersize", "id", "modality", "name", "ndims", "objectsubtype",
    "objecttype", "offset", "orientation", "origin", "parentid", "position", "rotation", "sequenceid",
    "transformmatrix", "transformtype",
}  # fmt: skip


def mark_synthetic(volume: Volume, description: str, **details: str) -> Volume:
    """The same voxels with the mark that says the image is synthetic.

    description: one line, for example "torso phantom" or "3 synthetic liver lesions"; details become further
    header entries ``SyntheticImaging_<name>``.
    """
    mark = {SYNTHETIC_KEY: f"synthetic: {description} (Synthetic Imaging {__version__})"}
    mark.update({f"{SYNTHETIC_KEY}_{name}": str(value) for name, value in details.items()})
    return replace(volume, metadata={**(volume.metadata or {}), **mark})


def metadata_of(image: sitk.Image) -> dict[str, str]:
    """The entries of a header that carry meaning: not geometry, not the file library's own notes."""
    entries = {}
    nifti = image.HasMetaDataKey("nifti_type")
    for key in filter(_is_text, image.GetMetaDataKeys()):
        housekeeping = key.startswith(("ITK_", "NRRD_")) and key != "NRRD_content"
        if housekeeping or key.lower() in _META_IMAGE_OWN or (nifti and key not in _NIFTI_KEPT):
            continue
        value = image.GetMetaData(key).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if value.strip():
            entries[key] = value
    return entries


def _is_text(key: str) -> bool:
    """Whether the file library takes a key back; damaged headers have some that it does not."""
    try:
        return bool(key.encode())
    except UnicodeEncodeError:
        return False


def attach_metadata(image: sitk.Image, metadata: dict[str, str] | None, suffix: str) -> None:
    """Put a volume's metadata into an image, as far as the format of ``suffix`` holds it.

    NRRD keeps all; MetaImage keeps one-line ASCII values; NIfTI has a description of 79 characters, which the
    mark of a synthetic image takes first. What names a patient stays in DICOM and goes into no other format.
    """
    entries = {key: str(value) for key, value in (metadata or {}).items()}
    entries = {key: value for key, value in entries.items() if key.removeprefix(DICOM_PREFIX) not in _IDENTIFYING}
    if suffix.startswith(".nii"):
        entries = _nifti_entries(entries)
    elif suffix in (".mha", ".mhd"):
        entries = _meta_image_entries(entries)
    else:
        entries = {key.replace(":=", "=").replace("\n", " "): value for key, value in entries.items()}
    for key, value in entries.items():
        image.SetMetaData(key, value)


def _nifti_entries(entries: dict[str, str]) -> dict[str, str]:
    notes = [entries[key] for key in (SYNTHETIC_KEY, "descrip") if key in entries]
    description = "; ".join(dict.fromkeys(notes)).encode("ascii", "replace")[:_NIFTI_DESCRIPTION_LENGTH].decode()
    return {"ITK_FileNotes": description} if description else {}


def _meta_image_entries(entries: dict[str, str]) -> dict[str, str]:
    # a line break, or an own key, would end or overrule the header and make the file unreadable
    return {
        key: " ".join(value.split()).encode("ascii", "replace").decode()
        for key, value in entries.items()
        if _META_IMAGE_KEY.fullmatch(key) and key.lower() not in _META_IMAGE_OWN and value.strip()
        and len(value) <= _META_IMAGE_VALUE_LENGTH
    }  # fmt: skip
