"""A recipe as JSON and back, checked field by field; the format of our packages (format version 1)."""

from __future__ import annotations

from ..errors import InputError
from ..tuples import three
from .checks import Given
from .recipe import NORMALIZATIONS, Label, Normalization, Recipe, Resampling, Triple

ACTIVATIONS = ("argmax", "regions")
BLENDS = ("nnunet", "gaussian", "constant")
PADDINGS = ("zeros", "edge")
ALIGNMENTS = ("edges", "origin")
MODALITIES = ("CT", "MR", "PT", "CR", "DX", "US", "")
ORIENTATIONS = "RLAPSI"
MAX_LABEL = 30_000
_DURING = ("dims", "patch", "stride", "heads", "head_labels", "activation", "activate_first", "mirror_axes", "blend",
           "padding", "tile_step")  # fmt: skip


def recipe_to_dict(recipe: Recipe) -> dict:
    """The parts "inputs", "labels", "preprocessing" and "inference" of a description."""
    how = recipe.resampling
    return {
        "inputs": [
            {"name": name, "modality": modality, "normalization": [_normalization_dict(step) for step in steps]}
            for name, modality, steps in zip(recipe.channels, recipe.modalities, recipe.normalizations, strict=True)
        ],
        "labels": [_label_dict(label) for label in recipe.labels],
        "preprocessing": {
            "orientation": recipe.orientation,
            "transpose": list(recipe.transpose),
            "crop_nonzero": recipe.crop_nonzero,
            "normalize_first": recipe.normalize_first,
            "spacing_mm": None if recipe.spacing_mm is None else list(recipe.spacing_mm),
            "resampling": {
                "alignment": how.alignment,
                "image_order": how.image_order,
                "image_separate": how.image_separate,
                "answer_order": how.answer_order,
                "answer_separate": how.answer_separate,
            },
        },
        "inference": {
            "dims": recipe.dims,
            "patch": list(recipe.patch),
            "stride": list(recipe.stride),
            "heads": recipe.heads,
            "head_labels": list(recipe.head_labels),
            "activation": recipe.activation,
            "activate_first": recipe.activate_first,
            "mirror_axes": list(recipe.mirror_axes),
            "blend": recipe.blend,
            "padding": recipe.padding,
            "tile_step": recipe.tile_step,
        },
    }


def _normalization_dict(step: Normalization) -> dict:
    return {"name": step.name, **step.numbers, **({"mask_only": True} if step.mask_only else {})}


def _label_dict(label: Label) -> dict:
    found = {"value": label.value, "name": label.name}
    if label.color is not None:
        found["color"] = list(label.color)
    for part in ("category", "type"):
        if getattr(label, part) is not None:
            found[part] = list(getattr(label, part))
    return found


def recipe_from(given: Given) -> Recipe:
    """The inverse of ``recipe_to_dict``; InputError names the field that is wrong."""
    inputs = given["inputs"].items(64)
    if not inputs:
        raise given["inputs"].fail("at least one input")
    labels = tuple(_label(item) for item in given["labels"].items(2000))
    values = [label.value for label in labels]
    if not labels or len(set(values)) != len(values):
        raise given["labels"].fail("at least one label, each with a value of its own")
    before, during = given["preprocessing"], given["inference"]
    before.only("orientation", "transpose", "crop_nonzero", "normalize_first", "spacing_mm", "resampling")
    during.only(*_DURING)
    heads = during["heads"].whole(1, 2000)
    recipe = Recipe(
        channels=tuple(item["name"].text(200, 1) for item in inputs),
        modalities=tuple(item["modality"].choice(MODALITIES) for item in inputs),
        labels=labels,
        heads=heads,
        head_labels=during["head_labels"].whole_numbers(0, MAX_LABEL, (heads,)),
        patch=three(during["patch"].whole_numbers(1, 4096, (3,))),
        stride=three(during["stride"].whole_numbers(1, 256, (3,))),
        normalizations=tuple(_normalizations(item) for item in inputs),
        dims=during["dims"].whole(2, 3),
        activation=during["activation"].choice(ACTIVATIONS),
        activate_first=during["activate_first"].flag(),
        orientation=_orientation(before["orientation"]),
        transpose=three(before["transpose"].whole_numbers(0, 2, (3,))),
        crop_nonzero=before["crop_nonzero"].flag(),
        normalize_first=before["normalize_first"].flag(),
        spacing_mm=_spacing(before.get("spacing_mm")),
        resampling=_resampling(before["resampling"]),
        mirror_axes=during["mirror_axes"].whole_numbers(0, 2, range(4)),
        blend=during["blend"].choice(BLENDS),
        padding=during["padding"].choice(PADDINGS),
        tile_step=during["tile_step"].number(0.1, 1),
    )
    _check_together(recipe, during, before)
    return recipe


def _check_together(recipe: Recipe, during: Given, before: Given) -> None:
    known = {0, *(label.value for label in recipe.labels)}
    if not set(recipe.head_labels) <= known:
        raise during["head_labels"].fail("labels that are described, or 0")
    if sorted(recipe.transpose) != [0, 1, 2]:
        raise before["transpose"].fail("an order of the axes 0, 1, 2")
    if recipe.dims == 2 and (recipe.patch[0] != 1 or 0 in recipe.mirror_axes):
        raise during["patch"].fail("1 along the axis across slices for a network of two axes, which is not mirrored")
    if any(size % step for size, step in zip(recipe.patch, recipe.stride, strict=True)):
        raise during["patch"].fail(f"a multiple of {' × '.join(map(str, recipe.stride))}")
    if len(set(recipe.mirror_axes)) != len(recipe.mirror_axes):
        raise during["mirror_axes"].fail("a list of different axes")
    if recipe.activation == "argmax" and recipe.heads < 2:
        raise during["heads"].fail("at least two heads for the largest of them")
    if recipe.resampling.alignment == "origin" and recipe.resampling.image_order > 1:
        raise before["resampling"].fail('image_order 0 or 1 with the alignment "origin"')


def _orientation(given: Given) -> str:
    text = given.text(3)
    pairs = {frozenset(pair) for pair in ("RL", "AP", "SI")}
    if text and {pair for pair in pairs if pair & set(text)} != pairs:
        raise given.fail('three letters of the axes, as "SAR", or nothing')
    if text and (len(text) != 3 or not set(text) <= set(ORIENTATIONS)):
        raise given.fail('three letters of the axes, as "SAR", or nothing')
    return text


def _spacing(given: Given | None) -> tuple[float | None, ...] | None:
    if given is None:
        return None
    return given.listed(lambda item: None if item.value is None else item.number(0.01, 100), (3,))


def _resampling(given: Given) -> Resampling:
    given.only("alignment", "image_order", "image_separate", "answer_order", "answer_separate")

    def maybe(name: str) -> bool | None:
        return None if given.get(name) is None else given[name].flag()

    return Resampling(
        given["alignment"].choice(ALIGNMENTS),
        given["image_order"].whole(0, 3),
        maybe("image_separate"),
        given["answer_order"].whole(0, 1),
        maybe("answer_separate"),
    )


def _normalizations(item: Given) -> tuple[Normalization, ...]:
    item.only("name", "modality", "normalization")
    return tuple(_normalization(step) for step in item["normalization"].items(8))


def _normalization(given: Given) -> Normalization:
    name = given["name"].choice(tuple(NORMALIZATIONS))
    wanted = NORMALIZATIONS[name]
    given.only("name", "mask_only", *wanted)
    numbers = {key: given[key].number() for key in wanted}
    if name == "divide" and numbers["by"] == 0:
        raise given["by"].fail("a number other than 0")
    if name == "range" and numbers["low"] == numbers["high"]:
        raise given["high"].fail("another number than low")
    if name == "ct" and numbers["low"] >= numbers["high"]:
        raise given["high"].fail("a number above low")
    return Normalization(name, numbers, given["mask_only"].flag() if given.get("mask_only") else False)


def _label(given: Given) -> Label:
    given.only("value", "name", "color", "category", "type")
    color = given.get("color")
    return Label(
        given["value"].whole(1, MAX_LABEL),
        given["name"].text(200, 1),
        None if color is None else three(color.whole_numbers(0, 255, (3,))),
        _triple(given.get("category")),
        _triple(given.get("type")),
    )


def _triple(given: Given | None) -> Triple | None:
    if given is None:
        return None
    found = three(given.listed(lambda item: item.text(200, 1), (3,)))
    if found[0] == "SCT" and not found[1].isdigit():
        raise given.fail("a code of SNOMED CT, which is a number,")
    return found


def refuse_newer(given: Given, name: str, version: int) -> None:
    """InputError unless the description is of the format and not newer than this program."""
    if given.get("format") is None or given["format"].value != name:
        raise InputError(f"{given.where} does not describe a model of this program (format '{name}').")
    said = given["format_version"].whole(1, 1_000_000)
    if said > version:
        raise InputError(
            f"{given.where} has format version {said}, and this program knows {version}: update the program."
        )
