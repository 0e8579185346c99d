"""Running a model: tiles, memory, progress, presets, and images that do not fit."""

import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import segmentation_models as models
import torch
from segmentation_thresholds import expected_labels, plain_recipe, run, threshold

from synthetic_imaging import segmentation
from synthetic_imaging.errors import InputError
from synthetic_imaging.segmentation import resampling, running
from synthetic_imaging.segmentation.answering import Labeling
from synthetic_imaging.segmentation.tiling import Rows, Sweep, Tiling
from synthetic_imaging.steps import finished
from synthetic_imaging.volume import Volume

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return segmentation.open_model(models.package(tmp_path_factory.mktemp("model") / "tiny.zip"))


@pytest.mark.parametrize("blend", ["nnunet", "gaussian", "constant"])
@pytest.mark.parametrize("step", [0.3, 0.5, 1.0])
def test_tiles_cover_every_voxel_and_agree(blend, step):
    volume = models.image((33, 40, 17))
    labels = run(threshold(plain_recipe(blend=blend, tile_step=step)), volume)
    assert np.mean(labels != expected_labels(volume)) < 2e-3  # values next to a threshold, in half precision


def test_rows_come_in_order_and_without_gaps():
    image = torch.rand(1, 50, 20, 24)
    sweep = Sweep(image, Tiling((16, 16, 16), 0.5, 3, 2, "gaussian"), [lambda x: torch.cat([x, -x], 1)], CPU, store=CPU,
                  inside=None, workers=2)  # fmt: skip
    rows = [(found.first, found.answers.clone()) for found in sweep.run() if isinstance(found, Rows)]
    assert [first for first, _ in rows] == sweep.starts[0]
    assert torch.allclose(torch.cat([answers for _, answers in rows], 1)[0], image[0], atol=1e-6)


def test_small_images_are_padded(model):
    for shape in ((4, 5, 6), (1, 40, 40), (40, 1, 3)):
        assert run(model, models.image(shape, seed=2)).shape == shape


def test_progress_names_stages_and_time(model):
    steps = list(model.segment([models.image((40, 40, 40))]))
    assert list(dict.fromkeys(step.stage for step in steps)) == [
        "Preparing the image",
        "Loading the model",
        "Segmenting",
    ]
    segmenting = [step for step in steps if step.stage == "Segmenting"]
    fractions = [step.fraction for step in segmenting]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert segmenting[-1].seconds_left == pytest.approx(0)
    assert any(step.seconds_left for step in segmenting[:-1])


def test_a_run_can_be_ended_between_tiles():
    calls = []
    steps = threshold(plain_recipe(), calls).segment([models.image((64, 40, 40))])
    for step in steps:
        if step.stage == "Segmenting" and step.fraction > 0:
            break
    steps.close()
    done = len(calls)
    time.sleep(0.2)
    assert len(calls) - done <= running.CORES, "more than what had begun was computed"
    assert done < 20


def test_only_the_region_is_looked_at():
    calls = []
    volume = models.image((60, 60, 60))
    organ = np.zeros(volume.shape, np.uint8)
    organ[20:28, 30:40, 10:18] = 1
    labels = run(threshold(plain_recipe(), calls), volume, volume.like(organ), margin_mm=4)
    assert len(calls) <= 4
    near = np.zeros(volume.shape, bool)
    near[18:30, 27:43, 7:21] = True
    assert not labels[~near].any()
    same = expected_labels(volume)
    assert np.mean(labels[near] != same[near]) < 0.01
    with pytest.raises(InputError, match="region to look at is empty"):
        run(threshold(plain_recipe()), volume, volume.like(np.zeros(volume.shape, np.uint8)))
    with pytest.raises(InputError, match="another grid"):
        run(threshold(plain_recipe()), volume, models.image((5, 5, 5)))


def test_results_do_not_depend_on_how_many_tiles_run_at_once(model, monkeypatch):
    volume = models.image((40, 40, 40))
    results = []
    for workers in (1, 2):
        monkeypatch.setattr(running, "CORES", workers)
        results.append(run(model, volume))
    assert np.array_equal(*results)


class Short:
    """A network that has memory for tiles up to a size only, on a device of a kind."""

    def __init__(self, most: int, error: Exception):
        self.most, self.error, self.sizes = most, error, []

    def __call__(self, x):
        self.sizes.append(tuple(x.shape[2:]))
        if x.numel() > self.most:
            raise self.error
        return torch.cat([torch.zeros_like(x), x, 2 * x - 0.8], 1)


def notes_of(steps):
    found = []
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return found, end.value.numpy()
        if step.note and step.note not in found:
            found.append(step.note)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError(),
                                   RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")])  # fmt: skip
def test_short_of_memory_takes_smaller_tiles_and_says_so(error):
    recipe = plain_recipe(patch=(64, 32, 32))
    network = Short(32**3, error)
    model = segmentation.Model(segmentation.Card("t", "t", "package"), recipe, lambda device, folds: [network])
    volume = models.image((70, 40, 40))
    notes, labels = notes_of(model.segment([volume]))
    assert notes == ["The computer is short of memory: tiles of 32 × 32 × 32 voxels instead."]
    assert np.mean(labels != expected_labels(volume)) < 2e-3


def test_a_card_without_memory_is_left_for_the_processor(monkeypatch):
    """The device "meta" stands for a graphics card that never has memory."""
    recipe = plain_recipe(patch=(32, 32, 32))
    monkeypatch.setattr(running, "device_of", lambda name: torch.device("meta"))
    monkeypatch.setattr(running, "_store", lambda *arguments: CPU)
    networks = {"meta": Short(0, torch.OutOfMemoryError("out of memory")), "cpu": Short(10**9, MemoryError())}
    monkeypatch.setattr(torch, "autocast", lambda *arguments, **options: torch.inference_mode())
    model = segmentation.Model(
        segmentation.Card("t", "t", "package"), recipe, lambda device, folds: [networks[device.type]]
    )
    volume = models.image((40, 40, 40))
    notes, labels = notes_of(model.segment([volume]))
    assert notes[-1] == "The graphics card is short of memory: the processor does it, which takes longer."
    assert len(notes) > 1 and all("tiles of" in note for note in notes[:-1])
    assert set(networks["cpu"].sizes) == {(32, 32, 32)}, "the processor takes the published tile"
    assert np.mean(labels != expected_labels(volume)) < 5e-3


def test_where_no_memory_suffices_a_sentence_says_so():
    network = Short(0, MemoryError())
    model = segmentation.Model(segmentation.Card("t", "t", "package"), plain_recipe(), lambda device, folds: [network])
    with pytest.raises(InputError, match="not enough memory"):
        run(model, models.image())


def test_tiles_are_chosen_before_memory_runs_out(model, monkeypatch):
    """What a tile takes is known beforehand: the system would kill the program rather than refuse."""
    needed = running.bytes_per_voxel(model._load(CPU, None)[0], model.recipe)
    assert 100 < needed < 1000
    tiling = running.tiling_of(model.recipe, segmentation.Settings())
    monkeypatch.setattr(running, "free_bytes", lambda: int(needed * 16**3 * 4.5))
    monkeypatch.setattr(running, "CORES", 8)
    assert running.workers_for(model._load(CPU, None), tiling, model.recipe) == 2
    monkeypatch.setattr(running, "free_bytes", lambda: int(needed * 16**3 * 0.5))
    with pytest.raises(MemoryError):
        running.workers_for(model._load(CPU, None), tiling, model.recipe)


def test_other_errors_are_not_taken_for_memory():
    def broken(x):
        raise RuntimeError("shape mismatch")

    model = segmentation.Model(segmentation.Card("t", "t", "package"), plain_recipe(), lambda device, folds: [broken])
    with pytest.raises(RuntimeError, match="shape mismatch"):
        run(model, models.image())


BAD = {
    "NaN": (np.full((8, 8, 8), np.nan, np.float32), "not a number"),
    "one value": (np.full((8, 8, 8), -5, np.int16), "the value -5 everywhere"),
    "MR": (np.abs(models.image((8, 8, 8)).numpy()), "does not look like a CT in HU.*Accept as HU"),
    "complex": (np.arange(512, dtype=np.complex64).reshape(8, 8, 8), "real numbers"),
}


@pytest.mark.parametrize("name", BAD)
def test_images_that_do_not_fit_are_refused(model, name):
    array, words = BAD[name]
    with pytest.raises(InputError, match=words):
        run(model, Volume.from_numpy(array, np.eye(4)))


def test_two_images_on_different_grids_are_refused(tmp_path):
    folder = models.nnunet_folder(tmp_path / "m", channels=("A", "B"), schemes=("ZScoreNormalization",) * 2)
    two = segmentation.open_model(folder)
    with pytest.raises(InputError, match="lies on another grid"):
        finished(two.segment([models.image(), models.image((9, 9, 9))]))


@pytest.mark.parametrize(("values", "words"), [
    ({"preset": "best"}, "choose one of quality, balanced, fast"),
    ({"tile_step": 2}, "from 0.1 to 1"), ({"folds": "a"}, "'0,1'"),
    ({"device": "tpu"}, "choose one of auto"),
])  # fmt: skip
def test_settings_are_checked(values, words):
    with pytest.raises(InputError, match=words):
        segmentation.Settings(**values)


def test_a_device_that_is_not_there():
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(InputError, match="No NVIDIA graphics card"):
        running.device_of("cuda")


def test_between_steps_torch_is_as_the_caller_has_it(model):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for _ in model.segment([models.image((40, 40, 40))], segmentation.Settings(device="cpu")):
            assert torch.get_num_threads() == 2 and not torch.is_inference_mode_enabled()
    finally:
        torch.set_num_threads(threads)


def test_the_image_is_not_changed(model):
    volume = models.image((20, 20, 20))
    before = volume.numpy().copy()
    run(model, volume)
    assert np.array_equal(volume.numpy(), before)


def test_many_labels_need_a_larger_type():
    labels = tuple(replace(models.recipe().labels[0], value=value) for value in (1, 300))
    recipe = plain_recipe(labels=labels, head_labels=(0, 1, 300))
    volume = models.image()
    found = run(threshold(recipe), volume)
    assert found.dtype == np.int16 and set(np.unique(found)) == {0, 1, 300}


@pytest.mark.parametrize("order", [0, 1])
def test_heads_that_have_no_chance_are_left_out_without_a_difference(order):
    """Against all heads on the whole fine grid, with ties among them."""
    shape, fine, heads = (5, 40, 37), (8, 90, 61), 23
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn((heads, 5, 6, 6), generator=generator)
    answers = torch.nn.functional.interpolate(coarse[None], shape)[0] * 3 + torch.randn(
        (heads, *shape), generator=generator
    )
    answers = (answers * 4).round().half() / 4
    lines = [resampling.line(size, new, order) for size, new in zip(shape, fine, strict=True)]
    labels = np.full(fine, 255, np.uint8)
    recipe = models.recipe(heads=heads, head_labels=tuple(range(heads)))
    labeling = Labeling(labels, lines, shape[0], recipe, half=True)
    labeling.add(0, answers[:, :2])
    labeling.add(2, answers[:, 2:])
    whole = answers
    for axis, along in enumerate(lines, 1):
        whole = resampling.taken(whole, axis, along)
    expected = whole.half().numpy().argmax(0)
    assert len(np.unique(expected)) > 10
    assert np.mean(labels != expected) < 1e-4  # the order of the axes rounds in another way


PEAK = """
import resource, sys, torch
import numpy as np
sys.path.insert(0, {testing!r})
import segmentation_models as models
from synthetic_imaging import segmentation
from synthetic_imaging.segmentation.recipe import Label
from synthetic_imaging.steps import finished
from synthetic_imaging.volume import Volume

heads = 100
def network(x):
    return x.expand(-1, heads, -1, -1, -1) * 1.0
labels = tuple(Label(value, str(value)) for value in range(1, heads))
recipe = models.recipe(labels=labels, heads=heads, head_labels=tuple(range(heads)), patch=(16, 32, 32), spacing_mm=None,
                       crop_nonzero=False)
model = segmentation.Model(segmentation.Card("t", "t", "package"), recipe, lambda device, folds: [network])
array = np.random.default_rng(0).integers(-1000, 1000, (160, 128, 128)).astype(np.int16)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
finished(model.segment([Volume.from_numpy(array, np.eye(4))], segmentation.Settings(device="cpu", tile_step=1)))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak as Linux counts it")
def test_the_peak_is_that_of_one_layer_of_tiles():
    """100 labels: all answers at once would take 524 MB in half precision."""
    code = PEAK.format(testing=models.__file__.rsplit("/", 1)[0])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 0.6 * 160 * 128 * 128 * 100 * 2
