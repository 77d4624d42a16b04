"""Formulas as MathML: what is set is what was written."""

import ast
import operator
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridattn.view.page.sections.formula import LONGEST, Name, mathml

NAMES = {"c_1": Name("c", "A"), "c_2": Name("c", "B"), "f_1": Name("f", "A"), "f_2": Name("f", "B")}
VALUES = {"cA": Fraction(2, 3), "cB": Fraction(3, 5), "fA": Fraction(5, 7), "fB": Fraction(7, 11)}


def read(element: ElementTree.Element) -> str:
    """Read MathML back as Python: an independent reader, which knows no more than what a browser draws."""
    children = [read(child) for child in element]
    match element.tag:
        case "math" | "mrow":
            return "".join(children)
        case "mn":
            return f" {element.text} "
        case "mo":
            return {"·": "*", "−": "-"}.get(element.text or "", element.text or "")
        case "mspace":
            return "*"
        case "msub":
            return f"{element[0].text}{element[1].text}"
        case "msubsup":
            return f"{element[0].text}{element[1].text}**{children[2]}"
        case "msup":
            return f"{children[0]}**({children[1]})"
        case "mfrac":
            return f"(({children[0]})/({children[1]}))"
    return ""


def value(source: str, values: dict[str, Fraction]) -> Fraction:
    def of(node: ast.expr) -> Fraction:
        match node:
            case ast.BinOp(left, op, right):
                names = {"Add": "add", "Sub": "sub", "Mult": "mul", "Div": "truediv", "Pow": "pow"}
                return getattr(operator, names[type(op).__name__])(of(left), of(right))
            case ast.UnaryOp(operand=operand):
                return -of(operand)
            case ast.Name(id=name):
                return values[name]
            case ast.Constant(value=number):
                return Fraction(number)
        raise AssertionError(ast.dump(node))

    return of(ast.parse(source.strip(), mode="eval").body)


def same(formula: str) -> bool:
    drawn = mathml(formula, NAMES)
    known = {name: VALUES[f"{letter}{index}"] for name, (letter, index) in NAMES.items()}
    return value(read(ElementTree.fromstring(drawn)), VALUES) == value(formula, known)


@pytest.mark.parametrize(
    "formula",
    [
        "f_1*f_2",
        "c_1*c_2*f_1**2*f_2",
        "-c_1*f_1/(1 - c_1) + 1",
        "(c_1*f_1/(1 - c_1) + c_2*f_2/(1 - c_2))/(c_1/(1 - c_1) + c_2/(1 - c_2))",
        "1 - (1 - f_1)*(1 - f_2)",
        "f_1 - (f_2 - c_1)",
        "f_1/(c_1*c_2)",
        "f_1/(c_1/c_2)",
        "-(f_1 + c_1)**2*3",
        "f_1*2*3",
        "1/c_1",
        "-f_1 - f_2",
        "f_1 - -f_2",
    ],
)
def test_what_is_drawn_has_the_value_of_what_was_written(formula):
    assert same(formula)


def _formulas():
    atoms = st.sampled_from(["c_1", "c_2", "f_1", "f_2", "2", "3"])
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda parts: f"({''.join(parts)})"),
            st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda parts: " ".join(parts)),
            st.tuples(inner, atoms).map(lambda parts: f"({parts[0]})/({parts[1]})"),
            st.tuples(inner, atoms).map(lambda parts: f"{parts[0]}/{parts[1]}"),
            inner.map(lambda part: f"-{part}"),
            inner.map(lambda part: f"({part})**2"),
        ),
        max_leaves=6,
    )


@given(_formulas())
def test_any_formula_keeps_its_value(formula):
    assert same(formula)


def test_products_show_numbers_then_the_names_in_their_order():
    drawn = ElementTree.fromstring(mathml("f_2*f_1**2*c_2*2*c_1", NAMES))
    assert read(drawn).replace(" ", "") == "2*cA*cB*fA**2*fB"


def test_positive_terms_come_first():
    assert read(ElementTree.fromstring(mathml("-c_1 + 1", NAMES))).replace(" ", "") == "1-cA"


@pytest.mark.parametrize(
    "text",
    ["</math><script>", "unknown", "f_1(2)", "f_1.real", "[f_1]", "'f_1'", "f_1 +", "", "(" * 500, "f_1 < 2", "\0",
     "\ud800", "lambda: 1", "+".join(["f_1"] * LONGEST), "True", "1e999"],
)  # fmt: skip
def test_what_is_no_formula_stays_text(text):
    drawn = mathml(text, NAMES)
    assert drawn.startswith("<code>")
    assert drawn.count("<") == 2
    if text.isprintable():
        assert unescape(drawn.removeprefix("<code>").removesuffix("</code>")) == text


def test_a_sum_of_hundreds_of_terms_is_no_trouble():
    assert mathml("+".join(["f_1"] * 400), NAMES).count("<msub>") == 400
    assert mathml("*".join(["f_1"] * 400), NAMES).count("<msub>") == 400
