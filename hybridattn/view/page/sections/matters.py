"""The formula of an answer and what it hangs on, as static HTML: formulas, bars, and counterfactuals in words."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from hybridattn.view.page.sections.formula import Name, mathml
from hybridattn.view.text import escaped as text

__all__ = ["decisive_mark", "matters"]

Row = Mapping[str, Any]
SAME = 1e-9  # weights that differ by less, relatively, are equal
FEW = 4  # premises that a sentence names
STAR = '<span class="decisive"><span aria-hidden="true">★ </span>decisive</span>'
PARTS = ("frequency", "confidence")


def matters(answer: Row) -> str:
    """Lay out `answer["explanation"]`, as `explained` makes it; nothing where there is none."""
    explanation = answer.get("explanation")
    if not explanation:
        return ""
    rows, letters = explanation["sensitivities"], _letters(explanation["sensitivities"])
    names = _names(explanation, letters)
    ordered = sorted(rows, key=lambda row: -row["weight"])
    return (
        '<section class="matters" aria-label="Formula and what matters"><h3>Formula and what matters</h3>'
        f"{_formulas(answer, explanation, names)}{_verdict(answer, explanation, letters)}"
        f"{_table(ordered, explanation, letters)}{_more(explanation, names)}</section>"
    )


def decisive_mark(answer: Row, premise: str) -> str:
    """Mark a premise if it is the decisive one of the explanation, if there is one."""
    explanation = answer.get("explanation")
    return f" {STAR}" if explanation and explanation["decisive"] == premise else ""


def _letters(rows: Sequence[Row]) -> dict[str, str]:
    """Name the premises A, B, ..., Z, AA, AB, ... in the order of the proof: their ids are too long for an index."""
    return {str(row["premise"]): letters for row, letters in zip(rows, _alphabet(), strict=False)}


def _alphabet() -> Iterator[str]:
    for number in count(1):
        letters = ""
        while number:
            number, place = divmod(number - 1, 26)
            letters = chr(ord("A") + place) + letters
        yield letters


def _names(explanation: Row, letters: Mapping[str, str]) -> dict[str, Name]:
    """Set each symbol with its letter, all c before all f, so that a product shows the confidences first."""
    rows = [(row["symbols"], letters[row["premise"]]) for row in explanation["sensitivities"]]
    rows += [(row["symbols"], row["step"].removeprefix("step:")) for row in explanation["steps"]]
    return {str(symbols[at]): Name("fc"[at], index) for at in (1, 0) for symbols, index in rows}


def _formulas(answer: Row, explanation: Row, names: Mapping[str, Name]) -> str:
    rows = "".join(
        f"<dt>{part} <math><mi>{part[0]}</mi></math></dt>"
        f'<dd><span class="equals">=</span>{mathml(explanation[part], names)}'
        f'<span class="equals">= {answer[part]:.3f}</span></dd>'
        for part in PARTS
    )
    return f'<div class="formulas" tabindex="0" role="region" aria-label="Formula"><dl>{rows}</dl></div>'


def _verdict(answer: Row, explanation: Row, letters: Mapping[str, str]) -> str:
    """Say in words which premise decides, and what would have to change least for the answer to turn."""
    rows = {row["premise"]: row for row in explanation["sensitivities"]}
    first = rows[explanation["decisive"]]
    equals = [name for name, row in rows.items() if row is not first and _equal(row["weight"], first["weight"])]
    others = [_named(name, letters) for name in equals[:FEW]]
    others += [f"{len(equals) - FEW} more"] if len(equals) > FEW else []
    also = f", and just as fast with {_listed(others)}" if equals else ""
    deciding = f"<code>{text(first['statement'])}</code> ({_named(first['premise'], letters)})"
    return (
        '<p class="verdict"><span class="decisive"><span aria-hidden="true">★ </span>Decisive:</span> '
        f"{deciding}. The answer moves fastest with it{also}. {_nearest(explanation, letters)} "
        f'<span class="aside">The answer turns where its expectation, now {answer["expectation"]:.3f}, passes one half;'
        " each number is changed alone, all others as they are. The pull of a number is the derivative of the"
        " expectation by it.</span></p>"
    )


def _nearest(explanation: Row, letters: Mapping[str, str]) -> str:
    if explanation["turns"] is None:
        return ""
    turning = [turn for turn in explanation["turns"] if turn["value"] is not None]
    if not turning:
        return "No number of a single premise turns it."
    turn = min(turning, key=lambda turn: abs(turn["value"] - turn["now"]))
    equals = sum(_equal(abs(other["value"] - other["now"]), abs(turn["value"] - turn["now"])) for other in turning)
    least = "The smallest change that turns it" + (f" ({equals} are equally small)" if equals > 1 else "")
    return f"{least}: {_named(turn['premise'], letters)} with a {_side(turn)} instead of {_number(turn['now'])}."


def _equal(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * max(abs(one), abs(other))


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _named(premise: str, letters: Mapping[str, str]) -> str:
    return f"<b>{letters[premise]}</b>"


def _table(rows: Sequence[Row], explanation: Row, letters: Mapping[str, str]) -> str:
    slopes = [slope for row in rows for slope in row["expectation"]]
    low, high = min([0.0, *slopes]), max([0.0, *slopes])
    heads = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("", "premise", "f, c", "pull on the expectation", "the answer turns with")
    )
    body = "".join(_row(row, explanation, letters[row["premise"]], (low, high)) for row in rows)
    title = "What matters, most first"
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{title}"><table class="pulls"><caption>{title}'
        f"</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(row: Row, explanation: Row, letter: str, scale: tuple[float, float]) -> str:
    premise, truth = str(row["premise"]), row["truth"]
    kind = premise.partition(":")[0]
    shown = (
        f'<button type="button" class="ref" data-trace="{text(premise)}">{text(premise)}</button>'
        if kind in ("fact", "match")
        else f'<span class="ref">{text(premise)}</span>'
    )
    star = f" {STAR}" if premise == explanation["decisive"] else ""
    bars = "".join(_bar(part, slope, scale) for part, slope in zip(PARTS, row["expectation"], strict=True))
    return (
        f'<tr><th scope="row" class="letter">{letter}</th>'
        f"<td>{shown}{star}<br><code>{text(row['statement'])}</code></td>"
        f'<td class="now">{truth[0]:.3f}, {truth[1]:.3f}</td><td class="pull">{bars}</td>'
        f"<td>{_turning(explanation['turns'], premise)}</td></tr>"
    )


def _bar(part: str, slope: float, scale: tuple[float, float]) -> str:
    """Draw a derivative from zero, to the left where it is negative; all rows share one scale."""
    low, high = scale
    width = (high - low) or 1.0
    start, end = sorted(100 * (value - low) / width for value in (0.0, slope))
    zero = 100 * abs(low) / width
    return (
        f'<span class="measure"><span>by {part}</span><svg class="bar {part}" viewBox="0 0 100 4" '
        'preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="4"/>'
        f'<rect class="level" x="{start:.2f}" width="{end - start:.2f}" height="4"/>'
        f'<rect class="zero" x="{min(zero, 99.6):.2f}" width="0.4" height="4"/></svg>'
        f'<span class="number">{_signed(slope)}</span></span>'
    )


def _turning(all_turns: Sequence[Row] | None, premise: str) -> str:
    """Say what would turn the answer: "a frequency below 0.310, but no confidence"."""
    if all_turns is None:
        return '<span class="aside">not worked out</span>'
    turns = [turn for turn in all_turns if turn["premise"] == premise]
    if all(turn["value"] is None for turn in turns):
        return '<span class="aside">no value of it</span>'
    possible = ", or ".join(f"a {_side(turn)}" for turn in turns if turn["value"] is not None)
    impossible = "".join(f", but no {text(turn['what'])}" for turn in turns if turn["value"] is None)
    return possible + impossible


def _side(turn: Row) -> str:
    what, value, now = text(turn["what"]), turn["value"], turn["now"]
    side = "below" if value < now else "above" if value > now else "other than"
    return f"{what} {side} {_number(value)}"


def _number(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 or value == 0 else f"{value:.2g}"


def _signed(value: float) -> str:
    small = value and abs(value) < 0.0005
    return (f"{value:+.0e}" if small else f"{value:+.3f}").replace("-", "−")


def _more(explanation: Row, names: Mapping[str, Name]) -> str:
    """Fold away the formulas of the single steps, and the whole ones as LaTeX."""
    rows = "".join(
        f'<tr data-step="{text(step["step"])}"><th scope="row">{text(step["step"])}</th>'
        + "".join(
            f"<td>{mathml(step['symbols'][at], names)} = {mathml(step[part], names)}</td>"
            for at, part in enumerate(PARTS)
        )
        + "</tr>"
        for step in explanation["steps"]
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("step", *PARTS))
    table = (
        '<div class="wide" tabindex="0" role="region" aria-label="Step by step">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    steps = f"<details><summary>Step by step</summary>{table}</details>" if len(explanation["steps"]) > 1 else ""
    latex = "".join(f"<code>{part[0]} = {text(explanation[f'latex_{part}'])}</code>" for part in PARTS)
    return (
        f'{steps}<details><summary>As LaTeX</summary><div class="latex">{latex}</div>'
        '<p class="aside">Here the subscripts are the ids of the facts.</p></details>'
    )
