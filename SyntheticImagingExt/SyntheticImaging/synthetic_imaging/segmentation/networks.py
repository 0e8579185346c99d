"""The networks that a description may name, and what it may say of them; nothing else is ever made."""

from __future__ import annotations

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..errors import InputError
from .archive import reading
from .checks import Given
from .unet import UNet

MAX_WEIGHTS = 1_000_000_000


def _whole_lists(given: Given, low: int, high: int, dims: int) -> list:
    return [list(item.whole_numbers(low, high, (dims,))) for item in given.items(12)]


def _check_own(given: Given) -> dict:
    given.only("inputs", "classes", "features", "kernels", "strides", "encoder_counts", "decoder_counts", "bias", "eps",
               "slope")  # fmt: skip
    features = list(given["features"].whole_numbers(1, 4096, range(2, 13)))
    levels, kernels = len(features), given["kernels"].items(12)
    dims = len(kernels[0].items(3)) if kernels else 0
    if dims not in (2, 3) or len(kernels) != levels:
        raise given["kernels"].fail(f"{levels} lists of two or three numbers")
    if len(given["strides"].items(12)) != levels:
        raise given["strides"].fail(f"{levels} lists of numbers")
    checked = {
        "inputs": given["inputs"].whole(1, 64),
        "classes": given["classes"].whole(1, 2000),
        "features": features,
        "kernels": _whole_lists(given["kernels"], 1, 15, dims),
        "strides": _whole_lists(given["strides"], 1, 8, dims),
        "encoder_counts": list(given["encoder_counts"].whole_numbers(1, 20, (levels,))),
        "decoder_counts": list(given["decoder_counts"].whole_numbers(1, 20, (levels - 1,))),
    }
    if given.get("bias") is not None:
        checked["bias"] = given["bias"].flag()
    if given.get("eps") is not None:
        checked["eps"] = given["eps"].number(1e-12, 1)
    if given.get("slope") is not None:
        checked["slope"] = given["slope"].number(0, 1)
    return checked


_WHOLE = {"spatial_dims": (2, 3), "in_channels": (1, 64), "out_channels": (1, 2000), "num_res_units": (0, 20),
          "init_filters": (1, 512), "feature_size": (1, 768), "deep_supr_num": (1, 10), "window_size": (1, 64),
          "patch_size": (1, 16), "mlp_ratio": (1, 16), "num_groups": (1, 512)}  # fmt: skip
_LISTS = {"channels": (1, 4096), "blocks_down": (1, 20), "blocks_up": (1, 20), "filters": (1, 4096),
          "depths": (1, 50), "num_heads": (1, 100)}  # fmt: skip
_FLAGS = ("bias", "deep_supervision", "res_block", "trans_bias", "use_conv_final", "qkv_bias", "normalize",
          "use_checkpoint", "use_v2")  # fmt: skip
_SIZES = {"kernel_size": (1, 15), "up_kernel_size": (1, 15), "strides": (1, 8), "upsample_kernel_size": (1, 8)}
_NAMED = ("act", "norm", "act_name", "norm_name")
_OPTIONS = ("num_groups", "affine", "inplace", "negative_slope", "eps", "num_channels", "num_features")
_MONAI = {
    "UNet": ("spatial_dims", "in_channels", "out_channels", "channels", "strides", "kernel_size", "up_kernel_size",
             "num_res_units", "act", "norm", "dropout", "bias"),
    "DynUNet": ("spatial_dims", "in_channels", "out_channels", "kernel_size", "strides", "upsample_kernel_size",
                "filters", "dropout", "norm_name", "act_name", "deep_supervision", "deep_supr_num", "res_block",
                "trans_bias"),
    "SegResNet": ("spatial_dims", "init_filters", "in_channels", "out_channels", "dropout_prob", "act", "norm",
                  "norm_name", "num_groups", "use_conv_final", "blocks_down", "blocks_up", "upsample_mode"),
    "SwinUNETR": ("spatial_dims", "in_channels", "out_channels", "patch_size", "depths", "num_heads", "window_size",
                  "qkv_bias", "mlp_ratio", "feature_size", "norm_name", "drop_rate", "attn_drop_rate",
                  "dropout_path_rate", "normalize", "use_checkpoint", "downsample", "use_v2", "img_size"),
}  # fmt: skip
_NEEDED = {
    "UNet": ("in_channels", "out_channels", "channels", "strides"),
    "DynUNet": ("in_channels", "out_channels", "kernel_size", "strides", "upsample_kernel_size"),
    "SegResNet": (),
    "SwinUNETR": ("in_channels", "out_channels"),
}
OWN = ("PlainConvUNet", "ResidualEncoderUNet")
ALLOWED = (*OWN, *_MONAI)


def check_arguments(name: str, given: Given) -> dict:
    """Arguments of an allowed network, each known and within its range; InputError otherwise."""
    if name in OWN:
        return _check_own(given)
    given.only(*_MONAI[name])
    for key in _NEEDED[name]:
        if key == "strides":
            given[key].items(16)
        given[key]
    return {key: _check_monai(key, value) for key, value in given.fields(64).items() if value.value is not None}


def _check_monai(key: str, value: Given):
    if key in _SIZES:
        return _nested(value, *_SIZES[key])
    if key in _LISTS:
        return list(value.whole_numbers(*_LISTS[key], range(1, 16)))
    if key in ("window_size", "patch_size", "img_size") and isinstance(value.value, list | tuple):
        return list(value.whole_numbers(1, 1024, range(1, 4)))
    if key == "img_size":
        return value.whole(1, 1024)
    if key == "mlp_ratio":
        return value.number(0.1, 16)
    if key in _WHOLE:
        return value.whole(*_WHOLE[key])
    if key in _FLAGS:
        return value.flag()
    if key in _NAMED:
        return _layer(value)
    if key in ("upsample_mode", "downsample"):
        return value.choice(("nontrainable", "deconv", "pixelshuffle", "merging", "mergingv2"))
    return value.number(0, 0.999)


def _nested(value: Given, low: int, high: int):
    """A number, a list of them, or a list of lists."""
    if isinstance(value.value, list | tuple):
        return [_nested(item, low, high) if isinstance(item.value, list | tuple) else item.whole(low, high)
                for item in value.items(16)]  # fmt: skip
    return value.whole(low, high)


def _layer(value: Given):
    """The name of a layer, or name and plain options: "instance", ["group", {"num_groups": 8}]."""
    if isinstance(value.value, str):
        return value.text(40)
    name, *options = value.items(2)
    plain = {}
    for key, option in options[0].only(*_OPTIONS).fields().items() if options else ():
        plain[key] = option.value if isinstance(option.value, bool) else option.number(-1e6, 1e6)
        if isinstance(option.value, int) and not isinstance(option.value, bool):
            plain[key] = option.whole(0, 100_000)
    return (name.text(40), plain)


def build(name: str, arguments: dict) -> nn.Module:
    """A network without weights, on the device "meta", which takes no memory; InputError where it is not allowed."""
    if name not in ALLOWED:
        raise InputError(f"The network '{name}' is not among those that can be run: {', '.join(ALLOWED)}.")
    with reading(name), torch.device("meta"), _SpacedHere():
        own = name in OWN
        network = UNet(**arguments, residual=name == OWN[1]) if own else _monai(name, arguments)
    if sum(weight.numel() for weight in network.parameters()) > MAX_WEIGHTS:
        raise InputError(f"The network '{name}' would have more than {MAX_WEIGHTS:,} weights; that is no usable model.")
    return network


class _SpacedHere(TorchFunctionMode):
    """Lets a network take numbers from ``torch.linspace``, which tensors on "meta" do not have."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        spaced = {"device": "cpu"} if function is torch.linspace else {}
        return function(*args, **{**(kwargs or {}), **spaced})


def _monai(name: str, arguments: dict) -> nn.Module:
    from monai.networks import nets

    # older versions wanted the size of the image, which the network does not depend on
    return getattr(nets, name)(**{key: value for key, value in arguments.items() if key != "img_size"})


def stride_of(name: str, arguments: dict, dims: int) -> tuple[int, ...]:
    """What the axes of a network's input have to be multiples of."""
    if name in OWN:
        strides = arguments["strides"]
    elif name == "SwinUNETR":
        strides = [[2] * dims] * (1 + len(arguments.get("depths", (2, 2, 2, 2))))
    elif name == "SegResNet":
        strides = [[2] * dims] * (len(arguments.get("blocks_down", (1, 2, 2, 4))) - 1)
    else:
        strides = [step if isinstance(step, list) else [step] * dims for step in arguments["strides"]]
    total = [1] * dims
    for step in strides:
        total = [size * by for size, by in zip(total, step, strict=True)]
    return tuple(total)
