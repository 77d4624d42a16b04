"""The page in a real browser, without a network: what it shows, and that it reads without a script."""

import html
from typing import Any

import networkx as nx
import pytest

from hybridattn.view import page

from ..samples import cheetah, hostile, link, node, poodle, report, wide
from ..test_explained import chain, explained_report, hostile_report, two_paths
from .conftest import Open


def counts(tab: Any, selector: str) -> int:
    return int(tab.evaluate("(selector) => hybridattn.cy.elements(selector).length", selector))


def test_it_shows_the_answer_and_the_graph_offline(opened: Open) -> None:
    sample = cheetah()
    sample["graph"]["edges"].append(link("cheetah.n.01", "animal.n.01", 99, 8, cited=False))
    with opened(page(sample)) as tab:
        assert tab.get_by_role("button", name="animal.n.01").is_visible()
        assert tab.get_by_text("<cheetah.n.01 --> animal.n.01>", exact=True).first.is_visible()
        assert (counts(tab, "node"), counts(tab, "edge")) == (
            len(sample["graph"]["nodes"]),
            len(sample["graph"]["edges"]),
        )
        assert (counts(tab, "node.source"), counts(tab, "node.answer"), counts(tab, "edge.cited")) == (1, 1, 8)
        assert tab.evaluate("hybridattn.cy.edges('.bow').map((edge) => edge.data('attributes').fact)") == [99]
        drawn = tab.evaluate(
            "hybridattn.cy.edges().map((e) => [e.source().data('attributes').id, e.target().data('attributes').id])"
        )
        assert drawn == [[edge["source"], edge["target"]] for edge in sample["graph"]["edges"]]
        xs = tab.evaluate(
            "hybridattn.cy.nodes('.main').map((node) => [node.data('attributes').hop, node.renderedPosition('x')])"
        )
        assert [hop for hop, _ in sorted(xs, key=lambda pair: pair[1])] == list(range(9))
        assert tab.locator("#hops").inner_text().split("\n")[0].startswith("source")


def test_links_without_words_are_drawn(opened: Open) -> None:
    sample = cheetah()
    for edge in sample["graph"]["edges"]:
        edge["label"] = ""  # as between the statements and the inferences of a proof
    with opened(page(sample)) as tab:
        xs = tab.evaluate("hybridattn.cy.nodes('.main').map((node) => node.renderedPosition('x'))")
        assert all(0 < x < 1280 for x in xs)


def test_without_answers_links_are_as_wide_as_their_shares(opened: Open) -> None:
    graph = nx.DiGraph()
    graph.add_weighted_edges_from([("a", "b", 1.0), ("a", "c", 0.5), ("a", "d", 0.0)], weight="share")
    graph.add_edge("b", "d", label="no share")
    with opened(page(graph)) as tab:
        shown = "hybridattn.cy.edges('.shared').map((edge) => [edge.numericStyle('width'), edge.style('line-color')])"
        (whole, colour), (half, _), (none, _) = tab.evaluate(shown)
        assert whole - half == pytest.approx(half - none)
        assert half > 4 * none
        assert colour == tab.evaluate("hybridattn.cy.nodes('.main').style('background-color')")
        assert counts(tab, "edge") == 4
        assert tab.locator(".legend").get_by_text("as wide as its share of attention").is_visible()
    with opened(page(cheetah())) as tab:
        assert counts(tab, "edge.shared") == 0


def test_light_and_dark(opened: Open) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    ink = "hybridattn.cy.nodes('.source').style('color')"
    with opened(page(cheetah()), color_scheme="dark") as tab:
        dark = (tab.evaluate(paper), tab.evaluate(ink))
        tab.get_by_role("button", name="Light").click()
        light = (tab.evaluate(paper), tab.evaluate(ink))
        assert dark[0] != light[0]
        assert dark[1] != light[1]
        tab.get_by_role("button", name="Dark").click()
        assert (tab.evaluate(paper), tab.evaluate(ink)) == dark


def test_it_works_in_a_sandboxed_frame_and_offers_what_it_may_not_download(opened: Open) -> None:
    sample = poodle()
    match = sample["answers"][1]["matches"][0]
    match["query"], match["key"] = match["key"], match["query"]  # a match has no direction
    inner = f'srcdoc="{html.escape(page(sample))}"'
    frame = f'<!doctype html><meta charset="utf-8"><iframe sandbox="allow-scripts" width="1200" height="800" {inner}>'
    with opened(frame) as tab:
        inside = tab.frames[1]
        inside.get_by_role("button", name="clever").click()
        assert inside.evaluate("hybridattn.cy.nodes().length") == 10
        assert inside.evaluate("hybridattn.cy.edges('.lit').length") == 2
        inside.get_by_role("button", name="SVG").click()
        assert inside.locator("#save-source").input_value().startswith("<svg")
        assert inside.evaluate("document.getElementById('save-image').naturalWidth") > 100
        inside.get_by_role("button", name="Close").last.click()
        assert inside.locator("#save").is_hidden()


@pytest.mark.parametrize(
    "text", ["</script><img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "__proto__", "\u202e\x00\ud800"]
)
def test_hostile_text_is_shown_as_text(opened: Open, text: str) -> None:
    with opened(page(hostile(text))) as tab:
        assert counts(tab, "node") == 2
        tab.evaluate("void hybridattn.cy.nodes()[0].emit('tap')")
        assert tab.evaluate("document.querySelector('#panel h3').textContent") == tab.evaluate(
            "hybridattn.report.graph.nodes[0].id"
        )
        tab.locator("button.answer").click()
        drawn = tab.evaluate(
            "new DOMParser().parseFromString(hybridattn.svg(), 'image/svg+xml')"
            ".querySelectorAll('parsererror, script, image, foreignObject, [onload]').length"
        )
        assert drawn == 0
        assert tab.evaluate("document.querySelectorAll('main img, #panel script, main [onload]').length") == 0


def test_a_label_of_any_kind_is_clipped_in_the_picture_and_whole_in_the_panel(opened: Open) -> None:
    sample = cheetah()
    words = ["שלום_עולם", "👩‍👩‍👧" * 200, "x" * 10_000, "a \"quoted\" <b>bold</b> & 'c'", "\u202ereversed\u202c"]
    for one, label in zip(sample["graph"]["nodes"], words, strict=False):
        one["label"] = label
        one["about"] = label
    with opened(page(sample)) as tab:
        shown = tab.evaluate("hybridattn.cy.nodes().map((node) => node.data('label'))")
        assert shown[0] == words[0]
        assert shown[1] == "👩‍👩‍👧" * 159 + "…"  # whole families
        assert shown[2] == "x" * 159 + "…"
        assert shown[3] == words[3]
        assert shown[4] == "reversed"  # an override turns nothing round
        assert max(len(line) for label in tab.evaluate(
            "hybridattn.cy.nodes().map((node) => node.data('words'))") for line in label.split("\n")) < 60  # fmt: skip
        for at, label in enumerate(words):
            tab.evaluate("(at) => hybridattn.pick(hybridattn.cy.nodes()[at])", at)
            row = tab.locator("#panel dd").nth([*sample["graph"]["nodes"][at]].index("about") - 1)
            assert row.text_content() == label
            assert row.evaluate("(row) => getComputedStyle(row).unicodeBidi") == "isolate"
        assert tab.evaluate("document.documentElement.scrollWidth") <= 1280


def test_without_javascript_the_tables_are_there(opened: Open) -> None:
    with opened(page(poodle()), java_script_enabled=False) as tab:
        assert tab.get_by_role("cell", name="revision").is_visible()
        assert tab.get_by_text("The picture needs JavaScript").is_visible()
        assert tab.locator("#graph").is_hidden()


def test_an_empty_graph_says_so(opened: Open) -> None:
    nothing = {"question": "<a --> ?x>?", "cut": "", "answers": [], "graph": {"nodes": [], "edges": []}}
    with opened(page(nothing)) as tab:
        assert tab.get_by_text("There is no graph to draw").is_visible()
        tab.locator("#graph").focus()
        for key in ("ArrowRight", "Enter", "0", "Home", "Escape"):
            tab.keyboard.press(key)
        tab.get_by_role("button", name="Reset").click()
        assert tab.evaluate("hybridattn.svg()").startswith("<svg")


def test_two_thousand_terms_open_with_the_way_still_readable(opened: Open) -> None:
    with opened(page(wide(2000))) as tab:
        assert counts(tab, "node") == 2000
        size = tab.evaluate("hybridattn.cy.zoom() * parseFloat(hybridattn.cy.nodes('.answer').style('font-size'))")
        assert size > 12
        assert tab.evaluate("hybridattn.cy.nodes('.source, .answer').map((node) => node.data('words'))") == [
            "term_0",
            "term_8",
        ]


def lanes() -> dict[str, Any]:
    """Two ways of nine terms with long names, one above the other."""
    ways = [[f"{name}_long_{hop}.n.01" for hop in range(9)] for name in ("upper", "lower")]
    nodes = [node(term, hop, role="answer") for way in ways for hop, term in enumerate(way)]
    pairs = [(way[hop], way[hop + 1], hop + 1) for way in ways for hop in range(8)]
    edges = [link(one, two, at, hop, cited=True) for at, (one, two, hop) in enumerate(pairs)]
    return report("<upper --> ?x>?", [], [{**one, "label": one["id"]} for one in nodes], edges)


@pytest.mark.parametrize(("width", "sample"), [(390, cheetah()), (420, lanes())])
def test_a_narrow_screen_needs_no_sideways_scrolling_and_no_labels_meet(
    opened: Open, width: int, sample: dict[str, Any]
) -> None:
    with opened(page(sample), viewport={"width": width, "height": 800}) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        boxes = tab.evaluate(
            "hybridattn.cy.nodes('.main').filter((n) => n.data('words'))"
            ".map((n) => { n.boundingBox(); return n._private.labelBounds.main; })"
            ".map((b) => [b.x1 + 3, b.y1 + 3, b.x2 - 3, b.y2 - 3])"
        )
        assert len(boxes) >= 4
        pairs = [(a, b) for at, a in enumerate(boxes) for b in boxes[:at]]
        assert not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for a, b in pairs)


def test_an_explanation_is_shown_and_the_decisive_fact_marked(opened: Open) -> None:
    with opened(page(explained_report(chain()))) as tab:
        assert tab.locator(".matters dd math").first.bounding_box()["width"] > 20
        assert tab.evaluate("document.querySelector('.matters math').namespaceURI").endswith("MathML")
        decisive = "hybridattn.cy.edges('.decisive').map((edge) => [edge.data('attributes').fact, edge.data('words')])"
        assert tab.evaluate(decisive) == [[12, "★ is_a"]]
        assert tab.locator(".legend").get_by_text("decisive").is_visible()
        button = tab.locator(".pulls button", has_text="fact:13")
        button.focus()
        tab.keyboard.press("Enter")
        assert tab.locator("#panel h3").inner_text() == "bird is_a animal"
        tab.locator(".proof button", has_text="step:0").first.click()
        assert tab.locator("#panel h3").inner_text() == "<robin --> animal>"
        assert tab.locator("#panel math").count() >= 2
        tab.keyboard.press("Escape")
        assert tab.evaluate(decisive) == [[12, "★ is_a"]]
        tab.get_by_text("As LaTeX").click()
        assert tab.get_by_text("f = f_{12} f_{13}").is_visible()


def test_the_mark_follows_the_chosen_answer(opened: Open) -> None:
    sample = poodle()
    explanation = explained_report(chain())["answers"][0]["explanation"]
    match = {**explanation, "decisive": "match:0"}
    match["sensitivities"] = [{**explanation["sensitivities"][0], "premise": "match:0"}]
    match["turns"] = []
    sample["answers"][1]["explanation"] = match
    with opened(page(sample)) as tab:
        assert counts(tab, "edge.decisive") == 0
        tab.get_by_role("button", name="clever").click()
        assert tab.evaluate("hybridattn.cy.edges('.decisive').map((edge) => edge.data('label'))") == ["match"]
        tab.get_by_role("button", name="animal").first.click()
        assert counts(tab, "edge.decisive") == 0


@pytest.mark.parametrize(
    "text", ["</script><img src=x onerror=alert(1)>", "</math><script>alert(1)</script>", "\u202e\x00"]
)
def test_a_hostile_explanation_is_text(opened: Open, text: str) -> None:
    with opened(page(hostile_report(text))) as tab:
        assert tab.evaluate("document.querySelectorAll('main img, .matters script').length") == 0
        assert tab.locator(".matters").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_explanation_reads_without_javascript_and_on_a_narrow_screen(opened: Open, scheme: str) -> None:
    narrow = {"viewport": {"width": 390, "height": 800}, "color_scheme": scheme, "java_script_enabled": False}
    with opened(page(explained_report(two_paths())), **narrow) as tab:
        assert tab.locator(".verdict").is_visible()
        assert tab.locator(".matters math").first.is_visible()
        assert tab.locator("body").bounding_box()["width"] <= 390
