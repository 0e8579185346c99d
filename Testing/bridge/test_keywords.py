"""The console's keywords are the core's names; those of the version before still work, and say so."""

import pytest

from synthetic_imaging.errors import InputError
from synthetic_imaging.reading.design import Design
from synthetic_imaging.tumor import Growth, Lesion
from SyntheticImagingLib.keywords import byPath, keywords


def test_keywords_are_the_names_of_the_core():
    known = keywords(Lesion)
    assert known["radiusMm"] == "radius_mm" and known["rimThicknessMm"] == "rim.thickness_mm"
    assert known["lobulation"] == "elastic.lobulation" and known["centerRas"] == "center_ras"
    assert byPath(Lesion, {"rimContrastHu": 5, "seed": 1}) == {"rim.contrast_hu": 5, "seed": 1}


def test_an_unknown_keyword_is_answered_with_all_that_there_are():
    with pytest.raises(InputError, match=r'A lesion has no "sharpness"; it has centerRas, radiusMm, .*rimThicknessMm'):
        byPath(Lesion, {"sharpness": 1})


@pytest.mark.parametrize("name", ["elastic__lobulation", "elastic.lobulation"])
def test_names_of_the_version_before_work_and_say_how_they_are_called_now(name):
    with pytest.warns(FutureWarning, match=f'"{name}" is called "lobulation" now'):
        assert byPath(Lesion, {name: 0.4}) == {"elastic.lobulation": 0.4}
    with pytest.warns(FutureWarning, match='"frames" is called "frameCount" now'):
        assert byPath(Growth, {"frames": 4}, {"frames": "frameCount"}) == {"frame_count": 4}


def test_a_value_that_cannot_be_is_told_by_its_keyword():
    with pytest.raises(InputError, match=r"^rimThicknessMm is 900; give a number from"):
        byPath(Lesion, {"rimThicknessMm": 900})
    with pytest.raises(InputError, match=r"^timeLimitS is 'soon'; give a finite number"):
        byPath(Design, {"timeLimitS": "soon"})
