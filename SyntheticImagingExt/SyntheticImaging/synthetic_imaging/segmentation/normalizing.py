"""Gray values as the network was trained on them."""

from __future__ import annotations

import numpy as np

from .recipe import Normalization

_TINY = 1e-8


def normalize(channel: np.ndarray, steps: tuple[Normalization, ...], mask: np.ndarray | None) -> np.ndarray:
    """One channel, float32, changed in place where possible; mask: the nonzero region."""
    for step in steps:
        channel = _KINDS[step.name](channel, step.numbers, mask if step.mask_only else None)
    return channel


def _ct(channel, numbers, mask):
    np.clip(channel, numbers["low"], numbers["high"], out=channel)
    channel -= np.float32(numbers["mean"])
    channel /= np.float32(max(numbers["std"], _TINY))
    return channel


def _zscore(channel, numbers, mask):
    if mask is None:
        mean, std = channel.mean(), channel.std()
        channel -= mean
        channel /= max(std, np.float32(_TINY))
    elif mask.any():
        values = channel[mask]
        channel[mask] = (values - values.mean()) / max(values.std(), np.float32(_TINY))
    return channel


def _zscore_nonzero(channel, numbers, mask):
    inside = channel != 0
    if inside.any():
        values = channel[inside]
        std = values.std()
        channel[inside] = (values - values.mean()) / (std if std else np.float32(1))
    return channel


def _rescale(channel, numbers, mask):
    low, high = channel.min(), channel.max()
    to_low, to_high = np.float32(numbers["to_low"]), np.float32(numbers["to_high"])
    channel -= low
    channel /= max(high - low, np.float32(_TINY))
    channel *= to_high - to_low
    channel += to_low
    return channel


def _divide(channel, numbers, mask):
    channel /= np.float32(numbers["by"])
    return channel


def _range(channel, numbers, mask):
    low, to_low = np.float32(numbers["low"]), np.float32(numbers["to_low"])
    span, to_span = numbers["high"] - numbers["low"], numbers["to_high"] - numbers["to_low"]
    channel -= low
    channel /= np.float32(span)
    channel *= np.float32(to_span)
    channel += to_low
    if numbers["clip"]:
        np.clip(channel, *sorted((numbers["to_low"], numbers["to_high"])), out=channel)
    return channel


_KINDS = {
    "none": lambda channel, numbers, mask: channel,
    "ct": _ct,
    "zscore": _zscore,
    "zscore_nonzero": _zscore_nonzero,
    "rescale": _rescale,
    "divide": _divide,
    "range": _range,
}
