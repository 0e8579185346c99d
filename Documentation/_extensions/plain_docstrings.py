"""The package's docstrings are plain text: "name: what it is" for each argument. Here they become lists for the pages.

Docstrings with headed sections (Args:, Returns:, Raises:) are left to sphinx.ext.napoleon.
"""

import dataclasses
import inspect
import re

_HEADED = re.compile(r"^\s*(Args|Arguments|Attributes|Returns|Yields|Raises|Note|Notes|Example|Examples):\s*$")
_OTHER = re.compile(r"(?<=[.] )(Raises|InputError|Returns|Formula|Yields)\b")
_LITERAL = re.compile(r"(``.+?``)")


def names_of(obj) -> set[str]:
    """The arguments of a callable and the fields of a dataclass."""
    names = {field.name for field in dataclasses.fields(obj)} if dataclasses.is_dataclass(obj) else set()
    try:
        return names | set(inspect.signature(obj).parameters)
    except (TypeError, ValueError):
        return names


def paragraphs(lines: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [part for part in found if part]


def escaped(text: str) -> str:
    """Stars, bars and closing underscores are characters here, except in ``code``."""
    parts = _LITERAL.split(text)
    return "".join(
        part if part.startswith("``") else re.sub(r"([*|`]|(?<=\w)_(?!\w))", r"\\\1", part) for part in parts
    )


def listed(text: str, names: set[str]) -> list[str]:
    """A paragraph, with a list entry for each "name: text" of a known name."""
    if not names:
        return [escaped(text)]
    one = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    starts = list(re.finditer(rf"(?:(?<=^)|(?<=[.;] ))({one})(, ({one}))*: ", text))
    if not starts:
        return [escaped(text)]
    lines = [escaped(text[: starts[0].start()].strip()), ""] if text[: starts[0].start()].strip() else []
    after = ""
    for match, following in zip(starts, [*starts[1:], None], strict=True):
        words = text[match.end() : following.start() if following else None].strip().rstrip(";")
        if following is None and (other := _OTHER.search(words)):
            words, after = words[: other.start()], words[other.start() :]
        lines.append(f"- **{match[0][:-2]}**: {escaped(words)}")
    return [*lines, "", escaped(after)]


def convert(app, what, name, obj, options, lines: list[str]):
    if any(map(_HEADED.match, lines)):
        return
    names, written, before = names_of(obj), [], ""
    for part in paragraphs(list(lines)):
        if all(line.startswith("    ") for line in part) and before.endswith(":"):
            written += ["::", "", *part, ""]
            continue
        before = " ".join(line.strip() for line in part)
        written += [*listed(before, names), ""]
    lines[:] = written


def setup(app):
    app.setup_extension("sphinx.ext.napoleon")
    app.connect("autodoc-process-docstring", convert, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
