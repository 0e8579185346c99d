"""Directives that write the reference from the code: settings, C-arms, views, presets and the help of the shell.

```{settings} synthetic_imaging.xray:Pose
```
```{carms}
```
```{views}
```
```{presets}
```
```{shell-help} drr
```
"""

import contextlib
import importlib
import io
import os
import re

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.ext.autodoc.mock import mock
from sphinx.util.docutils import SphinxDirective


class FromCode(SphinxDirective):
    """A directive whose content comes from the package, imported without what the pages do not need."""

    def load(self, module: str):
        with mock(self.config.autodoc_mock_imports):
            return importlib.import_module(module)


class SettingsTable(FromCode):
    """One row for each number, choice and text of a declared class; those of its parts follow under their names."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        module, name = self.arguments[0].split(":")
        cls = getattr(self.load(module), name)
        declared = self.load("synthetic_imaging.declared")
        groups: dict[str, list[list]] = {}
        for path, row in zip(declared.settings(cls), declared.rows(cls), strict=True):
            groups.setdefault(path.rpartition(".")[0], []).append(cells(path, row))
        made = []
        for part, rows in groups.items():
            if part:
                made += [nodes.rubric("", part), nodes.paragraph("", first_line(declared.parts(cls)[part]))]
            made.append(table(["Name", "Default", "Range", "Step", "Meaning"], rows, (21, 12, 19, 10, 38)))
        return made


class CArms(FromCode):
    """The C-arms of machines.json."""

    def run(self) -> list[nodes.Node]:
        machines = self.load("synthetic_imaging.xray").machines.machines()
        rows = [
            [code(name), machine.title, f"{machine.source_to_detector_mm:g}", f"{machine.source_to_isocenter_mm:g}",
             f"{machine.columns} × {machine.rows}", f"{machine.pixel_mm:g}", "yes" if machine.exact else "approximate",
             machine.source]
            for name, machine in machines.items()
        ]  # fmt: skip
        head = ["Name", "Machine", "Source to detector (mm)", "Source to isocenter (mm)", "Pixels", "Pixel (mm)",
                "Confirmed", "Source"]  # fmt: skip
        return [table(head, rows, (14, 20, 9, 9, 10, 6, 9, 23))]


class Views(FromCode):
    """The saved views."""

    def run(self) -> list[nodes.Node]:
        views = self.load("synthetic_imaging.xray").VIEWS
        return [table(["Name", "Angles"], [[code(name), view.pose.title] for name, view in views.items()], (40, 60))]


class Presets(FromCode):
    """The kinds of lesion of presets.json."""

    def run(self) -> list[nodes.Node]:
        presets = self.load("synthetic_imaging.tumor").presets()
        rows = [
            [code(name), preset.title, preset.organ, between(preset, "radius_mm"), between(preset, "contrast_hu"),
             preset.source]
            for name, preset in presets.items()
        ]  # fmt: skip
        head = ["Name", "Kind", "Organ", "Radius (mm)", "Contrast (HU)", "Source"]
        return [table(head, rows, (16, 16, 8, 9, 12, 39))]


class ShellHelp(FromCode):
    """What a verb prints with --help."""

    optional_arguments = 2
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        verb = " ".join(self.arguments).split()
        cli = self.load("synthetic_imaging.cli")
        os.environ["COLUMNS"] = "100"
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            status = cli.main([*verb, "--help"])
        if status:
            raise self.error(f"synthetic-imaging {' '.join(verb)} --help ends with status {status}")
        return [nodes.literal_block("", printed.getvalue().rstrip(), language="text")]


def table(head: list[str], rows: list[list], widths: tuple[int, ...]) -> nodes.table:
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=width) for width in widths]
    group += nodes.thead("", row(head))
    group += nodes.tbody("", *map(row, rows))
    return nodes.table("", group, classes=["colwidths-given"])


def row(cells: list) -> nodes.row:
    made = nodes.row()
    for cell in cells:
        made += nodes.entry("", cell if isinstance(cell, nodes.Node) else nodes.paragraph("", cell))
    return made


def code(text: str) -> nodes.paragraph:
    return nodes.paragraph("", "", nodes.literal("", text))


def cells(path: str, row: dict[str, str]) -> list:
    """A row of a table of settings; it names what shell and console call what has another name there."""
    unit = row["unit"] if row["unit"] in ("", "°") else f" {row['unit']}"
    default = row["default"] + (unit if row["default"][:1].isdigit() or row["default"][:1] == "-" else "")
    elsewhere = f" In shell and console: {row['name']}." if row["name"] != path.rpartition(".")[2] else ""
    source = f" Source: {row['source']}." if row["source"] else ""
    step = row["step"] + unit if row["step"] else ""
    return [code(path), default, row["range"], step, f"{row['help']}.{elsewhere}{source}"]


def first_line(cls: type) -> str:
    return re.split(r"\n\s*\n", cls.__doc__.strip())[0].replace("\n", " ")


def between(preset, name: str) -> str:
    """The range or the number that a preset has of a field of a lesion."""
    if name == "contrast_hu" and preset.attenuation_hu is not None:
        low, high = preset.attenuation_hu
        return f"absolute, {low:g} to {high:g}"
    if name in preset.ranges:
        low, high = preset.ranges[name]
        return f"{low:g} to {high:g}"
    return f"{preset.fixed[name]:g}" if name in preset.fixed else ""


def setup(app):
    found: dict[str, type[Directive]] = {
        "settings": SettingsTable, "carms": CArms, "views": Views, "presets": Presets, "shell-help": ShellHelp,
    }  # fmt: skip
    for name, directive in found.items():
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
