"""Our own packages and ONNX files: written, read back, run, and refused where they are not as they were made."""

import hashlib
import io
import json
import shutil
import stat
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import segmentation_models as models
import torch

from synthetic_imaging import segmentation
from synthetic_imaging.errors import InputError
from synthetic_imaging.segmentation import onnx_running
from synthetic_imaging.segmentation.networks import build
from synthetic_imaging.segmentation.opening import verify_package
from synthetic_imaging.segmentation.package_writing import write_package
from synthetic_imaging.segmentation.weights import fill
from synthetic_imaging.steps import finished


def run(model, *volumes, **settings):
    return finished(model.segment(volumes, segmentation.Settings(**settings))).numpy()


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("package") / "tiny-1.0.0.zip"
    return models.package(path)


def rewritten(source, target, change=None, files=None, drop=()):
    """The package with another description or other files, hashes brought up to date as an attacker would."""
    with zipfile.ZipFile(source) as archive:
        content = {name: archive.read(name) for name in archive.namelist() if name not in drop}
    content.update(files or {})
    description = json.loads(content["package.json"])
    for name, data in content.items():
        if name in description["files"]:
            description["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    if change:
        change(description)
    content["package.json"] = json.dumps(description).encode()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return target


def test_a_package_is_what_was_written(original):
    model = segmentation.open_model(original)
    assert model.card.id == "tiny" and model.card.version == "1.0.0" and model.card.kind == "package"
    assert model.card.licenses == models.CARD.licenses and model.card.limits == models.CARD.limits
    assert model.card.provenance["commit"] == "0123abc" and model.card.metrics[0]["value"] == 0.9
    assert model.recipe == models.recipe()
    assert model.labels[0].type == ("SCT", "10200004", "Liver") and model.labels[0].color == (221, 130, 101)
    assert verify_package(original) == 0
    # the same content makes the same bytes
    again = models.package(original.with_name("again.zip"))
    assert again.read_bytes() == original.read_bytes()


def test_a_package_is_a_folder_too(original, tmp_path):
    with zipfile.ZipFile(original) as archive:
        archive.extractall(tmp_path / "folder")
    volume = models.image()
    folder, packed = segmentation.open_model(tmp_path / "folder"), segmentation.open_model(original)
    assert np.array_equal(run(folder, volume), run(packed, volume))


def test_nnunet_becomes_a_package_with_the_same_labels(tmp_path):
    folder = models.nnunet_folder(tmp_path / "nnunet")
    source = segmentation.open_model(folder)
    path = write_package(
        tmp_path / "made.zip", models.CARD, source.recipe, network="PlainConvUNet", arguments=models.OWN,
        weights=models.random_weights("PlainConvUNet", models.OWN), test=[models.image((8, 9, 10))],
    )  # fmt: skip
    volume = models.image()
    assert np.array_equal(run(segmentation.open_model(path), volume), run(source, volume))


def test_a_test_that_fails_is_said(original, tmp_path):
    from safetensors.torch import load, save

    with zipfile.ZipFile(original) as archive:
        tensors = load(archive.read("test.safetensors"))
    tensors["labels"] = (tensors["labels"] + 1) % 3
    path = rewritten(original, tmp_path / "wrong.zip", files={"test.safetensors": save(tensors)})
    with pytest.raises(InputError, match="does not give the labels that it should"):
        verify_package(path)


def change_of(*path, value):
    def change(description):
        place = description
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value

    return change


REFUSALS = {
    "newer": (change_of("format_version", value=2), "update the program"),
    "foreign": (change_of("format", value="other"), "does not describe a model"),
    "unknown field": (change_of("code", value="import os"), "unknown fields: code"),
    "version": (change_of("version", value="1.0"), "semantic version"),
    "id": (change_of("id", value="../tiny"), "small letters"),
    "task": (change_of("task", value="detection"), "one of segmentation"),
    "network": (change_of("network", "name", value="os.system"), "one of PlainConvUNet"),
    "argument": (change_of("network", "arguments", "device", value="cuda"), "unknown fields: device"),
    "huge": (change_of("network", "arguments", "features", value=[4096, 4096]), "1,000,000,000 weights"),
    "endless": (change_of("network", "arguments", "encoder_counts", value=[1, 10**9]), "whole number from 1 to 20"),
    "heads": (change_of("inference", "heads", value=4), "list of 4"),
    "patch": (change_of("inference", "patch", value=[15, 16, 16]), "multiple of"),
    "infinite": (change_of("inputs", 0, "normalization", 0, "mean", value=float("inf")), "a number"),
    "postprocessing": (change_of("postprocessing", value=[{"name": "run", "labels": [1]}]), "one of largest_component"),
    "stranger": (change_of("postprocessing", value=[{"name": "crf", "labels": [9]}]), "labels of this model"),
    "code of SNOMED": (change_of("labels", 0, "type", value=["SCT", "x", "Liver"]), "SNOMED"),
    "license": (change_of("licenses", value={"code": "a", "weights": "b"}), "no field 'data'"),
    "provenance": (change_of("provenance", value={"recipe": "a", "seed": 1}), "no field 'commit'"),
    "hash": (change_of("files", "weights.safetensors", "sha256", value="0" * 64), "SHA-256"),
    "size": (change_of("files", "weights.safetensors", "bytes", value=3), "another size"),
    "missing": (change_of("files", "more.bin", value={"sha256": "0" * 64, "bytes": 1}), "lacks the file"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_not_right_is_refused_in_a_sentence(original, tmp_path, name):
    change, words = REFUSALS[name]
    path = rewritten(original, tmp_path / "changed.zip", change)
    with pytest.raises(InputError, match=words):
        segmentation.open_model(path)


def test_files_that_are_not_named_or_not_those_are_refused(original, tmp_path):
    with pytest.raises(InputError, match="which its description does not name"):
        segmentation.open_model(rewritten(original, tmp_path / "more.zip", files={"more.py": b"print()"}))
    broken = tmp_path / "folder"
    with zipfile.ZipFile(original) as archive:
        archive.extractall(broken)
    weights = broken / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(InputError, match="SHA-256"):
        segmentation.open_model(broken)


def link(name):
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


BAD_MEMBERS = {
    "above": ("../evil.txt", b"x", "outside its folder"),
    "absolute": ("/tmp/evil.txt", b"x", "outside its folder"),
    "drive": ("C:/evil.txt", b"x", "outside its folder"),
    "backslash": ("..\\evil.txt", b"x", "outside its folder"),
    "link": (link("weights"), b"/etc/passwd", "holds the link"),
    "bomb": ("big.bin", bytes(50 << 20), "grows from"),
}


@pytest.mark.parametrize("name", BAD_MEMBERS)
def test_zips_that_are_not_safe_are_refused(original, tmp_path, name):
    member, data, words = BAD_MEMBERS[name]
    path = tmp_path / "bad.zip"
    shutil.copy(original, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, data)
    with pytest.raises(InputError, match=words):
        segmentation.open_model(path)
    assert list(tmp_path.iterdir()) == [path], "something was unpacked"


def test_too_many_files_and_links_out_of_a_folder(original, tmp_path):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(2100):
            archive.writestr(f"{index}.txt", b"")
    with pytest.raises(InputError, match="2100 files"):
        segmentation.open_model(path)
    folder = tmp_path / "folder"
    with zipfile.ZipFile(original) as archive:
        archive.extractall(folder)
    (folder / "link").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="link to somewhere else"):
        segmentation.open_model(folder)


def test_nothing_is_left_where_writing_fails(tmp_path):
    with pytest.raises(InputError, match="has no weight"):
        write_package(tmp_path / "no.zip", models.CARD, models.recipe(), network="PlainConvUNet", weights={},
                      arguments=models.OWN, test=[models.image()])  # fmt: skip
    with pytest.raises(InputError, match="semantic version"):
        models.package(tmp_path / "no.zip", card=replace(models.CARD, version="one"))
    with pytest.raises(InputError, match=r"end in \.zip"):
        models.package(tmp_path / "no.tar")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["nothing.zip", "nothing"])
def test_what_is_not_there(tmp_path, path):
    with pytest.raises(InputError, match="does not exist"):
        segmentation.open_model(tmp_path / path)


def test_what_is_no_model(tmp_path):
    with pytest.raises(InputError, match="holds no model that can be read"):
        segmentation.open_model(tmp_path)
    file = tmp_path / "notes.txt"
    file.write_text("not a model")
    with pytest.raises(InputError, match="neither a folder nor a zip"):
        segmentation.open_model(file)


# ONNX


def onnx_bytes(arguments=None):
    arguments = arguments or models.OWN
    network = fill(build("PlainConvUNet", arguments), models.random_weights("PlainConvUNet", arguments), "test")
    data = io.BytesIO()
    torch.onnx.export(network, torch.zeros(1, 1, 16, 16, 16), data, dynamo=False)
    return data.getvalue()


@pytest.fixture(scope="module")
def as_onnx(tmp_path_factory):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    return models.package(
        tmp_path_factory.mktemp("onnx") / "onnx.zip", network="ONNX", weights=onnx_bytes(), arguments={}
    )


def onnx_pair(package, folder):
    """The ONNX file of a package with its description beside it."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    description = json.loads((folder / "package.json").read_text())
    del description["files"]["test.safetensors"]
    (folder / "model.json").write_text(json.dumps(description))
    (folder / "package.json").unlink()
    return folder / "model.onnx"


@pytest.mark.parametrize("name", onnx_running.ENGINES)
def test_each_engine_gives_the_labels_of_torch(as_onnx, original, monkeypatch, name):
    pytest.importorskip(name)
    monkeypatch.setattr(onnx_running, "ENGINES", (name,))
    volume = models.image((40, 40, 40))
    assert (
        np.mean(run(segmentation.open_model(as_onnx), volume) != run(segmentation.open_model(original), volume)) < 1e-3
    )


def test_a_file_of_onnx_and_its_description(as_onnx, tmp_path):
    file = onnx_pair(as_onnx, tmp_path)
    model = segmentation.open_model(file)
    assert model.card.kind == "onnx"
    assert np.array_equal(run(model, models.image()), run(segmentation.open_model(as_onnx), models.image()))
    with pytest.raises(InputError, match="does not exist"):
        segmentation.open_model(tmp_path / "other.onnx")
    (tmp_path / "model.json").unlink()
    with pytest.raises(InputError, match=r"no description 'model\.json' beside it"):
        segmentation.open_model(file)


def test_an_onnx_of_another_shape_is_refused(as_onnx, tmp_path):
    narrow = change_of("inference", "patch", value=[32, 16, 16])
    path = rewritten(as_onnx, tmp_path / "shape.zip", narrow)
    with pytest.raises(InputError, match="takes an input of shape"):
        run(segmentation.open_model(path), models.image())
    heads = {**models.OWN, "classes": 5}
    path = rewritten(as_onnx, tmp_path / "heads.zip", files={"model.onnx": onnx_bytes(heads)})
    with pytest.raises(InputError, match="3 heads of the same size"):
        run(segmentation.open_model(path), models.image())


def test_without_an_engine_a_sentence_says_what_to_install(as_onnx, monkeypatch):
    monkeypatch.setattr(onnx_running, "find_spec", lambda name: None)
    model = segmentation.open_model(as_onnx)
    assert model.labels, "the card can be looked at all the same"
    with pytest.raises(InputError, match="pip install onnxruntime"):
        run(model, models.image())
