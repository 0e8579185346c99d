"""The truth of an image as files: masks, path lengths, landmarks, belief maps and the pose."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path

import torch

from ..errors import InputError
from ..io import mark_synthetic, write_volume
from ..io.atomic import filling
from ..io.json_files import read_json
from ..io.markups import is_fcsv, read_points, told_apart
from ..volume import Volume
from .checks import triple
from .geometry import View
from .poses import record_of
from .tools import Tool, trace
from .truth import belief_maps, landmarks, structures

RECORD = "truth.json"
_OWN = ("mask_label_*.nrrd", "length_label_*.nrrd", "mask_tool_*.nrrd", "length_tool_*.nrrd", "belief_*.nrrd")
_LONGEST_NAME = 100


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
    called label_<value>, tools tool_<name>; the list tells the files of each. Files of these names that are there from
    another view are gone.
    """
    record: dict = {"pose": record_of(view), "labels": [], "tools": [], "landmarks": []}
    images: dict[str, torch.Tensor] = {}
    for layer in [labels] if isinstance(labels, Volume) else labels or ():
        found = structures(layer, view)
        for value, length in zip(found.labels, found.lengths_mm, strict=True):
            called = {"name": names[value]} if names and value in names else {}
            record["labels"].append({"label": value, **called, **_add(images, f"label_{value}", length)})
    lengths = trace(tools, view).lengths_mm if tools else ()
    for tool, length, name in zip(tools, lengths, _file_names(tool.name for tool in tools), strict=True):
        entry = {"name": tool.name, "material": tool.material}
        record["tools"].append({**entry, **_add(images, f"tool_{name}", length.float())})
    marks = landmarks(points_ras or {}, view)
    for mark, belief, name in zip(marks, belief_maps(marks, view), _file_names(m.name for m in marks), strict=True):
        told = {"name": mark.name, "ras_mm": list(mark.point_ras), "visible": mark.visible, "unseen": mark.unseen}
        known = mark.column == mark.column  # a point behind the source has no pixel
        record["landmarks"].append({**told, "column_row": [mark.column, mark.row] if known else None})
        if mark.visible:
            images[f"belief_{name}"] = belief
            record["landmarks"][-1]["file"] = f"belief_{name}.nrrd"
    folder = Path(folder).expanduser()
    with filling(folder, RECORD, _OWN) as temporary:
        for name, image in images.items():
            volume = mark_synthetic(
                Volume(image[None].contiguous(), view.ijk_to_ras), f"truth of an X-ray image, {name}"
            )
            write_volume(temporary / f"{name}.nrrd", volume)
        (temporary / RECORD).write_text(json.dumps(record, indent=2), encoding="utf-8")
    return folder / RECORD


def read_landmarks(path: str | PathLike) -> dict[str, tuple[float, float, float]]:
    """Named points in RAS mm: markups saved from Slicer (.mrk.json, .fcsv), or {"name": [R, A, S]}, as JSON or the
    phantom's labels.json.

    Points without a place are left out, with a warning; those of one name get a number.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; give a file with points.")
    if not path.is_file():
        raise InputError(f"'{path}' does not exist; check the path for typing errors.")
    content = None if is_fcsv(path) else read_json(path)
    if content is None or (isinstance(content, dict) and "markups" in content):
        points = read_points(path)
        names = told_apart(point.label or f"point {number}" for number, point in enumerate(points, 1))
        return {name: point.ras for name, point in zip(names, points, strict=True)}
    try:
        known = content.get("landmarks_ras_mm", content)
        return {str(name): triple(point, str(name)) for name, point in known.items()}
    except (AttributeError, InputError) as error:
        raise InputError(
            f"'{path.name}' holds no landmarks; write {{\"name\": [R, A, S]}} in mm, or save markups from Slicer."
        ) from error


def _add(images: dict[str, torch.Tensor], name: str, length_mm: torch.Tensor) -> dict:
    """Add the images of one structure, where it is seen; returns what the record says of it."""
    mask = length_mm > 0
    if mask.any():
        images[f"mask_{name}"], images[f"length_{name}"] = mask.to(torch.uint8), length_mm
    files = [f"mask_{name}.nrrd", f"length_{name}.nrrd"] if mask.any() else []
    largest_mm = float(length_mm.max()) if length_mm.numel() else 0.0
    return {"pixels": int(mask.sum()), "largest_mm": largest_mm, "files": files}


def _file_names(names: Iterable[str]) -> list[str]:
    """Names as parts of file names, each once, also where upper and lower case are the same."""
    return told_apart((re.sub(r"[^\w.\-]+", "_", name)[:_LONGEST_NAME] for name in names), str.casefold)
