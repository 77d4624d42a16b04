"""The commands of facts: `ask` answers a question, `facts show` and `facts export` look at them."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hybridattn.cli import completion
from hybridattn.cli.console import ANSWERED, NO_ANSWER, check_targets, print_out, waiting, wrote_json
from hybridattn.errors import ArgumentError

if TYPE_CHECKING:
    from hybridattn.knowledge.answers.answer import Answers

__all__ = ["ask", "export", "show"]

Facts = Annotated[
    str,
    typer.Argument(
        metavar="FACTS",
        help="wordnet, a folder that `facts import` made, or a file: .tsv, .csv, .jsonl or .nal, also with .xz or .gz.",
        autocompletion=completion.facts,
    ),
]


def ask(
    facts: Facts,
    question: Annotated[
        str,
        typer.Argument(
            metavar="QUESTION",
            help="<S --> P>?, <S <-> P>? or <(*, S, P) --> R>?, where ?x may stand for S or P.",
        ),
    ],
    hops: Annotated[
        int | None, typer.Option(help="Most hops along --> or <-> [default: until nothing is new, 32].")
    ] = None,
    beam: Annotated[int, typer.Option(help="Links that pass on at each hop.")] = 64,
    top: Annotated[int, typer.Option(help="Most answers to give.")] = 10,
    path: Annotated[
        str | None, typer.Option(help="Relations to follow one after the other, with commas between.")
    ] = None,
    min_match: Annotated[float, typer.Option(help="Least cosine of a query and a key that is followed.")] = 0.5,
    beta: Annotated[float, typer.Option(help="Inverse temperature of a read.")] = 100.0,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write JSON; - is stdout.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write one offline page with the graph.")] = None,
    graphml: Annotated[Path | None, typer.Option(help="Write the graph for Gephi, yEd or networkx.")] = None,
    narsese: Annotated[Path | None, typer.Option(help="Write the cited facts and the answers in Narsese.")] = None,
) -> None:
    """Ask facts a question: the answers with their truth, the chain of cited facts, and a graph.

    Example: hybridattn ask wordnet "<cheetah.n.01 --> animal.n.01>?" --html cheetah.html
    """
    from hybridattn.knowledge import FactMemory
    from hybridattn.view import graphml as to_graphml
    from hybridattn.view import page, terminal, write_text

    check_targets(html, graphml, narsese, json_file)
    start = time.perf_counter()
    with waiting(f"Loading {facts}"):
        memory = FactMemory.load(facts, beta=beta)
        memory.memory  # noqa: B018 - made when first asked for, which belongs to loading
    loaded = time.perf_counter()
    relations = None if path is None else [name.strip() for name in path.split(",")]
    answers = memory.ask(question, path=relations, hops=hops, beam=beam, top=top, min_match=min_match)
    report = answers.to_json()
    answered = time.perf_counter()
    if html is not None:
        write_text(html, page(_explained(report, answers)))
    if graphml is not None:
        write_text(graphml, to_graphml(answers.graph))
    if narsese is not None:
        write_text(narsese, _narsese(report, [str(fact) for answer in answers for fact in answer.facts]))
    if not wrote_json(json_file, report):
        written = [str(target) for target in (html, graphml, narsese, json_file) if target is not None]
        print_out(terminal(report), *([f"Wrote {', '.join(written)}"] if written else []))
        print_out(f"Loaded in {loaded - start:.2f} s, answered in {answered - loaded:.2f} s.")
    raise typer.Exit(ANSWERED if answers else NO_ANSWER)


def _explained(report: dict[str, Any], answers: "Answers") -> dict[str, Any]:
    """Add the formula of the first answers, and what they hang on."""
    from hybridattn.cli.viewing.asked import MOST_EXPLAINED
    from hybridattn.view import explained

    first = [
        {**data, "explanation": explained(answer.derivation)}
        for data, answer in zip(report["answers"][:MOST_EXPLAINED], answers[:MOST_EXPLAINED], strict=True)
    ]
    return {**report, "answers": [*first, *report["answers"][MOST_EXPLAINED:]]}


def _narsese(report: dict[str, Any], facts: list[str]) -> str:
    """Write the cited facts as judgements, the question as a comment, the answers as expectations of a test file."""
    lines = [f"// {report['question']}", *dict.fromkeys(facts)]
    for answer in report["answers"]:
        truth = f"%{answer['frequency']:.2f};{answer['confidence']:.2f}%"
        lines.append(f"''outputMustContain('{answer['term']}. {truth}')")
    return "\n".join(lines) + "\n"


def show(
    facts: Facts,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write JSON; - is stdout.")] = None,
) -> None:
    """Describe a knowledge base: how many facts, symbols and words, which relations, and some examples.

    Example: hybridattn facts show wordnet
    """
    from hybridattn.knowledge import FactMemory
    from hybridattn.view import described

    check_targets(json_file)
    with waiting(f"Loading {facts}"):
        about = FactMemory.load(facts).describe()
    if not wrote_json(json_file, about):
        print_out(described(about))


def export(
    facts: Facts,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to write: a .nal file of Narsese judgements.")],
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write JSON; - is stdout.")] = None,
) -> None:
    """Write a knowledge base as Narsese, a judgement a line.

    Example: hybridattn facts export wordnet wordnet.nal
    """
    from hybridattn.knowledge import FactMemory
    from hybridattn.view import write_text

    if file.suffix != ".nal":
        raise ArgumentError(f"FILE must end in .nal, the format that is written; got {file}")
    check_targets(file, json_file)
    with waiting(f"Loading {facts}"):
        memory = FactMemory.load(facts)
    write_text(file, "".join(f"{line}\n" for line in memory.to_narsese()))
    if not wrote_json(json_file, {"facts": len(memory), "file": str(file)}):
        print_out(f"{len(memory):,} facts written to {file}")
