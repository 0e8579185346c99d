"""Damaged and hostile models: a sentence or a model that runs, never another error and never foreign code."""

import contextlib
import copy
import hashlib
import io
import json
import pickle
import shutil
import zipfile

import numpy as np
import pytest
import segmentation_models as models
import torch

from synthetic_imaging import segmentation
from synthetic_imaging.errors import InputError
from synthetic_imaging.steps import finished

COUNT = 520
KINDS = ("package", "nnunet", "monai", "onnx")
STRANGE = [None, True, -1, 0, 1, 3, 2.5, 1e30, 10**400, float("nan"), float("inf"), "", "x" * 5000,
           "$__import__('os')", "@network_def", "../../etc/passwd", [], [[]], [1] * 40, {}, {"_target_": "os.system"},
           [[1, 2], [3]]]  # fmt: skip


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return (open, (self.marker, "w"))


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """The files of one model of each kind by name."""
    folder = tmp_path_factory.mktemp("originals")
    package = models.package(folder / "package.zip")
    found = {"package": unzipped(package.read_bytes())}
    for kind, make in (("nnunet", models.nnunet_folder), ("monai", models.bundle)):
        made = make(folder / kind)
        found[kind] = {
            path.relative_to(made).as_posix(): path.read_bytes() for path in made.rglob("*") if path.is_file()
        }
    if find_onnx():
        network = torch.nn.Conv3d(1, 3, 1)
        data = io.BytesIO()
        torch.onnx.export(network, torch.zeros(1, 1, 16, 16, 16), data, dynamo=False)
        path = models.package(folder / "onnx.zip", network="ONNX", weights=data.getvalue(), arguments={})
        found["onnx"] = unzipped(path.read_bytes())
    return found


def find_onnx() -> bool:
    from importlib.util import find_spec

    return find_spec("onnx") is not None and find_spec("onnxruntime") is not None


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def places(value, path=()):
    """Every place in JSON data."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def mutated_json(data: bytes, rng) -> bytes:
    """One place holds something else, is gone, or has a stranger beside it."""
    value = json.loads(data)
    found = [path for path in places(value) if path]
    *way, last = found[rng.integers(len(found))]
    inner = value
    for key in way:
        inner = inner[key]
    how = rng.integers(4)
    if how == 0 and isinstance(inner, dict):
        del inner[last]
    elif how == 1 and isinstance(inner, dict):
        inner["stranger"] = copy.deepcopy(STRANGE[rng.integers(len(STRANGE))])
    else:
        inner[last] = copy.deepcopy(STRANGE[rng.integers(len(STRANGE))])
    return json.dumps(value).encode()


def mutated_bytes(data: bytes, rng) -> bytes:
    """Some bytes changed, a piece cut out, or the end cut off."""
    content = bytearray(data)
    how = rng.integers(4)
    if how == 0:
        for _ in range(int(rng.integers(1, 20))):
            content[rng.integers(len(content))] = rng.integers(256)
    elif how == 1:
        del content[rng.integers(len(content)) :]
    elif how == 2:
        start = int(rng.integers(len(content)))
        del content[start : start + int(rng.integers(1, 200))]
    else:
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
    return bytes(content)


def with_hashes(files: dict[str, bytes]) -> dict[str, bytes]:
    """The hashes of a description brought up to date, as somebody would who means harm."""
    name = "package.json"
    try:
        description = json.loads(files[name])
        for file, data in files.items():
            if file in description["files"]:
                description["files"][file] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    except (KeyError, ValueError, TypeError):
        return files
    return {**files, name: json.dumps(description).encode()}


def hostile(files: dict[str, bytes], rng, marker) -> dict[str, bytes]:
    """A pickle that runs something, in place of weights."""
    names = [name for name in files if name.endswith((".pth", ".pt", ".safetensors", ".onnx"))]
    name = names[rng.integers(len(names))]
    if rng.integers(2):
        return {**files, name: pickle.dumps(Evil(marker))}
    data = io.BytesIO()
    torch.save({"network_weights": Evil(marker), "model": Evil(marker), "x": Evil(marker)}, data)
    return {**files, name: data.getvalue()}


def mutated(files: dict[str, bytes], rng, marker) -> bytes:
    """A zip that is not what it was."""
    how = rng.integers(8)
    files = dict(files)
    names = sorted(files)
    if how == 0:
        return mutated_bytes(zipped(files), rng)
    if how == 1:
        files = hostile(files, rng, marker)
    elif how == 2:
        del files[names[rng.integers(len(names))]]
    elif how == 3:
        name = names[rng.integers(len(names))]
        files[name] = mutated_bytes(files[name], rng)
    else:
        texts = [name for name in names if name.endswith(".json")]
        name = texts[rng.integers(len(texts))]
        for _ in range(int(rng.integers(1, 3))):
            files[name] = mutated_json(files[name], rng)
    return zipped(with_hashes(files) if rng.integers(4) else files)


@pytest.mark.parametrize("kind", KINDS)
def test_mutated_models(originals, tmp_path, kind):
    if kind not in originals:
        pytest.skip("needs onnx and onnxruntime")
    rng, marker = np.random.default_rng(KINDS.index(kind)), tmp_path / "was run"
    path, volume = tmp_path / "model.zip", models.image((6, 7, 8))
    refused = opened = ran = 0
    for index in range(COUNT):
        path.write_bytes(mutated(originals[kind], rng, marker))
        try:
            model = segmentation.open_model(path)
            opened += 1
            # what is as it was needs no second run, but what opens must run or be refused
            if index % 5 == 0:
                finished(model.segment([volume]))
                ran += 1
        except InputError as error:
            assert str(error).strip().endswith((".", "?", ")")), error
            refused += 1
        assert not marker.exists(), f"foreign code was run by mutation {index}"
    assert refused > COUNT / 3 and opened > 10 and ran > 0, (refused, opened, ran)


@pytest.mark.parametrize("kind", ["nnunet", "monai", "package"])
def test_mutated_folders(originals, tmp_path, kind):
    """The same where the model lies unpacked."""
    rng, marker = np.random.default_rng(9), tmp_path / "was run"
    for _ in range(30):
        folder = tmp_path / "model"
        shutil.rmtree(folder, ignore_errors=True)
        files = hostile(originals[kind], rng, marker) if rng.integers(2) else dict(originals[kind])
        name = sorted(files)[rng.integers(len(files))]
        files[name] = mutated_bytes(files[name], rng)
        for inside, data in files.items():
            (folder / inside).parent.mkdir(parents=True, exist_ok=True)
            (folder / inside).write_bytes(data)
        with contextlib.suppress(InputError):
            segmentation.open_model(folder)
        assert not marker.exists()


def test_the_evil_of_these_tests_works(tmp_path):
    """Otherwise they would show nothing."""
    pickle.loads(pickle.dumps(Evil(tmp_path / "was run")))
    assert (tmp_path / "was run").exists()
