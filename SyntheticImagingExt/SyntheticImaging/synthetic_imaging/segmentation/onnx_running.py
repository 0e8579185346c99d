"""Networks in ONNX files, run by ONNX Runtime or OpenVINO, whichever is there."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import torch

from ..errors import InputError
from .archive import reading
from .recipe import Recipe

ENGINES = ("openvino", "onnxruntime")
"""The first is two to three times as fast on processors of Intel's kind."""


def engine() -> str:
    """The engine that is installed, the first of ENGINES; InputError that says how to get one."""
    for name in ENGINES:
        if find_spec(name) is not None:
            return name
    raise InputError(
        "This model is an ONNX file, and neither ONNX Runtime nor OpenVINO is installed; install one of them, for "
        "example with 'pip install onnxruntime'."
    )


class OnnxNetwork:
    """Called as a network of torch is: a tensor (1, C, …) in, a tensor (1, heads, …) out.

    data: the file, with its weights in it; files beside it are not read. InputError where it cannot be loaded, or
    takes or gives anything else than the recipe says.
    """

    def __init__(self, data: bytes, name: str, recipe: Recipe):
        self.name, self.heads = name, recipe.heads
        with reading(name):
            self._run, shape = _RUNNERS[engine()](data)
        wanted = (1, len(recipe.channels), *recipe.patch[-recipe.dims :])
        fits = len(shape) == len(wanted) and all(
            not isinstance(has, int) or has == size for has, size in zip(shape, wanted, strict=True)
        )
        if not fits:
            raise InputError(
                f"'{name}' takes an input of shape {tuple(shape)}, and its description says {wanted}; export it again."
            )

    def __call__(self, piece: torch.Tensor) -> torch.Tensor:
        with reading(self.name):
            found = torch.from_numpy(np.ascontiguousarray(self._run(piece.float().cpu().numpy())))
        if tuple(found.shape) != (1, self.heads, *piece.shape[2:]):
            raise InputError(
                f"'{self.name}' gives an answer of shape {tuple(found.shape)} to an input of {tuple(piece.shape)}; "
                f"{self.heads} heads of the same size are needed. Export it again."
            )
        return found.float()


def _by_onnxruntime(data: bytes):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # tiles are shared out over the cores already
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    if len(session.get_inputs()) != 1:
        raise InputError(f"The ONNX file takes {len(session.get_inputs())} inputs; one is needed.")
    only = session.get_inputs()[0]
    return lambda array: session.run(None, {only.name: array})[0], only.shape


_OPENVINO = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}


def _by_openvino(data: bytes):
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(core.read_model(data), "CPU", _OPENVINO)
    if len(compiled.inputs) != 1:
        raise InputError(f"The ONNX file takes {len(compiled.inputs)} inputs; one is needed.")
    shape = [size.get_length() if size.is_static else None for size in compiled.inputs[0].partial_shape]

    def run(array):
        # a request of its own for each tile, for several are computed at once
        return compiled.create_infer_request().infer([array])[0]

    return run, shape


_RUNNERS = {"onnxruntime": _by_onnxruntime, "openvino": _by_openvino}
