"""The truth of an image as files: masks, path lengths, landmarks, belief maps and the pose."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

import torch

from ..errors import InputError
from ..io import mark_synthetic, write_volume
from ..io.atomic import filling
from ..volume import Volume
from .geometry import View
from .poses import read_json, record_of
from .tools import Tool, trace
from .truth import belief_maps, landmarks, structures

RECORD = "truth.json"
_LPS_TO_RAS = (-1.0, -1.0, 1.0)


def write_truth(
    folder: str | PathLike,
    view: View,
    labels: Volume | Sequence[Volume] | None = None,
    tools: Sequence[Tool] = (),
    points_ras: Mapping[str, Sequence[float]] | None = None,
    names: Mapping[int, str] | None = None,
) -> Path:
    """Write what is where in the image of a view; returns the path of ``truth.json``, which lists it all.

    labels: one label map, or several with different values where structures overlap. names: of values, for the list.
    For every label and tool that is seen mask_<name>.nrrd (uint8) and length_<name>.nrrd (float32, mm), for every
    landmark that is seen belief_<name>.nrrd (float32), each a one-slice volume that stands at the detector. Labels are
    called label_<value>, tools tool_<name>.
    """
    record: dict = {"pose": record_of(view), "labels": [], "tools": [], "landmarks": []}
    images: dict[str, torch.Tensor] = {}
    for layer in [labels] if isinstance(labels, Volume) else labels or ():
        found = structures(layer, view)
        for value, length in zip(found.labels, found.lengths_mm, strict=True):
            called = {"name": names[value]} if names and value in names else {}
            record["labels"].append({"label": value, **called, **_add(images, f"label_{value}", length)})
    lengths = trace(tools, view).lengths_mm if tools else ()
    for tool, length in zip(tools, lengths, strict=True):
        entry = {"name": tool.name, "material": tool.material}
        record["tools"].append({**entry, **_add(images, f"tool_{_file_name(tool.name)}", length.float())})
    marks = landmarks(points_ras or {}, view)
    for mark, belief in zip(marks, belief_maps(marks, view), strict=True):
        told = {"name": mark.name, "ras_mm": list(mark.point_ras), "visible": mark.visible, "unseen": mark.unseen}
        known = mark.column == mark.column  # a point behind the source has no pixel
        record["landmarks"].append({**told, "column_row": [mark.column, mark.row] if known else None})
        if mark.visible:
            images[f"belief_{_file_name(mark.name)}"] = belief
    folder = Path(folder).expanduser()
    with filling(folder, RECORD) as temporary:
        for name, image in images.items():
            volume = mark_synthetic(
                Volume(image[None].contiguous(), view.ijk_to_ras), f"truth of an X-ray image, {name}"
            )
            write_volume(temporary / f"{name}.nrrd", volume)
        (temporary / RECORD).write_text(json.dumps(record, indent=2), encoding="utf-8")
    return folder / RECORD


def read_landmarks(path: str | PathLike) -> dict[str, tuple[float, float, float]]:
    """Named points in RAS mm, from JSON: {"name": [R, A, S]}, the phantom's labels.json, or Slicer's markups."""
    path = Path(path).expanduser()
    if not path.is_file():
        raise InputError(f"'{path}' does not exist; check the path for typing errors.")
    content = read_json(path)
    try:
        if "markups" in content:
            return _from_markups(content["markups"])
        points = content.get("landmarks_ras_mm", content)
        return {str(name): _point(point) for name, point in points.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"'{path.name}' holds no landmarks; write {{\"name\": [R, A, S]}} in mm, or save markups from Slicer."
        ) from error


def _from_markups(markups: list[dict]) -> dict[str, tuple[float, float, float]]:
    found = {}
    for markup in markups:
        signs = _LPS_TO_RAS if markup.get("coordinateSystem", "LPS") in ("LPS", "1") else (1.0, 1.0, 1.0)
        for number, point in enumerate(markup["controlPoints"], 1):
            place = _point(point["position"])
            found[point.get("label") or str(number)] = tuple(s * x for s, x in zip(signs, place, strict=True))
    return found


def _point(values) -> tuple[float, float, float]:
    right, anterior, superior = map(float, values)
    return right, anterior, superior


def _add(images: dict[str, torch.Tensor], name: str, length_mm: torch.Tensor) -> dict:
    """Add the images of one structure, where it is seen; returns what the record says of it."""
    mask = length_mm > 0
    if mask.any():
        images[f"mask_{name}"], images[f"length_{name}"] = mask.to(torch.uint8), length_mm
    return {"pixels": int(mask.sum()), "largest_mm": float(length_mm.max()) if length_mm.numel() else 0.0}


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.\-]+", "_", name)
