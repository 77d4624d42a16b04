"""The answer as static HTML: it reads without a script, and the script only adds to it."""

from collections.abc import Iterator, Mapping
from typing import Any

from hybridattn.errors import ArgumentError
from hybridattn.view.page.kept import counted
from hybridattn.view.page.sections.matters import decisive_mark, matters
from hybridattn.view.page.sections.tables import bars, code, ids, kept_whole, number, stated, table, traced, truth
from hybridattn.view.text import escaped as text

__all__ = ["evidence", "note", "proofs", "rail", "remark"]

Row = Mapping[str, Any]


def note(report: Row) -> str:
    """Say what the reader must know before the answers: that the search was cut, or that there is no answer."""
    cut, found = report["cut"], len(report["answers"])
    if cut and found:
        return remark(f"The search was cut short ({cut}): answers, or evidence for these, may be missing.")
    if cut:
        return remark(f"The search was cut short ({cut}) before it came to an answer. There may be one.")
    if found or not _is_asked(report):
        return ""
    return remark("No evidence: nothing that is stored answers this question.")


def _is_asked(report: Row) -> bool:
    """Tell whether there is a question: a graph alone has none, and says so by `asked`."""
    return bool(report["answers"]) or report.get("asked") is not False


def remark(words: str) -> str:
    """Make a note of plain text; nothing without words."""
    return f'<p class="note" role="note">{text(words)}</p>' if words else ""


def rail(report: Row) -> str:
    """List the answers, each a button with its truth; nothing where nothing was asked."""
    if not _is_asked(report):
        return ""
    items = "".join(_answer(index, answer) for index, answer in enumerate(report["answers"]))
    found = counted(len(report["answers"]), "answer")
    letters = '<span aria-hidden="true">f frequency, c confidence, e expectation</span>' if report["answers"] else ""
    heading = f'<div class="letters"><h2 id="answers-title">{found}</h2>{letters}</div>'
    return f'<section class="rail" aria-labelledby="answers-title">{heading}<ol>{items}</ol></section>'


def proofs(report: Row) -> str:
    """Lay out the derivation of every answer, to stand beside the picture: each step after what it rests on."""
    return "".join(_proof(index, answer) for index, answer in enumerate(report["answers"]))


def evidence(report: Row) -> str:
    """Lay out the evidence of every answer: derivation, facts, matches and other paths, as tables."""
    return "".join(_checked_card(index, answer) for index, answer in enumerate(report["answers"]))


def _checked_card(index: int, answer: Row) -> str:
    try:
        return _card(index, answer)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else f"got {error!r}"
        place = f"report.answers[{index}].explanation"
        raise ArgumentError(f"{place} must be as hybridattn.view.explained makes it; {why}") from error


def _answer(index: int, answer: Row) -> str:
    return (
        f'<li><button type="button" class="answer" data-answer="{index}" aria-pressed="false">'
        f'<code class="term" dir="auto">{kept_whole(text(answer["term"]))}</code><span class="measures">{bars(answer)}'
        '<span class="measure"><span aria-hidden="true">e</span><span class="hidden">expectation</span>'
        f'<span class="number">{number(answer["expectation"])}</span></span></span></button></li>'
    )


def _proof(index: int, answer: Row) -> str:
    rows = "".join(_line(*line) for line in _lines(answer))
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("step", "statement", "truth"))
    return (
        f'<div class="proof" data-of="{index}"><table><caption>Derivation of {code(answer["term"])}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _lines(answer: Row) -> Iterator[tuple[str, str, str, Row]]:
    """Give name, statement, origin and truth of all that the answer rests on, premises before conclusions."""
    given = {f"fact:{fact['id']}": (stated(fact), "given", fact) for fact in answer["facts"]}
    for match in answer.get("matches", ()):
        both = f"{code(match['query'])} ↔ {code(match['key'])}"
        given[f"match:{match['id']}"] = (both, "match of query and key", match)
    for index, step in enumerate(answer["derivation"]):
        names = [str(premise) for premise in step["premises"]]
        for name in names:
            if name in given:
                yield name, *given.pop(name)
        premises = ", ".join(traced(name) for name in names)
        yield f"step:{index}", code(step["conclusion"]), f"{text(step['rule'])} from {premises}", step
    for name, rest in given.items():
        yield name, *rest


def _line(name: str, statement: str, origin: str, row: Row) -> str:
    return (
        f'<tr data-name="{text(name)}"><th scope="row">{traced(name)}</th>'
        f'<td><div class="said">{statement}</div><span class="origin">{origin}</span></td>'
        f'<td class="truths">{bars(row)}</td></tr>'
    )


def _card(index: int, answer: Row) -> str:
    steps, facts = answer["derivation"], answer["facts"]
    statement = steps[-1]["conclusion"] if steps else answer["term"]
    tables = [
        table(
            "Derivation", ("step", "rule", "premises", "conclusion", "f", "c", "stamp"), map(_step, *_counted(steps))
        ),
        table(
            "Facts it rests on",
            ("fact", "source", "relation", "target", "f", "c", "observations"),
            [_fact(fact, answer) for fact in facts],
        ),
        table(
            "Matches it relies on",
            ("match", "asked for", "found", "f", "c"),
            [_match(match, answer) for match in answer.get("matches", ())],
        ),
        table("Other paths", ("term", "f", "c", "facts", "why not used"), map(_other, answer.get("alternatives", ()))),
    ]
    said = f"frequency {number(answer['frequency'])}, confidence {number(answer['confidence'])}"
    return (
        f'<details class="evidence" id="answer-{index}" data-of="{index}"{"" if index else " open"}>'
        f'<summary><span class="said">{code(statement)}</span><span class="truth">{said}</span></summary>'
        f"{matters(answer)}{''.join(tables)}</details>"
    )


def _counted(steps: list[Row]) -> tuple[range, list[Row]]:
    return range(len(steps)), steps


def _step(index: int, step: Row) -> str:
    premises = " ".join(traced(premise) for premise in step["premises"])
    return (
        f'<tr><th scope="row">{traced(f"step:{index}")}</th><td>{text(step["rule"])}</td><td>{premises}</td>'
        f"<td>{code(step['conclusion'])}</td>{truth(step)}<td>{ids(step['stamp'])}</td></tr>"
    )


def _fact(fact: Row, answer: Row) -> str:
    name = f"fact:{fact['id']}"
    return (
        f'<tr><th scope="row">{traced(name)}{decisive_mark(answer, name)}</th><td>{code(fact["source"])}</td>'
        f"<td>{code(fact['relation'])}</td><td>{code(fact['target'])}</td>{truth(fact)}"
        f"<td>{ids(fact['observations'])}</td></tr>"
    )


def _match(match: Row, answer: Row) -> str:
    name = f"match:{match['id']}"
    ends = f"<td>{code(match['query'])}</td><td>{code(match['key'])}</td>"
    return f'<tr><th scope="row">{traced(name)}{decisive_mark(answer, name)}</th>{ends}{truth(match)}</tr>'


def _other(path: Row) -> str:
    facts = " ".join(traced(f"fact:{fact}") for fact in path["facts"])
    return f"<tr><td>{code(path['term'])}</td>{truth(path)}<td>{facts}</td><td>{text(path['why'])}</td></tr>"
