"""Weights as data: safetensors, and torch's files without the code that a pickle may carry."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from ..errors import InputError
from .archive import MAX_RATIO, reading

_REAL = "fiub"


def _plain_scalar(dtype, data=b""):
    """Stands for NumPy's own maker of scalars in files; numbers only."""
    if not isinstance(dtype, np.dtype) or dtype.kind not in _REAL or not isinstance(data, bytes):
        raise InputError("The checkpoint holds a NumPy value that is no number; do not use it.")
    return np.frombuffer(data, dtype=dtype, count=1)[0]


_DTYPES = [np.dtypes.Float64DType, np.dtypes.Float32DType, np.dtypes.Int64DType, np.dtypes.Int32DType]
_ALLOWED: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    (_plain_scalar, "numpy._core.multiarray.scalar"),
    (_plain_scalar, "numpy.core.multiarray.scalar"),
    np.dtype,
    *_DTYPES,
]


def load_checkpoint(data: bytes, name: str) -> dict:
    """What a file of ``torch.save`` holds, tensors on the CPU; no code of it is run."""
    with reading(name):
        if not zipfile.is_zipfile(io.BytesIO(data)):
            raise InputError(f"'{name}' is not a file of torch.save, or one from before 2020; export the model again.")
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            packed = sum(member.file_size for member in file.infolist())
        if packed > 2 * len(data) + (1 << 20) or packed > MAX_RATIO * len(data):
            raise InputError(f"'{name}' grows when it is unpacked, which torch's own files do not; do not use it.")
        found = _plain(data, name)
    if not isinstance(found, Mapping):
        raise InputError(f"'{name}' holds no table of weights; export the model again.")
    return dict(found)


def _plain(data: bytes, name: str):
    try:
        with torch.serialization.safe_globals(_ALLOWED):
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # torch's own words tell how to load it all the same
        raise InputError(
            f"'{name}' holds more than weights, or is damaged: it asks for code that is not run here. If you trust its "
            "source, save the weights alone with torch.save(network.state_dict(), ...)."
        ) from error


def load_safetensors(data: bytes, name: str) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file by name."""
    from safetensors.torch import load

    with reading(name):
        return load(data)


def save_safetensors(tensors: Mapping[str, torch.Tensor]) -> bytes:
    from safetensors.torch import save

    return save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()})


def fill(network: nn.Module, weights: Mapping[str, object], name: str) -> nn.Module:
    """A network that was made on the device "meta" with weights of a file, ready for inference.

    Names may stand behind "module." or "_orig_mod."; names that the network does not have are duplicates or for
    training. InputError where a weight is missing or has another shape.
    """
    given = {_bare(key): value for key, value in weights.items() if isinstance(value, torch.Tensor)}
    wanted = network.state_dict()
    chosen = {}
    for key, empty in wanted.items():
        if key not in given:
            raise InputError(
                f"'{name}' has no weight '{key}', so it belongs to another network than its description says; export "
                "the model again."
            )
        if given[key].shape != empty.shape:
            raise InputError(
                f"The weight '{key}' of '{name}' has shape {tuple(given[key].shape)} and should have "
                f"{tuple(empty.shape)}: it belongs to another network than the description says; export it again."
            )
        if given[key].is_complex() or given[key].layout != torch.strided or given[key].is_quantized:
            raise InputError(f"The weight '{key}' of '{name}' is not of plain numbers; export the model again.")
        kind = empty.dtype if empty.is_floating_point() else given[key].dtype
        chosen[key] = given[key].to(kind).contiguous()
        if not torch.isfinite(chosen[key]).all():
            raise InputError(f"The weight '{key}' of '{name}' is not finite; download or export the model again.")
    with reading(name):
        network.load_state_dict(chosen, assign=True)
    return network.eval().requires_grad_(False)


def _bare(name: object) -> str:
    return str(name).removeprefix("module.").removeprefix("_orig_mod.")
