"""The cockpit's server under load, in a process of its own; prints one JSON line.

Keys: p95 of each page and list [ms], p99 of available-to-promise at 300/s and of approvals at 50/s [ms], the errors of
a mixed load, and the server's memory over it. Latency counts from the time at which a request was to be sent.
Memory is looked at once a second; `growth` is the median of the last fifth of the mixed load against the median of its
second fifth (in the first one what is read once is still being read), `before` and `most` stand beside it.

The runs folder is copied first: no approval reaches the chain's own ledger.

    python benchmarks/serve_load.py CHAIN [--seconds 60 --mixed-seconds 600]      a chain with a published run
    python benchmarks/serve_load.py --points 50000            a made-up run of that many stock points, not planned
    python benchmarks/serve_load.py --smoke
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from cockpit.web.accounts import ACCOUNTS_FILE, Accounts
from cockpit.web.people import Role

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks._serve_client import Call, Latencies, load
from benchmarks._serve_made import publish_made_run

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "only for this benchmark"
LISTS = (
    *("orders?per_page=100", "orders?sort=-quantity&page=3", "orders?containing=000", "exceptions", "trucks", "kpis"),
    *("runs", "stock?per_page=100", "audit"),
)
SERVER = """
import dataclasses, sys
from pathlib import Path
import uvicorn
from cockpit.web.app import ServerOptions, create_app
from cockpit.web.accounts import ACCOUNTS_FILE, Accounts
from cockpit.web.limits import Rate
from cockpit.web.sessions import SignedInPeople

chain, runs = Path(sys.argv[1]), Path(sys.argv[2])
options = ServerOptions(hosts=("127.0.0.1",), api_rate=Rate(1e6, 1e6))
people = SignedInPeople(Accounts(runs / ACCOUNTS_FILE), is_https=False)
app = create_app(chain, runs, people=people, options=options)
server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False))
startup = server.startup

async def started(sockets=None):
    await startup(sockets)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)

server.startup = started
server.run()
"""


def served(chain: Path, runs: Path) -> tuple[subprocess.Popen[str], int]:
    """Start a server; returns it and its port."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", SERVER, str(chain), str(runs)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def token_of(port: int) -> str:
    """Sign in to the API."""
    form = urllib.parse.urlencode({"username": "approver", "password": PASSWORD}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/token", form) as answer:
        return str(json.load(answer)["access_token"])


def session_of(port: int) -> str:
    """Sign in as a browser; returns the cookie."""
    form = urllib.parse.urlencode({"name": "approver", "password": PASSWORD}).encode()
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        answer = opener.open(f"http://127.0.0.1:{port}/sign-in", form)
    except urllib.error.HTTPError as redirect:
        answer = redirect
    return str(answer.headers["Set-Cookie"]).split(";")[0]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *given: Any) -> None:
        return None


def page_paths(port: int, cookie: str) -> list[str]:
    """Addresses of the pages, as the navigation of the first one names them."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Cookie": cookie})
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
    navigation = re.search(r"<nav.*?</nav>", text, re.DOTALL)
    return re.findall(r'href="(/[^"]*)"', navigation[0] if navigation else "")


def listed(port: int, token: str, path: str) -> dict[str, Any]:
    """Ask the API."""
    headers = {"Authorization": f"Bearer {token}"}
    with urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/{path}", headers=headers)
    ) as got:
        return dict(json.load(got))


def memory_mb(process: subprocess.Popen[str]) -> float:
    """Resident memory of the server [MB]."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return round(int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1000, 1)


async def memory_watched(process: subprocess.Popen[str], load_: Awaitable[T]) -> tuple[T, list[float]]:
    """Wait for a load, looking at the server's memory [MB] once a second."""
    seen = [memory_mb(process)]

    async def watch() -> None:
        while True:
            await asyncio.sleep(1.0)
            seen.append(memory_mb(process))

    watching = asyncio.create_task(watch())
    try:
        return await load_, seen
    finally:
        watching.cancel()


def memory_figures(seen: list[float]) -> dict[str, Any]:
    """How much memory grew from the second fifth of what was seen [MB] to the last one, and its level by fifths."""
    fifths = [float(np.median(part)) for part in np.array_split(seen, 5) if len(part)]
    second = fifths[min(1, len(fifths) - 1)]
    return {"before": seen[0], "most": max(seen), "fifths": fifths, "growth": round(fifths[-1] / second - 1, 4)}


def repeated(call: Call, n: int) -> Callable[[], Iterator[Call]]:
    """The same call n times."""
    return lambda: iter([call] * n)


def promise_calls(skus: list[str], bearer: tuple[str, str]) -> Callable[[], Iterator[Call]]:
    """Availability of one SKU after the other."""
    path = "/api/v1/available-to-promise?sku="
    return lambda: (Call("GET", path + urllib.parse.quote(sku), (bearer,)) for sku in itertools.cycle(skus))


def approval_calls(orders: list[str], bearer: tuple[str, str], name: str) -> Callable[[], Iterator[Call]]:
    """Approve one line after the other, then undo them all, and so on; each request with a key of its own."""

    def calls() -> Iterator[Call]:
        for lap in itertools.count():
            act = "undo" if lap % 2 else "approve"
            for order in orders:
                key = ("Idempotency-Key", f"{name}-{lap}-{order}")
                headers = (bearer, key, ("If-Match", "*"), ("Content-Type", "application/json"))
                yield Call("POST", f"/api/v1/orders/{urllib.parse.quote(order)}/{act}", headers, b"{}")

    return calls


def figures(latencies: Latencies) -> dict[str, Any]:
    """Quantiles and errors of one load."""
    levels = {f"p{round(100 * level)}_ms": latencies.quantile_ms(level) for level in (0.5, 0.95, 0.99)}
    return {"n": len(latencies.seconds), **levels, "n_errors": len(latencies.errors), "errors": latencies.errors[:3]}


async def measured(
    port: int, process: subprocess.Popen[str], *, seconds: float, mixed_seconds: float, n_each: int, rate: float
) -> dict[str, Any]:
    """Measure pages and lists one by one, then promises, approvals, and all of them at once."""
    token, cookie = token_of(port), session_of(port)
    bearer, browser = ("Authorization", f"Bearer {token}"), (("Cookie", cookie),)
    orders = [row["order_id"] for row in listed(port, token, "orders?per_page=500&sort=order_id")["orders"]]
    skus = sorted({row["sku"] for row in listed(port, token, "orders?per_page=500")["orders"]})
    one_by_one = {}
    for path in [*page_paths(port, cookie), *(f"/api/v1/{name}" for name in LISTS)]:
        call = Call("GET", path, (bearer,) if path.startswith("/api/") else browser)
        await load(port, repeated(call, 2), per_second=0, seconds=600)  # what is read once is not in the figure
        one_by_one[path] = figures(await load(port, repeated(call, n_each), per_second=0, seconds=600))
    promise = await load(port, promise_calls(skus, bearer), per_second=300 * rate, seconds=seconds)
    approve = await load(port, approval_calls(orders, bearer, "a"), per_second=50 * rate, seconds=seconds)
    pages = itertools.cycle([Call("GET", path, browser) for path in page_paths(port, cookie)])
    all_at_once = asyncio.gather(
        load(port, promise_calls(skus, bearer), per_second=60 * rate, seconds=mixed_seconds),
        load(port, approval_calls(orders, bearer, "m"), per_second=10 * rate, seconds=mixed_seconds),
        load(port, lambda: pages, per_second=4 * rate, seconds=mixed_seconds),
    )
    mixed, memory = await memory_watched(process, all_at_once)
    return {
        "pages": one_by_one,
        "promise": figures(promise),
        "approve": figures(approve),
        "mixed": [figures(each) for each in mixed],
        "memory_mb": memory_figures(memory),
    }


@contextmanager
def serving(chain: Path, runs: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Serve a copy of a runs folder, with an approver who may sign in, while the context lasts: process and port."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(runs, Path(folder) / "runs", ignore=shutil.ignore_patterns("models", "*.sqlite*")))
        Accounts(copy / ACCOUNTS_FILE).add("approver", Role.APPROVER, PASSWORD, at=datetime.now(UTC))
        process, port = served(chain, copy)
        try:
            yield process, port
        finally:
            process.terminate()
            process.communicate(timeout=30)


def with_copy(chain: Path, runs: Path, **options: Any) -> dict[str, Any]:
    """Copy a runs folder, serve the copy and measure."""
    with serving(chain, runs) as (process, port):
        return {"chain": chain.name, **asyncio.run(measured(port, process, **options))}


def main() -> None:
    """Read the arguments and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chain", type=Path, nargs="?")
    parser.add_argument("--runs", type=Path, help="default CHAIN/runs")
    parser.add_argument("--points", type=int, default=0, help="a made-up run of this many stock points")
    parser.add_argument("--seconds", type=float, default=60.0, help="of promises alone, and of approvals alone")
    parser.add_argument(
        "--mixed-seconds", type=float, default=60.0, help="of all at once, over which memory is watched"
    )
    parser.add_argument(
        "--smoke", action="store_true", help="200 stock points, a second of each load, a tenth of the rate"
    )
    a = parser.parse_args()
    if a.smoke or a.points:
        n_points = 200 if a.smoke else a.points
        with tempfile.TemporaryDirectory() as folder:
            chain = Path(folder) / "made"
            publish_made_run(chain / "runs", n_points=n_points, n_lines=max(n_points // 2, 100))
            options = (
                {"seconds": 1.0, "mixed_seconds": 1.0, "n_each": 2, "rate": 0.05}
                if a.smoke
                else {"seconds": a.seconds, "mixed_seconds": a.mixed_seconds, "n_each": 100, "rate": 1.0}
            )
            print(json.dumps({**with_copy(chain, chain / "runs", **options), "n_points": n_points}))
        return
    if a.chain is None:
        parser.error("name a chain folder with a published run, or --points, or --smoke")
    options = {"seconds": a.seconds, "mixed_seconds": a.mixed_seconds, "n_each": 100, "rate": 1.0}
    print(json.dumps(with_copy(a.chain, a.runs or a.chain / "runs", **options)))


if __name__ == "__main__":
    main()
