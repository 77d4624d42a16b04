"""Every row of the tables in docs/attention.md does what its line says, and names the test that holds it."""

import doctest
import re
from typing import Any

import pytest
import torch
from documents import ROOT, blocks

from hybridattn import Read

PAGE = (ROOT / "docs" / "attention.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.splitlines()
    if "`>>> " in line
]


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


def test_the_table_is_seen() -> None:
    assert len(ROWS) > 20
    assert len({row[0] for row in ROWS}) == len(ROWS)
