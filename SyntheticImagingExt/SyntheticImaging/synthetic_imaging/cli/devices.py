"""Where the verbs compute."""

from __future__ import annotations

import torch

from ..errors import InputError


def check_device(name: str) -> None:
    """InputError where torch cannot compute on a device of this name."""
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"The device '{name}' cannot be used here; leave --device out to compute on the CPU."
        ) from error
