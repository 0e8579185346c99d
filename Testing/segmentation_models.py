"""Small models with random weights, as files of each kind; not for anatomy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from synthetic_imaging.segmentation.networks import build
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
    array[:, :3] = -1000
    matrix = np.diag([-spacing[0], -spacing[1], spacing[2], 1.0])
    if tilt:
        turn = np.array([[0, 0.1, -0.995], [0.995, 0.01, 0.0], [0.0, -0.995, -0.1]])
        turn, _ = np.linalg.qr(turn)
        matrix[:3, :3] = turn * np.array(spacing)
    matrix[:3, 3] = 10, -20, 30
    return Volume.from_numpy(array.astype(np.int16), matrix)


def nnunet_folder(folder: Path, *, dims: int = 3, residual: bool = False, labels: dict | None = None, channels=("CT",),
                  schemes=("CTNormalization",), spacing=(2.0, 1.5, 1.5), mirror=(0, 1, 2), folds: int = 1,
                  old: bool = False, **dataset) -> Path:  # fmt: skip
    """An export of nnU-Net: new or old plans, one configuration, folds with other weights each."""
    labels = labels or {"background": 0, "one": 1, "two": 2}
    heads = len(labels) if "regions_class_order" not in dataset else len(labels) - 1
    arguments = {**OWN, "inputs": len(channels), "classes": heads}
    for name in ("kernels", "strides"):
        arguments[name] = [size[:dims] for size in arguments[name]]
    name = "ResidualEncoderUNet" if residual else "PlainConvUNet"
    if old:
        network = {"UNet_class_name": name, "UNet_base_num_features": 4, "unet_max_num_features": 6,
                   "conv_kernel_sizes": arguments["kernels"], "pool_op_kernel_sizes": arguments["strides"],
                   "n_conv_per_stage_encoder": [1, 1], "n_conv_per_stage_decoder": [1]}  # fmt: skip
    else:
        network = {"architecture": {
            "network_class_name": f"dynamic_network_architectures.architectures.unet.{name}",
            "arch_kwargs": {
                "n_stages": 2, "features_per_stage": [4, 6], "conv_op": f"torch.nn.modules.conv.Conv{dims}d",
                "kernel_sizes": arguments["kernels"], "strides": arguments["strides"],
                ("n_blocks_per_stage" if residual else "n_conv_per_stage"): [1, 1], "n_conv_per_stage_decoder": [1],
                "conv_bias": True, "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{dims}d",
                "norm_op_kwargs": {"eps": 1e-5, "affine": True}, "dropout_op": None, "dropout_op_kwargs": None,
                "nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": {"inplace": True}}}}  # fmt: skip
    configuration = {
        "preprocessor_name": "DefaultPreprocessor",
        "patch_size": [16, 16, 16][:dims],
        "spacing": list(spacing)[-dims:],
        "normalization_schemes": list(schemes),
        "use_mask_for_norm": [False] * len(channels),
        **network,
    }
    plans = {
        "dataset_name": "Dataset999_Tiny",
        "plans_name": "nnUNetPlans",
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "configurations": {"base": configuration, "3d_fullres": {"inherits_from": "base"}},
        "foreground_intensity_properties_per_channel": {str(index): CT for index in range(len(channels))},
    }
    description = {"channel_names": {str(i): name for i, name in enumerate(channels)}, "labels": labels, **dataset}
    inner = folder / "Dataset999_Tiny" / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    for fold in range(folds):
        place = inner / f"fold_{fold}"
        place.mkdir(parents=True)
        checkpoint = {
            "network_weights": random_weights(name, arguments, fold),
            "init_args": {"configuration": "3d_fullres"},
            "inference_allowed_mirroring_axes": mirror,
            "_best_ema": np.float64(0.5),
        }
        torch.save(checkpoint, place / "checkpoint_final.pth")
    (inner / "plans.json").write_text(json.dumps(plans))
    (inner / "dataset.json").write_text(json.dumps(description))
    return folder


def edit_json(path: Path, change) -> None:
    """Rewrites a JSON file after ``change(data)``."""
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
