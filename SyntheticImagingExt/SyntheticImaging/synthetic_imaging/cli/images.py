"""Images that verbs read. Imports the engine, so verbs import it when they run."""

from __future__ import annotations

import warnings
from pathlib import Path

from ..io import read_volume
from ..io.hounsfield import accepted, in_hounsfield, note_of
from ..io.trust import Trust
from ..volume import Volume
from .options import taken


def read_ct(path: str | Path, options) -> Volume:
    """A CT in HU, with signed voxels; InputError where it is none and the options do not say that it is all the same.

    Warns where something is lost in it.
    """
    volume, name = read_image(path, options), Path(path).name
    ct = in_hounsfield(volume, name, how="--accept-hu")
    if note := note_of(ct):
        warnings.warn(f"'{name}': {note}", stacklevel=2)
    return ct


def read_image(path: str | Path, options) -> Volume:
    """An image of any kind, with the word of the options that its numbers are HU, where they say so."""
    trust = taken(options, Trust())
    volume = read_volume(path, options.series, accept_data_elsewhere=trust.accept_data_elsewhere)
    return accepted(volume) if trust.accept_hu else volume
