"""What is taken on the word of the user, against what was seen. Needs no other package, for options are made of it."""

from __future__ import annotations

from dataclasses import dataclass

from ..declared import Declared, flag


@dataclass(frozen=True)
class Trust(Declared):
    """Whoever knows better than a check says so here."""

    accept_hu: bool = flag(False, "Take the numbers of a CT for HU, whatever they look like")
    accept_data_elsewhere: bool = flag(
        False, "Read the voxels of a CT from where its .mhd or .nrrd header says, also from another folder"
    )
    accept_frame: bool = flag(
        False, "Take DICOM segmentations of another frame of reference for ones of this image, where they lie"
    )
