"""Which column each node stands in, by hand."""

from typing import Any

import pytest

from hybridattn.view.page.columns import columns, heading


def drawn(nodes: dict[str, dict[str, Any]], *pairs: str) -> dict[str, Any]:
    return {
        "nodes": [{"id": name, **attributes} for name, attributes in nodes.items()],
        "edges": [{"source": one, "target": two} for one, two in pairs],
    }


def bare(names: str) -> dict[str, dict[str, Any]]:
    return {name: {} for name in names}


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        (drawn({"a": {"hop": 0}, "b": {"hop": 2}, "c": {}}), ("hop", [0, 2, None])),
        (drawn({"a": {"level": 0}, "r": {"kind": "rule", "level": 0.5}}), ("level", [0, 0.5])),
        (drawn({"a": {"hop": 0}, "r": {"kind": "rule", "hop": 1}, "b": {"hop": 2}}), ("level", [0, 0.5, 1])),
        (drawn({"a": {"hop": "3"}, "b": {"hop": True}}, "ab"), ("distance", [0, 1])),
        (drawn(bare("abc"), "ab", "bc", "ac"), ("distance", [0, 1, 2])),  # the longest way
        (drawn(bare("abcd"), "ab", "bc", "cb", "ad", "dc"), ("distance", [0, 1, 2, 1])),  # a cycle: the shortest
        (drawn({"a": {}, "b": {"role": "source"}, "c": {}}, "ab", "bc", "ca"), ("distance", [2, 0, 1])),
        (drawn({"a": {}, "r": {"kind": "rule"}, "b": {}}, "ar", "rb"), ("level", [0, 0.5, 1])),
        (drawn({}), ("distance", [])),
    ],
)
def test_columns_by_hand(graph: dict[str, Any], found: tuple[str, list[float | None]]) -> None:
    assert columns(graph) == found


def test_headings() -> None:
    assert [heading("hop", key) for key in (0, 1, None)] == ["source", "hop 1", "no hop"]
    assert [heading("level", key) for key in (0, 0.5, 2)] == ["given", "", "level 2"]
    assert heading("distance", 0) == "start"
