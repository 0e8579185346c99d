"""Images into files, by what the file's name ends in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import numpy as np
import torch

from ..errors import InputError
from ..io import mark_synthetic, write_volume
from ..volume import Volume
from .image import Radiograph
from .pose_records import record_of
from .settings import OUTPUTS
from .split import WATER

SUFFIXES = (".nrrd", ".nii", ".nii.gz", ".mha", ".mhd", ".png", ".dcm")
_UNITS = dict(zip(OUTPUTS, ("mm of water", "1", "1", "keV", "gray 0 to 1"), strict=True))


def output_image(image: Radiograph, output: str) -> torch.Tensor:
    """One of ``OUTPUTS``, (rows, columns); "water-path" where the paths are those of water alone."""
    if output == "water-path":
        if set(image.paths) != {WATER}:
            raise InputError("A water path is projected by itself; use projector.water_path.")
        return image.paths[WATER]
    if output not in OUTPUTS:
        raise InputError(f"There is no output '{output}'; choose one of {', '.join(OUTPUTS)}.")
    return getattr(image, output.replace("-", "_"))


def volume_of(image: Radiograph, output: str = "display") -> Volume:
    """The image as a volume of one slice that stands at the detector, with its pose and settings in the metadata."""
    data = output_image(image, output).detach().cpu().float()[None].contiguous()
    volume = Volume(data, image.view.ijk_to_ras)
    return mark_synthetic(
        volume,
        f"X-ray image computed from CT, {image.view.pose().title}",
        output=output,
        unit=_UNITS[output],
        pose=json.dumps(record_of(image.view)),
        settings=json.dumps(image.settings.to_dict()),
        scatter_to_primary=f"{image.scatter_to_primary:.3f}",
    )


def refuse_name(path: Path, output: str) -> None:
    """InputError where no image, or not this output, can be written under a name."""
    name = path.name.lower()
    if not name.endswith(SUFFIXES):
        raise InputError(f"'{path.name}' has an unknown file type; end the name in {', '.join(SUFFIXES)}.")
    if name.endswith((".png", ".dcm")) and output != "display":
        raise InputError(f"A {path.suffix} file holds gray values only; write {output} to .nrrd, or choose display.")


def write_image(
    path: str | PathLike, image: Radiograph, output: str = "display", metadata: Mapping[str, str] | None = None
) -> Path:
    """Write one image; returns the path.

    path: a volume format (.nrrd, .nii, .nii.gz, .mha, .mhd) takes any output as float32 with its geometry; .png
    (8 bits) and .dcm (DICOM XA, 16 bits) take "display". metadata: that of the CT, for the study of a DICOM file.
    """
    path = Path(path).expanduser()
    refuse_name(path, output)
    name = path.name.lower()
    if name.endswith(".dcm"):
        from .dicom_xa import write_xa

        return write_xa(path, image, metadata)
    if name.endswith(".png"):
        return _write_png(path, image)
    return write_volume(path, volume_of(image, output))


def _write_png(path: Path, image: Radiograph) -> Path:
    import SimpleITK as sitk

    from ..io.atomic import publish, staging
    from ..io.checked import write_checked

    gray = np.rint(image.display.detach().cpu().clamp(0, 1).numpy() * 255).astype(np.uint8)
    with staging(path) as folder:
        write_checked(sitk.GetImageFromArray(gray), folder / path.name)
        publish(folder, path)
    return path
