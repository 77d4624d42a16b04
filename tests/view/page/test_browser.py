"""The page in a real browser, without a network."""

import html
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hybridattn.view import page, write_text

from ..samples import cheetah, hostile, link, poodle, wide
from ..test_explained import chain, explained_report, hostile_report, two_paths

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
FLAGS = (
    "no-sandbox",
    "disable-gpu",
    "disable-background-networking",
    "no-first-run",
    "disable-component-update",
    "disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=[f"--{flag}" for flag in FLAGS])
        yield chromium
        chromium.close()


@contextmanager
def opened(browser: Any, path: Path, text: str, **options: Any) -> Iterator[Any]:
    """Open `text` as a file; at the end the page must have asked for that file alone and complained about nothing."""
    write_text(path, text)
    context = browser.new_context(**options)
    context.set_offline(True)
    tab = context.new_page()
    requests, complaints = [], []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("dialog", lambda dialog: complaints.append(dialog.message))
    tab.goto(path.as_uri())
    yield tab
    tab.wait_for_timeout(50)
    context.close()
    assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()]
    assert complaints == []


def counts(tab: Any, selector: str) -> int:
    return int(tab.evaluate("(selector) => hybridattn.cy.elements(selector).length", selector))


def test_it_shows_the_answer_and_the_graph_offline(browser: Any, tmp_path: Path) -> None:
    sample = cheetah()
    sample["graph"]["edges"].append(link("cheetah.n.01", "animal.n.01", 99, 8, cited=False))
    with opened(browser, tmp_path / "a.html", page(sample)) as tab:
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


def test_links_without_words_are_drawn(browser: Any, tmp_path: Path) -> None:
    sample = cheetah()
    for edge in sample["graph"]["edges"]:
        edge["label"] = ""  # as between the statements and the inferences of a proof
    with opened(browser, tmp_path / "a.html", page(sample)) as tab:
        tab.wait_for_timeout(200)
        xs = tab.evaluate("hybridattn.cy.nodes('.main').map((node) => node.renderedPosition('x'))")
        assert all(0 < x < 1280 for x in xs)


def test_choosing_an_answer_lights_its_facts_and_escape_puts_them_out(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path / "a.html", page(poodle())) as tab:
        tab.get_by_role("button", name="clever").click()
        assert tab.evaluate("hybridattn.cy.edges('.lit').map((edge) => edge.data('label')).sort()") == [
            "has_trait",
            "match",
        ]
        assert counts(tab, ".lit") + counts(tab, ".dim") == 22
        assert tab.locator("details[open]").get_attribute("id") == "answer-1"
        tab.get_by_role("button", name="animal frequency").focus()
        tab.keyboard.press("Enter")
        assert sorted(tab.evaluate("hybridattn.cy.edges('.lit').map((edge) => edge.data('attributes').fact)")) == [
            0,
            1,
            2,
            10,
            11,
            12,
        ]
        assert tab.locator("button.answer[aria-pressed=true]").count() == 1
        tab.keyboard.press("Escape")
        assert counts(tab, ".lit, .dim") == 0
        assert tab.locator("button.answer[aria-pressed=true]").count() == 0


def test_nodes_edges_and_facts_show_their_attributes(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path / "a.html", page(poodle())) as tab:
        spot = tab.evaluate("hybridattn.cy.nodes().filter((node) => node.data('label') === 'dog').renderedPosition()")
        tab.locator("#graph").click(position=spot)
        assert tab.locator("#panel h3").inner_text() == "dog"
        tab.locator("#panel").get_by_text("is_a canine").click()
        assert tab.locator("#panel h3").inner_text() == "dog is_a canine"
        assert tab.locator("#panel dt", has_text="w_plus").count() == 1
        tab.keyboard.press("Escape")
        assert tab.locator("#panel").is_hidden()
        tab.locator("#answer-0 tbody th button", has_text="fact:11").click()
        assert tab.locator("#panel h3").inner_text() == "pet is_a domestic"


def test_a_term_can_be_found_and_the_view_moved_by_keyboard(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path / "a.html", page(cheetah())) as tab:
        tab.locator("#find").fill("_CAT")
        assert sorted(tab.evaluate("hybridattn.cy.nodes('.found').map((node) => node.data('label'))")) == [
            "big_cat",
            "domestic_cat",
        ]
        tab.keyboard.press("Enter")
        assert tab.locator("#panel h3").inner_text() == "big_cat.n.01"
        tab.locator("#graph").focus()
        before = tab.evaluate("hybridattn.cy.zoom()")
        tab.keyboard.press("+")
        assert tab.evaluate("hybridattn.cy.zoom()") > before
        tab.keyboard.press("0")
        box = tab.evaluate("hybridattn.cy.elements().renderedBoundingBox()")
        size = tab.locator("#graph").bounding_box()
        assert box["x1"] >= 0
        assert box["x2"] <= size["width"]


def test_light_and_dark(browser: Any, tmp_path: Path) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    ink = "hybridattn.cy.nodes('.source').style('color')"
    with opened(browser, tmp_path / "a.html", page(cheetah()), color_scheme="dark") as tab:
        dark = (tab.evaluate(paper), tab.evaluate(ink))
        tab.get_by_role("button", name="Light").click()
        light = (tab.evaluate(paper), tab.evaluate(ink))
        assert dark[0] != light[0]
        assert dark[1] != light[1]
        tab.get_by_role("button", name="Dark").click()
        assert (tab.evaluate(paper), tab.evaluate(ink)) == dark


def test_it_works_in_a_sandboxed_frame_and_a_match_has_no_direction(browser: Any, tmp_path: Path) -> None:
    sample = poodle()
    match = sample["answers"][1]["matches"][0]
    match["query"], match["key"] = match["key"], match["query"]
    inner = f'srcdoc="{html.escape(page(sample))}"'
    frame = f'<!doctype html><meta charset="utf-8"><iframe sandbox="allow-scripts" width="1200" height="800" {inner}>'
    with opened(browser, tmp_path / "a.html", frame) as tab:
        inside = tab.frames[1]
        inside.wait_for_function("window.hybridattn")
        assert inside.evaluate("hybridattn.cy.nodes().length") == 10
        inside.get_by_role("button", name="clever").click()
        assert inside.evaluate("hybridattn.cy.edges('.lit').length") == 2


@pytest.mark.parametrize(
    "text", ["</script><img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "__proto__", "\u202e\x00\ud800"]
)
def test_hostile_text_is_shown_as_text(browser: Any, tmp_path: Path, text: str) -> None:
    with opened(browser, tmp_path / "a.html", page(hostile(text))) as tab:
        assert counts(tab, "node") == 2
        tab.evaluate("void hybridattn.cy.nodes()[1].emit('tap')")
        assert tab.evaluate("document.querySelector('#panel h3').textContent") == tab.evaluate(
            "hybridattn.report.graph.nodes[1].id"
        )
        tab.locator("button.answer").click()
        assert tab.evaluate("document.querySelectorAll('img, #panel svg').length") == 0


def test_without_javascript_the_tables_are_there(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path / "a.html", page(poodle()), java_script_enabled=False) as tab:
        assert tab.get_by_role("cell", name="revision").is_visible()
        assert tab.get_by_text("The picture needs JavaScript").is_visible()
        assert tab.locator("#graph").is_hidden()


def test_two_thousand_terms_open_with_the_way_still_readable(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path / "a.html", page(wide(2000))) as tab:
        assert counts(tab, "node") == 2000
        size = tab.evaluate("hybridattn.cy.zoom() * parseFloat(hybridattn.cy.nodes('.answer').style('font-size'))")
        assert size > 12


def test_a_narrow_screen_needs_no_sideways_scrolling(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path / "a.html", page(cheetah()), viewport={"width": 390, "height": 800}) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_explanation_is_shown_and_the_decisive_fact_marked(browser: Any, tmp_path: Path) -> None:
    with opened(browser, tmp_path / "a.html", page(explained_report(chain()))) as tab:
        assert tab.locator(".matters dd math").first.bounding_box()["width"] > 20
        assert tab.evaluate("document.querySelector('.matters math').namespaceURI").endswith("MathML")
        decisive = "hybridattn.cy.edges('.decisive').map((edge) => [edge.data('attributes').fact, edge.style('label')])"
        assert tab.evaluate(decisive) == [[12, "★ is_a"]]
        assert tab.locator(".legend").get_by_text("decisive").is_visible()
        button = tab.locator(".pulls button", has_text="fact:13")
        button.focus()
        tab.keyboard.press("Enter")
        assert tab.locator("#panel h3").inner_text() == "bird is_a animal"
        tab.keyboard.press("Escape")
        assert tab.evaluate(decisive) == [[12, "★ is_a"]]
        tab.get_by_text("As LaTeX").click()
        assert tab.get_by_text("f = f_{12} f_{13}").is_visible()


def test_the_mark_follows_the_chosen_answer(browser: Any, tmp_path: Path) -> None:
    sample = poodle()
    explanation = explained_report(chain())["answers"][0]["explanation"]
    match = {**explanation, "decisive": "match:0"}
    match["sensitivities"] = [{**explanation["sensitivities"][0], "premise": "match:0"}]
    match["turns"] = []
    sample["answers"][1]["explanation"] = match
    with opened(browser, tmp_path / "a.html", page(sample)) as tab:
        assert counts(tab, "edge.decisive") == 0
        tab.get_by_role("button", name="clever").click()
        assert tab.evaluate("hybridattn.cy.edges('.decisive').map((edge) => edge.data('label'))") == ["match"]
        tab.keyboard.press("Escape")
        assert counts(tab, "edge.decisive") == 0


@pytest.mark.parametrize(
    "text", ["</script><img src=x onerror=alert(1)>", "</math><script>alert(1)</script>", "\u202e\x00"]
)
def test_a_hostile_explanation_is_text(browser: Any, tmp_path: Path, text: str) -> None:
    with opened(browser, tmp_path / "a.html", page(hostile_report(text))) as tab:
        assert tab.evaluate("document.querySelectorAll('img, .matters script').length") == 0
        assert tab.locator(".matters").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_explanation_reads_without_javascript_and_on_a_narrow_screen(
    browser: Any, tmp_path: Path, scheme: str
) -> None:
    narrow = {"viewport": {"width": 390, "height": 800}, "color_scheme": scheme, "java_script_enabled": False}
    with opened(browser, tmp_path / "a.html", page(explained_report(two_paths())), **narrow) as tab:
        assert tab.locator(".verdict").is_visible()
        assert tab.locator(".matters math").first.is_visible()
        assert tab.locator("body").bounding_box()["width"] <= 390
