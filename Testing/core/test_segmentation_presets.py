"""What the presets change: tiles, air, and the precision of numbers."""

import numpy as np
import pytest
import segmentation_models as models
import torch
from segmentation_thresholds import body_in_air, expected_labels, plain_recipe, run, threshold

from synthetic_imaging import segmentation
from synthetic_imaging.segmentation import preparing, running


def test_fast_spreads_its_tiles_evenly():
    settings = segmentation.Settings(preset="fast")
    tiling = running.tiling_of(plain_recipe(patch=(64, 64, 64), blend="gaussian"), settings)
    assert tiling.starts((144, 64, 100)) == [[0, 40, 80], [0], [0, 36]], "with a step of 48 it would be 0, 48, 80"


@pytest.mark.parametrize("has", [True, False])
@pytest.mark.parametrize(
    ("device", "preset", "half", "expected"),
    [
        ("cuda", "quality", True, torch.float16), ("cuda", "fast", True, torch.float16), ("cuda", "fast", False, None),
        ("cpu", "quality", True, None), ("cpu", "fast", True, torch.bfloat16), ("cpu", "fast", False, None),
        ("cpu", "balanced", True, torch.bfloat16), ("cpu", "balanced", False, None),
    ],
)  # fmt: skip
def test_half_precision_is_for_cards_and_for_processors_that_have_it(monkeypatch, has, device, preset, half,
                                                                             expected):  # fmt: skip
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": has, "amx_bf16": False})
    settings = segmentation.Settings(preset=preset, half=half)
    assert running.half_of(torch.device(device), settings) == (expected if has or device == "cuda" else None)


def test_tiles_are_computed_in_half_precision_where_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    seen, layer = set(), torch.nn.Conv3d(1, 3, 1)

    def network(x):
        answers = layer(x)
        seen.add(answers.dtype)
        return answers

    model = segmentation.Model(segmentation.Card("t", "t", "package"), plain_recipe(), lambda device, folds: [network])
    for preset, half, expected in (("fast", True, torch.bfloat16), ("fast", False, torch.float32),
                                   ("quality", True, torch.float32)):  # fmt: skip
        seen.clear()
        run(model, models.image((33, 40, 17)), preset=preset, half=half)
        assert seen == {expected}


def test_fast_takes_fewer_tiles_and_nothing_of_the_air():
    calls, recipe = [], plain_recipe()
    volume = body_in_air((40, 80, 80))
    quality = run(threshold(recipe, calls), volume)
    slow = len(calls)
    calls.clear()
    balanced = run(threshold(recipe, calls), volume, preset="balanced")
    assert len(calls) < slow and np.array_equal(balanced[:, :56], quality[:, :56])
    calls.clear()
    fast = run(threshold(recipe, calls), volume, preset="fast", margin_mm=3)
    assert len(calls) < slow / 3
    assert np.mean(fast[:, :58] != quality[:, :58]) < 1e-3 and np.array_equal(quality, expected_labels(volume))
    assert not fast[:, 60:].any(), "the table is none of the patient"


def test_the_body_is_found_without_the_table():
    volume = body_in_air((40, 80, 80))
    body = preparing.body_of(volume)
    array = volume.numpy()
    assert body[:, :55][array[:, :55] > -500].all()
    assert body.mean() < 0.4 and not body[:, 70:].any()
    assert preparing.body_of(volume.like(np.full(volume.shape, -1000, np.int16))) is None
