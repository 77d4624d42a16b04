"""A proof as one short formula a step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hybridattn.reasoning.derivation import Derivation
from hybridattn.reasoning.inspection.evaluation import Functions
from hybridattn.reasoning.truth import Truth

if TYPE_CHECKING:
    import sympy  # type: ignore[import-untyped]

__all__ = ["Stage", "stages"]


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One step of a proof: its truth in the symbols of its premises, `f_step2`, `c_step2` for those of step 2."""

    step: str
    """`step:K`."""
    symbols: tuple["sympy.Symbol", "sympy.Symbol"]
    """Frequency and confidence of the step itself, as later stages name them."""
    frequency: "sympy.Expr"
    confidence: "sympy.Expr"


def stages(
    derivation: Derivation,
    symbols: Mapping[str, tuple["sympy.Symbol", "sympy.Symbol"]],
    *,
    functions: Functions,
) -> tuple[Stage, ...]:
    """Write every step in the symbols of its premises, in the order of the proof; a rule is written out once.

    Args:
        derivation: the proof.
        symbols: of frequency and confidence of each premise, `fact:ID` and `match:K`.
        functions: the truth function of each rule.
    """
    import sympy

    known, written, rows = dict(symbols), {}, []
    for place, step in enumerate(derivation.steps):
        name = f"step:{place}"
        if step.rule not in written:
            written[step.rule] = _written(functions[step.rule], len(step.premises))
        inner = [symbol for premise in step.premises for symbol in known[premise]]
        known[name] = tuple(sympy.symbols(f"f_step{place} c_step{place}", nonnegative=True))
        rows.append(Stage(name, known[name], *(part(inner) for part in written[step.rule])))
    return tuple(rows)


def _written(function: Callable[..., Truth], arity: int) -> list[Callable[[list[Any]], Any]]:
    """Write a truth function in symbols, and give how to put others in their place, for f and for c."""
    import sympy

    own = [sympy.Dummy(nonnegative=True) for _ in range(2 * arity)]
    value = function(*(Truth(*own[at : at + 2]) for at in range(0, 2 * arity, 2)))
    return [_with_names(sympy.sympify(part), own) for part in (value.frequency, value.confidence)]


def _with_names(formula: Any, own: list[Any]) -> Callable[[list[Any]], Any]:
    return lambda others: formula.xreplace(dict(zip(own, others, strict=True)))
