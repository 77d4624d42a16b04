"""The answer as static HTML: it reads without a script, and the script only adds to it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hybridattn.view.page.matters import decisive_mark, matters
from hybridattn.view.text import escaped as text

__all__ = ["answers", "evidence", "note"]


def note(report: Mapping[str, Any]) -> str:
    """Say what the reader must know before the answers: that the search was cut, or that there is no answer."""
    cut, found = report["cut"], len(report["answers"])
    if cut and found:
        words = f"The search was cut short ({text(cut)}): answers, or evidence for these, may be missing."
    elif cut:
        words = f"The search was cut short ({text(cut)}) before it came to an answer. There may be one."
    elif not found:
        words = "No evidence: nothing that is stored answers this question."
    else:
        return ""
    return f'<p class="note" role="note">{words}</p>'


def answers(report: Mapping[str, Any]) -> str:
    """List the answers, each a button with its truth: two bars and the expectation."""
    return "".join(_answer(index, answer) for index, answer in enumerate(report["answers"]))


def evidence(report: Mapping[str, Any]) -> str:
    """Lay out the evidence of every answer: derivation, facts, matches and other paths, as tables."""
    return "".join(_card(index, answer) for index, answer in enumerate(report["answers"]))


def _answer(index: int, answer: Mapping[str, Any]) -> str:
    return (
        f'<li><button type="button" class="answer" data-answer="{index}" aria-pressed="false">'
        f'<code class="term">{text(answer["term"])}</code>'
        f"{_bar('frequency', answer['frequency'])}{_bar('confidence', answer['confidence'])}"
        '<span class="measure"><span>expectation</span>'
        f'<span class="number">{_number(answer["expectation"])}</span></span></button></li>'
    )


def _bar(name: str, value: float) -> str:
    width = max(0.0, min(1.0, value)) * 100
    return (
        f'<span class="measure"><span>{name}</span>'
        f'<svg class="bar {name}" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="100" height="4"/><rect class="level" width="{width:.1f}" height="4"/></svg>'
        f'<span class="number">{_number(value)}</span></span>'
    )


def _card(index: int, answer: Mapping[str, Any]) -> str:
    steps, facts = answer["derivation"], answer["facts"]
    statement = steps[-1]["conclusion"] if steps else answer["term"]
    tables = [
        _table(
            "Derivation",
            ("step", "rule", "premises", "conclusion", *_TRUTH, "stamp"),
            map(_step, range(len(steps)), steps),
        ),
        _table(
            "Facts it rests on",
            ("fact", "source", "relation", "target", *_TRUTH, "observations"),
            [_fact(fact, answer) for fact in facts],
        ),
        _table(
            "Matches it relies on",
            ("match", "asked for", "found", *_TRUTH),
            [_match(match, answer) for match in answer.get("matches", ())],
        ),
        _table("Other paths", ("term", *_TRUTH, "facts", "why not used"), map(_other, answer.get("alternatives", ()))),
    ]
    truth = f"frequency {_number(answer['frequency'])}, confidence {_number(answer['confidence'])}"
    return (
        f'<details class="evidence" id="answer-{index}"{"" if index else " open"}>'
        f'<summary><code>{text(statement)}</code><span class="truth">{truth}</span></summary>'
        f"{matters(answer)}{''.join(tables)}</details>"
    )


_TRUTH = ("f", "c")


def _table(title: str, heads: Sequence[str], rows: Iterable[str]) -> str:
    """Make a table with a caption, or nothing if it would have no rows."""
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    head = "".join(f'<th scope="col"{" class=number" if name in _TRUTH else ""}>{name}</th>' for name in heads)
    wrapped = f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0" role="region" aria-label="{title}">{wrapped}</div>' if body else ""


def _step(index: int, step: Mapping[str, Any]) -> str:
    premises = " ".join(_premise(str(premise)) for premise in step["premises"])
    return (
        f'<th scope="row">step:{index}</th><td>{text(step["rule"])}</td><td>{premises}</td>'
        f"<td>{_code(step['conclusion'])}</td>{_truth(step)}<td>{_ids(step['stamp'])}</td>"
    )


def _fact(fact: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    mark = decisive_mark(answer, f"fact:{fact['id']}")
    return (
        f'<th scope="row">{_named(fact["id"])}{mark}</th><td>{_code(fact["source"])}</td>'
        f"<td>{_code(fact['relation'])}</td><td>{_code(fact['target'])}</td>{_truth(fact)}<td>{_ids(fact['observations'])}</td>"
    )


def _match(match: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    ends = f"<td>{_code(match['query'])}</td><td>{_code(match['key'])}</td>"
    name = f"match:{match['id']}"
    return f'<th scope="row">{text(name)}{decisive_mark(answer, name)}</th>{ends}{_truth(match)}'


def _other(path: Mapping[str, Any]) -> str:
    facts = " ".join(_named(fact) for fact in path["facts"])
    return f"<td>{_code(path['term'])}</td>{_truth(path)}<td>{facts}</td><td>{text(path['why'])}</td>"


def _premise(premise: str) -> str:
    kind, _, number = premise.partition(":")
    return _button(number, premise) if kind == "fact" else f'<span class="ref">{text(premise)}</span>'


def _named(fact: object) -> str:
    return _button(fact, f"fact:{fact}")


def _button(fact: object, words: str) -> str:
    return f'<button type="button" class="ref" data-fact="{text(fact)}">{text(words)}</button>'


def _code(value: object) -> str:
    return f"<code>{text(value)}</code>"


def _truth(row: Mapping[str, Any]) -> str:
    return "".join(f'<td class="number">{_number(row[name])}</td>' for name in ("frequency", "confidence"))


def _ids(ids: Iterable[object]) -> str:
    return f'<span class="ids">{text(" ".join(map(str, ids)))}</span>'


def _number(value: float) -> str:
    return f"{value:.3f}"
