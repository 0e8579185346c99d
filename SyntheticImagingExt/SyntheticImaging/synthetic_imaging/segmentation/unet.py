"""The two networks that nnU-Net trains, with the names of its parameters, so that its weights can be loaded.

PlainConvUNet: Isensee et al., Nat Methods 2021;18:203. ResidualEncoderUNet: Isensee et al., MICCAI 2024.
Both are U-Nets of instance norm and leaky ReLU; the encoder halves the resolution by strided convolutions, the decoder
doubles it by transposed ones. Only what is needed for inference: no dropout, one output at full resolution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

_CONVOLUTIONS: dict[int, Callable[..., nn.Module]] = {2: nn.Conv2d, 3: nn.Conv3d}
_TRANSPOSED: dict[int, Callable[..., nn.Module]] = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
_NORMS: dict[int, Callable[..., nn.Module]] = {2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}
_MEANS: dict[int, Callable[..., nn.Module]] = {2: nn.AvgPool2d, 3: nn.AvgPool3d}


class Convolution(nn.Module):
    """Convolution, then norm, then leaky ReLU; the last two where they are wanted."""

    def __init__(self, inputs: int, outputs: int, kernel: Sequence[int], stride: Sequence[int], *, bias: bool,
                 eps: float, slope: float | None = 0.01):  # fmt: skip
        super().__init__()
        dims = len(kernel)
        padding = [(size - 1) // 2 for size in kernel]
        self.conv = _CONVOLUTIONS[dims](inputs, outputs, tuple(kernel), tuple(stride), padding, bias=bias)
        self.norm = _NORMS[dims](outputs, eps=eps, affine=True)
        self.slope = slope

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.conv(x))
        return x if self.slope is None else nn.functional.leaky_relu_(x, self.slope)


class _Convolutions(nn.Module):
    """Several convolutions in a row, the first with the stride."""

    def __init__(self, count: int, inputs: int, outputs: int, kernel, stride, **options):
        super().__init__()
        one = [1] * len(kernel)
        self.convs = nn.Sequential(
            *(
                Convolution(outputs if index else inputs, outputs, kernel, one if index else stride, **options)
                for index in range(count)
            )
        )

    def forward(self, x):
        return self.convs(x)


class _Residual(nn.Module):
    """Two convolutions beside a short cut that pools and projects where shape or width change."""

    def __init__(self, inputs: int, outputs: int, kernel, stride, *, bias: bool, eps: float, slope: float):
        super().__init__()
        one = [1] * len(kernel)
        self.conv1 = Convolution(inputs, outputs, kernel, stride, bias=bias, eps=eps, slope=slope)
        self.conv2 = Convolution(outputs, outputs, kernel, one, bias=bias, eps=eps, slope=None)
        self.slope = slope
        short: list[nn.Module] = []
        if any(step != 1 for step in stride):
            short.append(_MEANS[len(kernel)](tuple(stride), tuple(stride)))
        if inputs != outputs:
            short.append(Convolution(inputs, outputs, one, one, bias=False, eps=eps, slope=None))
        self.skip = nn.Sequential(*short)

    def forward(self, x):
        return nn.functional.leaky_relu_(self.conv2(self.conv1(x)).add_(self.skip(x)), self.slope)


class _Residuals(nn.Module):
    def __init__(self, count: int, inputs: int, outputs: int, kernel, stride, **options):
        super().__init__()
        one = [1] * len(kernel)
        self.blocks = nn.Sequential(
            *(
                _Residual(outputs if index else inputs, outputs, kernel, one if index else stride, **options)
                for index in range(count)
            )
        )

    def forward(self, x):
        return self.blocks(x)


class _Encoder(nn.Module):
    def __init__(self, stages: Sequence[nn.Module], stem: nn.Module | None):
        super().__init__()
        if stem is not None:
            self.stem = stem
        self.stages = nn.Sequential(*stages)

    def forward(self, x):
        x = self.stem(x) if hasattr(self, "stem") else x
        skips = []
        for stage in self.stages:
            x = stage(x)
            skips.append(x)
        return skips


class _Decoder(nn.Module):
    def __init__(self, classes: int, features, kernels, strides, counts, **options):
        super().__init__()
        dims = len(kernels[0])
        self.stages, self.transpconvs, self.seg_layers = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for index, level in enumerate(reversed(range(len(features) - 1))):
            wide, narrow, step = features[level + 1], features[level], tuple(strides[level + 1])
            self.transpconvs.append(_TRANSPOSED[dims](wide, narrow, step, step, bias=options["bias"]))
            one = [1] * dims
            self.stages.append(_Convolutions(counts[index], 2 * narrow, narrow, kernels[level], one, **options))
            # deep supervision trains one of these per stage; only the last one is at full resolution
            self.seg_layers.append(_CONVOLUTIONS[dims](narrow, classes, 1))

    def forward(self, skips):
        x = skips[-1]
        for index, (up, stage) in enumerate(zip(self.transpconvs, self.stages, strict=True)):
            x = stage(torch.cat((up(x), skips[-2 - index]), 1))
        return self.seg_layers[-1](x)


class UNet(nn.Module):
    """PlainConvUNet, or with ``residual`` ResidualEncoderUNet.

    features, kernels, strides: per stage, from full resolution down; kernels and strides have one number per axis.
    encoder_counts: convolutions (or residual blocks) per stage; decoder_counts: convolutions per stage of the decoder,
    from the coarsest up.

    Takes (N, inputs, …) whose axes are multiples of the product of the strides, gives (N, classes, …).
    """

    def __init__(self, *, inputs: int, classes: int, features: Sequence[int], kernels: Sequence[Sequence[int]],
                 strides: Sequence[Sequence[int]], encoder_counts: Sequence[int], decoder_counts: Sequence[int],
                 residual: bool = False, bias: bool = True, eps: float = 1e-5, slope: float = 0.01):  # fmt: skip
        super().__init__()
        options = {"bias": bias, "eps": eps, "slope": slope}
        stages: list[nn.Module] = []
        stem: nn.Module | None = None
        width = inputs
        if residual:
            stem = _Convolutions(1, inputs, features[0], kernels[0], [1] * len(kernels[0]), **options)
            width = features[0]
        for count, outputs, kernel, stride in zip(encoder_counts, features, kernels, strides, strict=True):
            if residual:
                stages.append(_Residuals(count, width, outputs, kernel, stride, **options))
            else:
                # nnU-Net wraps each plain stage once more, which shows in the names of the parameters
                stages.append(nn.Sequential(_Convolutions(count, width, outputs, kernel, stride, **options)))
            width = outputs
        self.encoder = _Encoder(stages, stem)
        self.decoder = _Decoder(classes, features, kernels, strides, decoder_counts, **options)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(x))
