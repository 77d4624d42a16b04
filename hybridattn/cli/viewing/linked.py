"""Node-link JSON, of this program or of networkx, as a report without a question."""

from pathlib import Path
from typing import Any

from hybridattn.errors import ArgumentError

__all__ = ["from_node_link"]


def from_node_link(data: dict[str, Any], file: Path) -> dict[str, Any]:
    """Give the report: the title is the question that the graph carries, else the name of the file.

    networkx called the edges "links" before 3.4; both are read. What is null counts as missing.
    """
    told = data.get("graph")
    question = told.get("question") if isinstance(told, dict) else None
    edges = data["edges"] if "edges" in data else data["links"]
    graph = {"nodes": _plain(data["nodes"], "nodes", file), "edges": _plain(edges, "edges", file)}
    title = question if isinstance(question, str) and question else file.name
    return {"question": title, "cut": "", "answers": [], "graph": graph, "asked": False}


def _plain(rows: Any, name: str, file: Path) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ArgumentError(f"{file}: {name!r} must be a list of objects")
    return [{key: value for key, value in row.items() if value is not None} for row in rows]
