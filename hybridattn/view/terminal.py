"""Answers for a terminal: a line an answer, and the facts that they cite as a tree."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

__all__ = ["described", "terminal"]

Data = Mapping[str, Any]


def terminal(report: Data) -> RenderableType:
    """Give what a terminal shows of `report`, the JSON object that `hybridattn ask --json` prints.

    Each answer with its frequency, confidence and expectation; then the cited facts as a tree that starts where the
    question does. Print it with a `rich.console.Console`.
    """
    answers = report["answers"]
    parts: list[RenderableType] = [_answers(answers)] if answers else [Text(_nothing(report))]
    parts += [_chain(tail, branches, facts) for tail, branches, facts in [_branches(report)] if facts]
    parts += [Text(line) for answer in answers[:1] for line in _alternatives(answer)]
    if answers and report["cut"]:
        parts.append(Text(f"The search was cut ({report['cut']}): there may be more. {_shown(report)}".strip()))
    elif answers and _shown(report):
        parts.append(Text(_shown(report)))
    return Group(*parts)


def _nothing(report: Data) -> str:
    if report["cut"]:
        return f"No answer so far: the search was cut ({report['cut']})."
    return "No evidence."


def _shown(report: Data) -> str:
    found, shown = report.get("found", len(report["answers"])), len(report["answers"])
    return f"{shown} of {found} answers shown." if found > shown else ""


def _answers(answers: Sequence[Data]) -> RenderableType:
    if len(answers) == 1:
        return Text(f"{answers[0]['term']}\n  {_truth_in_words(answers[0])}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("answer", overflow="fold")
    for column in ("frequency", "confidence", "expectation", "facts"):
        table.add_column(column, justify="right")
    for answer in answers:
        numbers = (f"{answer[name]:.2f}" for name in ("frequency", "confidence", "expectation"))
        table.add_row(Text(answer["term"]), *numbers, str(len(answer["facts"])))
    return table


def _truth_in_words(answer: Data) -> str:
    return ", ".join(f"{name} {answer[name]:.2f}" for name in ("frequency", "confidence", "expectation"))


def _branches(report: Data) -> tuple[str, dict[str, list[Data]], dict[int, Data]]:
    """Sort the cited facts by the term at which the walk entered them."""
    facts = {fact["id"]: fact for answer in report["answers"] for fact in answer["facts"]}
    nodes = {node["id"]: node for node in report["graph"]["nodes"]}
    root = next((name for name, node in nodes.items() if node.get("role") == "source"), "")
    branches: dict[str, list[Data]] = {}
    for edge in sorted(report["graph"]["edges"], key=lambda edge: (edge["hop"], edge.get("fact", -1))):
        if edge["kind"] == "match" or edge.get("fact") in facts:
            near, far = edge["source"], edge["target"]
            if nodes[near]["hop"] > nodes[far]["hop"] or far == root:
                near, far = far, near
            branches.setdefault(near, []).append({**edge, "far": far, "label_of_far": nodes[far]["label"]})
    return root, branches, facts


def _chain(root: str, branches: Mapping[str, Sequence[Data]], facts: Mapping[int, Data]) -> RenderableType:
    tree = Tree(Text(root, style="bold"))
    waiting, drawn = [(tree, root)], {root}
    while waiting:
        parent, near = waiting.pop(0)
        for edge in branches.get(near, ()):
            child = parent.add(_edge(edge, facts))
            if edge["far"] not in drawn:
                drawn.add(edge["far"])
                waiting.append((child, edge["far"]))
    count = f"{len(facts)} cited fact{'' if len(facts) == 1 else 's'}"
    return Group(tree, Text(count))


def _edge(edge: Data, facts: Mapping[int, Data]) -> Text:
    truth = f"{edge['f']:.2f} {edge['c']:.2f}"
    if edge["kind"] == "match":
        return Text.assemble("is like ", (edge["label_of_far"], "bold"), (f"  match {truth}", "dim"))
    fact = facts[edge["fact"]]
    name = (edge["label_of_far"], "bold")
    backward = fact["source"] == edge["label_of_far"]
    words = (name, f" {fact['relation']} …") if backward else (f"{fact['relation']} ", name)
    return Text.assemble(*words, (f"  fact {fact['id']}, {truth}", "dim"))


def _alternatives(answer: Data) -> list[str]:
    return [
        f"Not counted: {len(other['facts'])} facts with confidence {other['confidence']:.2f} ({other['why']})."
        for other in answer["alternatives"]
    ]


def described(about: Data) -> RenderableType:
    """Give what a terminal shows of a knowledge base, from `FactMemory.describe()`."""
    sizes = Text(", ".join(f"{about[name]:,} {name}" for name in ("facts", "observations", "symbols", "words")))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("relation")
    table.add_column("facts", justify="right")
    for name, number in about["relations"].items():
        table.add_row(Text(name), f"{number:,}")
    return Group(sizes, table, *map(Text, about["examples"]))
