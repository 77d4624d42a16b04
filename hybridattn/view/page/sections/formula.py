"""Formulas in Python's notation as MathML, which browsers set without any library."""

import ast
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from hybridattn.view.text import escaped

__all__ = ["Name", "mathml"]

LONGEST = 2_000
"""Letters of a formula beyond which nobody reads it as a picture: it stays text."""
TIMES = "<mo>·</mo>"
THIN = '<mspace width="0.17em"/>'


class Name(NamedTuple):
    """How a symbol is set: an italic letter with an upright subscript."""

    letter: str
    subscript: str


Names = Mapping[str, Name]


class _Sum(NamedTuple):
    """Terms, each with its sign: those that are added first."""

    terms: list[tuple[bool, ast.expr]]


class _Product(NamedTuple):
    """Factors above and below the line."""

    above: list[ast.expr]
    below: list[ast.expr]


def mathml(formula: str, names: Names) -> str:
    """Set a formula as a MathML element; as text, in `<code>`, what is no formula in these names or is too long.

    Args:
        formula: numbers, names, `+ - * / **` and parentheses, as sympy prints a rational function.
        names: how each symbol is set; products are ordered as these are.

    >>> mathml("f_1/2", {"f_1": Name("f", "A")})
    '<math><mfrac><mrow><msub><mi>f</mi><mtext>A</mtext></msub></mrow><mn>2</mn></mfrac></math>'
    >>> mathml("__import__('os')", {})
    '<code>__import__(&#x27;os&#x27;)</code>'
    """
    try:
        if len(formula) > LONGEST:
            raise ValueError("too long")
        return f"<math>{_expression(ast.parse(formula, mode='eval').body, names)}</math>"
    except (KeyError, MemoryError, RecursionError, SyntaxError, ValueError):
        return f"<code>{escaped(formula)}</code>"


def _expression(node: ast.expr, names: Names) -> str:
    match _parted(node):
        case _Sum(terms):
            return "".join(_term(place, *term, names) for place, term in enumerate(terms))
        case _Product(above, []):
            return _product(above, names)
        case _Product(above, below):
            over = _product(above, names) if above else "<mn>1</mn>"
            return f"<mfrac>{_row(over)}{_row(_product(below, names))}</mfrac>"
    return _atom(node, names)


def _parted(node: ast.expr) -> _Sum | _Product | None:
    """Take a sum or a product apart, however long it is; None for anything else."""
    match node:
        case ast.BinOp(op=ast.Add() | ast.Sub()) | ast.UnaryOp(op=ast.USub()):
            return _Sum(sorted(_terms(node), key=lambda term: not term[0]))
        case ast.BinOp(op=ast.Mult() | ast.Div()):
            return _negative(node) or _factors(node)
    return None


def _negative(node: ast.expr) -> _Sum | None:
    """Read `-a*b/c`, which Python takes for `((-a)*b)/c`, as minus a product."""
    rest: list[tuple[ast.operator, ast.expr]] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        rest.append((node.op, node.right))
        node = node.left
    if not (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)):
        return None
    node = node.operand
    for op, right in reversed(rest):
        node = ast.BinOp(node, op, right)
    return _Sum([(False, node)])


def _terms(node: ast.expr) -> list[tuple[bool, ast.expr]]:
    found: list[tuple[bool, ast.expr]] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        found.append((isinstance(node.op, ast.Add), node.right))
        node = node.left
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        found.append((False, node.operand))
    elif minus := _negative(node):
        found += minus.terms
    else:
        found.append((True, node))
    return found[::-1]


def _factors(node: ast.expr) -> _Product:
    above: list[ast.expr] = []
    below: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        if isinstance(node.op, ast.Mult):
            above.append(node.right)
        else:
            inner = _factors(node.right)
            below += inner.above[::-1]
            above += inner.below[::-1]
        node = node.left
    return _Product([node, *reversed(above)], below[::-1])


def _term(place: int, added: bool, node: ast.expr, names: Names) -> str:
    sign = "<mo>−</mo>" if not added else "<mo>+</mo>" if place else ""
    inner = _expression(node, names)
    return sign + (_fenced(inner) if isinstance(_parted(node), _Sum) else inner)


def _product(nodes: Sequence[ast.expr], names: Names) -> str:
    """Set factors side by side: numbers first, then symbols in the order of the names, then the rest."""
    factors = [node for node in _ordered(nodes, list(names)) if not _is_one(node)] or nodes[:1]
    if len(factors) == 1:
        return _expression(factors[0], names)
    joints = [TIMES if isinstance(after, ast.Constant) else THIN for after in factors[1:]]
    parts = [_atom(node, names) for node in factors]
    return parts[0] + "".join(joint + part for joint, part in zip(joints, parts[1:], strict=True))


def _ordered(nodes: Iterable[ast.expr], order: list[str]) -> list[ast.expr]:
    def place(node: ast.expr) -> int:
        base = node.left if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) else node
        if isinstance(base, ast.Constant):
            return -1
        return order.index(base.id) if isinstance(base, ast.Name) else len(order)

    return sorted(nodes, key=place)


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _atom(node: ast.expr, names: Names) -> str:
    """Set what needs no parentheses, and put them round what does."""
    match node:
        case ast.Name(id=name):
            return _symbol(names[name])
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and math.isfinite(value):
            return f"<mn>{value}</mn>"
        case ast.BinOp(left=ast.Name(id=name), op=ast.Pow(), right=ast.Constant(value=int(power))):
            letter, subscript = names[name]
            return f"<msubsup><mi>{escaped(letter)}</mi><mtext>{escaped(subscript)}</mtext><mn>{power}</mn></msubsup>"
        case ast.BinOp(left=base, op=ast.Pow(), right=power):
            inner = _atom(base, names)
            inner = _fenced(inner) if isinstance(base, ast.BinOp) and isinstance(base.op, ast.Pow) else inner
            return f"<msup>{_row(inner)}{_row(_expression(power, names))}</msup>"
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()) | ast.UnaryOp(op=ast.USub()):
            return _fenced(_expression(node, names))
    raise ValueError("no formula")


def _symbol(name: Name) -> str:
    return f"<msub><mi>{escaped(name.letter)}</mi><mtext>{escaped(name.subscript)}</mtext></msub>"


def _row(inner: str) -> str:
    return inner if inner.startswith("<mn>") and inner.count("<") == 2 else f"<mrow>{inner}</mrow>"


def _fenced(inner: str) -> str:
    return f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>"
