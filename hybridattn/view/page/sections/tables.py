"""What the tables of the page are made of: numbers, bars, names that can be traced."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hybridattn.view.text import escaped as text

__all__ = ["COPULAS", "bars", "code", "ids", "kept_whole", "number", "stated", "table", "traced", "truth"]

COPULAS = ("-->", "<->", "==>", "<=>")
TRUTH = ("frequency", "confidence")
LETTERS = (("f", "frequency"), ("c", "confidence"))
_COPULA = re.compile("(--&gt;|&lt;-&gt;)")


def table(title: str, heads: Sequence[str], rows: Iterable[str]) -> str:
    """Make a table with a caption, or nothing if it would have no rows."""
    body = "".join(rows)
    head = "".join(f'<th scope="col"{" class=number" if name in ("f", "c") else ""}>{name}</th>' for name in heads)
    whole = f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0" role="region" aria-label="{title}">{whole}</div>' if body else ""


def traced(name: object, words: object = None) -> str:
    """Make a button that traces a premise or step, such as `fact:7`."""
    shown = name if words is None else words
    return f'<button type="button" class="ref" data-trace="{text(name)}">{text(shown)}</button>'


def stated(fact: Mapping[str, Any]) -> str:
    """Say a fact: in Narsese where its relation is a copula, else in three words."""
    source, relation, target = (fact[part] for part in ("source", "relation", "target"))
    if relation in COPULAS:
        return code(f"<{source} {relation} {target}>")
    return f'{code(source)} <span class="relation" dir="auto">{text(relation)}</span> {code(target)}'


def bars(row: Mapping[str, Any]) -> str:
    """Draw a truth value as two bars, each with its letter and its number."""
    return "".join(_bar(letter, name, row[name]) for letter, name in LETTERS)


def _bar(letter: str, name: str, value: float) -> str:
    return (
        f'<span class="measure"><span aria-hidden="true">{letter}</span><span class="hidden">{name}</span>'
        f'<svg class="bar {name}" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="100" height="4"/><rect class="level" width="{100 * value:.1f}" height="4"/></svg>'
        f'<span class="number">{number(value)}</span></span>'
    )


def code(value: object) -> str:
    """Show a term as it is, its direction its own, no copula broken over two lines."""
    return f'<code dir="auto">{kept_whole(text(value))}</code>'


def kept_whole(escaped: str) -> str:
    """Keep the copulas in an escaped term from breaking at a hyphen."""
    return _COPULA.sub(r'<span class="copula">\1</span>', escaped)


def truth(row: Mapping[str, Any]) -> str:
    """Make two cells of a truth value."""
    return "".join(f'<td class="number">{number(row[name])}</td>' for name in TRUTH)


def ids(numbers: Iterable[object]) -> str:
    """List observations."""
    return f'<span class="ids">{text(" ".join(map(str, numbers)))}</span>'


def number(value: float) -> str:
    """Write a number with three decimals."""
    return f"{value:.3f}"
