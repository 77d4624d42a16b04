"""Every public name has a place in the reference, and what other projects describe is there."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from building.names import ROOMS, described, public

import hybridattn

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_public_name_is_in_the_reference() -> None:
    exported = {name for names in hybridattn._NAMES.values() for name in names} - {"graph", "truth"}  # two rooms
    assert exported <= set(public())
    assert {"hybridattn.experiments", "hybridattn.reasoning.truth", "hybridattn.reasoning.graph"} <= set(ROOMS)


def test_every_room_has_its_place_on_one_page() -> None:
    text = "".join(page.read_text("utf-8") for page in sorted((DOCS / "reference").glob("*.md")))
    assert sorted(re.findall(r"^\.\. room:: (\S+)$", text, re.MULTILINE)) == sorted(ROOMS)


def test_an_object_is_found_by_the_place_where_it_is_defined() -> None:
    assert described("hybridattn.attention.separation.softmax.Softmax") == "hybridattn.attention.Softmax"
    assert described("hybridattn.reasoning.truth.Truth") == "hybridattn.reasoning.Truth"
    assert described("hybridattn.controller.beam._Walkers") is None
    with pytest.raises(AttributeError):
        described("hybridattn.attention.Sofmax")


@pytest.mark.parametrize("inventory", sorted((DOCS / "inventories").glob("*.txt")), ids=lambda path: path.stem)
def test_what_the_inventories_name_exists(inventory: Path) -> None:
    head, names = inventory.read_text("utf-8").splitlines()[:3], inventory.read_text("utf-8").splitlines()[3:]
    assert head == ["# Sphinx inventory version 1", f"# Project: {inventory.stem}", "# Version: 0"]
    for name, kind, page in (line.split() for line in names):
        module, _, last = name.rpartition(".")
        assert hasattr(import_module(module or "builtins"), last) or last == "None"
        assert kind in ("class", "data", "exception")
        assert page.endswith(".html")
    assert len(names) == len({line.split()[0] for line in names})
