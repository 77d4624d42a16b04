"""The floors of the house, and a checker that reads sources and reports every import that goes up or through a wall."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = "hybridattn"
FLOORS = {
    "display": -1,
    "errors": 0,
    "trace": 0,
    "running": 1,
    "ranks": 1,
    "attention": 1,
    "reasoning": 1,
    "memory": 2,
    "controller": 3,
    "knowledge": 4,
    "experiments": 4,
    "view": 4,
    "cli": 5,
    "__main__": 6,
}
DOORS = {("display", "hybridattn.view.notebook")}
"""The one door up: what is displayed asks for the room that draws, when it is displayed and never when it is loaded."""
TENSORS = {"attention", "memory", "controller"}
"""They have never heard of a term; `reasoning` has never heard of a tensor."""
LIGHT = {"display", "errors", "trace", "running", "reasoning"}
HEAVY = {"torch", "sympy"}
"""What the light rooms must not load when they are imported."""


class Import(NamedTuple):
    """One imported module or name, absolute and dotted."""

    line: int
    target: str
    at_load: bool
    """Whether it is carried out when its own module is imported."""


def imports(source: str, module: str, is_package: bool = False) -> Iterator[Import]:
    """Find every import in `source`, the text of the dotted `module`: at any depth, relative ones made absolute."""
    home = module.split(".") if is_package else module.split(".")[:-1]
    yield from _imports(ast.parse(source), home, at_load=True)


def _imports(node: ast.AST, home: list[str], at_load: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        for target in _targets(child, home):
            yield Import(child.lineno, target, at_load)  # type: ignore[attr-defined]
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            yield from _imports(ast.Module(child.body, []), home, at_load=False)
            yield from _imports(ast.Module(child.orelse, []), home, at_load)
        else:
            deferred = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, home, at_load and not deferred)


def _targets(node: ast.AST, home: list[str]) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=name, names=names, level=level):
            start = home[: len(home) - level + 1] if level else []
            return [".".join([*start, *filter(None, [name]), alias.name]) for alias in names]
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=[ast.Constant(value=str(name)), *_]):
            return [name] if called in ("import_module", "__import__") else []
    return []


def violations(source: str, module: str, is_package: bool = False) -> list[str]:
    """Say what each import of `source` that breaks the floors does wrong, with its line."""
    room = module.split(".")[1]
    if room not in FLOORS:
        return [f"{module}: {room} stands on no floor"]
    found = imports(source, module, is_package)
    return [f"{module}:{line}: {why}" for line, target, at_load in found if (why := _why_not(room, target, at_load))]


def _why_not(room: str, target: str, at_load: bool) -> str:
    top, *rest = target.split(".")
    if top != PACKAGE:
        return f"{room} loads {top}" if at_load and room in LIGHT and top in HEAVY else ""
    if rest == ["__version__"]:
        return ""
    other = rest[0] if rest else ""
    if other not in FLOORS:
        return f"{target} is no room: import from the room that has it"
    if other == room or ((room, target) in DOORS and not at_load):
        return ""
    if room in TENSORS and other == "reasoning":
        return f"{room} must not know {other}"
    if FLOORS[other] >= FLOORS[room]:
        return f"{room} (floor {FLOORS[room]}) must not import {other} (floor {FLOORS[other]})"
    return ""


def sources(package: Path) -> Iterator[tuple[str, str, bool]]:
    """Give the text, dotted name and package-or-not of every module but the package's own `__init__`."""
    for file in sorted(package.rglob("*.py")):
        parts = [PACKAGE, *file.relative_to(package).with_suffix("").parts]
        is_package = parts[-1] == "__init__"
        name = parts[:-1] if is_package else parts
        if len(name) > 1:
            yield file.read_text(encoding="utf-8"), ".".join(name), is_package
