"""First paint and panning of the page in headless Chromium that draws without a GPU: `python benchmarks/page.py`.

Target: with 2,000 terms the graph is on the screen within 3 s of the start of the navigation, and dragging the picture
gives more than 20 frames a second. Each figure is of a fresh browser context; a frame is one drawing of the graph.
"""

import argparse
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hybridattn.view import page, write_text

SIZES = (30, 200, 2_000, 20_000)
TARGET_SIZE, MOST_SECONDS, LEAST_FRAMES = 2_000, 3.0, 20.0
HOPS, EXTRA = 8, 1.5  # links a term
DRAG = 2.0  # seconds of dragging
LONGEST = 60  # seconds to wait for the first drawing


def report(count: int) -> dict[str, Any]:
    """A search over `count` terms with one and a half links a term; one term a hop is on the way to the answer."""
    chance = random.Random(count)
    hops = [min(number, HOPS) if number <= HOPS else chance.randint(1, HOPS) for number in range(count)]
    by_hop = [[number for number, at in enumerate(hops) if at == hop] for hop in range(HOPS + 1)]
    roles = {0: {"role": "source"}, HOPS: {"role": "answer"}}
    nodes = [
        {
            "id": f"term_{number}.n.01",
            "kind": "term",
            "label": f"term_{number}.n.01",
            "hop": hop,
            **roles.get(number, {}),
        }
        for number, hop in enumerate(hops)
    ]
    truth = {"f": 1.0, "c": 0.9}
    pairs = [(number - 1, number) for number in range(1, HOPS + 1)]
    pairs += [(chance.choice(by_hop[hops[number] - 1]), number) for number in range(HOPS + 1, count)]
    while len(pairs) < EXTRA * count:
        number = chance.randrange(1, count)
        pairs.append((chance.choice(by_hop[hops[number] - 1]), number))
    edges = [
        {
            "source": f"term_{one}.n.01",
            "target": f"term_{two}.n.01",
            "kind": "fact",
            "fact": number,
            "label": "is_a",
            "hop": hops[two],
            "share": chance.random(),
            "key": number,
            **truth,
            **({"cited": True} if number < HOPS else {}),
        }
        for number, (one, two) in enumerate(pairs)
    ]
    shown = {"frequency": 1.0, "confidence": 0.9}
    facts = [
        {
            "id": number,
            "source": f"term_{number}.n.01",
            "relation": "is_a",
            "target": f"term_{number + 1}.n.01",
            "observations": [number],
            **shown,
        }
        for number in range(HOPS)
    ]
    answer = {
        "term": f"<term_0.n.01 --> term_{HOPS}.n.01>",
        **shown,
        "expectation": 0.95,
        "derivation": [],
        "facts": facts,
    }
    return {
        "question": "<term_0.n.01 --> ?x>?",
        "cut": "",
        "answers": [answer],
        "graph": {"nodes": nodes, "edges": edges},
    }


COUNT = "() => { window.drawings = 0; hybridattn.cy.on('render', () => { window.drawings += 1; }); }"


def first_paint(tab: Any) -> float:
    """Give the seconds from the start of the navigation to the first drawing of the graph."""
    deadline = time.monotonic() + LONGEST
    while not (drawn := tab.evaluate("performance.getEntriesByName('drawn').map((mark) => mark.startTime)")):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the graph was not drawn within {LONGEST} s")
        tab.wait_for_timeout(50)
    return float(drawn[0]) / 1000


def frames_a_second(tab: Any) -> float:
    """Drag the picture in a circle with the mouse, and count its drawings."""
    box = tab.locator("#graph").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.evaluate(COUNT)
    start = tab.evaluate("performance.now()")
    step, now = 0, start
    while now - start < 1000 * DRAG:
        step += 1
        tab.mouse.move(x + 4 * (step % 60 if step // 60 % 2 == 0 else 60 - step % 60), y + step % 9)
        now = tab.evaluate("performance.now()")
    drawings = tab.evaluate("window.drawings")
    tab.mouse.up()
    return float(1000 * drawings / (now - start))


def measured(browser: Any, path: Path, rounds: int) -> Iterator[tuple[float, float]]:
    for _ in range(rounds):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_offline(True)
        tab = context.new_page()
        tab.goto(path.as_uri())
        seconds = first_paint(tab)
        tab.wait_for_timeout(300)
        yield seconds, frames_a_second(tab)
        context.close()


def spread(values: list[float], digits: int) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    chosen = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sync_playwright = None
    if chromium is None or sync_playwright is None:
        print("nothing is measured: the page is drawn by Chromium, driven by playwright (`make browser`)")
        return
    met = True
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        print(f"{machine}, Chromium {browser.version} without a GPU, 1280 x 900")
        print(f"{chosen.rounds} rounds: median (least to most)")
        for size in chosen.sizes:
            path = Path(folder, f"{size}.html")
            write_text(path, page(report(size)))
            paints, frames = zip(*measured(browser, path, chosen.rounds), strict=True)
            print(
                f"{size:7,} terms: first paint {spread(list(paints), 2)} s, panning {spread(list(frames), 0)} frames/s"
            )
            if size == TARGET_SIZE:
                met = statistics.median(paints) < MOST_SECONDS and statistics.median(frames) > LEAST_FRAMES
        browser.close()
    target = f"at most {MOST_SECONDS} s and at least {LEAST_FRAMES} frames/s with {TARGET_SIZE:,} terms"
    print(f"{target}: {'met' if met else 'MISSED'}")
    sys.exit(not met)


if __name__ == "__main__":
    main()
