"""Every row of the tables in docs/attention.md does what its line says, and names the test that holds it."""

import ast
import doctest
import math
import re
from typing import Any

import pytest
import torch
from documents import ROOT, blocks
from torch import Tensor

from hybridattn import Read, ShapeError, attention_weights

PAGE = (ROOT / "docs" / "attention.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.splitlines()
    if "`>>> " in line
]


def names_in(cell: str) -> set[str]:
    """Give the names that the line of a cell uses."""
    line = ast.parse(cell.strip("`").removeprefix(">>> "))
    return {node.id for node in ast.walk(line) if isinstance(node, ast.Name)}


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the first session of the page leaves behind."""
    found: dict[str, Any] = {}
    for example in doctest.DocTestParser().get_examples(next(blocks(PAGE)).text):
        exec(example.source, found)
    return found


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_line_of_a_row_gives_a_finite_value(row: list[str], names: dict[str, Any]) -> None:
    found = eval(row[2].strip("`").removeprefix(">>> "), names)
    value = found.value if isinstance(found, Read) else found
    assert value.shape[-2:] == (100, 16)
    assert value.isfinite().all()
    assert not torch.equal(value, torch.zeros_like(value))


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_has_five_cells_and_names_its_test(row: list[str]) -> None:
    assert len(row) == 5
    assert all(row)
    paths = re.findall(r"`(tests/[^`]+)`", row[3])
    assert paths
    assert all((ROOT / path).is_file() for path in paths)


LOOKED_THROUGH = [row for row in ROWS if {"q", "k", "v"} <= names_in(row[2])]


@pytest.mark.parametrize("row", LOOKED_THROUGH, ids=[row[0] for row in LOOKED_THROUGH])
def test_the_weights_of_a_row_of_query_keys_and_values_are_found(row: list[str], names: dict[str, Any]) -> None:
    code = compile(row[2].strip("`").removeprefix(">>> "), "row", "eval")

    def mechanism(query: Tensor, keys: Tensor, values: Tensor) -> object:
        return eval(code, {**names, "q": query, "k": keys, "v": values})

    sides = [names[name] for name in "qkv"]
    if row[0] == "convolved memory":  # of channels that it mixes: not one weight a pair
        with pytest.raises(ShapeError, match="must end in width 16"):
            attention_weights(mechanism, *sides)
        return
    found = attention_weights(mechanism, *sides, top=100)
    matrix = torch.zeros(2, 4, 100, 100).scatter_add(-1, found.slots.clamp(min=0), found.shares)
    once, twice = (getattr(value, "value", value) for value in (mechanism(*sides) for _ in range(2)))
    if once.equal(twice):  # else each is of another draw
        torch.testing.assert_close(matrix @ sides[2], once, atol=1e-4, rtol=1e-3)
    if row[0] not in {"Linformer", "Nystrom", "talking heads", "head gating"}:  # which do not average
        torch.testing.assert_close(matrix.sum(-1), torch.ones(2, 4, 100))
        assert found.shares.ge(0).all()
        assert found.entropy is not None
        assert found.entropy.ge(-1e-5).all()
        assert found.entropy.le(math.log(100) + 1e-4).all()


def test_the_table_is_seen() -> None:
    assert len(ROWS) > 20
    assert len(LOOKED_THROUGH) > 35
    assert len({row[0] for row in ROWS}) == len(ROWS)
