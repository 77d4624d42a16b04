"""What `ask --json` wrote, with the formula of each answer, which the JSON does not hold."""

from collections.abc import Mapping
from typing import Any

from hybridattn.errors import HybridAttnError

__all__ = ["MOST_EXPLAINED", "with_explanations"]

MOST_EXPLAINED = 10
"""Answers whose formula is worked out: each takes a moment."""


def with_explanations(report: dict[str, Any]) -> dict[str, Any]:
    """Add to each answer the "explanation" that it lacks, where its derivation replays from the facts that it cites."""
    answers = report["answers"]
    if not isinstance(answers, list):
        return report
    shown = [_explained(answer) if place < MOST_EXPLAINED else answer for place, answer in enumerate(answers)]
    return {**report, "answers": shown}


def _explained(answer: Any) -> Any:
    from hybridattn.view import explained

    if not isinstance(answer, dict) or "explanation" in answer:
        return answer
    try:
        return {**answer, "explanation": explained(_derivation(answer))}
    except (HybridAttnError, AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError):
        return answer  # what is wrong with it, if anything, the page says


def _derivation(answer: Mapping[str, Any]) -> Any:
    from hybridattn.knowledge.sources.rows import from_fields, statement
    from hybridattn.reasoning import Derivation, Fact, Inference, Statement, parse_term

    facts = []
    for fact in answer["facts"]:
        row = from_fields([fact["source"], fact["relation"], fact["target"]])
        said = statement(
            row.source, row.cue, parse_term(row.cue) if row.cue not in ("-->", "<->") else row.source, row.target
        )
        judged = _judgement(said, fact, fact["observations"])
        facts.append(Fact(fact["id"], row.source, row.relation, row.target, judged))
    matches = [
        _judgement(Statement("<->", parse_term(match["query"]), parse_term(match["key"])), match, match["stamp"])
        for match in answer.get("matches", ())
    ]
    steps = [
        Inference(
            step["rule"], tuple(step["premises"]), _judgement(parse_term(step["conclusion"]), step, step["stamp"])
        )
        for step in answer["derivation"]
    ]
    return Derivation(tuple(facts), tuple(matches), tuple(steps))


def _judgement(term: Any, row: Mapping[str, Any], stamp: Any) -> Any:
    from hybridattn.reasoning import Judgement, Truth

    return Judgement(term, Truth(row["frequency"], row["confidence"]), frozenset(stamp))
