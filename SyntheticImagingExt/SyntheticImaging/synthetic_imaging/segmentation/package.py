"""Our own packages: a folder or zip of package.json, weights, a tiny input and its expected labels.

package.json describes everything and names each other file with its SHA-256; nothing of a package is code.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

import numpy as np

from ..errors import InputError
from ..steps import finished
from ..volume import Volume
from .archive import Archive, reading
from .checks import Given
from .describing import recipe_from, refuse_newer
from .model import Card, Model
from .networks import ALLOWED, build, check_arguments, stride_of
from .onnx_running import OnnxNetwork
from .postprocessing import Within, step_from
from .settings import Settings
from .weights import fill, load_safetensors

DESCRIPTION = "package.json"
FORMAT, VERSION = "synthetic-imaging-model", 1
ONNX = "ONNX"
TASKS = ("segmentation",)
TEST_TOLERANCE = 1e-3
"""Share of the test's voxels that may differ: other processors add in another order."""

_SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")
_FIELDS = ("format", "format_version", "id", "version", "name", "task", "summary", "network", "inputs", "labels",
           "preprocessing", "inference", "postprocessing", "metrics", "provenance", "licenses", "intended_use",
           "limits", "test", "files")  # fmt: skip


def is_package(archive: Archive) -> bool:
    return _root(archive) is not None


def _root(archive: Archive) -> str | None:
    """The folder in the archive that holds the description: the archive itself or its only folder."""
    for name in archive.names:
        path = PurePosixPath(name)
        if path.name == DESCRIPTION and len(path.parts) <= 2:
            return "" if len(path.parts) == 1 else f"{path.parts[0]}/"
    return None


def read(archive: Archive) -> Model:
    """The model of a package; InputError where it is not whole, not as it was made, or newer than this program."""
    root = _root(archive) or ""
    description = Given(archive.json(root + DESCRIPTION), DESCRIPTION)
    return read_described(archive, description, root)


def read_described(archive: Archive, given: Given, root: str = "") -> Model:
    """The model that a description and the files it names make up; all hashes are checked first."""
    refuse_newer(given, FORMAT, VERSION)
    given.only(*_FIELDS)
    given["task"].choice(TASKS)
    hashes = _checked_files(archive, given["files"], root)
    recipe = recipe_from(given)
    card = _card(given, {label.value for label in recipe.labels})
    network = given["network"].only("name", "arguments", "weights")
    name = network["name"].choice((*ALLOWED, ONNX))
    file = network["weights"].text(200, 1)
    if file not in hashes:
        raise network["weights"].fail("a file that 'files' lists")
    arguments = {} if name == ONNX else check_arguments(name, network["arguments"])
    if name != ONNX:
        _check_shapes(network, name, arguments, recipe)

    data = archive.read(root + file)
    _check_hash(file, data, hashes[file])
    if name == ONNX:
        # without an engine the card can be looked at all the same
        return Model(card, recipe, lambda device, folds: [OnnxNetwork(data, file, recipe)])
    filled = fill(build(name, arguments), load_safetensors(data, file), file)
    return Model(card, recipe, lambda device, folds: [filled.to(device)])


def _check_shapes(network: Given, name: str, arguments: dict, recipe) -> None:
    inputs = arguments.get("inputs", arguments.get("in_channels"))
    heads = arguments.get("classes", arguments.get("out_channels"))
    if inputs != len(recipe.channels) or heads != recipe.heads:
        raise network["arguments"].fail(f"a network of {len(recipe.channels)} inputs and {recipe.heads} heads")
    if (
        len(arguments["kernels"][0] if "kernels" in arguments else [0] * arguments.get("spatial_dims", 3))
        != recipe.dims
    ):
        raise network["arguments"].fail(f"a network of {recipe.dims} axes")
    stride = stride_of(name, arguments, recipe.dims)
    if any(size % step for size, step in zip(recipe.patch[-recipe.dims :], stride, strict=True)):
        raise network["arguments"].fail(f"a network whose strides fit the patch {recipe.patch}")


def _card(given: Given, values: set[int]) -> Card:
    version = given["version"].text(60)
    if not _SEMANTIC.fullmatch(version):
        raise given["version"].fail('a semantic version, as "1.0.0",')
    identity = given["id"].text(100)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", identity):
        raise given["id"].fail("small letters and digits with hyphens between them")
    licenses = {key: given["licenses"][key].text(2000, 1) for key in ("code", "weights", "data")}
    metrics = []
    for item in given["metrics"].items(1000):
        item.only("name", "value", "unit", "label", "data", "cases", "interval")
        item["name"].text(200, 1), item["value"].number(), item["data"].text(500, 1)
        metrics.append(dict(item.value))
    provenance = given["provenance"].only("recipe", "seed", "commit", "data", "date", "software", "base")
    for key in ("recipe", "seed", "commit"):
        provenance[key]
    return Card(
        id=identity,
        name=given["name"].text(200, 1),
        kind="package",
        version=version,
        summary=given["summary"].text(2000),
        intended_use=given["intended_use"].text(5000, 1),
        limits=given["limits"].listed(lambda item: item.text(2000, 1)),
        licenses=licenses,
        metrics=tuple(metrics),
        provenance=dict(provenance.value),
        postprocessing=tuple(_postprocessing(item, values) for item in given["postprocessing"].items(50)),
    )


def _postprocessing(given: Given, values: set[int]) -> dict:
    """A step after the network, as the description has it."""
    step = step_from(given.mapping())
    if not {*step.labels, *([step.organ] if isinstance(step, Within) else ())} <= values:
        raise given.fail("a step on labels of this model")
    return dict(given.value)


def _checked_files(archive: Archive, files: Given, root: str) -> dict[str, str]:
    """SHA-256 of every file by name, after each was found to have it; InputError for strangers and strays."""
    hashes = {}
    for name, item in files.fields(2000).items():
        item.only("sha256", "bytes")
        said = item["sha256"].text(64, 64)
        if root + name not in archive:
            raise InputError(f"'{archive.path.name}' lacks the file '{name}'; download or export it again.")
        if archive.sizes[root + name] != item["bytes"].whole(0, 1 << 40):
            raise InputError(f"'{name}' in '{archive.path.name}' has another size than described; download it again.")
        _check_hash(name, archive.read(root + name), said)
        hashes[name] = said
    strays = sorted(set(archive.names) - {root + name for name in hashes} - {root + DESCRIPTION})
    strays = [name for name in strays if name.startswith(root)]
    if strays and not archive.is_shared:
        raise InputError(
            f"'{archive.path.name}' holds '{strays[0]}', which its description does not name; do not use it."
        )
    return hashes


def _check_hash(name: str, data: bytes, said: str) -> None:
    if hashlib.sha256(data).hexdigest() != said:
        raise InputError(f"'{name}' is not the file that was published (its SHA-256 differs); download it again.")


def verify(archive: Archive) -> float:
    """Runs the tiny input of a package; the share of voxels whose label is not the expected one.

    InputError where it is more than TEST_TOLERANCE, or where the package has no test.
    """
    root = _root(archive) or ""
    given = Given(archive.json(root + DESCRIPTION), DESCRIPTION)
    model = read_described(archive, given, root)
    file = given["test"].only("file")["file"].text(200, 1)
    volumes, expected = trial_of(archive.read(root + file), file)
    labels = finished(model.segment(volumes, Settings(device="cpu"))).numpy()
    if labels.shape != expected.shape:
        raise InputError(f"The test of '{archive.path.name}' has labels of another shape than its image.")
    share = float(np.mean(labels != expected))
    if share > TEST_TOLERANCE:
        raise InputError(
            f"'{archive.path.name}' does not give the labels that it should: {share:.2%} of its test's voxels differ. "
            "Do not use it on this computer; report it with the versions of the program and of torch."
        )
    return share


def trial_of(data: bytes, name: str) -> tuple[list[Volume], np.ndarray]:
    """Images and expected labels of a package's test."""
    tensors = load_safetensors(data, name)
    with reading(name):
        images, matrix = tensors["images"], tensors["ijk_to_ras"].numpy().astype(np.float64)
        return [Volume(image, matrix) for image in images], tensors["labels"].numpy()
