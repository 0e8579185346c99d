"""Exports of nnU-Net: labels of nnunetv2 itself where its files are there, and every path on tiny models."""

import json
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import realdata
import segmentation_models as models
import torch
from scipy import ndimage
from skimage.transform import resize

from synthetic_imaging import segmentation
from synthetic_imaging.errors import InputError
from synthetic_imaging.io import read_volume
from synthetic_imaging.io.hounsfield import accepted
from synthetic_imaging.segmentation import resampling
from synthetic_imaging.segmentation.networks import build
from synthetic_imaging.segmentation.tiling import Sweep, Tiling
from synthetic_imaging.segmentation.weights import fill
from synthetic_imaging.steps import finished
from synthetic_imaging.volume import Volume

CASES = [
    ("a1", False),
    ("b1", False),
    ("d1", False),
    ("d1", True),
    ("e1", False),
    ("e1", True),
    ("f1", False),
    ("g1", False),
]
SLOW_CASES = [("a1", True), ("f1", True), ("g1", True)]
SAME = 1e-4
"""Share of voxels that may differ, from the issue."""


def run(model, volumes, **settings):
    return finished(model.segment(volumes, segmentation.Settings(**settings)))


@pytest.mark.parametrize(
    ("name", "mirror"), [*CASES, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW_CASES)]
)
def test_labels_are_those_of_nnunet(name, mirror):
    folder = realdata.path("nnunet-parity")
    case = next(case for case in json.loads((folder / "manifest.json").read_text())["cases"] if case["case"] == name)
    model = segmentation.open_model(folder / "models" / case["model"])
    files = folder / "cases" / name
    # one of them lies in water, which is taken for padding
    volumes = [accepted(read_volume(files / image)) for image in case["inputs"]]
    labels = run(model, volumes, mirror=mirror)
    reference = read_volume(files / f"{name}_labels_{'mirror' if mirror else 'nomirror'}.nii.gz")
    assert labels.same_grid(reference)
    assert np.mean(labels.numpy() != reference.numpy()) <= SAME


def test_a_zip_of_nnunet_is_its_folder():
    folder = realdata.path("nnunet-parity")
    model = segmentation.open_model(folder / "Dataset901_SynthCT.zip")
    assert [label.name for label in model.labels] == ["organ", "vessel", "bone"]
    assert model.card.folds == ("0",) and model.inputs == ("CT",)


@pytest.fixture
def tiny(tmp_path):
    return models.nnunet_folder(tmp_path / "tiny")


def direct(folder, volume, arguments, name="PlainConvUNet"):
    """Labels of one tile that is the whole image, without the code under test around the network."""
    network = fill(build(name, arguments), models.random_weights(name, arguments), "test")
    array = volume.numpy().astype(np.float32)
    ct = models.CT
    array = (array.clip(ct["percentile_00_5"], ct["percentile_99_5"]) - ct["mean"]) / ct["std"]
    with torch.inference_mode():
        return network(torch.from_numpy(array)[None, None])[0].argmax(0).numpy()


@pytest.mark.parametrize(("residual", "old"), [(False, False), (True, False), (False, True)])
def test_one_tile_is_the_network_itself(tmp_path, residual, old):
    folder = models.nnunet_folder(tmp_path / "model", residual=residual, old=old)
    volume = models.image((16, 16, 16), (1.5, 1.5, 2.0))
    labels = run(segmentation.open_model(folder), [volume])
    name = "ResidualEncoderUNet" if residual else "PlainConvUNet"
    expected = direct(folder, volume, models.OWN, name)
    assert len(np.unique(expected)) >= 2
    # in the corners the bell of so small a tile is all but nothing in half precision
    inner = (slice(2, -2),) * 3
    assert np.mean(labels.numpy()[inner] != expected[inner]) < 2e-3


def test_weights_have_the_names_that_nnunet_gives_them():
    """Read off the state dicts of dynamic_network_architectures 0.4.4."""
    plain, residual = (set(build(name, models.OWN).state_dict()) for name in ("PlainConvUNet", "ResidualEncoderUNet"))
    assert {"encoder.stages.1.0.convs.0.conv.weight", "encoder.stages.0.0.convs.0.norm.bias"} <= plain
    blocks = {"conv1.conv.weight", "conv1.norm.bias", "conv2.conv.bias", "skip.1.conv.weight", "skip.1.norm.weight"}
    assert {f"encoder.stages.1.blocks.0.{name}" for name in blocks} <= residual
    assert "encoder.stem.convs.0.conv.weight" in residual
    assert "encoder.stages.1.blocks.0.skip.1.conv.bias" not in residual
    decoder = {
        "transpconvs.0.weight",
        "stages.0.convs.0.conv.weight",
        "stages.0.convs.0.norm.weight",
        "seg_layers.0.bias",
    }
    assert {f"decoder.{name}" for name in decoder} <= plain & residual


def test_several_folds_are_their_mean(tmp_path):
    model = segmentation.open_model(models.nnunet_folder(tmp_path / "model", folds=2))
    volume = models.image()
    both, first, second = (run(model, [volume], folds=folds).numpy() for folds in ("all", "0", "1"))
    assert model.card.folds == ("0", "1")
    assert (both != first).any() and (both != second).any()
    agreed = first == second
    assert np.mean(both[agreed] == first[agreed]) > 0.9
    with pytest.raises(InputError, match="no fold 7"):
        run(model, [volume], folds="7")


def test_mirroring_flips_every_axis(tmp_path):
    """With mirroring along all axes, a mirrored image gives the mirrored labels."""
    model = segmentation.open_model(models.nnunet_folder(tmp_path / "model"))
    volume = models.image((16, 16, 16), (1.5, 1.5, 2.0))
    labels = run(model, [volume], mirror=True).numpy()
    mirrored = run(model, [volume.like(volume.numpy()[::-1, :, ::-1].copy())], mirror=True).numpy()
    assert np.mean(mirrored[::-1, :, ::-1] != labels) < 0.01
    assert np.mean(run(model, [volume]).numpy() != labels) > 0.02


def test_regions_are_written_in_their_order(tmp_path):
    labels = {"background": 0, "whole": [1, 2], "core": 2}
    folder = models.nnunet_folder(tmp_path / "model", labels=labels, regions_class_order=[1, 2])
    model = segmentation.open_model(folder)
    found = run(model, [models.image()]).numpy()
    assert [(label.value, label.name) for label in model.labels] == [(1, "whole"), (2, "core")]
    assert set(np.unique(found)) == {0, 1, 2}


def test_slices_of_a_flat_network_do_not_see_each_other(tmp_path):
    model = segmentation.open_model(models.nnunet_folder(tmp_path / "model", dims=2, mirror=(0, 1)))
    volume = models.image((5, 24, 20))
    whole = run(model, [volume]).numpy()
    changed = volume.numpy().copy()
    changed[1:] = models.image((4, 24, 20), seed=5).numpy()
    assert np.array_equal(run(model, [volume.like(changed)]).numpy()[0], whole[0])


def test_several_channels_and_their_normalizations(tmp_path):
    schemes = ("ZScoreNormalization", "NoNormalization", "RescaleTo01Normalization", "RGBTo01Normalization")
    folder = models.nnunet_folder(tmp_path / "model", channels=("A", "B", "C", "D"), schemes=schemes)
    model = segmentation.open_model(folder)
    volumes = [models.image(seed=seed) for seed in range(4)]
    labels = run(model, volumes).numpy()
    # z-score, and the scale from 0 to 1, do not depend on the unit of the image
    scaled = [volumes[0].like(volumes[0].numpy().astype(np.float32) * 3 + 7), volumes[1],
              volumes[2].like(volumes[2].numpy().astype(np.float32) / 2 - 9), volumes[3]]  # fmt: skip
    assert np.mean(run(model, scaled).numpy() != labels) < 1e-3
    with pytest.raises(InputError, match=r"takes 4 images \(A, B, C, D\) and was given 1"):
        run(model, volumes[:1])


def test_what_is_exactly_zero_is_cut_off(tmp_path):
    model = segmentation.open_model(
        models.nnunet_folder(tmp_path / "model", schemes=("NoNormalization",), channels=("T1",))
    )
    array = np.zeros((24, 30, 28), np.float32)
    inner = models.image((16, 16, 16)).numpy().astype(np.float32) / 200 + 10
    array[3:19, 5:21, 6:22] = inner
    labels = run(model, [models.image().__class__.from_numpy(array, np.diag([1.5, 1.5, 2, 1]))]).numpy()
    alone = run(model, [Volume.from_numpy(inner, np.diag([1.5, 1.5, 2, 1]))]).numpy()
    assert np.array_equal(labels[3:19, 5:21, 6:22], alone) and labels.sum() == alone.sum()


def test_readers_that_reorient_do(tmp_path):
    folder = models.nnunet_folder(tmp_path / "model", spacing=(2.0, 1.5, 1.5))
    models.edit_json(
        next(folder.rglob("plans.json")), lambda plans: plans.update(image_reader_writer="NibabelIOWithReorient")
    )
    model = segmentation.open_model(folder)
    volume = models.image((16, 18, 20), (1.5, 1.5, 2.0))
    labels = run(model, [volume])
    # the same patient stored with other axes and directions
    matrix = volume.ijk_to_ras @ np.array([[0, 0, -1, 19], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])
    stored = np.ascontiguousarray(np.transpose(volume.numpy(), (2, 1, 0))[::-1])
    turned = run(model, [Volume.from_numpy(stored, matrix)]).numpy()
    assert np.array_equal(np.transpose(turned[::-1], (2, 1, 0)), labels.numpy())


@pytest.mark.parametrize(("shape", "target"), [((11, 30, 28), (23, 21, 40)), ((30, 12, 9), (30, 20, 5))])
@pytest.mark.parametrize("coarse", [None, 0, 2])
def test_answers_are_resampled_as_the_libraries_do(shape, target, coarse):
    """Against skimage's resize at order 1, and at order 0 of SciPy across coarse slices."""
    array = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    found = torch.from_numpy(array)
    for axis, (size, new) in enumerate(zip(shape, target, strict=True)):
        found = resampling.taken(found, axis, resampling.line(size, new, 0 if axis == coarse else 1))
    expected = array.astype(float)
    if coarse is None:
        expected = resize(expected, target, 1, mode="edge", anti_aliasing=False)
    else:
        scale = shape[coarse] / target[coarse]
        place = np.arange(target[coarse])
        flat = list(target)
        flat[coarse] = shape[coarse]
        slices = np.moveaxis(expected, coarse, 0)
        size = [n for axis, n in enumerate(target) if axis != coarse]
        within = [resize(one, size, 1, mode="edge", anti_aliasing=False) for one in slices]
        nearest = ndimage.map_coordinates(
            np.arange(shape[coarse]), [scale * (place + 0.5) - 0.5], order=0, mode="nearest"
        )
        expected = np.moveaxis(np.stack(within)[nearest], 0, coarse)
    assert np.abs(found.numpy() - expected).max() < 1e-5


def test_slices_are_coarse_where_nnunet_says_so():
    axis = resampling.coarse_axis
    assert axis((5, 1, 1), (1, 1, 1), None) == 0 and axis((1, 1, 1), (1, 1, 4), None) == 2
    assert axis((3, 1, 1), (3, 1, 1), None) is None
    assert axis((4, 4, 1), (1, 1, 1), None) is None, "two coarse axes are none"
    assert axis((5, 1, 1), (1, 1, 1), False) is None and axis((2, 1, 1), (1, 1, 1), True) == 0


def test_memory_of_a_run_is_one_tile_deep():
    tiling = Tiling((64, 128, 128), 0.5, 3, 100)
    whole = 600 * 512 * 512 * 100 * 2
    assert Sweep.buffer_bytes((600, 512, 512), tiling, 1) < whole / 9


REFUSALS = {
    "cascade": (lambda plans, dataset: plans["configurations"]["base"].update(previous_stage="3d_lowres"), "cascade"),
    "loop": (lambda plans, dataset: plans["configurations"]["base"].update(inherits_from="3d_fullres"), "inherits"),
    "network": (
        lambda plans, dataset: plans["configurations"]["base"]["architecture"].update(network_class_name="os.system"),
        "network_class_name is 'os.system'",
    ),
    "normalization": (
        lambda plans, dataset: plans["configurations"]["base"].update(normalization_schemes=["Mine"]),
        "normalization of nnU-Net",
    ),
    "resampling": (
        lambda plans, dataset: plans["configurations"]["base"].update(resampling_fn_data="no_resampling"),
        "resampling_fn_data is 'no_resampling'",
    ),
    "width": (
        lambda plans, dataset: plans["configurations"]["base"]["architecture"]["arch_kwargs"].update(
            features_per_stage=[4, 7]
        ),
        "shape",
    ),
    "labels": (lambda plans, dataset: dataset.update(labels={"background": 0, "a": 1, "b": 5}), "without gaps"),
    "channels": (lambda plans, dataset: dataset.update(channel_names={"1": "CT"}), "numbered from 0"),
    "patch": (lambda plans, dataset: plans["configurations"]["base"].update(patch_size=[15, 16, 16]), "multiple of"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_run_is_refused_in_a_sentence(tiny, name):
    change, words = REFUSALS[name]
    plans, dataset = (next(tiny.rglob(file)) for file in ("plans.json", "dataset.json"))
    data = [json.loads(path.read_text()) for path in (plans, dataset)]
    change(*data)
    for path, one in zip((plans, dataset), data, strict=True):
        path.write_text(json.dumps(one))
    with pytest.raises(InputError, match=words):
        segmentation.open_model(tiny)


def test_several_models_in_one_folder_are_refused(tiny):
    inner = next(tiny.rglob("plans.json")).parent
    shutil.copytree(inner, inner.parent / "nnUNetTrainer__nnUNetPlans__2d")
    with pytest.raises(InputError, match="holds 2 models"):
        segmentation.open_model(tiny)


def test_a_checkpoint_runs_no_code(tiny, tmp_path):
    marker = tmp_path / "was run"

    class Evil:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    path = next(tiny.rglob("checkpoint_final.pth"))
    torch.save({"network_weights": Evil()}, path)
    with pytest.raises(InputError, match="asks for code that is not run here"):
        segmentation.open_model(tiny)
    assert not marker.exists()


def test_a_zip_of_the_folder_gives_the_same(tiny, tmp_path):
    path = tmp_path / "tiny.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for entry in tiny.rglob("*"):
            if entry.is_file():
                file.write(entry, entry.relative_to(tiny).as_posix())
    volume = models.image()
    folder, packed = segmentation.open_model(tiny), segmentation.open_model(path)
    assert packed.recipe == folder.recipe and replace(packed.card) == folder.card
    assert np.array_equal(run(packed, [volume]).numpy(), run(folder, [volume]).numpy())
