"""A lesion's numbers by dotted name, as sliders and scripts address them: "radius_mm", "elastic.lobulation"."""


def valueOf(lesion, path):
    """The value of a field; "__" may stand for the dot, as in Python keywords."""
    value = lesion
    for part in _parts(path):
        value = getattr(value, part)
    return value


def changedLesion(lesion, changes):
    """A copy of a lesion with fields replaced.

    changes: dict of dotted field name and value. A new radius keeps the form of the outline.
    Raises InputError for a name that a lesion does not have and for values out of range.
    """
    for path, value in changes.items():
        lesion = _changed(lesion, _parts(path), value, path)
    return lesion


def _parts(path):
    return path.replace("__", ".").split(".")


def _changed(item, parts, value, path):
    from dataclasses import fields, replace

    from synthetic_imaging.errors import InputError

    known = {entry.name for entry in fields(item)} if hasattr(item, "__dataclass_fields__") else set()
    if parts[0] not in known:
        raise InputError(
            f'A lesion has no property "{path}"; at this level there are: {", ".join(sorted(known)) or "none"}.'
        )
    try:
        if len(parts) > 1:
            value = _changed(getattr(item, parts[0]), parts[1:], value, path)
        if parts == ["radius_mm"] and hasattr(item, "resized"):
            return item.resized(float(value))
        if type(getattr(item, parts[0])) in (bool, int, float, str):
            value = type(getattr(item, parts[0]))(value)
        return replace(item, **{parts[0]: value})
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f'"{value}" cannot be used for the property "{path}" of a lesion: {error}.') from error
