"""The inspection of a proof as plain data, for JSON and for the page."""

from typing import Any

from hybridattn.reasoning import Derivation
from hybridattn.reasoning.inspection import FUNCTIONS, Explanation, Functions, explain, turns
from hybridattn.reasoning.inspection.turning import JUMPING

__all__ = ["explained"]


MOST_TURNED = 16  # premises of a proof whose turning points are worked out: each takes longer, and there are more


def explained(derivation: Derivation, *, functions: Functions = FUNCTIONS) -> dict[str, Any]:
    """Give the formula of a conclusion, what it hangs on and what would turn it, as JSON can hold it.

    Put it as `"explanation"` into an answer of a report, and `page` shows it. The keys are

    - `frequency`, `confidence`: the formulas in Python's notation, of the premises or, where that is too long to read,
      of the last step; `latex_frequency`, `latex_confidence`: the same in LaTeX;
    - `steps`: for each step of the proof `step`, its `symbols` (of f and of c) and its `frequency` and `confidence` as
      formulas of its own premises;
    - `sensitivities`: for each premise, in the order of the proof, `premise` (`fact:ID` or `match:K`), `statement`,
      `symbols`, its `truth` (f, c), the derivatives of the conclusion's `frequency`, `confidence` and `expectation` (by
      its f, by its c), and the `weight`, the length of the last;
    - `decisive`: the premise of the highest weight, of equal ones the first;
    - `turns`: for each number of each premise `premise`, `what` ("frequency" or "confidence"), `now`, and the nearest
      `value` at which the expectation passes 1/2, or None if no value does; None for proofs with many premises.

    Args:
        derivation: the proof.
        functions: the truth function of each rule, for proofs of the engine (see `as_derivation`).

    Raises:
        DerivationError: as `hybridattn.reasoning.inspection.explain` does.

    >>> from hybridattn.reasoning import Atom, Fact, Judgement, Truth, inheritance
    >>> statement = inheritance(Atom("bird"), Atom("animal"))
    >>> fact = Fact(7, Atom("bird"), "is_a", Atom("animal"), Judgement(statement, Truth(1.0, 0.9), frozenset({7})))
    >>> data = explained(Derivation((fact,), (), ()))
    >>> data["frequency"], data["decisive"], data["turns"][0]["value"]
    ('f_7', 'fact:7', 0.5)
    """
    import sympy  # type: ignore[import-untyped]

    explanation = explain(derivation, functions=functions)
    shown = explanation if explanation.is_short else explanation.stages[-1]
    frequency, confidence = _tidy(shown.frequency), _tidy(shown.confidence)
    return {
        "frequency": str(frequency),
        "confidence": str(confidence),
        "latex_frequency": sympy.latex(frequency),
        "latex_confidence": sympy.latex(confidence),
        "steps": _steps(explanation),
        "sensitivities": _sensitivities(explanation),
        "decisive": explanation.decisive.premise,
        "turns": _turns(derivation, functions) if len(explanation.symbols) <= MOST_TURNED else None,
    }


def _turns(derivation: Derivation, functions: Functions) -> list[dict[str, Any]] | None:
    if any(step.rule in JUMPING for step in derivation.steps):
        return None
    return [
        {"premise": turn.premise, "what": turn.part, "now": turn.now, "value": turn.value}
        for turn in turns(derivation, functions=functions)
    ]


def _steps(explanation: Explanation) -> list[dict[str, Any]]:
    return [
        {
            "step": stage.step,
            "symbols": list(map(str, stage.symbols)),
            "frequency": str(_tidy(stage.frequency)),
            "confidence": str(_tidy(stage.confidence)),
        }
        for stage in explanation.stages
    ]


def _sensitivities(explanation: Explanation) -> list[dict[str, Any]]:
    derivation = explanation.derivation
    stated = {f"fact:{fact.id}": fact.judgement for fact in derivation.facts}
    stated |= {f"match:{place}": match for place, match in enumerate(derivation.matches)}
    return [
        {
            "premise": one.premise,
            "statement": str(stated[one.premise].term),
            "symbols": list(map(str, explanation.symbols[one.premise])),
            "truth": [float(stated[one.premise].truth.frequency), float(stated[one.premise].truth.confidence)],
            "frequency": list(one.frequency),
            "confidence": list(one.confidence),
            "expectation": list(one.expectation),
            "weight": one.weight,
        }
        for one in explanation.sensitivities
    ]


def _tidy(formula: Any) -> Any:
    """Divide a quotient of sums by what all terms share in number and sign: (2a + 2b)/(2c + 2d), (-a)/(b - 1)."""
    import sympy

    above, below = sympy.fraction(formula)
    if not (above.is_Add or above.is_Mul) or not below.is_Add:
        return formula
    (over, above), (under, below) = above.primitive(), below.primitive()
    if below.as_coeff_Add()[0].is_negative:
        above, below = -above, -below
    return sympy.Mul(over / under, above, sympy.Pow(below, -1))
