"""Traces, derivations and answers as trees of text."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from rich.console import Console

from hybridattn.reasoning import Derivation, Judgement
from hybridattn.trace import Link, Trace
from hybridattn.view.terminal import terminal

__all__ = ["answer_tree", "derivation_tree", "trace_tree"]

WIDTH = 120
LONGEST = 60
"""Lines of a tree; one that is longer ends by saying how much is left out."""

Branches: TypeAlias = Callable[[Any], tuple[str, Sequence[Any]]]
"""Gives the text of a node, and its children."""


def answer_tree(report: Mapping[str, Any]) -> str:
    """Give what `hybridattn ask` prints, as plain text."""
    out = io.StringIO()
    console = Console(
        file=out, width=WIDTH, highlight=False, soft_wrap=True, color_system=None,
        force_jupyter=False,  # or it would display by itself, and write nothing
    )  # fmt: skip
    console.print(terminal(report))
    return out.getvalue().rstrip("\n")


def derivation_tree(derivation: Derivation, said: str) -> str:
    """Write a proof as a tree: below each conclusion what it follows from; what is used again is named again only."""
    steps = {f"step:{place}": step for place, step in enumerate(derivation.steps)}
    known: dict[str, Judgement] = {f"fact:{fact.id}": fact.judgement for fact in derivation.facts}
    known |= {f"match:{place}": match for place, match in enumerate(derivation.matches)}
    known |= {name: step.conclusion for name, step in steps.items()}
    told: set[str] = set()

    def branches(name: str) -> tuple[str, Sequence[str]]:
        text = f"{known[name]}  {steps[name].rule if name in steps else name.replace(':', ' ')}"
        if name in told and name in steps:
            return f"{text}, as above", ()
        told.add(name)
        return text, steps[name].premises if name in steps else ()

    last = f"step:{len(derivation.steps) - 1}" if derivation.steps else f"fact:{derivation.facts[0].id}"
    _, premises = branches(last)
    source = steps[last].rule if last in steps else last.replace(":", " ")
    return "\n".join(_short([f"{said}  {source}", *_below(premises, branches)]))


def trace_tree(trace: Trace) -> str:
    """Write what each question attended to: below each link those that it led to."""
    roots: list[list[tuple[int, int]]] = [[] for _ in trace.cut]
    children: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for hop, one in enumerate(trace.hops):
        for place, link in enumerate(one.links):
            if link.parent >= 0:
                children.setdefault((hop - 1, link.parent), []).append((hop, place))
            else:
                roots[link.question].append((hop, place))

    def branches(where: tuple[int, int]) -> tuple[str, Sequence[tuple[int, int]]]:
        hop, place = where
        return _link(hop, trace.hops[hop].links[place]), children.get(where, ())

    lines = []
    for number, starts in enumerate(roots):
        cut = f", cut ({trace.cut[number]})" if trace.cut[number] else ""
        lines += [f"query {number}{cut}" if len(roots) > 1 else f"query{cut}"]
        lines += _below(starts, branches)
    return "\n".join(_short(lines)) or "a trace without a query"


def _link(hop: int, link: Link) -> str:
    return f"hop {hop + 1}: slot {link.slot}  share {link.share:.3f}, cosine {link.similarity:.3f}"


def _below(roots: Sequence[Any], branches: Branches) -> list[str]:
    """Draw the branches below a node, without recursion: proofs can be deep."""
    lines: list[str] = []
    waiting = [(node, "", place == len(roots) - 1) for place, node in enumerate(roots)][::-1]
    while waiting:
        node, indent, last = waiting.pop()
        text, children = branches(node)
        lines.append(f"{indent}{'└── ' if last else '├── '}{text}")
        deeper = f"{indent}{'    ' if last else '│   '}"
        waiting += [(child, deeper, place == len(children) - 1) for place, child in enumerate(children)][::-1]
    return lines


def _short(lines: list[str]) -> list[str]:
    if len(lines) <= LONGEST:
        return lines
    return [*lines[: LONGEST - 1], f"... and {len(lines) - LONGEST + 1:,} more lines"]
