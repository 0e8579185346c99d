"""Small models with random weights, as files of each kind; not for anatomy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from synthetic_imaging.segmentation.checks import Given
from synthetic_imaging.segmentation.model import Card
from synthetic_imaging.segmentation.networks import build, check_arguments
from synthetic_imaging.segmentation.package_writing import write_package
from synthetic_imaging.segmentation.recipe import Label, Normalization, Recipe
from synthetic_imaging.volume import Volume

CT = {"max": 1500.0, "mean": 40.0, "median": 50.0, "min": -1000.0, "percentile_00_5": -900.0, "percentile_99_5": 900.0,
      "std": 250.0}  # fmt: skip
OWN = {
    "inputs": 1,
    "classes": 3,
    "features": [4, 6],
    "kernels": [[3, 3, 3], [3, 3, 3]],
    "strides": [[1, 1, 1], [2, 2, 2]],
    "encoder_counts": [1, 1],
    "decoder_counts": [1],
}


def random_weights(name: str, arguments: dict, seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights that give every label somewhere."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for key, empty in build(name, arguments).state_dict().items():
        if empty.is_floating_point():
            # norms multiply by about 1, so that nothing fades away
            center = 1.0 if empty.ndim == 1 and key.endswith("weight") else 0.0
            spread = 0.2 if empty.ndim == 1 else 1.5 / np.sqrt(max(1, empty[0].numel()))
            weights[key] = center + spread * torch.randn(empty.shape, generator=generator)
            if key.endswith("running_var"):
                weights[key] = weights[key].abs() + 0.5
        else:
            weights[key] = torch.zeros(empty.shape, dtype=empty.dtype)
    return weights


def image(shape=(20, 24, 22), spacing=(1.5, 1.5, 2.0), seed: int = 0, tilt: bool = False) -> Volume:
    """A CT-like volume: blobs in air. shape: (K, J, I), spacing: of i, j, k in mm."""
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.standard_normal(shape), 2)
    array = (smooth / smooth.std() * 200).clip(-1000, 1000)
    array[:, : shape[1] // 8] = -1000
    matrix = np.diag([-spacing[0], -spacing[1], spacing[2], 1.0])
    if tilt:
        turn = np.array([[0, 0.1, -0.995], [0.995, 0.01, 0.0], [0.0, -0.995, -0.1]])
        turn, _ = np.linalg.qr(turn)
        matrix[:3, :3] = turn * np.array(spacing)
    matrix[:3, 3] = 10, -20, 30
    return Volume.from_numpy(array.astype(np.int16), matrix)


def nnunet_folder(folder: Path, *, dims: int = 3, residual: bool = False, labels: dict | None = None, channels=("CT",),
                  schemes=("CTNormalization",), spacing=(2.0, 1.5, 1.5), mirror=(0, 1, 2), folds: int = 1,
                  old: bool = False, features=(4, 6), patch: int = 16, **dataset) -> Path:  # fmt: skip
    """An export of nnU-Net: new or old plans, one configuration, folds with other weights each."""
    levels = len(features)
    labels = labels or {"background": 0, "one": 1, "two": 2}
    heads = len(labels) if "regions_class_order" not in dataset else len(labels) - 1
    arguments = {
        "inputs": len(channels), "classes": heads, "features": list(features), "kernels": [[3] * dims] * levels,
        "strides": [[1] * dims, *[[2] * dims] * (levels - 1)], "encoder_counts": [1] * levels,
        "decoder_counts": [1] * (levels - 1),
    }  # fmt: skip
    name = "ResidualEncoderUNet" if residual else "PlainConvUNet"
    if old:
        network = {"UNet_class_name": name, "UNet_base_num_features": features[0],
                   "unet_max_num_features": features[-1],
                   "conv_kernel_sizes": arguments["kernels"], "pool_op_kernel_sizes": arguments["strides"],
                   "n_conv_per_stage_encoder": arguments["encoder_counts"],
                   "n_conv_per_stage_decoder": arguments["decoder_counts"]}  # fmt: skip
    else:
        network = {"architecture": {
            "network_class_name": f"dynamic_network_architectures.architectures.unet.{name}",
            "arch_kwargs": {
                "n_stages": levels, "features_per_stage": list(features),
                "conv_op": f"torch.nn.modules.conv.Conv{dims}d",
                "kernel_sizes": arguments["kernels"], "strides": arguments["strides"],
                ("n_blocks_per_stage" if residual else "n_conv_per_stage"): arguments["encoder_counts"],
                "n_conv_per_stage_decoder": arguments["decoder_counts"],
                "conv_bias": True, "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{dims}d",
                "norm_op_kwargs": {"eps": 1e-5, "affine": True}, "dropout_op": None, "dropout_op_kwargs": None,
                "nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": {"inplace": True}},
            "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"]}}  # fmt: skip
    configuration = {
        "preprocessor_name": "DefaultPreprocessor",
        "patch_size": [patch] * dims,
        "spacing": list(spacing)[-dims:],
        "normalization_schemes": list(schemes),
        "use_mask_for_norm": [False] * len(channels),
        "batch_size": 2,
        **{f"resampling_fn_{what}": "resample_data_or_seg_to_shape" for what in ("data", "seg", "probabilities")},
        **{f"resampling_fn_{what}_kwargs": {"is_seg": what == "seg", "order": 3 if what == "data" else 1, "order_z": 0,
                                            "force_separate_z": None} for what in ("data", "seg", "probabilities")},
        **network,
    }  # fmt: skip
    plans = {
        "dataset_name": "Dataset999_Tiny",
        "plans_name": "nnUNetPlans",
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "label_manager": "LabelManager",
        "experiment_planner_used": "ExperimentPlanner",
        "configurations": {"base": configuration, "3d_fullres": {"inherits_from": "base"}},
        "foreground_intensity_properties_per_channel": {str(index): CT for index in range(len(channels))},
    }
    description = {"channel_names": {str(i): name for i, name in enumerate(channels)}, "labels": labels,
                   "file_ending": ".nii.gz", **dataset}  # fmt: skip
    inner = folder / "Dataset999_Tiny" / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    for fold in range(folds):
        place = inner / f"fold_{fold}"
        place.mkdir(parents=True)
        checkpoint = {
            "network_weights": _as_saved(random_weights(name, arguments, fold)),
            "trainer_name": "nnUNetTrainer",
            "init_args": {"configuration": "3d_fullres"},
            "inference_allowed_mirroring_axes": mirror,
            "_best_ema": np.float64(0.5),
        }
        torch.save(checkpoint, place / "checkpoint_final.pth")
    (inner / "plans.json").write_text(json.dumps(plans))
    (inner / "dataset.json").write_text(json.dumps(description))
    return folder


def _as_saved(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same under all names that nnU-Net's own modules have for them."""
    named = dict(weights)
    for key, value in weights.items():
        for part, place in ((".conv.", ".all_modules.0."), (".norm.", ".all_modules.1.")):
            if part in key:
                named[key.replace(part, place)] = value
    return named | {f"decoder.{key}": value for key, value in named.items() if key.startswith("encoder.")}


def edit_json(path: Path, change) -> None:
    """Rewrites a JSON file after ``change(data)``."""
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


CARD = Card(
    id="tiny",
    name="Tiny",
    kind="package",
    version="1.0.0",
    summary="Random weights, for tests.",
    intended_use="Tests only.",
    limits=("Finds nothing real.",),
    licenses={"code": "Apache-2.0", "weights": "CC0-1.0", "data": "none"},
    metrics=({"name": "Dice", "value": 0.9, "data": "none", "cases": 1},),
    provenance={"recipe": "random_weights", "seed": 0, "commit": "0123abc"},
    postprocessing=({"name": "largest_component", "labels": [1]},),
)


def recipe(**changes) -> Recipe:
    """What goes around the network OWN."""
    ct = {"low": -900.0, "high": 900.0, "mean": 40.0, "std": 250.0}
    anatomy = ("SCT", "123037004", "Anatomical Structure")
    values = {
        "channels": ("CT",),
        "modalities": ("CT",),
        "labels": (
            Label(1, "liver", (221, 130, 101), anatomy, ("SCT", "10200004", "Liver")),
            Label(2, "spleen", (157, 108, 162), anatomy, ("SCT", "78961009", "Spleen")),
        ),
        "heads": 3,
        "head_labels": (0, 1, 2),
        "patch": (16, 16, 16),
        "stride": (2, 2, 2),
        "normalizations": ((Normalization("ct", ct),),),
        "crop_nonzero": True,
        "spacing_mm": (2.0, 1.5, 1.5),
        "mirror_axes": (0, 1, 2),
    }
    return Recipe(**{**values, **changes})


def package(path: Path, *, network: str = "PlainConvUNet", weights=None, arguments: dict | None = None,
            card: Card = CARD, **changes) -> Path:  # fmt: skip
    """A package of the network OWN, or of another one."""
    arguments = OWN if arguments is None else arguments
    weights = random_weights(network, arguments) if weights is None else weights
    return write_package(
        path, card, recipe(**changes), network=network, weights=weights, arguments=arguments, test=[image((8, 9, 10))]
    )


MONAI_NETWORKS = {
    "UNet": {"spatial_dims": 3, "in_channels": 1, "out_channels": 3, "channels": [4, 8, 8], "strides": [2, 2],
             "num_res_units": 1, "norm": "batch"},
    "DynUNet": {"spatial_dims": 3, "in_channels": 1, "out_channels": 3, "kernel_size": [3, 3, 3], "strides": [1, 2, 2],
                "upsample_kernel_size": [2, 2], "filters": [4, 8, 8],
                "norm_name": ["INSTANCE", {"affine": True}]},
    "SegResNet": {"spatial_dims": 3, "in_channels": 1, "out_channels": 3, "init_filters": 8, "blocks_down": [1, 1],
                  "blocks_up": [1], "dropout_prob": 0.2},
    "SwinUNETR": {"spatial_dims": 3, "img_size": 32, "in_channels": 1, "out_channels": 3, "feature_size": 12,
                  "depths": [1, 1, 1, 1], "num_heads": [1, 2, 2, 4]},
}  # fmt: skip


def bundle_config(network: str = "UNet", **changes) -> dict:
    """A configuration as those of MONAI's model zoo."""
    config = {
        "imports": ["$import glob"],
        "bundle_root": ".",
        "image_key": "image",
        "displayable_configs": {"highres": True, "sw_overlap": 0.5},
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "pixdim": "$[2.0, 2.0, 2.5] if @displayable_configs#highres else [3.0, 3.0, 3.0]",
        "network_def": {"_target_": network, **MONAI_NETWORKS[network]},
        "network": "$@network_def.to(@device)",
        "preprocessing": {"_target_": "Compose", "transforms": [
            {"_target_": "LoadImaged", "keys": "@image_key"},
            {"_target_": "EnsureChannelFirstd", "keys": "@image_key"},
            {"_target_": "Orientationd", "keys": "@image_key", "axcodes": "RAS"},
            {"_target_": "Spacingd", "keys": "@image_key", "pixdim": "@pixdim", "mode": "bilinear"},
            {"_target_": "ScaleIntensityRanged", "keys": "@image_key", "a_min": -300, "a_max": 300, "b_min": 0,
             "b_max": 1, "clip": True},
            {"_target_": "EnsureTyped", "keys": "@image_key"}]},
        "inferer": {"_target_": "SlidingWindowInferer", "roi_size": [16, 16, 16], "sw_batch_size": 2,
                    "overlap": "@displayable_configs#sw_overlap"},
        "postprocessing": {"_target_": "Compose", "transforms": [
            {"_target_": "Activationsd", "keys": "pred", "softmax": True},
            {"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing", "orig_keys": "@image_key",
             "nearest_interp": False, "to_tensor": True},
            {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
            {"_target_": "SaveImaged", "keys": "pred", "output_dir": "out"}]},
        "run": ["$@evaluator.run()"],
    }  # fmt: skip
    config.update(changes)
    return config


def bundle(folder: Path, network: str = "UNet", config: dict | None = None) -> Path:
    """A MONAI bundle with random weights."""
    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    config = config or bundle_config(network)
    names = {"0": "background", "1": "liver", "2": "tumor"}
    metadata = {
        "version": "0.1.0",
        "name": "Tiny bundle",
        "task": "segmentation",
        "intended_use": "Tests only.",
        "eval_metrics": {"mean_dice": 0.5},
        "data_source": "none",
        "network_data_format": {
            "inputs": {"image": {"modality": "CT", "num_channels": 1, "channel_def": {"0": "CT image"}}},
            "outputs": {"pred": {"num_channels": 3, "channel_def": names}},
        },
    }
    (folder / "configs" / "metadata.json").write_text(json.dumps(metadata))
    (folder / "configs" / "inference.json").write_text(json.dumps(config))
    arguments = {key: value for key, value in config["network_def"].items() if key != "_target_"}
    checked = check_arguments(network, Given(arguments, "test"))
    torch.save(monai_weights(network, checked), folder / "models" / "model.pt")
    return folder


def monai_weights(name: str, arguments: dict) -> dict[str, torch.Tensor]:
    """The network's own start, the last layer larger, so that all labels appear."""
    from monai.networks import nets

    torch.manual_seed(3)
    return getattr(nets, name)(**{key: value for key, value in arguments.items() if key != "img_size"}).state_dict()
