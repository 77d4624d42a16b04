"""The package has every public name of every room, once, and loads a room only when it is asked for."""

import ast
import pkgutil
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

import hybridattn

ROOMS = sorted(
    found.name for found in pkgutil.iter_modules(hybridattn.__path__) if found.name not in ("cli", "__main__")
)
APART = ["experiments", "running"]
"""Rooms whose names are asked for in the room itself, and are no names of the package."""
SHARED = [room for room in ROOMS if room not in APART]
HEAVY = {"torch", "sympy", "pandas", "matplotlib"}


def names(room: str) -> list[str]:
    return list(import_module(f"hybridattn.{room}").__all__)


def loaded_after(code: str) -> set[str]:
    """Give the top-level modules that a fresh interpreter has loaded after `code`."""
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    path = str(Path(hybridattn.__path__[0]).parent)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=path)
    return {module.partition(".")[0] for module in done.stdout.split()}


def test_every_room_is_in_the_table() -> None:
    assert sorted(hybridattn._NAMES) == ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_the_table_has_what_the_room_exports(room: str) -> None:
    assert sorted(hybridattn._NAMES[room]) == ([] if room in APART else sorted(names(room)))


@pytest.mark.parametrize("room", SHARED)
def test_the_same_object_from_the_top(room: str) -> None:
    module = import_module(f"hybridattn.{room}")
    assert getattr(hybridattn, room) is module
    for name in names(room):
        assert getattr(hybridattn, name) is getattr(module, name)
        assert name in dir(hybridattn)


def test_no_name_is_exported_twice() -> None:
    count = Counter(name for room in SHARED for name in names(room))
    assert [name for name, times in count.items() if times > 1] == []
    assert set(count).isdisjoint([*ROOMS, "cli"]), "a public name would hide a room"


def test_a_type_checker_sees_every_room() -> None:
    tree = ast.parse(Path(hybridattn.__file__).read_text(encoding="utf-8"))
    stars = [
        str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    ]
    assert sorted(stars) == [f"hybridattn.{room}" for room in SHARED]


def test_an_unknown_name() -> None:
    with pytest.raises(AttributeError, match=r"^module 'hybridattn' has no attribute 'SlotMemroy'$") as caught:
        getattr(hybridattn, "SlotMemroy")  # noqa: B009
    assert caught.value.name == "SlotMemroy"
    with pytest.raises(ImportError, match="cannot import name 'SlotMemroy' from 'hybridattn'"):
        exec("from hybridattn import SlotMemroy")


@pytest.mark.parametrize(
    "code", ["import hybridattn", "import hybridattn.reasoning", "from hybridattn import parse_term"]
)
def test_logic_loads_no_tensors(code: str) -> None:
    loaded = loaded_after(code)
    assert "hybridattn" in loaded
    assert loaded & HEAVY == set()


def test_the_package_alone_loads_no_room() -> None:
    assert loaded_after("import hybridattn") & {"networkx", "lark", "typer", "rich"} == set()


def test_loading_is_seen() -> None:
    assert "sympy" in loaded_after("import sympy")
