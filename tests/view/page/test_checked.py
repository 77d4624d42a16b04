"""A report that is none is refused with the place of what is wrong; any text is shown as text."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hybridattn.errors import ArgumentError
from hybridattn.view import page

from ..samples import hostile, poodle
from .test_page import Parts

NAN = float("nan")


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    sample = deepcopy(poodle())
    place: Any = sample
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return sample


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("answers",), {}, "report.answers must be a list; got an object"),
        (("answers", 0), "x", "report.answers[0] must be an object; got 'x'"),
        (("answers", 1, "frequency"), "1", "report.answers[1].frequency must be a number from 0 to 1; got '1'"),
        (("answers", 1, "confidence"), 1.5, "report.answers[1].confidence must be a number from 0 to 1; got 1.5"),
        (("answers", 1, "expectation"), True, "report.answers[1].expectation must be a number from 0 to 1; got True"),
        (
            ("answers", 0, "facts", 2, "observations"),
            1,
            "report.answers[0].facts[2].observations must be a list; got 1",
        ),
        (("answers", 0, "derivation", 0), {}, "report.answers[0].derivation[0] must have 'rule'; it lacks it"),
        (("answers", 0, "facts", 0, "id"), [], "report.answers[0].facts[0].id must be a text or a number; got a list"),
        (("cut",), None, "report.cut must be a text; got None"),
        (("graph",), [], 'report.graph must be an object with "nodes" and "edges"; got a list'),
        (("graph", "nodes", 0, "id"), None, "report.graph.nodes[0].id must be a text or an integer; got None"),
        (("graph", "nodes", 1, "id"), "poodle", "report.graph.nodes[1].id must be that of no other node; got 'poodle'"),
        (("graph", "edges", 0, "target"), "nowhere", "'nowhere' is none of them"),
        (("graph", "edges", 3, "share"), NAN, "report.graph.edges[3].share must be a finite number"),
        (("graph", "nodes", 0, 7), 1, "every key of report.graph.nodes[0] must be a text"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(path: tuple[Any, ...], value: Any, said: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        page(changed(path, value))
    assert said in str(caught.value)


@pytest.mark.parametrize("report", [None, [], "x", 3])
def test_what_is_no_object_is_no_report(report: Any) -> None:
    with pytest.raises(ArgumentError, match="report must be an answer as `ask --json` prints it; got"):
        page(report)


def test_what_lies_too_deep_is_refused() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ArgumentError, match="at most 50 levels deep"):
        page({**poodle(), "more": deep})


USUAL = [(tag, sorted(attributes)) for tag, attributes in Parts(page(hostile("plain"))).tags]


@example("1")
@example("fact:1")
@example("<b>")
@example("&lt;--><script>")
@settings(max_examples=40)
@given(st.text(min_size=1, max_size=60).filter(lambda text: text not in ("-->", "<->", "==>", "<=>")))
def test_any_label_is_text_and_comes_back_from_the_data(text: str) -> None:
    parts = Parts(page(hostile(text)))
    tags = [(tag, sorted(attributes)) for tag, attributes in parts.tags if attributes.get("class") != "copula"]
    assert tags == USUAL
    assert json.loads(parts.sources("script", data=True)[0]) == hostile(text)
