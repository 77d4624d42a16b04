"""What the marks of the picture mean: only those that this picture has."""

from collections.abc import Mapping
from typing import Any

from hybridattn.view.page.columns import RULE
from hybridattn.view.page.kept import cited_facts, is_used

__all__ = ["legend"]

Row = Mapping[str, Any]


def legend(report: Row, graph: Row) -> str:
    """Give the items of the legend as static HTML."""
    nodes, edges = graph["nodes"], graph["edges"]
    rules = any(node.get("kind") == RULE for node in nodes)
    facts = cited_facts(report)
    used = any(is_used(edge, facts) for edge in edges)
    quiet = any(not is_used(edge, facts) and edge.get("kind") != "match" for edge in edges)
    asked, shared = bool(report["answers"]), any(isinstance(edge.get("share"), int | float) for edge in edges)
    explained = any(answer.get("explanation") for answer in report["answers"])
    items = (
        (any(node.get("role") == "source" for node in nodes), _mark("source"), "source"),
        (any(node.get("role") == "answer" for node in nodes), _truth("answer"), "answer, f above c"),
        (rules, _truth("statement"), "statement, f above c"),
        (rules, _mark("rule"), "inference"),
        (used and not rules, _mark("cited"), "on the way"),
        (quiet and not rules, _mark("quiet" if asked else "cited"), "also looked at" if asked else "term"),
        (used, _line("strong"), "of the chosen answer"),
        (used and len(report["answers"]) > 1 and not rules, _line("used"), "of another answer"),
        (quiet and shared and not asked, _line("strong"), "link, as wide as its share of attention"),
        (quiet and (asked or not shared), _line("thin"), "not cited" if asked else "link"),
        (any(edge.get("kind") == "match" for edge in edges), _line("thin dashed"), "match"),
        (explained, _line("deciding"), "★ decisive"),
        (True, _line("evidence"), "evidence of what is picked"),
        (True, _line("onward"), "what rests on it"),
    )
    return "".join(f"<li>{mark}{words}</li>" for shown, mark, words in items if shown)


def _truth(kind: str) -> str:
    box = f'<rect class="box {kind}" x="1" y="1" width="30" height="14" rx="3"/>'
    bars = '<rect class="f" x="4" y="4" width="24" height="3"/><rect class="c" x="4" y="9" width="15" height="3"/>'
    return f'<svg viewBox="0 0 32 16" class="long" aria-hidden="true">{box}{bars}</svg>'


def _mark(kind: str) -> str:
    shapes = {
        "source": '<rect class="source" x="2.5" y="2.5" width="11" height="11" rx="2"/>',
        "cited": '<circle class="cited" cx="8" cy="8" r="5.5"/>',
        "quiet": '<circle class="quiet" cx="8" cy="8" r="4"/>',
        "rule": '<rect class="rule" x="1" y="4" width="14" height="8" rx="2"/>',
    }
    return f'<svg viewBox="0 0 16 16" aria-hidden="true">{shapes[kind]}</svg>'


def _line(kind: str) -> str:
    return f'<svg viewBox="0 0 32 16" class="long" aria-hidden="true"><path class="{kind}" d="M1 8h30"/></svg>'
