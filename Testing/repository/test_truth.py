"""Qt objects are tested with ``is None``: in Slicer a layout without items, an empty list or URL is false."""

import ast
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    path
    for path in (ROOT / "SyntheticImagingExt").rglob("*.py")
    if "Lib" in path.parent.name or path.stem == path.parent.name
)
METHODS = {
    "addAction", "button", "cellWidget", "centralWidget", "currentItem", "currentWidget", "findChild", "focusWidget",
    "header", "horizontalHeader", "item", "itemAt", "itemFromIndex", "layout", "layoutManager", "mainWindow", "menu",
    "parentWidget", "plotWidget", "sliceController", "sliceView", "sliceWidget", "tableWidget", "takeAt", "takeItem",
    "threeDView", "threeDWidget", "toolBar", "topLevelItem", "verticalHeader", "viewport", "widget", "window",
}  # fmt: skip
"""Methods that return a Qt object."""


def isQt(node: ast.expr, known: set[str]) -> bool:
    """Whether an expression is, as far as can be told by reading, a Qt object."""
    match node:
        case ast.Name(id=name):
            return name in known
        case ast.Attribute(value=ast.Name(id="ui")) | ast.Attribute(value=ast.Attribute(attr="ui" | "_ui")):
            return True
        case ast.Attribute(value=ast.Name(id="self"), attr="layout"):
            return True
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return f"self.{name}" in known
        case ast.Call(func=ast.Attribute(value=ast.Name(id="qt" | "ctk"))):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="slicer"), attr=name)):
            return name.startswith(("qMRML", "qSlicer"))
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in METHODS
        case ast.NamedExpr(value=value):
            return isQt(value, known)
        case ast.BoolOp(values=values):
            return any(isQt(value, known) for value in values)
        case ast.IfExp(body=body, orelse=orelse):
            return isQt(body, known) or isQt(orelse, known)
    return False


def questions(tree: ast.AST):
    """Every expression whose truth decides something; of ``a or b`` both, since both are of one kind."""
    for node in ast.walk(tree):
        match node:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
                yield test
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield operand
            case ast.BoolOp(values=values):
                yield from values
            case ast.comprehension(ifs=ifs):
                yield from ifs
            case ast.Call(func=ast.Name(id="bool" | "any" | "all" | "filter"), args=args):
                yield from args


def names(tree: ast.AST) -> set[str]:
    """Names and attributes of self that are bound to Qt objects anywhere in a function or class."""
    known: set[str] = set()
    while True:
        found = {
            ast.unparse(target)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.NamedExpr | ast.AnnAssign) and node.value is not None
            for target, value in pairs(node)
            if isQt(value, known)
        }
        if found <= known:
            return known
        known |= found


def pairs(node):
    """(target, value) of an assignment; ``a, b = x, y`` are two."""
    for target in getattr(node, "targets", None) or [node.target]:
        both = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
        if both and len(target.elts) == len(node.value.elts):
            yield from zip(target.elts, node.value.elts, strict=True)
        else:
            yield target, node.value


def faults(source: str) -> list[str]:
    """The lines of a source that ask whether a Qt object is true."""
    tree, found = ast.parse(source), {}
    attributes = {name for name in names(tree) if name.startswith("self.")}
    scopes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
    for scope in [*scopes, tree]:
        known = attributes | (names(scope) if scope is not tree else set())
        for node in questions(scope):
            if isQt(node, known):
                found[node.lineno] = ast.unparse(node)
    return [f"line {line}: {text}" for line, text in sorted(found.items())]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_file_asks_whether_a_qt_object_is_true(path):
    assert not faults(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "body",
    [
        "(layout or self.layout).addWidget(form)",
        "if self.ui.casesTable: pass",
        "ui = self.ui\nif not ui.casesTable: pass",
        "item = self.ui.casesTable.item(0, 0)\ntext = item.text() if item else ''",
        "url = qt.QUrl(text)\nassert url",
        "self._bar = qt.QToolBar()\nwhile self._bar: pass",
        "shortcut = qt.QShortcut(key, parent or self.ui.tableSection)",
        "[box for box in boxes if slicer.util.findChild(self.parent, box)]",
        "widget = manager.sliceWidget('Red')\nreturn bool(widget)",
        "first, second = 1, ctk.ctkPathLineEdit()\nreturn first and second",
        "if found := self.frame.layout(): pass",
    ],
)
def test_the_pattern_is_found(body):
    assert faults("def function(self):\n" + textwrap.indent(body, "    "))


@pytest.mark.parametrize(
    "body",
    [
        "(self.layout if layout is None else layout).addWidget(form)",
        "if self.ui.checkBox.checked and self.ui.edit.text: pass",
        "if slicer.app.layoutManager().layout in known: pass",
        "item = table.item(0, 0)\nif item is not None and item.text(): pass",
        "if self.ui.selector.currentNode(): pass",
    ],
)
def test_what_is_no_qt_object_may_be_true(body):
    assert not faults("def function(self):\n" + textwrap.indent(body, "    "))
