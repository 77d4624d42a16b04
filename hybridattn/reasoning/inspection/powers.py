"""Products of symbols that multiply quickly: a chain of deductions is one product with hundreds of factors."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sympy  # type: ignore[import-untyped]

__all__ = ["Powers", "as_formula"]


class Powers:
    """A product of powers of symbols; it multiplies as a dict of exponents, and is a sympy formula for all else."""

    __slots__ = ("exponents",)

    def __init__(self, exponents: "dict[sympy.Symbol, int]") -> None:
        self.exponents = exponents

    def formula(self) -> Any:
        """Give the product as sympy has it."""
        import sympy

        return sympy.Mul(*(symbol**exponent for symbol, exponent in self.exponents.items()))

    def __mul__(self, other: Any) -> Any:
        if not isinstance(other, Powers):
            return self.formula() * as_formula(other)
        exponents = dict(self.exponents)
        for symbol, exponent in other.exponents.items():
            exponents[symbol] = exponents.get(symbol, 0) + exponent
        return Powers(exponents)

    def __rmul__(self, other: Any) -> Any:
        return as_formula(other) * self.formula()

    def __add__(self, other: Any) -> Any:
        return self.formula() + as_formula(other)

    def __radd__(self, other: Any) -> Any:
        return as_formula(other) + self.formula()

    def __sub__(self, other: Any) -> Any:
        return self.formula() - as_formula(other)

    def __rsub__(self, other: Any) -> Any:
        return as_formula(other) - self.formula()

    def __truediv__(self, other: Any) -> Any:
        return self.formula() / as_formula(other)

    def __rtruediv__(self, other: Any) -> Any:
        return as_formula(other) / self.formula()

    def __neg__(self) -> Any:
        return -self.formula()

    def __gt__(self, other: Any) -> Any:
        return self.formula() > as_formula(other)

    def __ge__(self, other: Any) -> Any:
        return self.formula() >= as_formula(other)

    def __lt__(self, other: Any) -> Any:
        return self.formula() < as_formula(other)

    def __le__(self, other: Any) -> Any:
        return self.formula() <= as_formula(other)


def as_formula(value: Any) -> Any:
    """Give whatever a truth function returned as a sympy formula."""
    import sympy

    return value.formula() if isinstance(value, Powers) else sympy.sympify(value)
