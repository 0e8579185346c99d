"""Images that verbs read. Imports the engine, so verbs import it when they run."""

from __future__ import annotations

import warnings
from pathlib import Path

from ..io import read_volume
from ..io.hounsfield import in_hounsfield, note_of
from ..io.trust import Trust
from ..volume import Volume
from .options import taken


def read_ct(path: str | Path, options) -> Volume:
    """A CT in HU, with signed voxels; InputError where it is none and the options do not say that it is all the same.

    Warns where something is lost in it.
    """
    trust = taken(options, Trust())
    name = Path(path).name
    volume = read_volume(path, options.series, accept_data_elsewhere=trust.accept_data_elsewhere)
    ct = in_hounsfield(volume, name, trust.accept_hu, "--accept-hu")
    if not trust.accept_hu and (note := note_of(ct)):
        warnings.warn(f"'{name}': {note}", stacklevel=2)
    return ct
