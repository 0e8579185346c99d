"""Meshes of tools in files: on the right side of the body, in mm, or refused; and said where they are not seen."""

import re
import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic_imaging.cli import main
from synthetic_imaging.errors import InputError
from synthetic_imaging.io import write_volume
from synthetic_imaging.volume import Volume
from synthetic_imaging.xray import read_mesh, render, write_stl
from synthetic_imaging.xray.geometry import Geometry, Pose
from synthetic_imaging.xray.meshes import Mesh
from synthetic_imaging.xray.settings import Settings
from synthetic_imaging.xray.shapes import kwire
from synthetic_imaging.xray.tools import Tool

CENTER, HALF = np.array([30.0, 20.0, 5.0]), np.array([2.0, 3.0, 40.0])
CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * HALF + CENTER
QUADS = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
TRIANGLES = [triangle for a, b, c, d in QUADS for triangle in ((a, b, c), (a, c, d))]
LPS = [-1, -1, 1]


def binary_stl(header, corners):
    body = b"".join(struct.pack("<12fH", 0, 0, 0, *corners[list(three)].ravel(), 0) for three in TRIANGLES)
    return header.encode().ljust(80, b"\0") + struct.pack("<I", len(TRIANGLES)) + body


def text_stl(header, corners):
    facets = [
        "facet normal 0 0 0\n outer loop\n"
        + "".join("  vertex {} {} {}\n".format(*corners[each]) for each in three)
        + " endloop\nendfacet\n"
        for three in TRIANGLES
    ]
    return f"solid {header}\n{''.join(facets)}endsolid\n".encode()


def text_ply(comment, corners):
    lines = [
        "ply", "format ascii 1.0", f"comment {comment}", "element vertex 8", "property float x", "property float y",
        "property float z", "property uchar red", "element face 6", "property list uchar int vertex_indices",
        "end_header", *("{} {} {} 255".format(*corner) for corner in corners),
        *(f"4 {' '.join(map(str, quad))}" for quad in QUADS),
    ]  # fmt: skip
    return "\n".join(lines).encode() + b"\n"


def binary_ply(comment, corners, order="<"):
    """Faces of different lengths, with a list and a number beside their corners."""
    name = "little" if order == "<" else "big"
    head = (
        f"ply\nformat binary_{name}_endian 1.0\ncomment {comment}\nelement vertex 8\nproperty double x\n"
        "property double y\nproperty double z\nelement face 7\nproperty uchar flags\n"
        "property list uchar uint vertex_index\n"
        "property list uchar float texcoord\nend_header\n"
    )
    faces = [*QUADS[:5], (1, 5, 7), (1, 7, 3)]
    body = corners.astype(f"{order}f8").tobytes()
    for face in faces:
        body += struct.pack(f"{order}BB{len(face)}IB2f", 7, len(face), *face, 2, 0.5, 0.5)
    return head.encode() + body


def obj(comment, corners):
    lines = [f"# 3D Slicer output. {comment}", *("v {} {} {}".format(*corner) for corner in corners), "vt 0 0"]
    lines += [f"f {' '.join(f'{each + 1}/1' for each in quad)}" for quad in QUADS[:3]]
    lines += [f"f {' '.join(str(each - 8) for each in quad)}" for quad in QUADS[3:]]
    return "\n".join(lines).encode()


FORMS = [binary_stl, text_stl, text_ply, binary_ply, lambda c, p: binary_ply(c, p, ">"), obj]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("space", ["SPACE=LPS", "SPACE=RAS", "nothing is said"])
def test_a_mesh_is_where_its_file_says(tmp_path, form, space):
    """The name says nothing of the kind: what is inside does. Without a mark the axes are RAS."""
    path = tmp_path / "model.bin"
    path.write_bytes(form(f"3D Slicer output. {space}", CORNERS * (LPS if "LPS" in space else 1)))
    mesh = read_mesh(path).closed()
    assert mesh.vertices_ras.min(axis=0) == pytest.approx(CENTER - HALF)
    assert mesh.vertices_ras.max(axis=0) == pytest.approx(CENTER + HALF)
    assert mesh.volume_mm3 == pytest.approx(8 * HALF.prod())


def test_an_obj_file_that_tells_its_unit_is_scaled(tmp_path):
    text = obj("vertex coordinates are measured in units, where 1 unit = 1000.000000 mm", CORNERS / 1000)
    (tmp_path / "meters.obj").write_bytes(text)
    assert read_mesh(tmp_path / "meters.obj").vertices_ras.max(axis=0) == pytest.approx(CENTER + HALF)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n", "none of these"),
        (binary_stl("SPACE=XYZ", CORNERS), "neither RAS nor LPS"),
        (binary_stl("wire", CORNERS)[:-100], "promises 12 triangles and is cut short"),
        (text_stl("wire", CORNERS)[:-300], "ends within a triangle"),
        (text_ply("c", CORNERS)[:-40], "cut short"),
        (binary_ply("c", CORNERS)[:-40], "cut short"),
        (text_ply("c", CORNERS)[:100], "header has no end"),
        (obj("c", CORNERS).replace(b"f 1/1", b"f 0/1"), "counted from 1"),
        (text_ply("c", CORNERS).replace(b"4 0 1 3 2", b"4 0 1 3 9"), "vertex that does not exist"),
    ],
)
def test_a_file_that_is_no_whole_mesh_is_refused_in_words(tmp_path, data, words):
    (tmp_path / "model.stl").write_bytes(data)
    with pytest.raises(InputError, match=words) as told:
        read_mesh(tmp_path / "model.stl").closed()
    assert "'model.stl'" in str(told.value)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FORMS), st.data())
def test_a_damaged_mesh_is_refused_or_whole(tmp_path_factory, form, data):
    """Bytes that were changed or cut: a mesh or a sentence, never another error."""
    content = bytearray(form("SPACE=LPS", CORNERS))
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("mesh") / "model"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        assert isinstance(read_mesh(path), Mesh)
    except InputError as error:
        assert "'model'" in str(error)


def scene():
    hu = torch.full((16, 16, 16), -1000.0)
    hu[4:12, 4:12, 4:12] = 40
    ct = Volume(hu, np.diag([4.0, 4, 4, 1]))
    geometry = Geometry(image_size=32, field_width_mm=160, field_height_mm=160)
    return ct, geometry.view(Pose(isocenter_ras=(30, 30, 30)))


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (kwire((30, 30, 30), (0, 0, 1), 40, 8), None),
        (kwire((2030, 30, 30), (0, 0, 1), 40, 8), "is not in the picture: it is .* around 2030, 30, 10"),
        (kwire((0.03, 0.03, 0.03), (0, 0, 1), 0.04, 0.008), "is not in the picture: .* 0.04 mm large.* unit"),
        (kwire((30, 30, -4000), (0, 0, 1), 8000, 8), "is 8 x 8 x 8e.03 mm large.* unit"),
    ],
)
def test_a_tool_that_is_not_seen_is_said(wire, words):
    ct, view = scene()
    notices = render(ct, view, Settings(), [Tool("wire", wire, "steel")]).notices
    told = [sentence for sentence in notices if "'wire'" in sentence]
    if words is None:
        assert not told
    else:
        assert len(told) == 1
        assert re.search(words, told[0]), told


def test_a_tool_within_another_one_is_in_the_picture():
    ct, view = scene()
    inner, outer = kwire((30, 30, 25), (0, 0, 1), 20, 4), kwire((30, 30, 10), (0, 0, 1), 60, 20)
    tools = [Tool("outer", outer, "steel"), Tool("inner", inner, "titanium")]
    assert not [each for each in render(ct, view, Settings(), tools).notices if "inner" in each]


def test_the_shell_says_so_beside_the_result(tmp_path, capsys):
    ct, _view = scene()
    write_volume(tmp_path / "ct.nrrd", ct)
    write_stl(tmp_path / "far.stl", kwire((2030, 30, 30), (0, 0, 1)))
    tool = f"{tmp_path / 'far.stl'}:steel"
    command = ["drr", str(tmp_path / "ct.nrrd"), "--image-size", "16", "--tool", tool]
    assert main([*command, "--out", str(tmp_path / "o.nrrd")]) == 0
    told = capsys.readouterr()
    assert "note: The tool 'far' is not in the picture" in told.err and "note" not in told.out
    (tmp_path / "poses.json").write_text('[{"lao_deg": 0}, {"lao_deg": 10}]')
    assert main([*command, "--poses", str(tmp_path / "poses.json"), "--out", str(tmp_path / "many")]) == 0
    assert "note: 2 of 2 images: The tool 'far' is not in the picture" in capsys.readouterr().err
