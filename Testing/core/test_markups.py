"""Points that Slicer saved: on the right side, none lost, none that has no place."""

import json

import pytest

from synthetic_imaging.errors import InputError
from synthetic_imaging.io.markups import read_points, told_apart
from synthetic_imaging.xray.truth_files import read_landmarks


def point(label, position, status="defined", **more):
    return {"label": label, "description": f"about {label}", "position": position, "positionStatus": status, **more}


def saved(path, points, system="LPS", kind="Fiducial", **more):
    markup = {"type": kind, "coordinateSystem": system, "coordinateUnits": "mm", "controlPoints": points, **more}
    path.write_text(json.dumps({"@schema": "markups-schema-v1.0.3.json#", "markups": [markup]}))
    return path


def fcsv(path, system, *rows, version="4.11"):
    head = [f"# Markups fiducial file version = {version}"]
    head += [f"# CoordinateSystem = {system}"] if system is not None else []
    head += ["# columns = id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID"]
    path.write_text("\n".join([*head, *rows]) + "\n")
    return path


@pytest.mark.parametrize("kind", ["Fiducial", "Line", "Angle", "Curve", "ClosedCurve", "Plane", "ROI"])
@pytest.mark.parametrize(("system", "sign"), [("LPS", -1), ("RAS", 1), ("0", 1), ("1", -1)])
def test_points_of_every_kind_of_markups_are_on_their_side(tmp_path, kind, system, sign):
    path = saved(tmp_path / "points.mrk.json", [point("tip", [sign * 60, sign * 40, 30])], system, kind)
    assert read_landmarks(path) == {"tip": (60, 40, 30)}


@pytest.mark.parametrize(("system", "sign"), [("LPS", -1), ("RAS", 1), ("0", 1), ("1", -1)])
@pytest.mark.parametrize("name", ["points.fcsv", "points"])
def test_the_older_lists_are_read(tmp_path, system, sign, name):
    path = fcsv(
        tmp_path / name, system,
        f"1,{60 * sign},{40 * sign},30,0,0,0,1,1,1,0,tip,,",
        f'2,{50 * sign},{40 * sign},3e1,0,0,0,1,1,1,0,"a, ""b""",in the neck,vtkMRMLScalarVolumeNode1,2,0',
        "3,0,0,0,0,0,0,1,1,1,0,apex,,,0,0",
    )  # fmt: skip
    with pytest.warns(UserWarning, match="without a place, left out: apex"):
        assert read_landmarks(path) == {"tip": (60, 40, 30), 'a, "b"': (50, 40, 30)}
    with pytest.warns(UserWarning, match="apex"):
        assert [each.description for each in read_points(path)] == ["", "in the neck"]


@pytest.mark.parametrize("status", ["undefined", "preview", "missing"])
def test_a_point_without_a_place_is_left_out_and_said(tmp_path, status):
    points = [point("tip", [-60, -40, 30]), point("apex", [0, 0, 0], status), point("base", "", status)]
    del (nowhere := point("lost", None))["position"]
    path = saved(tmp_path / "p.mrk.json", [*points, nowhere])
    with pytest.warns(UserWarning, match=r"'p\.mrk\.json' has points without a place, left out: apex, base, lost"):
        assert read_landmarks(path) == {"tip": (60, 40, 30)}
    with pytest.raises(InputError, match="has a place yet"):
        read_landmarks(saved(tmp_path / "p.mrk.json", points[1:]))


def test_points_of_one_name_are_all_kept(tmp_path):
    points = [point("F", [-1, 0, 0]), point("F", [-2, 0, 0]), point("", [-3, 0, 0]), point("F", [-4, 0, 0])]
    found = read_landmarks(saved(tmp_path / "p.mrk.json", points))
    assert {name: place[0] for name, place in found.items()} == {"F": 1, "F-2": 2, "point 3": 3, "F-3": 4}
    assert told_apart(["F", "F-2", "F", "f"]) == ["F", "F-2", "F-3", "f"]
    assert told_apart(["F", "f"], str.casefold) == ["F", "f-2"]


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda path: saved(path, [point("a", [1, 2, 3])], "scanner"), "coordinate system 'scanner'"),
        (lambda path: saved(path, [point("a", [1, 2, 3])], coordinateUnits="m"), "unit 'm'"),
        (lambda path: saved(path, [point("a", [1, 2])]), "no markups that can be read"),
        (lambda path: saved(path, [point("a", [1, 2, float("nan")])]), "no markups that can be read"),
        (lambda path: saved(path, "abc"), "no markups that can be read"),
        (lambda path: path.write_text('{"markups": 3}'), "no markups that can be read"),
        (lambda path: path.write_text('{"a": [1, 2, 3], "a": [4, 5, 6]}'), "'a' is there twice"),
        (lambda path: path.write_text('{"a": [1, 2, "x"]}'), "holds no landmarks"),
        (lambda path: path.write_bytes(b"\xff\xfe\x00"), "not a text"),
        (lambda path: fcsv(path, None, "1,0,0,0,0,0,0,1,1,1,0,tip,,"), "RAS or LPS"),
        (lambda path: fcsv(path, "2", "1,0,0,0,0,0,0,1,1,1,0,tip,,"), "coordinate system '2'"),
        (lambda path: fcsv(path, "RAS", "1,0,0,0,0,0,0,1,1,1,0,tip,,", "2,a,b,c"), "Line 5 of 'p' is no point"),
    ],
)
def test_what_is_in_doubt_is_refused_in_words(tmp_path, write, words):
    write(tmp_path / "p")
    with pytest.raises(InputError, match=words):
        read_landmarks(tmp_path / "p")


def test_a_unit_that_is_a_code_is_understood(tmp_path):
    path = saved(tmp_path / "p", [point("a", [1, 2, 3])], "RAS", coordinateUnits=["mm", "UCUM", "millimeter"])
    assert read_landmarks(path) == {"a": (1, 2, 3)}
