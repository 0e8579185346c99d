"""Exports of nnU-Net v2, as nnUNetv2_export_model_to_zip and TotalSegmentator's releases have them.

A folder ``Dataset000_Name/Trainer__Plans__Configuration`` with plans.json, dataset.json and fold_N/checkpoint_*.pth
(Isensee et al., Nat Methods 2021;18:203; github.com/MIC-DKFZ/nnUNet, Apache-2.0). All of it is read as data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

import torch
from torch import nn

from ..errors import InputError
from ..tuples import three
from .archive import Archive
from .checks import Given
from .model import Card, Model
from .networks import build
from .recipe import Label, Normalization, Recipe, Resampling
from .weights import fill, load_checkpoint

_NETWORKS = {"PlainConvUNet": "PlainConvUNet", "ResidualEncoderUNet": "ResidualEncoderUNet",
             "ResEncUNet": "ResidualEncoderUNet"}  # fmt: skip
_CHECKPOINTS = ("checkpoint_final.pth", "checkpoint_best.pth")
_PREPROCESSORS = ("DefaultPreprocessor",)
_RESAMPLING = "resample_data_or_seg_to_shape"
_MAX_SIZE = 4096


def model_folders(archive: Archive) -> list[str]:
    """Folders in the archive that hold an nnU-Net model; "" for the archive itself."""
    folders = []
    for name in archive.names:
        path = PurePosixPath(name)
        if path.name == "plans.json":
            folder = path.parent.as_posix().removeprefix(".")
            if _within(folder, "dataset.json") in archive:
                folders.append(folder)
    return folders


def read(archive: Archive) -> Model:
    """The model of an export; InputError where it holds none or several, or one that cannot be run."""
    folders = model_folders(archive)
    if not folders:
        raise InputError(f"'{archive.path.name}' holds no plans.json beside a dataset.json; choose an nnU-Net export.")
    if len(folders) > 1:
        names = ", ".join(sorted(folders))
        raise InputError(
            f"'{archive.path.name}' holds {len(folders)} models ({names[:300]}); unpack it and choose one folder."
        )
    folder = folders[0]
    plans = Given(archive.json(_within(folder, "plans.json")), "plans.json")
    dataset = Given(archive.json(_within(folder, "dataset.json")), "dataset.json")
    folds = _folds(archive, folder)
    first = load_checkpoint(archive.read(next(iter(folds.values()))), next(iter(folds.values())))
    configuration = _configuration_name(first, folder or archive.path.name)
    recipe, network = read_plans(plans, dataset, configuration, _mirror_axes(first))

    def filled(path: str, checkpoint: Mapping) -> nn.Module:
        return fill(build(*network), _network_weights(checkpoint, path), path)

    # the first one shows now whether plans and weights belong together
    name = next(iter(folds))
    loaded = {name: filled(folds[name], first)}

    def load(device: torch.device, wanted: tuple[str, ...] | None) -> list[nn.Module]:
        for name in wanted or folds:
            if name not in loaded:
                loaded[name] = filled(folds[name], load_checkpoint(archive.read(folds[name]), folds[name]))
        return [loaded[name].to(device) for name in folds if wanted is None or name in wanted]

    name = given.text(200) if (given := plans.get("dataset_name")) else archive.path.stem
    licence = dataset.get("licence")
    card = Card(
        id=re.sub(r"[^a-z0-9]+", "-", f"{name}-{configuration}".lower()).strip("-"),
        name=_spoken(name),
        kind="nnunet",
        summary=f"nnU-Net, {configuration}, {len(folds)} training(s)",
        licenses={"weights": licence.text(500)} if licence and isinstance(licence.value, str) else {},
        provenance={key: str(dataset.value[key])[:500] for key in ("reference", "release") if key in dataset.value},
        folds=tuple(folds),
    )
    return Model(card, recipe, load)


def _spoken(name: str) -> str:
    """ "Dataset291_TotalSegmentator_part1_organs" without number and underscores."""
    return re.sub(r"^Dataset\d+_", "", name).replace("_", " ")


def _within(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _folds(archive: Archive, folder: str) -> dict[str, str]:
    """Checkpoint of each fold by the fold's name, in order."""
    found: dict[str, str] = {}
    pattern = re.compile(re.escape(_within(folder, "fold_")) + r"(\d+|all)/(checkpoint_\w+\.pth)")
    for name in archive.names:
        match = pattern.fullmatch(name)
        if match and match[2] in _CHECKPOINTS:
            fold, file = match.groups()
            if fold not in found or file == _CHECKPOINTS[0]:
                found[fold] = name
    if not found:
        raise InputError(f"'{archive.path.name}' has no fold with a checkpoint_final.pth; export the model again.")
    return dict(sorted(found.items(), key=lambda pair: (not pair[0].isdigit(), pair[0].zfill(9))))


def _network_weights(checkpoint: Mapping, name: str) -> Mapping:
    weights = checkpoint.get("network_weights")
    if not isinstance(weights, Mapping):
        raise InputError(f"The checkpoint of '{name}' has no 'network_weights', so it is not one of nnU-Net v2.")
    return weights


def _configuration_name(checkpoint: Mapping, folder: str) -> str:
    arguments = checkpoint.get("init_args")
    name = arguments.get("configuration") if isinstance(arguments, Mapping) else None
    if isinstance(name, str):
        return name
    return PurePosixPath(folder).name.split("__")[-1]


def _mirror_axes(checkpoint: Mapping) -> tuple[int, ...]:
    axes = checkpoint.get("inference_allowed_mirroring_axes")
    return () if axes is None else Given(list(axes), "mirroring axes of the checkpoint").whole_numbers(0, 2, range(4))


def read_plans(plans: Given, dataset: Given, name: str, mirror_axes: tuple[int, ...]) -> tuple[Recipe, tuple]:
    """The recipe of a configuration, and name and arguments of its network."""
    configuration = _resolved(plans["configurations"], name)
    if configuration.get("previous_stage") is not None:
        raise InputError(
            f"The configuration '{name}' is the second stage of a cascade, which needs the labels of a first one; "
            "export a configuration without cascade (3d_fullres, 3d_lowres or 2d)."
        )
    if (given := configuration.get("preprocessor_name")) is not None:
        given.choice(_PREPROCESSORS)
    patch = configuration["patch_size"].whole_numbers(1, _MAX_SIZE, sizes=(2, 3))
    dims = len(patch)
    spacing = configuration["spacing"].numbers(1e-4, 1e4, sizes=(dims,))
    channels = _channels(dataset)
    labels, heads, head_labels, regions = _labels(dataset)
    network = _network(configuration, len(channels), heads, dims)
    transpose = plans["transpose_forward"].whole_numbers(0, 2, sizes=(3,))
    if sorted(transpose) != [0, 1, 2]:
        raise plans["transpose_forward"].fail("an order of the axes 0, 1, 2")
    if any(axis >= dims for axis in mirror_axes):
        raise InputError(f"The model was mirrored along axis {max(mirror_axes)} but has {dims} axes; export it again.")
    strides = network[1]["strides"]
    stride = [1] * dims
    for one in strides:
        stride = [total * step for total, step in zip(stride, one, strict=True)]
    if any(size % step for size, step in zip(patch, stride, strict=True)):
        raise configuration["patch_size"].fail(f"a multiple of {' × '.join(map(str, stride))} (the network's strides)")
    flat = dims == 2
    recipe = Recipe(
        channels=channels,
        modalities=tuple("CT" if text.lower() == "ct" else "" for text in channels),
        labels=labels,
        heads=heads,
        head_labels=head_labels,
        patch=three((1, *patch) if flat else patch),
        stride=three((1, *stride) if flat else stride),
        normalizations=_normalizations(plans, configuration, len(channels)),
        dims=dims,
        activation="regions" if regions else "argmax",
        orientation=_orientation(plans, dataset),
        transpose=three(transpose),
        crop_nonzero=True,
        spacing_mm=(None, *spacing) if flat else spacing,
        resampling=_resampling(configuration),
        # a network without slices counts its axes without the one across them
        mirror_axes=tuple(axis + flat for axis in sorted(set(mirror_axes))),
    )
    return recipe, network


def _resolved(configurations: Given, name: str, seen: tuple[str, ...] = ()) -> Given:
    """A configuration with what it inherits."""
    if name in seen or len(seen) > 20:
        raise InputError(f"The configuration '{name}' in plans.json inherits from itself; export the model again.")
    own = configurations[name]
    if (parent := own.get("inherits_from")) is None:
        return own
    inherited = _resolved(configurations, parent.text(200), (*seen, name))
    return Given({**inherited.mapping(), **own.mapping()}, own.where)


def _channels(dataset: Given) -> tuple[str, ...]:
    given = dataset.get("channel_names") or dataset["modality"]
    fields = given.fields(64)
    if not fields or set(fields) != {str(index) for index in range(len(fields))}:
        raise given.fail("one name per channel, numbered from 0")
    return tuple(fields[str(index)].text(200) for index in range(len(fields)))


def _labels(dataset: Given) -> tuple[tuple[Label, ...], int, tuple[int, ...], bool]:
    """Labels, number of heads, the label of each head, and whether heads are regions."""
    fields = dataset["labels"].fields(2000)
    plain = {name: given for name, given in fields.items() if name not in ("background", "ignore")}
    if not plain:
        raise dataset["labels"].fail("at least one label beside the background")
    regions = any(isinstance(given.value, list) and len(given.value) > 1 for given in plain.values())
    if not regions:
        values = {name: _one_value(given) for name, given in plain.items()}
        if sorted(values.values()) != list(range(1, len(values) + 1)):
            raise dataset["labels"].fail("labels numbered 1, 2, 3 … without gaps")
        labels = tuple(Label(value, name) for name, value in sorted(values.items(), key=lambda pair: pair[1]))
        return labels, len(labels) + 1, (0, *(label.value for label in labels)), False
    order = dataset["regions_class_order"].whole_numbers(0, 30_000, sizes=(len(plain),))
    labels = tuple(Label(value, name) for value, name in zip(order, plain, strict=True))
    return labels, len(order), order, True


def _one_value(given: Given) -> int:
    value = given.items(1)[0] if isinstance(given.value, list) and given.value else given
    return value.whole(1, 30_000)


def _orientation(plans: Given, dataset: Given) -> str:
    given = dataset.get("overwrite_image_reader_writer") or plans.get("image_reader_writer")
    # such readers turn the array to x, y, z along R, A, S and then to z, y, x
    return "SAR" if given is not None and given.text(200).endswith("WithReorient") else ""


def _normalizations(plans: Given, configuration: Given, channels: int):
    names = configuration["normalization_schemes"].listed(lambda item: item.text(200), sizes=(channels,))
    given = configuration.get("use_mask_for_norm")
    masks = given.listed(lambda item: item.flag(), sizes=(channels,)) if given is not None else (False,) * channels
    intensities = plans.get("foreground_intensity_properties_per_channel") or plans.get(
        "foreground_intensity_properties_by_modality"
    )
    found = []
    for index, (name, mask) in enumerate(zip(names, masks, strict=True)):
        if name == "CTNormalization":
            if intensities is None:
                raise InputError("plans.json has no intensities of the foreground, which CT needs; export it again.")
            of = intensities[str(index)]
            keys = {"low": "percentile_00_5", "high": "percentile_99_5", "mean": "mean", "std": "std"}
            step = Normalization("ct", {ours: of[theirs].number() for ours, theirs in keys.items()})
        elif name == "ZScoreNormalization":
            step = Normalization("zscore", mask_only=mask)
        elif name == "NoNormalization":
            step = Normalization("none")
        elif name == "RescaleTo01Normalization":
            step = Normalization("rescale", {"to_low": 0.0, "to_high": 1.0})
        elif name == "RGBTo01Normalization":
            step = Normalization("divide", {"by": 255.0})
        else:
            raise configuration["normalization_schemes"].fail("a normalization of nnU-Net itself")
        found.append((step,))
    return tuple(found)


def _resampling(configuration: Given) -> Resampling:
    orders = {}
    for what in ("data", "probabilities"):
        if (function := configuration.get(f"resampling_fn_{what}")) is not None:
            function.choice((_RESAMPLING,))
        options = configuration.get(f"resampling_fn_{what}_kwargs")
        order, separate = (3 if what == "data" else 1), None
        if options is not None:
            order = options["order"].whole(0, 5) if options.get("order") else order
            separate = options["force_separate_z"].flag() if options.get("force_separate_z") else None
            if options.get("order_z") is not None:
                options["order_z"].whole(0, 0)
        orders[what] = order, separate
    if orders["probabilities"][0] > 1:
        raise InputError("plans.json wants its answers resampled at an order above 1, which nnU-Net itself never does.")
    return Resampling("edges", *orders["data"], *orders["probabilities"])


def _network(configuration: Given, inputs: int, classes: int, dims: int) -> tuple[str, dict]:
    """Name and arguments of the network, from the plans of today or those before version 2.3."""
    architecture = configuration.get("architecture")
    if architecture is None:
        name = _NETWORKS[configuration["UNet_class_name"].choice(tuple(_NETWORKS))]
        strides = configuration["pool_op_kernel_sizes"]
        kernels, options = configuration["conv_kernel_sizes"], {}
        base = configuration["UNet_base_num_features"].whole(1, 1024)
        most = configuration["unet_max_num_features"].whole(1, 4096)
        features = [min(base * 2**index, most) for index in range(len(strides.items(16)))]
        encoder, decoder = configuration["n_conv_per_stage_encoder"], configuration["n_conv_per_stage_decoder"]
    else:
        full = architecture["network_class_name"].text(300)
        name = _NETWORKS.get(full.rpartition(".")[2], "")
        if not name or not full.startswith("dynamic_network_architectures."):
            raise architecture["network_class_name"].fail(f"one of the networks {', '.join(_NETWORKS)}")
        options = _checked_options(architecture["arch_kwargs"], dims)
        given = architecture["arch_kwargs"]
        strides, kernels = given["strides"], given["kernel_sizes"]
        features = list(given["features_per_stage"].whole_numbers(1, 4096, range(2, 13)))
        encoder = given["n_blocks_per_stage" if name == "ResidualEncoderUNet" else "n_conv_per_stage"]
        decoder = given["n_conv_per_stage_decoder"]
    levels = len(features)
    arguments = {
        "inputs": inputs,
        "classes": classes,
        "features": features,
        "kernels": [list(k) for k in kernels.listed(lambda item: item.whole_numbers(1, 15, (dims,)), (levels,))],
        "strides": [list(s) for s in strides.listed(lambda item: item.whole_numbers(1, 8, (dims,)), (levels,))],
        "encoder_counts": list(encoder.whole_numbers(1, 20, (levels,))),
        "decoder_counts": list(decoder.whole_numbers(1, 20, (levels - 1,))),
        **options,
    }
    return name, arguments


def _checked_options(given: Given, dims: int) -> dict:
    """Arguments of the network that are the same in every plan of nnU-Net; InputError where they are not."""
    given["conv_op"].choice((f"torch.nn.modules.conv.Conv{dims}d",))
    given["norm_op"].choice((f"torch.nn.modules.instancenorm.InstanceNorm{dims}d",))
    given["nonlin"].choice(("torch.nn.LeakyReLU", "torch.nn.modules.activation.LeakyReLU"))
    options: dict = {"bias": given["conv_bias"].flag()}
    if (norm := given.get("norm_op_kwargs")) is not None:
        options["eps"] = norm["eps"].number(1e-12, 1) if norm.get("eps") else 1e-5
        if norm.get("affine") is None or not norm["affine"].flag():
            raise norm.fail("an affine norm")
    if (slope := given.get("nonlin_kwargs")) is not None and slope.get("negative_slope") is not None:
        options["slope"] = slope["negative_slope"].number(0, 1)
    for name in ("bottleneck_channels", "stochastic_depth_p", "squeeze_excitation"):
        if (value := given.get(name)) is not None and value.value not in (False, 0):
            raise value.fail("nothing else than nnU-Net's own default")
    return options
