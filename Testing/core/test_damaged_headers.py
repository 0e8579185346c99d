"""Headers of single files that are damaged: refused where the file library would guess."""

import re

import numpy as np
import pytest

from synthetic_imaging import io
from synthetic_imaging.errors import InputError
from synthetic_imaging.volume import Volume

CT = Volume.from_numpy(np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.diag([-0.5, -0.25, 5.0, 1.0]))


@pytest.mark.parametrize(
    ("name", "written", "damaged", "words"),
    [
        ("ct.nii", b"n+1\0", b"n-1\0", "does not begin as a file of that name does"),
        ("ct.mha", b"ElementSpacing = 0.5", b"ElementSpacing = 0.\x1a8", "bytes that are no text"),
        ("ct.mha", b"ElementSpacing = 0.5", b"ElementSpacing = 0.5e", "cannot be understood"),
        ("ct.mha", b"ElementSpacing = 0.5 ", b"ElementSpacing = nan ", "'ElementSpacing' is not finite"),
        ("ct.mha", b"Offset =", b"Offset 9", "'Offset 9 0 0 0' is no entry"),
        ("ct.mha", b"Offset = 0 0 0", b"Offset = 0 0", "'Offset' has 2 numbers"),
        ("ct.nrrd", b"space origin: (0,0,0)", b"space origin: (0,1E,0)", "cannot be understood"),
        ("ct.nrrd", b"NRRD000", b"NRXD000", "does not begin as a file of that name does"),
    ],
)
def test_a_damaged_header_is_refused(tmp_path, name, written, damaged, words):
    path = io.write_volume(tmp_path / name, CT)
    content = path.read_bytes()
    assert content.count(written) == 1
    path.write_bytes(content.replace(written, damaged))
    with pytest.raises(InputError, match=re.escape(words)):
        io.read_volume(path)


def test_an_entry_that_is_no_text_is_left_out(tmp_path):
    path = io.write_volume(tmp_path / "ct.mha", Volume(CT.data, CT.ijk_to_ras, {"note": "kept", "other": "lost"}))
    path.write_bytes(path.read_bytes().replace(b"other =", b"oth\xe9r ="))
    read = io.read_volume(path)
    np.testing.assert_array_equal(read.numpy(), CT.numpy())
    assert read.metadata["note"] == "kept"
