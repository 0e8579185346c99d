"""MONAI bundles: a folder or zip with configs/metadata.json, a configuration and the weights of an allowed network.

Format: docs.monai.io, "MONAI Bundle Specification". The configuration is read as data: ``_target_`` names are looked up
in the lists below, and what is not in them is refused, never imported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from ..errors import InputError
from ..tuples import three
from .archive import Archive
from .bundle_config import Config
from .checks import Given
from .model import Card, Model
from .networks import ALLOWED as NETWORKS
from .networks import OWN, build, check_arguments, stride_of
from .recipe import Label, Normalization, Recipe, Resampling
from .weights import fill, load_checkpoint

_METADATA = "configs/metadata.json"
_CONFIGS = ("configs/inference.json", "configs/evaluate.json")
_WEIGHTS = "models/model.pt"
_IDLE = (
    "LoadImage",
    "EnsureChannelFirst",
    "AddChannel",
    "EnsureType",
    "ToTensor",
    "CastToType",
    "SaveImage",
    "DeleteItems",
)
"""Transforms that change nothing here: files are read and written elsewhere."""

_KEYS_OF_WEIGHTS = ("model", "state_dict", "network", "net")


def is_bundle(archive: Archive) -> bool:
    return _root(archive) is not None


def _root(archive: Archive) -> str | None:
    for name in archive.names:
        if name == _METADATA or (name.endswith("/" + _METADATA) and name.count("/") == 2):
            return name.removesuffix(_METADATA)
    return None


def read(archive: Archive) -> Model:
    """The model of a bundle; InputError where it is not whole or needs anything that is not allowed."""
    root = _root(archive) or ""
    metadata = Given(archive.json(root + _METADATA), "metadata.json")
    name = next((name for name in _CONFIGS if root + name in archive), None)
    if name is None:
        raise InputError(
            f"'{archive.path.name}' has no configs/inference.json; bundles configured in YAML or Python cannot be "
            "run: export the configuration as JSON."
        )
    config = Config(archive.json(root + name), PurePosixPath(name).name)
    network, arguments = _network(config)
    recipe, postprocessing = _recipe(config, metadata, network, arguments)
    weights = load_checkpoint(archive.read(root + _WEIGHTS), _WEIGHTS)
    filled = fill(build(network, arguments), _state_of(weights), _WEIGHTS)
    return Model(_card(metadata, archive, postprocessing), recipe, lambda device, folds: [filled.to(device)])


def _state_of(found: Mapping) -> Mapping:
    for key in _KEYS_OF_WEIGHTS:
        if isinstance(found.get(key), Mapping):
            return found[key]
    return found


def _card(metadata: Given, archive: Archive, postprocessing: tuple[dict, ...]) -> Card:
    def said(key: str, most: int = 5000) -> str:
        value = metadata.mapping().get(key)
        return str(value)[:most] if value is not None else ""

    name = said("name", 200) or said("task", 200) or archive.path.stem
    scores = metadata.mapping().get("eval_metrics")
    scores = scores if isinstance(scores, Mapping) else {}
    data = said("data_source", 500)
    return Card(
        id=re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:100],
        name=name,
        kind="monai",
        version=said("version", 60),
        summary=said("description"),
        intended_use=said("intended_use"),
        licenses={"data": data, "weights": said("copyright", 500)},
        metrics=tuple(
            {"name": str(key)[:200], "value": float(value), "data": data}
            for key, value in list(scores.items())[:100]
            if isinstance(value, int | float)
        ),
        postprocessing=postprocessing,
    )


def _target(given: Given) -> str:
    """The last part of a ``_target_``: "UNet" of "monai.networks.nets.UNet"."""
    text = given["_target_"].text(300, 1)
    if "." in text and not text.startswith("monai."):
        raise given["_target_"].fail("a part of MONAI itself")
    return text.rpartition(".")[2]


def _network(config: Config) -> tuple[str, dict]:
    given = next(
        (
            found
            for key in ("network_def", "network", "net", "model")
            if (found := config.get(key)) is not None and isinstance(found.value, dict) and "_target_" in found.value
        ),
        None,
    )
    if given is None:
        raise InputError(f"{config.where} has no 'network_def' that names a network; bundles with code cannot be run.")
    name = _target(given)
    allowed = [network for network in NETWORKS if network not in OWN]
    if name not in allowed:
        raise given["_target_"].fail(f"one of the networks {', '.join(allowed)}")
    plain = {key: value for key, value in given.mapping().items() if not key.startswith("_")}
    return name, check_arguments(name, Given(plain, given.where))


def _transforms(config: Config, path: str) -> list[tuple[str, Given]]:
    """Names without the final d of dictionary transforms, and what is said of each."""
    found = config.get(f"{path}#transforms")
    steps = []
    for item in found.items(200) if found is not None else ():
        if item.get("_disabled_") is not None and item["_disabled_"].value is not False:
            continue
        name = _target(item)
        steps.append((re.sub(r"(d|D|Dict)$", "", name) if name not in ("EnsureTyped",) else "EnsureType", item))
    return steps


def _recipe(config: Config, metadata: Given, network: str, arguments: dict) -> tuple[Recipe, tuple[dict, ...]]:
    dims = arguments.get("spatial_dims", 3)
    if dims != 3:
        raise InputError(f"The network of {config.where} has {dims} axes; only bundles of three axes can be run.")
    inputs, heads = arguments.get("in_channels", 1), arguments.get("out_channels", 2)
    before = _preprocessing(config, inputs)
    after = _postprocessing(config, heads)
    names, modality = _inputs(metadata, inputs)
    labels = _labels(metadata, heads, after["activation"])
    windows = _windows(config)
    stride = stride_of(network, arguments, dims)
    if any(size % step for size, step in zip(windows["patch"], stride, strict=True)):
        raise config["inferer#roi_size"].fail(f"a multiple of {' × '.join(map(str, stride))}")
    postprocessing = after.pop("steps")
    order = after.pop("answer_order")
    recipe = Recipe(
        channels=names,
        modalities=(modality,) * inputs,
        labels=labels,
        heads=heads,
        head_labels=tuple(range(heads)) if after["activation"] == "argmax" else tuple(range(1, heads + 1)),
        stride=three(stride),
        # MONAI's arrays are x, y, z
        transpose=(2, 1, 0),
        resampling=Resampling("origin", before.pop("image_order"), None, order),
        **windows,
        **before,
        **after,
    )
    return recipe, postprocessing


def _inputs(metadata: Given, count: int) -> tuple[tuple[str, ...], str]:
    """Names and modality of the inputs, as far as the metadata tell."""
    try:
        image = metadata["network_data_format"]["inputs"]["image"]
        modality = image["modality"].text(50) if image.get("modality") else ""
        given = image.get("channel_def")
        names = {key: item.text(200) for key, item in given.fields(64).items()} if given is not None else {}
    except InputError:
        modality, names = "", {}
    modality = modality if modality in ("CT", "MR") else ""
    return tuple(names.get(str(index)) or f"image {index + 1}" for index in range(count)), modality


def _labels(metadata: Given, heads: int, activation: str) -> tuple[Label, ...]:
    outputs = metadata["network_data_format"]["outputs"].fields(20)
    given = next((item["channel_def"] for item in outputs.values() if item.get("channel_def") is not None), None)
    names = {key: item.text(200) for key, item in given.fields(2000).items()} if given is not None else {}
    first = 1 if activation == "argmax" else 0
    return tuple(
        Label(index + 1 - first, names.get(str(index)) or f"structure {index}") for index in range(first, heads)
    )


def _windows(config: Config) -> dict:
    inferer = config["inferer"]
    if _target(inferer) != "SlidingWindowInferer":
        raise inferer["_target_"].fail("a SlidingWindowInferer")
    size = inferer["roi_size"]
    patch = (size.whole(1, 1024),) * 3 if isinstance(size.value, int) else size.whole_numbers(1, 1024, (3,))
    overlap = inferer["overlap"].number(0, 0.9) if inferer.get("overlap") else 0.25
    blend = inferer["mode"].choice(("constant", "gaussian")) if inferer.get("mode") else "constant"
    pads = inferer["padding_mode"].choice(("constant", "replicate")) if inferer.get("padding_mode") else "constant"
    if inferer.get("cval") is not None and inferer["cval"].number() != 0:
        raise inferer["cval"].fail("0")
    return {"patch": patch, "tile_step": 1 - overlap, "blend": blend,
            "padding": "edge" if pads == "replicate" else "zeros"}  # fmt: skip


def _preprocessing(config: Config, channels: int) -> dict:
    found: dict = {"orientation": "", "spacing_mm": None, "image_order": 1}
    steps: list[Normalization] = []
    first_gray = last_grid = None
    for index, (name, given) in enumerate(_transforms(config, "preprocessing")):
        if name in _IDLE:
            continue
        if name == "Orientation":
            codes = given["axcodes"].text(3, 3)
            # the axes k, j, i before the transposition
            found["orientation"] = codes[::-1]
            if {frozenset("RL") & set(codes), frozenset("AP") & set(codes), frozenset("SI") & set(codes)} & {
                frozenset()
            }:
                raise given["axcodes"].fail("three letters of the axes")
            last_grid = index
        elif name == "Spacing":
            found["spacing_mm"] = _pixdim(given["pixdim"])
            found["image_order"] = _order(given.get("mode"))
            last_grid = index
        elif name in _GRAY:
            steps.append(_GRAY[name](given, channels))
            first_gray = index if first_gray is None else first_gray
        else:
            raise given["_target_"].fail(f"one of {', '.join((*_IDLE[:4], 'Orientation', 'Spacing', *_GRAY))}")
    early = first_gray is not None and last_grid is not None and first_gray < last_grid
    found["normalize_first"] = early
    found["normalizations"] = (tuple(steps) or (Normalization("none"),),) * channels
    return found


def _pixdim(given: Given) -> tuple[float | None, ...]:
    if isinstance(given.value, int | float):
        return (given.number(0.01, 100),) * 3
    return given.listed(lambda item: item.number(0.01, 100) if item.number(-1, 100) > 0 else None, (3,))


def _order(given: Given | None) -> int:
    if given is None:
        return 1
    mode = given if isinstance(given.value, str) else given.items(1)[0]
    return {"bilinear": 1, "nearest": 0}[mode.choice(("bilinear", "nearest"))]


def _range(given: Given, channels: int) -> Normalization:
    low, high = given["a_min"].number(), given["a_max"].number()
    if low == high:
        raise given["a_max"].fail("another number than a_min")
    clip = given["clip"].flag() if given.get("clip") else False
    to = [given[name].number() if given.get(name) else other for name, other in (("b_min", 0.0), ("b_max", 1.0))]
    return Normalization("range", {"low": low, "high": high, "to_low": to[0], "to_high": to[1], "clip": float(clip)})


def _zscore(given: Given, channels: int) -> Normalization:
    nonzero = given["nonzero"].flag() if given.get("nonzero") else False
    if channels > 1 and not (given["channel_wise"].flag() if given.get("channel_wise") else False):
        raise given.fail("channel_wise normalization, where there are several channels,")
    if given.get("subtrahend") is not None or given.get("divisor") is not None:
        if nonzero:
            raise given.fail("normalization by given numbers everywhere")
        minus, by = given["subtrahend"].number(), given["divisor"].number(1e-12)
        return Normalization("range", {"low": minus, "high": minus + by, "to_low": 0.0, "to_high": 1.0, "clip": 0.0})
    return Normalization("zscore_nonzero" if nonzero else "zscore")


def _rescale(given: Given, channels: int) -> Normalization:
    if channels > 1 and not (given["channel_wise"].flag() if given.get("channel_wise") else False):
        raise given.fail("channel_wise scaling, where there are several channels,")
    if given.get("factor") is not None:
        raise given["factor"].fail("a range from minv to maxv instead")
    to = [given[name].number() if given.get(name) else other for name, other in (("minv", 0.0), ("maxv", 1.0))]
    return Normalization("rescale", {"to_low": to[0], "to_high": to[1]})


_GRAY = {"ScaleIntensityRange": _range, "NormalizeIntensity": _zscore, "ScaleIntensity": _rescale}


def _postprocessing(config: Config, heads: int) -> dict:
    """Activation, what comes before the way back to the image's grid, the order of interpolation, later steps."""
    regions = activated = discrete = inverted = False
    activate_first, order, later = False, 1, []
    for name, given in _transforms(config, "postprocessing"):
        if name in _IDLE:
            continue
        if name == "Activations":
            regions = bool(given.get("sigmoid") and given["sigmoid"].flag())
            activated = True
        elif name == "Invert":
            inverted, activate_first = True, activated and not discrete
            nearest = given["nearest_interp"].flag() if given.get("nearest_interp") else True
            # labels are taken from the nearest voxel, and the nearest voxel's largest answer is its label
            order = 0 if nearest or discrete else 1
        elif name == "AsDiscrete":
            discrete = True
            if regions and given.get("threshold") is not None and given["threshold"].number() != 0.5:
                raise given["threshold"].fail("the threshold 0.5")
        elif name == "KeepLargestConnectedComponent":
            labels = given.get("applied_labels")
            value = range(1, heads) if labels is None else labels.value
            value = [value] if isinstance(value, int) else list(Given(list(value), given.where).whole_numbers(1, heads))
            later.append({"name": "largest_component", "labels": value})
        else:
            raise given["_target_"].fail("a step after the network that is known")
    return {
        "activation": "regions" if regions else "argmax",
        "activate_first": activate_first or (activated and not inverted),
        "answer_order": order,
        "steps": tuple(later),
    }
