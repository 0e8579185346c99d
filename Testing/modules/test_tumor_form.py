"""Synthetic Tumor's form: what its numbers are called, how far they go, and what they set."""

import numpy as np
import pytest
from tumor_console import assertTruthAgrees, settle, voxels

FIELDS = {
    "radiusSlider": ("radius_mm", 6.0, 6.0),
    "contrastSlider": ("contrast_hu", 40.0, 40.0),
    "coarsenessSlider": ("texture.coarseness_mm", 2.5, 2.5),
    "edgeSlider": ("edge.blur_mm", 3.0, 3.0),
    "lobulationSlider": ("elastic.lobulation", 80.0, 0.8),
    "capsuleSlider": ("capsule.contrast_hu", 60.0, 60.0),
    "massEffectSlider": ("mass_effect.intensity_percent", 55.0, 55.0),
    "heterogeneitySlider": ("texture.heterogeneity_hu", 30.0, 30.0),
    "irregularitySlider": ("elastic.sigma_mm", 4.0, 4.0),
    "coreSlider": ("core.radius_fraction", 50.0, 0.5),
    "coreContrastSlider": ("core.contrast_hu", -60.0, -60.0),
    "rimSlider": ("rim.contrast_hu", 80.0, 80.0),
    "rimThicknessSlider": ("rim.thickness_mm", 3.0, 3.0),
    "calcificationSlider": ("calcification.volume_fraction", 20.0, 0.2),
    "capsuleThicknessSlider": ("capsule.thickness_mm", 2.0, 2.0),
}


def test_every_slider_sets_its_property_in_the_voxels(host, widget):
    from synthetic_imaging.declared import value_of

    widget.ui.suggestButton.click()
    named = {name for name, entry in vars(widget.ui).items() if hasattr(entry, "property") and isSlider(entry)}
    assert named == set(FIELDS)
    for name, (field, shown, value) in FIELDS.items():
        hu = voxels(widget.logic.results.volume).copy()
        getattr(widget.ui, name).value = shown
        settle(host, widget)
        assert value_of(widget.logic.lesions[0], field) == pytest.approx(value), name
        # what belongs to a layer that is switched off shows when the layer does
        assert name in ("coreContrastSlider", "rimThicknessSlider") or not np.array_equal(
            voxels(widget.logic.results.volume), hu
        ), name
    assertTruthAgrees(widget.logic)


def isSlider(entry):
    return bool(entry.property("LesionField")) and entry.objectName.endswith("Slider")


def test_numbers_of_the_form_are_those_that_are_declared(widget):
    from synthetic_imaging.declared import settings
    from synthetic_imaging.tumor import Growth, Plan

    for name, cls, path in (
        ("doublingTimeSpinBox", Growth, "doubling_time_days"), ("intervalSpinBox", Growth, "interval_days"),
        ("frameCountSpinBox", Growth, "frame_count"), ("satelliteCountSpinBox", Plan, "satellite_count"),
        ("severalCountSpinBox", Plan, "count"),
    ):  # fmt: skip
        box, setting = getattr(widget.ui, name), settings(cls)[path]
        assert (box.minimum, box.maximum, box.singleStep) == (setting.low, setting.high, setting.step), name
        assert getattr(box, "decimals", 0) == setting.decimals and box.suffix == setting.suffix
    assert (widget.ui.frameCountSpinBox.value, widget.ui.intervalSpinBox.value) == (6, 30)


def test_sliders_of_a_lesion_go_as_far_as_the_declaration_and_the_organ_allow(widget):
    from synthetic_imaging.declared import settings
    from synthetic_imaging.tumor import Lesion

    widget.ui.suggestButton.click()
    largest = round(widget.logic.caseSummary()["largestRadiusMm"], 1)
    for name, (path, _shown, _value) in FIELDS.items():
        slider, setting = getattr(widget.ui, name), settings(Lesion)[path]
        scale = 100 if setting.unit == "" else 1
        low, high = setting.low * scale, setting.high * scale
        if setting.unit == "HU":
            low, high = max(low, -150), min(high, 200)
        elif setting.unit == "mm":
            high = min(high, largest)
        assert (slider.minimum, slider.maximum, slider.singleStep) == (low, high, setting.step * scale), name
        assert slider.suffix == (setting.suffix or " %") and setting.help in slider.toolTip, name
    radius = widget.ui.placeRadiusSlider
    assert (radius.minimum, radius.maximum) == (0.5, largest)


def test_no_satellites_are_not_placed_with_a_sentence(widget):
    widget.ui.suggestButton.click()
    widget.ui.satelliteCountSpinBox.value = 0
    widget.ui.satelliteButton.click()
    assert "at least 1" in widget.ui.messageLabel.text and len(widget.logic.lesions) == 1


def test_the_kinds_of_the_organ_come_first(widget):
    titles = [widget.ui.presetComboBox.itemText(index) for index in range(widget.ui.presetComboBox.count)]
    assert titles[:2] == ["HCC, portal phase", "HCC, arterial phase"]
    assert titles.index("Hemangioma") < titles.index("Hypodense mass") < titles.index("Simple cyst")
    assert titles.index("Simple cyst") < titles.index("Renal mass")
