"""The images that go into a study: from a table, and from folders with what lies beside the images."""

import json

import numpy as np
import pytest
import study_bodies

from synthetic_imaging import tumor
from synthetic_imaging.errors import InputError
from synthetic_imaging.io import read_volume, write_volume
from synthetic_imaging.reading.making.cases import cases_from_table
from synthetic_imaging.reading.making.folders import cases_from_folder


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return study_bodies.write_inputs(tmp_path_factory.mktemp("inputs"), 2)


def test_cases_from_a_table(inputs, tmp_path):
    image = inputs[0].image
    table = tmp_path / "cases.csv"
    rows = [
        "image,truth,r,a,s,radius_mm,place,scanner,organ,organ_value",
        f"{image},real,1,-2,3.5,7,segment VII,GE,{inputs[0].organ},1+2",
        f"{image},real,4,5,6,,,,,",
        f"{inputs[1].image},synthetic,,,,,,,,",
    ]
    rows = [row + ("," if n else ",case") for n, row in enumerate(rows)]
    table.write_text("\n".join(rows), encoding="utf-8-sig")
    first, second = cases_from_table(table)
    assert [site.center_ras for site in first.lesions] == [(1, -2, 3.5), (4, 5, 6)]
    assert first.lesions[0].place == "segment VII" and first.scanner == "GE" and first.organ_values == (1, 2)
    assert second.truth == "synthetic" and second.lesions == ()
    apart = [rows[0], f"{image},real,1,2,3,4,,,,,first", f"{image},real,5,6,7,4,,,,,second"]
    table.write_text("\n".join(apart))
    assert [len(case.lesions) for case in cases_from_table(table)] == [1, 1]
    for line, words in (
        (f"{image},fake,,,,,,,,", "write real, synthetic or host"),
        ("absent.nrrd,real,,,,,,,,", "does not exist"),
        (f"{image},real,1,,,,,,,", "only a part"),
        (f"{image},real,1,2,x,,,,,", "a number is needed"),
        (f"{image},real,,,,,,,absent.nrrd,", "names the organ"),
        (f"{image},real,1,2,3,-4,,,,", "radius of -4 mm"),
        (",real,,,,,,,,", "names no image"),
        (f"{image},real,1,2,3,4,,,,,,", "more values than there are columns"),
    ):
        table.write_text("\n".join([rows[0], line]))
        with pytest.raises(InputError, match=words):
            cases_from_table(table)
    for text, words in (
        ("picture;truth\n", "it has no rows"),
        ("picture,truth\nx,real\n", "no column 'image'"),
        (f"image,truth,color\n{image},real,red\n", "the column 'color' is not known"),
    ):
        table.write_text(text)
        with pytest.raises(InputError, match=words):
            cases_from_table(table)
    table.write_bytes("image,truth\nLäsion.nrrd,real\n".encode("latin-1"))
    with pytest.raises(InputError, match="Save it as CSV in UTF-8"):
        cases_from_table(table)
    with pytest.raises(InputError, match="cannot be read"):
        cases_from_table(tmp_path / "absent.csv")


def test_a_table_with_semicolons_and_decimal_commas(inputs, tmp_path):
    table = tmp_path / "cases.csv"
    table.write_text(f"image;truth;r;a;s;radius_mm\n{inputs[0].image};real;1,5;-2;3,25;7,5\n")
    (site,) = cases_from_table(table)[0].lesions
    assert site.center_ras == (1.5, -2, 3.25) and site.radius_mm == 7.5


def test_cases_from_a_folder_with_what_lies_beside_them(inputs, tmp_path):
    volume = read_volume(inputs[0].image)
    for name in ("a", "b"):
        write_volume(tmp_path / f"{name}.nrrd", volume)
    ball = np.zeros(volume.shape, np.uint8)
    ball[20:24, 20:28, 20:28] = 1
    write_volume(tmp_path / "a.lesions.nrrd", volume.like(ball))
    points = {"markups": [{"coordinateSystem": "LPS", "controlPoints": [{"position": [1, 2, 3], "description": "II"}]}]}
    (tmp_path / "b.mrk.json").write_text(json.dumps(points))
    first, second = cases_from_folder(tmp_path, "real").cases
    assert [case.name for case in (first, second)] == ["a.nrrd", "b.nrrd"]
    np.testing.assert_allclose(first.lesions[0].center_ras, volume.ras_from_ijk([23.5, 23.5, 21.5]))
    volume_mm3 = ball.sum() * volume.spacing_mm.prod()
    assert first.lesions[0].radius_mm == pytest.approx((0.75 * volume_mm3 / np.pi) ** (1 / 3))
    assert second.lesions[0].center_ras == (-1, -2, 3) and second.lesions[0].place == "II"
    with pytest.raises(InputError, match="not a folder"):
        cases_from_folder(tmp_path / "absent", "real")


def test_results_of_the_tumor_engine_are_cases(tmp_path):
    prepared = study_bodies.tumor_bodies.case(size_mm=60, ijk_to_ras=study_bodies.tumor_bodies.grid((2, 2, 3)))
    composition = tumor.Composition(prepared)
    composition.set_lesions(tumor.sample_lesions(prepared, radius_mm=5, count=2))
    tumor.save(tmp_path / "made", composition)
    (case,) = cases_from_folder(tmp_path, "synthetic").cases
    assert case.image == tmp_path / "made" / "ct.nrrd" and case.truth == "synthetic"
    assert [site.center_ras for site in case.lesions] == [lesion.center_ras for lesion in composition.lesions]
    assert [site.radius_mm for site in case.lesions] == pytest.approx([5, 5], rel=0.2)
