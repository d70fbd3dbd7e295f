"""How long the cockpit's pages take until a browser shows something; prints one JSON line.

Keys: by page the median and the longest of some loads [ms] until the first contentful paint, as headless Chromium tells
it (`performance.getEntriesByType("paint")`), from the click on. Each load has a fresh context: nothing is cached. The
runs folder is copied first.

    python benchmarks/first_paint.py CHAIN [--loads 5]        a chain with a published run
    python benchmarks/first_paint.py --points 50000           a made-up run of that many stock points, not planned
    python benchmarks/first_paint.py --smoke
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks._serve_made import publish_made_run
from benchmarks.serve_load import page_paths, serving, session_of

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
PAINT = "performance.getEntriesByType('paint').filter(e => e.name === 'first-contentful-paint').map(e => e.startTime)"


def paint_ms(page: Page) -> float:
    """Milliseconds until the first contentful paint, asked for until it is known: the pages' policy lets nothing wait
    inside them.

    Raises
    ------
    SystemExit
        When nothing was painted within ten seconds.
    """
    for _ in range(200):
        found = page.evaluate(PAINT)
        if found:
            return float(found[0])
        page.wait_for_timeout(50)
    raise SystemExit(f"first_paint: {page.url} painted nothing in 10 s")


def painted(chain: Path, runs: Path, n_loads: int) -> dict[str, Any]:
    """Load every page of the navigation some times, by page median and longest time to the first paint [ms]."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        raise SystemExit("first_paint: no Chromium here (apt-get install chromium)")
    pages = {}
    with serving(chain, runs) as (_, port), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        name, value = session_of(port).split("=", 1)
        cookie = {"name": name, "value": value, "url": f"http://127.0.0.1:{port}"}
        for path in page_paths(port, f"{name}={value}"):
            times = []
            for _ in range(n_loads + 1):
                context = browser.new_context()
                context.add_cookies([cookie])
                page = context.new_page()
                page.goto(f"http://127.0.0.1:{port}{path}")
                times.append(paint_ms(page))
                context.close()
            first, *others = times  # the server reads a run's tables once
            pages[path] = {"median_ms": round(statistics.median(others)), "most_ms": round(max(others)),
                           "first_ms": round(first)}  # fmt: skip
        browser.close()
    return {"benchmark": "first_paint", "chain": chain.name, "n_loads": n_loads, "pages": pages,
            "slowest_ms": max(each["most_ms"] for each in pages.values())}  # fmt: skip


def main() -> None:
    """Read the arguments and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chain", type=Path, nargs="?")
    parser.add_argument("--points", type=int, default=0, help="a made-up run of this many stock points")
    parser.add_argument("--loads", type=int, default=5, help="of each page")
    parser.add_argument("--smoke", action="store_true", help="200 stock points, one load of each page")
    a = parser.parse_args()
    if a.smoke or a.points:
        n_points = 200 if a.smoke else a.points
        with tempfile.TemporaryDirectory() as folder:
            chain = Path(folder) / "made"
            publish_made_run(chain / "runs", n_points=n_points, n_lines=max(n_points // 2, 100))
            print(json.dumps({**painted(chain, chain / "runs", 1 if a.smoke else a.loads), "n_points": n_points}))
        return
    if a.chain is None:
        parser.error("name a chain folder with a published run, or --points, or --smoke")
    print(json.dumps(painted(a.chain, a.chain / "runs", a.loads)))


if __name__ == "__main__":
    main()
