"""Where tests find real images: the folder $SYNTHETIC_IMAGING_DATA, or shared/data beside the repository."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def find(relative: str) -> Path | None:
    """A file or folder of the real data; None where it is absent."""
    given = os.environ.get("SYNTHETIC_IMAGING_DATA")
    found = (Path(given) if given else REPOSITORY.parent / "shared" / "data") / relative
    return found if found.exists() else None


def path(relative: str) -> Path:
    """A file or folder of the real data; the calling test is skipped where it is absent."""
    found = find(relative)
    if found is None:
        pytest.skip(f"needs the real image {relative} (set SYNTHETIC_IMAGING_DATA to the folder that holds it)")
    return found
