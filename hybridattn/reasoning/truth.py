"""Truth values and the truth functions of NAL-1 to NAL-6, in the order of the book.

A truth value is a frequency f = w+/w and a confidence c = w/(w + k): w pieces of evidence, w+ of them positive, and
the horizon k. Each function is one formula in plain arithmetic, so floats, Fractions, torch tensors (elementwise, with
gradients) and sympy expressions all pass through the same line.

Sources: Wang, Non-Axiomatic Logic (2013), tables of truth-value functions; OpenNARS 3.0.4 as it runs where they differ.
"""

from dataclasses import dataclass
from numbers import Real
from typing import Any, TypeAlias

from hybridattn.errors import ArgumentError

__all__ = [
    "CAP",
    "DEFAULT",
    "HORIZON",
    "RELIANCE",
    "Truth",
    "Value",
    "abduction",
    "analogy",
    "analytic_abduction",
    "analytic_deduction",
    "anonymous_analogy",
    "c2w",
    "choice",
    "comparison",
    "contraposition",
    "conversion",
    "deduction",
    "difference",
    "eternalize",
    "exemplification",
    "expectation",
    "frequency_equal",
    "frequency_greater",
    "induction",
    "intersection",
    "negation",
    "reduce_conjunction",
    "reduce_conjunction_negative",
    "reduce_disjunction",
    "resemblance",
    "revision",
    "union",
    "w2c",
]

Value: TypeAlias = Any
"""A float, a Fraction, a torch tensor or a sympy expression."""

HORIZON = 1
"""The evidential horizon k: how many future observations a confidence looks ahead to."""

CAP = 0.99
"""The confidence that is never exceeded on input and output (OpenNARS: 1 - TRUTH_EPSILON)."""

RELIANCE = 0.9
"""The confidence of an analytic premise, one that is true by definition."""


def w2c(w: Value, *, horizon: Value = HORIZON) -> Value:
    """Confidence of `w` >= 0 pieces of evidence: c = w/(w + k)."""
    return w / (w + horizon)


def c2w(c: Value, *, horizon: Value = HORIZON) -> Value:
    """Evidence behind a confidence in [0, 1): w = k c/(1 - c)."""
    return horizon * c / (1 - c)


@dataclass(frozen=True, slots=True)
class Truth:
    """How often something held (`frequency` in [0, 1]) and how settled that is (`confidence` in [0, 1)).

    Plain ints and floats are checked; Fractions, tensors and sympy expressions pass as they are. `str` prints Narsese,
    capped at .99, with two decimals where they suffice and up to nine where not: it reads back to 1e-9.

    >>> print(Truth(1, 0.9), Truth(0.9, 0.43046721))
    %1.00;0.90% %0.90;0.43046721%

    Raises:
        ArgumentError: a plain number is out of its range, or not a number.
    """

    frequency: Value
    confidence: Value

    def __post_init__(self) -> None:
        if isinstance(self.frequency, int | float) and not 0 <= self.frequency <= 1:
            raise ArgumentError(f"frequency must be in [0, 1]; got {self.frequency}")
        if isinstance(self.confidence, int | float) and not 0 <= self.confidence < 1:
            raise ArgumentError(f"confidence must be in [0, 1); got {self.confidence}")

    @classmethod
    def from_evidence(cls, w_plus: Value, w: Value, *, horizon: Value = HORIZON) -> "Truth":
        """Truth of `w` pieces of evidence of which `w_plus` are positive; f is 1/2 where there are none.

        >>> print(Truth.from_evidence(8.1, 9))
        %0.90;0.90%
        """
        none = 1 * (w == 0)  # 1 where w is 0; doubling both sides keeps 1/2 exact for Fractions
        return cls((2 * w_plus + none) / (2 * w + 2 * none), w2c(w, horizon=horizon))

    @property
    def w(self) -> Value:
        """All evidence, at horizon 1: w = c/(1 - c)."""
        return c2w(self.confidence)

    @property
    def w_plus(self) -> Value:
        """Positive evidence, at horizon 1: w+ = f w."""
        return self.frequency * self.w

    def without(self, missing: Value) -> "Truth":
        """Give the truth that is left where a share of the evidence, in [0, 1], went unseen: w' = w (1 - missing).

        The frequency stays, and c' = c (1 - missing) / (1 - c missing).

        >>> print(Truth(1.0, 0.9).without(0.5))
        %1.00;0.818181818%
        """
        return Truth(self.frequency, self.confidence * (1 - missing) / (1 - self.confidence * missing))

    def capped(self) -> "Truth":
        """Give this truth with its confidence cut to `CAP`, for output; plain numbers only."""
        return self if self.confidence <= CAP else Truth(self.frequency, CAP)

    def __str__(self) -> str:
        if not (isinstance(self.frequency, Real) and isinstance(self.confidence, Real)):
            return f"%{self.frequency};{self.confidence}%"  # a formula or a batch: for the eye, not for the parser
        return f"%{decimal(self.frequency)};{decimal(self.capped().confidence)}%"


def decimal(value: Real | float) -> str:
    """Print a number with two decimals where they suffice and up to nine where not."""
    whole, decimals = f"{float(value):.9f}".split(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


DEFAULT = Truth(1.0, 0.9)
"""The truth of a judgement that states none."""


def _or(x: Value, y: Value) -> Value:
    return 1 - (1 - x) * (1 - y)


def _parts(t1: Truth, t2: Truth) -> tuple[Value, Value, Value, Value]:
    return t1.frequency, t1.confidence, t2.frequency, t2.confidence


def revision(t1: Truth, t2: Truth, *, horizon: Value = HORIZON) -> Truth:
    """{S, S} with separate evidence |- S: w+ and w add up. Commutative, associative, never capped."""
    w1, w2 = c2w(t1.confidence, horizon=horizon), c2w(t2.confidence, horizon=horizon)
    return Truth.from_evidence(t1.frequency * w1 + t2.frequency * w2, w1 + w2, horizon=horizon)


def deduction(t1: Truth, t2: Truth) -> Truth:
    """{M --> P, S --> M} |- S --> P: f = f1 f2, c = c1 c2 f. Not associative in c: keep the order of a chain."""
    f1, c1, f2, c2 = _parts(t1, t2)
    return Truth(f1 * f2, c1 * c2 * f1 * f2)


def analytic_deduction(t1: Truth, *, reliance: Value = RELIANCE) -> Truth:
    """Deduction with a premise that is true by definition: f = f1, c = f1 c1 r."""
    f1, c1 = t1.frequency, t1.confidence
    return Truth(f1, f1 * c1 * reliance)


def analogy(t1: Truth, t2: Truth) -> Truth:
    """{M --> P, S <-> M} |- S --> P, the symmetric premise second: f = f1 f2, c = c1 c2 f2."""
    f1, c1, f2, c2 = _parts(t1, t2)
    return Truth(f1 * f2, c1 * c2 * f2)


def resemblance(t1: Truth, t2: Truth) -> Truth:
    """{M <-> P, S <-> M} |- S <-> P: f = f1 f2, c = c1 c2 or(f1, f2)."""
    f1, c1, f2, c2 = _parts(t1, t2)
    return Truth(f1 * f2, c1 * c2 * _or(f1, f2))


def abduction(t1: Truth, t2: Truth, *, horizon: Value = HORIZON) -> Truth:
    """{P --> M, S --> M} |- S --> P: f = f2, w = f1 c1 c2. (OpenNARS orders the premises the other way round.)"""
    f1, c1, f2, c2 = _parts(t1, t2)
    return Truth(f2, w2c(f1 * c1 * c2, horizon=horizon))


def induction(t1: Truth, t2: Truth, *, horizon: Value = HORIZON) -> Truth:
    """{M --> P, M --> S} |- S --> P: f = f1, w = f2 c1 c2."""
    f1, c1, f2, c2 = _parts(t1, t2)
    return Truth(f1, w2c(f2 * c1 * c2, horizon=horizon))


def exemplification(t1: Truth, t2: Truth, *, horizon: Value = HORIZON) -> Truth:
    """{P --> M, M --> S} |- S --> P: f = 1, w = f1 f2 c1 c2."""
    f1, c1, f2, c2 = _parts(t1, t2)
    return Truth(1, w2c(f1 * f2 * c1 * c2, horizon=horizon))


def comparison(t1: Truth, t2: Truth, *, horizon: Value = HORIZON) -> Truth:
    """{M --> P, M --> S} |- S <-> P: f = f1 f2/or(f1, f2), 0 where that is 0/0; w = or(f1, f2) c1 c2."""
    f1, c1, f2, c2 = _parts(t1, t2)
    either = _or(f1, f2)  # where it is 0, dividing by 1 instead gives the wanted 0
    return Truth(f1 * f2 / (either + 1 * (either == 0)), w2c(either * c1 * c2, horizon=horizon))


def analytic_abduction(t1: Truth, *, reliance: Value = RELIANCE, horizon: Value = HORIZON) -> Truth:
    """Abduction with a premise that is true by definition: f = f1, w = c1 r."""
    f1, c1 = t1.frequency, t1.confidence
    return Truth(f1, w2c(c1 * reliance, horizon=horizon))


def intersection(t1: Truth, t2: Truth) -> Truth:
    """{M --> A, M --> B} |- M --> (&, A, B): f = f1 f2, c = c1 c2."""
    f1, c1, f2, c2 = _parts(t1, t2)
    return Truth(f1 * f2, c1 * c2)


def union(t1: Truth, t2: Truth) -> Truth:
    """{M --> A, M --> B} |- M --> (|, A, B): f = or(f1, f2), c = c1 c2."""
    f1, c1, f2, c2 = _parts(t1, t2)
    return Truth(_or(f1, f2), c1 * c2)


def difference(t1: Truth, t2: Truth) -> Truth:
    """{M --> A, M --> B} |- M --> (-, A, B): f = f1 (1 - f2), c = c1 c2."""
    f1, c1, f2, c2 = _parts(t1, t2)
    return Truth(f1 * (1 - f2), c1 * c2)


def negation(t1: Truth) -> Truth:
    """A |- (--, A): f = 1 - f1, c = c1."""
    return Truth(1 - t1.frequency, t1.confidence)


def conversion(t1: Truth, *, horizon: Value = HORIZON) -> Truth:
    """S --> P |- P --> S: f = 1, w = f1 c1."""
    return Truth(1, w2c(t1.frequency * t1.confidence, horizon=horizon))


def contraposition(t1: Truth, *, horizon: Value = HORIZON) -> Truth:
    """S ==> P |- (--, P) ==> (--, S): f = 0, w = (1 - f1) c1."""
    return Truth(0, w2c((1 - t1.frequency) * t1.confidence, horizon=horizon))


def reduce_disjunction(t1: Truth, t2: Truth) -> Truth:
    """{(||, A, B), A} |- B: f = f1 (1 - f2), c = f c1 c2."""
    f1, c1, f2, c2 = _parts(t1, t2)
    return Truth(f1 * (1 - f2), f1 * (1 - f2) * c1 * c2)


def reduce_conjunction(t1: Truth, t2: Truth) -> Truth:
    """{(&&, A, B), A} |- B: f = 1 - (1 - f1) f2, c = (1 - f1) f2 c1 c2."""
    f1, c1, f2, c2 = _parts(t1, t2)
    return Truth(1 - (1 - f1) * f2, (1 - f1) * f2 * c1 * c2)


def reduce_conjunction_negative(t1: Truth, t2: Truth) -> Truth:
    """{(&&, A, (--, B)), B} |- A, that is `reduce_conjunction` with the second premise negated."""
    return reduce_conjunction(t1, negation(t2))


def anonymous_analogy(t1: Truth, t2: Truth, *, horizon: Value = HORIZON) -> Truth:
    """{(&&, <#x --> A>, <#x --> B>), <M --> A>} |- M --> B: f = f1 f2, c = f1 c2 w2c(c1), as OpenNARS has it."""
    f1, c1, f2, c2 = _parts(t1, t2)
    return Truth(f1 * f2, f1 * c2 * w2c(c1, horizon=horizon))


def frequency_greater(t1: Truth, t2: Truth) -> Truth:
    """{M --> [A], S --> [A]} |- (*, M, S) --> (+ A): f = 1 and c = c1 c2 where f1 > f2, else both 0 (ONA)."""
    return _compared(t1, t2, t1.frequency > t2.frequency)


def frequency_equal(t1: Truth, t2: Truth) -> Truth:
    """{M --> [A], S --> [A]} |- (*, M, S) --> (= A): f = 1 and c = c1 c2 where f1 = f2, else both 0 (ONA)."""
    f1, f2 = t1.frequency, t2.frequency
    return _compared(t1, t2, (f1 <= f2) & (f1 >= f2))  # f1 == f2 of symbols would be a plain False


def _compared(t1: Truth, t2: Truth, holds: Value) -> Truth:
    if hasattr(holds, "free_symbols"):
        from sympy import Piecewise  # type: ignore[import-untyped]

        so: Value = Piecewise((1, holds), (0, True))
    else:
        so = 1 * holds
    return Truth(so + 0 * t1.frequency, so * t1.confidence * t2.confidence)


def eternalize(t1: Truth, *, horizon: Value = HORIZON) -> Truth:
    """Truth of an event at any time: f = f1, w = c1."""
    return Truth(t1.frequency, w2c(t1.confidence, horizon=horizon))


def expectation(t1: Truth) -> Value:
    """Expected frequency of the next observations, in (0, 1): e = c (f - 1/2) + 1/2."""
    return (t1.confidence * (2 * t1.frequency - 1) + 1) / 2


def choice(t1: Truth, t2: Truth) -> Truth:
    """Choose between two truths of one term: the higher confidence, `t1` where they are equal. Plain numbers only."""
    return t1 if t1.confidence >= t2.confidence else t2
