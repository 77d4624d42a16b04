"""The commands of the logic: `reason` draws conclusions from a file of Narsese, `narsese` checks one."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer
from rich.table import Table
from rich.text import Text

from hybridattn.cli.console import ANSWERED, NO_ANSWER, STDOUT, check_targets, print_out, table, waiting, wrote_json
from hybridattn.cli.inputs import lines_of, named
from hybridattn.cli.logic.proof import report, rule_of, surest
from hybridattn.errors import ArgumentError, NarseseError
from hybridattn.reasoning.dialects import ona, opennars, pynars
from hybridattn.reasoning.narsese import Sentence, parse_sentence, read_sentences
from hybridattn.reasoning.truth import DEFAULT

if TYPE_CHECKING:
    from hybridattn.reasoning.nal import Conclusion, Conclusions, InferenceRule
    from hybridattn.reasoning.term import Term

__all__ = ["inputs", "narsese", "reason"]

BEST = 10  # conclusions that the table shows

Write: TypeAlias = Callable[[Sentence], str]
DIALECTS: Mapping[str, Write] = MappingProxyType({"opennars": opennars, "ona": ona, "pynars": pynars})
_BUDGET = re.compile(r"\$[0-9.;]+\$\s*")

TABLES = ("nal", "ona")
"""The rules of NAL-1 to NAL-6, or these and what ONA adds to them."""

File = Annotated[str, typer.Argument(metavar="FILE", help="A file of Narsese, a sentence a line; - reads stdin.")]
Dialect = Annotated[
    str,
    typer.Option(help=f"Who shall read what is printed: {', '.join(DIALECTS)}.", autocompletion=lambda: list(DIALECTS)),
]


def reason(
    file: File,
    levels: Annotated[int | None, typer.Option(help="Most inferences from inputs to a conclusion.")] = None,
    nal: Annotated[int, typer.Option(help="Use the rules of NAL-1 up to this one.")] = 6,
    limit: Annotated[int, typer.Option(help="Most judgements to derive.")] = 10_000,
    ask: Annotated[list[str] | None, typer.Option(metavar="Q", help="One more question; may be repeated.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Never use the same evidence twice.")] = False,
    rule_table: Annotated[
        str,
        typer.Option("--rules", help=f"Which rule table: {', '.join(TABLES)}.", autocompletion=lambda: list(TABLES)),
    ] = "nal",
    dialect: Dialect = "opennars",
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE|-", help="Write JSON, a judgement a line; - is stdout.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write one offline page with the proof of the best answer.")] = None,
) -> None:
    """Draw conclusions from a file of Narsese, and answer its questions: NAL-1 to NAL-6, each with its proof.

    Example: hybridattn reason birds.nal --ask "<robin --> ?what>?" --html proof.html
    """
    from hybridattn.reasoning.nal import derive
    from hybridattn.view import page, write_text

    write, rules = _dialect(dialect), _rules(rule_table)
    check_targets(html, json_file)
    judgements, questions = inputs(file, ask or [], rules=rules)
    with waiting("Reasoning"):
        found = derive(judgements, questions, rules=rules, nal=nal, levels=levels, limit=limit, strict=strict)
    if html is not None:
        write_text(html, page(report(found)))
    if json_file == STDOUT:
        sys.stdout.writelines(_json_lines(found))
    else:
        if json_file is not None:
            write_text(json_file, "".join(_json_lines(found)))
        _show(found, write)
    if found.cut:
        typer.echo(f"The derivation was cut: {found.cut}.", err=True)
    raise typer.Exit(NO_ANSWER if None in found.answers.values() else ANSWERED)


def narsese(
    file: File,
    dialect: Dialect = "opennars",
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write JSON; - is stdout.")] = None,
) -> None:
    """Check a file of Narsese, and print each sentence in canonical form, one a line.

    Example: hybridattn narsese birds.nal --dialect ona
    """
    from hybridattn.reasoning.nal import canonical

    write = _dialect(dialect)
    check_targets(json_file)
    lines, sentences = lines_of(file), []
    for number, sentence in read_sentences(lines, source=named(file)):
        _check_form(sentence, lines[number - 1], f"{named(file)}:{number}")
        try:
            text = write(_stated(sentence, canonical(sentence.term)))
        except ArgumentError as error:
            raise ArgumentError(f"{named(file)}:{number}: {error}") from None
        if json_file is None:
            sys.stdout.write(f"{text}\n")
        sentences.append(_sentence(number, text, sentence))
    if json_file is not None and not wrote_json(json_file, {"sentences": sentences}):
        print_out(f"Wrote {json_file}")


def _sentence(number: int, text: str, sentence: Sentence) -> dict[str, Any]:
    truth = _stated(sentence, sentence.term).truth
    numbers = (None, None) if truth is None else (float(truth.frequency), float(truth.confidence))
    named = dict(zip(("frequency", "confidence"), numbers, strict=True))
    return {"line": number, "narsese": text, "punctuation": sentence.punctuation, **named}


def _dialect(name: str) -> Write:
    if name not in DIALECTS:
        raise ArgumentError(f"--dialect must be one of {', '.join(DIALECTS)}; got {name!r}")
    return DIALECTS[name]


def _rules(name: str) -> "tuple[InferenceRule, ...]":
    from hybridattn.reasoning.nal import ona_rules, rule_table

    if name not in TABLES:
        raise ArgumentError(f"--rules must be one of {', '.join(TABLES)}; got {name!r}")
    return rule_table() + (ona_rules() if name == "ona" else ())


def _check_form(sentence: Sentence, line: str, where: str) -> None:
    from hybridattn.reasoning.nal import fault

    if why := fault(sentence.term):
        text = line.strip("\ufeff \t\r\n")
        budget = _BUDGET.match(text)
        raise NarseseError(f"{where}: {why}", text, 1 + (budget.end() if budget else 0))


def _stated(sentence: Sentence, term: "Term") -> Sentence:
    """Give the sentence with its canonical term, and a judgement with the truth that it has where none is written."""
    truth = DEFAULT if sentence.truth is None and sentence.punctuation == "." else sentence.truth
    return Sentence(term, sentence.punctuation, truth, sentence.tense, sentence.budget)


def inputs(
    file: str, asked: Sequence[str], *, rules: "Sequence[InferenceRule] | None" = None
) -> tuple[list[Sentence], list[Sentence]]:
    """Read judgements and questions, and refuse what is not derived while the line is still known."""
    known = _rules(TABLES[0]) if rules is None else rules
    words: frozenset[str] = frozenset().union(*[rule.words for rule in known])
    judgements: list[Sentence] = []
    questions: list[Sentence] = []
    for number, sentence in read_sentences(lines_of(file), source=named(file)):
        _check_derivable(sentence, f"{named(file)}:{number}", words)
        (questions if sentence.punctuation == "?" else judgements).append(sentence)
    if not judgements and not questions:
        raise ArgumentError(f"FILE must hold at least one sentence; {named(file)} holds none")
    for text in asked:
        question = parse_sentence(text if text.rstrip().endswith("?") else f"{text}?")
        _check_derivable(question, "--ask", words)
        questions.append(question)
    return judgements, questions


def _check_derivable(sentence: Sentence, where: str, words: frozenset[str]) -> None:
    from hybridattn.reasoning.nal.engine.inputs import judged, questioned

    try:
        questioned(sentence, words=words) if sentence.punctuation == "?" else judged(sentence, 0, words=words)
    except ArgumentError as error:
        raise ArgumentError(f"{where}: {error}") from None


def _json_lines(found: "Conclusions") -> Iterator[str]:
    """Write every judgement and question as one line of JSON, each after its premises.

    `premises` holds `line:K`, the premise on line K counted from 0, or `term:T`, a compound T that occurs in an input.
    The truth is that of the function `rule` of the premises that are judgements, in order; introducing more than one
    variable takes a tenth of the confidence for each further one.
    """
    held = sorted([*found, *found.questions], key=_after_premises)
    places = {id(one): f"line:{place}" for place, one in enumerate(held)}
    for one in held:
        data = {
            "narsese": str(one.term),
            "punctuation": one.punctuation,
            "frequency": None if one.truth is None else float(one.truth.frequency),
            "confidence": None if one.truth is None else float(one.truth.confidence),
            "rule": rule_of(one),
            "premises": [places.get(id(premise), f"term:{premise.term}") for premise in one.premises],
            "stamp": sorted(one.stamp),
            "level": one.level,
        }
        yield json.dumps(data, allow_nan=False) + "\n"


def _after_premises(one: "Conclusion") -> tuple[int, int, int]:
    """Sort by level; the forms of a judgement, which stand on its level, come after it."""
    forms, here = 0, one
    while here.is_form:
        forms, here = forms + 1, here.premises[0]
    return one.level, forms, one.number


def _show(found: "Conclusions", write: Write) -> None:
    """Print the answers, the best conclusions and what there is in all."""
    for question, answer in found.answers.items():
        typer.echo(_said(Sentence(question, "?"), write))
        typer.echo(f"  {_answer(found, answer, write)}")
    best = surest(found)
    if best:
        print_out(_table(best, write))
    given = sum(one.rule is None for one in found)
    typer.echo(f"{_counted(given, 'judgement')} given, {found.derived:,} derived.")


def _answer(found: "Conclusions", answer: "Conclusion | None", write: Write) -> str:
    if answer is not None:
        return f"{_said(Sentence(answer.term, '.', answer.truth), write)}  {rule_of(answer)}, level {answer.level}"
    return "No answer so far." if found.cut else "No answer."


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _said(sentence: Sentence, write: Write) -> str:
    """Write a sentence in a dialect; what the dialect cannot hold stays as it is, and says why."""
    try:
        return write(sentence)
    except ArgumentError as error:
        return f"{sentence}  // {error}"


def _table(best: "Sequence[Conclusion]", write: Write) -> Table:
    shown = f"{BEST} of {len(best):,} conclusions" if len(best) > BEST else "conclusion"
    made = table(shown, "rule", "level")
    for one in best[:BEST]:
        made.add_row(Text(_said(Sentence(one.term, ".", one.truth), write)), rule_of(one), str(one.level))
    return made
