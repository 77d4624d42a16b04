import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import networkx as nx
import pytest

from hybridattn.errors import ArgumentError
from hybridattn.view import node_link, page
from hybridattn.view.page.writing import SCRIPTS

from ..samples import cheetah, hostile, node, poodle, report

HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    "]]>&lt;&amp;",
    "\" onclick='alert(1)' x=\"",
    "${question} $answers $$",
    "\u2028\u2029\u202e",
    "\x00\x07\r\n",
    "\ud800",
    "__proto__",
    "javascript:alert(1)",
]


class Parts(HTMLParser):
    """What a browser would take for elements, and the text inside of them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.contents: list[tuple[str, dict[str, str | None], str]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        tag, attributes = self.tags[-1] if self.tags else ("", {})
        if self.cdata_elem:
            self.contents.append((tag, attributes, data))
        else:
            self.text += data

    def sources(self, tag: str, *, data: bool) -> list[str]:
        joined: dict[int, str] = {}
        for name, attributes, content in self.contents:
            if name == tag and (attributes.get("type") == "application/json") == data:
                joined[id(attributes)] = joined.get(id(attributes), "") + content
        return list(joined.values())


def policy(parts: Parts) -> dict[str, list[str]]:
    (text,) = [
        attributes["content"]
        for tag, attributes in parts.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    return {words[0]: words[1:] for words in (part.split() for part in (text or "").split(";"))}


def digest(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def test_the_policy_allows_what_is_inlined_and_nothing_else() -> None:
    parts = Parts(page(cheetah()))
    scripts, styles = parts.sources("script", data=False), parts.sources("style", data=False)
    assert (len(scripts), len(styles)) == (2, 1)
    assert policy(parts) == {
        "default-src": ["'none'"],
        "script-src": list(map(digest, scripts)),
        "style-src": list(map(digest, styles)),
        "img-src": ["data:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }


def test_nothing_points_outside() -> None:
    parts = Parts(page(poodle()))
    links = [
        value
        for _, attributes in parts.tags
        for name, value in attributes.items()
        if name in {"src", "href", "action", "srcset", "poster"}
    ]
    assert links == ["data:,"]
    assert not [name for _, attributes in parts.tags for name in attributes if name == "style" or name.startswith("on")]
    assert "url(" not in "".join(parts.sources("style", data=False))


def test_the_policy_comes_before_anything_that_it_governs() -> None:
    names = [tag for tag, attributes in Parts(page(cheetah())).tags]
    assert names[:4] == ["html", "head", "meta", "meta"]


def test_the_inlined_files_cannot_end_their_element() -> None:
    web = files("hybridattn.view.page").joinpath("web")
    scripts = list(web.joinpath("script").iterdir())
    assert len(scripts) == len(SCRIPTS)
    for file in (web.joinpath("cytoscape.min.js"), web.joinpath("page.css"), *scripts):
        source = file.read_text("utf-8")
        assert not re.search(r"</(script|style)|<!--", source, re.IGNORECASE)
        assert "\0" not in source


def test_the_licence_of_cytoscape_is_in_the_page() -> None:
    html = page(cheetah())
    notice = "The above copyright notice and this permission notice shall be included in all"
    assert "Copyright (c) 2016-2026, The Cytoscape Consortium." in html
    assert notice in html


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_makes_no_element_and_survives_in_the_data(text: str) -> None:
    usual, parts = Parts(page(hostile("plain"))), Parts(page(hostile(text)))
    assert [(tag, sorted(attributes)) for tag, attributes in parts.tags] == [
        (tag, sorted(attributes)) for tag, attributes in usual.tags
    ]
    assert json.loads(parts.sources("script", data=True)[0]) == hostile(text)
    page(hostile(text)).encode()


def test_the_data_in_the_page_is_ascii_without_markup() -> None:
    for source in Parts(page(hostile("<&>\u2028\u2029ä"))).sources("script", data=True):
        assert source.isascii()
        assert not set("<>&") & set(source)


def test_it_reads_without_a_script() -> None:
    text = " ".join(Parts(page(poodle())).text.split())
    for words in (
        "<poodle --> ?what>",
        "<poodle --> animal>",
        "revision",
        "step:1",
        "fact:11",
        "0.843",
        "0.830",
        "0.921",
        "0 1 2 10 11 12",
        "shares observation 0",
    ):
        assert words in text
    for title in ("Derivation", "Facts it rests on", "Matches it relies on", "Other paths"):
        assert title in text


@pytest.mark.parametrize("answers", [0, 1])
def test_a_cut_search_says_so_and_claims_nothing(answers: int) -> None:
    cut = {**cheetah(cut="beam"), "answers": cheetah()["answers"][:answers]}
    assert "cut short (beam)" in Parts(page(cut)).text
    assert "no evidence" not in page(cut).lower()
    assert "cut short" not in Parts(page(cheetah())).text


def test_no_answer_is_no_evidence() -> None:
    nothing = report("<a --> ?x>", [], [node("a", 0, role="source")], [])
    assert "No evidence" in Parts(page(nothing)).text
    assert "No evidence" not in page(cheetah())


@pytest.mark.parametrize("part", ["question", "cut", "answers", "graph"])
def test_a_report_that_lacks_a_part_is_refused(part: str) -> None:
    broken = cheetah()
    del broken[part]
    with pytest.raises(ArgumentError, match=f"it lacks '{part}'"):
        page(broken)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_strict_json_cannot_hold_is_refused(value: object) -> None:
    broken = cheetah()
    broken["graph"]["edges"][0]["share"] = value
    with pytest.raises(ArgumentError, match="strict JSON"):
        page(broken)


def test_the_same_report_gives_the_same_page() -> None:
    assert page(poodle()) == page(poodle())


def test_a_graph_alone_is_drawn_as_its_node_link_data_would_be() -> None:
    graph = nx.MultiDiGraph(question="from a to b?")
    graph.add_node("a", kind="term", hop=0, role=None)
    graph.add_edge("a", "b", label="next", share=0.5)
    shown = {"question": "from a to b?", "cut": "", "answers": [], "asked": False, "graph": node_link(graph)}
    assert page(graph) == page(shown)
    assert page(graph, title="<b>") == page({**shown, "question": "<b>"}) == page(shown, title="<b>")
    assert Parts(page(nx.path_graph(3))).text.lstrip().startswith("3 nodes, 2 edges")
    assert ["as wide as its share" in page(one) for one in (graph, nx.path_graph(3))] == [True, False]


def test_a_graph_that_json_cannot_hold_is_refused() -> None:
    graph = nx.Graph()
    graph.add_node("a", weight=float("nan"))
    with pytest.raises(ArgumentError, match=r"'a'.*weight"):
        page(graph)
