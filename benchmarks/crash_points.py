"""kill -9 at every point where the daily job, an approval or an export changes the disk, and at random moments.

A small chain is planned for one night with `plan`; the next night is `replenish`, `approve --all` and `export`. At each
point of the four the command is killed and then simply run again. Afterwards everything has to be as if it had never
been killed: the same runs with the same tables byte for byte, the same exported file, the same order lines in the same
states, each proposed and released exactly once, nothing half-written left, a sound log.
The same for random moments of the daily job, and for faults: calls that fail with ENOSPC, EIO or EACCES, files that
cannot grow, a ledger that another writer keeps, a worker that is killed. Under a fault the command has to end by
itself, with a code and words that say what is wrong, and to succeed once the fault is gone.
Keys: n_points by command; tries, and of them lost, duplicated, different, half_written, unsound (the log) and
failed_again; of faults also how many cases of each kind, died, unclear, without_effect (the command was done all the
same). `at_once` is the same plan exported by 8 processes, 13 times each; `reopened_s` the longest time until runs and
orders could be read, and the log verified, after a kill.

    python benchmarks/crash_points.py [--points 0 (all)] [--random 50] [--calls 16] [--seed 1]
    python benchmarks/crash_points.py --smoke
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._crash_faults import faults_of
from benchmarks._crash_run import begun, command, in_child, killed_after, killed_at, load_what_is_needed, points_of

SETTINGS = """
[approval]
max_value = 60
exceptions = []

[plan]
truck_fill_up = false

[plan.forecast]
max_rounds = 5
n_origins = 1
max_training_rows = 3000
threads = 1
"""
NIGHT_BEFORE, NIGHT = "2025-11-04", "2025-11-05"
TABLES = ("orders", "order_terms", "loads", "targets", "exceptions", "kpis", "planned", "alternatives")
UNCLEAR = ("Traceback", "tierflow failed")
BAD = ("failed_again", "lost", "duplicated", "different", "half_written", "unsound", "not_killed", "died", "unclear",
       "failed")  # fmt: skip
LINE = "order_id, run_id, sku, quantity, proposed_quantity, state, approvals_needed, batch"


@dataclass(frozen=True)
class Step:
    """One command of the night, the folder it starts from, and how it leaves that folder.

    Parameters
    ----------
    words
        The command; `{}` stands for the folder.
    before
        The state that it starts from.
    after
        What is there once it has run, as `state_of` tells it.
    points
        Names of its points.
    seconds
        How long it took undisturbed [s].
    """

    words: tuple[str, ...]
    before: Path
    after: dict[str, str]
    points: tuple[str, ...]
    seconds: float

    def at(self, folder: Path) -> list[str]:
        """The command on a copy."""
        return placed(self.words, folder)


def placed(words: Sequence[str], folder: Path) -> list[str]:
    """A command with its folder."""
    return [word.replace("{}", str(folder)) for word in words]


def state_of(folder: Path) -> dict[str, str]:
    """What matters of a chain's runs, order lines and exports: one text by name; two of them are equal or not."""
    state: dict[str, str] = {}
    for manifest in sorted((folder / "chain" / "runs").glob("*/manifest.json")):
        files = [manifest.parent / f"{name}.csv" for name in TABLES]
        state[f"run {manifest.parent.name}"] = " ".join(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    for file in sorted((folder / "out").glob("*")) if (folder / "out").is_dir() else []:
        state[f"export {file.name}"] = hashlib.sha256(file.read_bytes()).hexdigest()
    connection = sqlite3.connect(folder / "chain" / "runs" / "orders.sqlite")
    try:
        for row in connection.execute(f"SELECT {LINE} FROM orders ORDER BY order_id"):
            state[f"line {row[0]}"] = repr(row[1:])
        for row in connection.execute(
            "SELECT run_id, batch, format, delivered_at IS NULL FROM outbox ORDER BY 1, 2, 3"
        ):
            state[f"outbox {row[:3]}"] = repr(row[3])
        moves = connection.execute(
            "SELECT event, order_id, state, count(*) FROM log WHERE event IN ('propose', 'move') GROUP BY 1, 2, 3"
        )
        state |= {f"log {row[:3]}": repr(row[3]) for row in moves}
    finally:
        connection.close()
    return state


def half_written(folder: Path) -> list[str]:
    """Names of what a killed process left behind."""
    return [path.name for path in folder.rglob("*") if path.name.startswith(".writing-") or ".partial" in path.name]


def made_nights(folder: Path, *, skus: int, stores: int, days: int) -> dict[str, Step]:
    """A small chain; the commands of two nights by name, with the states between them."""
    start = folder / "0"
    chain = start / "chain"
    words = ["demo", str(chain), "--skus", str(skus), "--stores", str(stores), "--days", str(days)]
    _require(in_child(lambda: command(words)), words)
    settings = chain / "chain.toml"
    settings.write_text(settings.read_text("utf-8") + SETTINGS, "utf-8")
    load_what_is_needed(["replenish", str(chain), "--cutoff", NIGHT_BEFORE], folder / "modules.txt")
    commands = (
        ("plan", "{}/chain", "--cutoff", NIGHT_BEFORE),
        ("replenish", "{}/chain", "--cutoff", NIGHT),
        ("approve", "20251105", "--chain", "{}/chain", "--all"),
        ("export", "20251105", "--chain", "{}/chain", "--to", "{}/out"),
    )
    steps, before = {}, start
    for number, template in enumerate(commands, start=1):
        here = Path(shutil.copytree(before, folder / str(number)))
        start_time = time.monotonic()
        points = points_of(placed(template, here), here, folder / "points.txt")
        seconds = time.monotonic() - start_time
        steps[template[0]] = Step(template, before, state_of(here), tuple(points), seconds)
        before = here
    return steps


def _require(code: int, words: Sequence[str]) -> None:
    if code not in (0, 4):
        raise RuntimeError(f"{' '.join(words)} ended with code {code}")


def judged(step: Step, folder: Path) -> Counter[str]:
    """Run the command again and compare with the state after an undisturbed one."""
    words = step.at(folder)
    code = in_child(lambda: command(words))
    state, found = state_of(folder), Counter({"tries": 1})
    found["failed_again"] += code not in (0, 4)
    found["lost"] += bool(set(step.after) - set(state))
    found["duplicated"] += bool(set(state) - set(step.after))
    found["different"] += any(state[name] != step.after[name] for name in set(state) & set(step.after))
    found["half_written"] += bool(half_written(folder))
    found["unsound"] += bool(_problems(folder))
    return found


def _problems(folder: Path) -> tuple[str, ...]:
    from optimization.ledger import OrderLedger

    return OrderLedger(folder / "chain" / "runs" / "orders.sqlite").verify()


def copies(step: Step, folder: Path, n: int) -> Iterator[Path]:
    """Fresh copies of the state before a command, one at a time."""
    for number in range(n):
        here = Path(shutil.copytree(step.before, folder / f"copy-{number}"))
        yield here
        shutil.rmtree(here)


def chosen(n_points: int, n_wanted: int) -> list[int]:
    """Points to try, evenly spread, the first and the last among them; all of them for 0."""
    if not n_wanted or n_wanted >= n_points:
        return list(range(1, n_points + 1))
    return sorted({1 + round(i * (n_points - 1) / max(n_wanted - 1, 1)) for i in range(n_wanted)})


def points_tried(steps: Mapping[str, Step], folder: Path, n: Mapping[str, int]) -> Counter[str]:
    """Kill each command at `n` points of it, all where `n` has none, and run it again."""
    found = Counter[str]()
    for name, step in steps.items():
        numbers = chosen(len(step.points), n.get(name, 0))
        for number, here in zip(numbers, copies(step, folder, len(numbers)), strict=True):
            found["not_killed"] += killed_at(step.at(here), here, number) != -9
            found.update(judged(step, here))
    return found


def reopened(step: Step, folder: Path, n: int) -> float:
    """Kill a command at some points; returns the longest time until its runs and orders can be read again [s]."""
    from network.store import RunStore
    from optimization.ledger import OrderLedger

    longest, numbers = 0.0, chosen(len(step.points), n)
    for number, here in zip(numbers, copies(step, folder, n), strict=True):
        killed_at(step.at(here), here, number)
        runs, start = here / "chain" / "runs", time.monotonic()
        run_ids = [str(manifest["run_id"]) for manifest in RunStore(runs).runs()]
        ledger = OrderLedger(runs / "orders.sqlite")
        n_lines = sum(len(ledger.states(run_id)) for run_id in run_ids)
        if not n_lines or ledger.verify():
            raise RuntimeError(f"after a kill at point {number} the ledger is not sound")
        longest = max(longest, time.monotonic() - start)
    return longest


def exported_at_once(step: Step, folder: Path, *, n_processes: int, n_times: int) -> Counter[str]:
    """Export the same plan many times, by several processes at once; one that waits too long for another gives up."""
    found = Counter[str]()

    def again_and_again() -> int:
        return max(command(step.at(here)) for _ in range(n_times))

    for here in copies(step, folder, 1):
        children = [begun(again_and_again) for _ in range(n_processes)]
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        found["exports"] += n_processes * n_times
        found["gave_up"] += sum(code == 5 for code in codes)
        found["failed"] += sum(code not in (0, 5) for code in codes)
        found.update(judged(step, here))
    return found


def moments_tried(step: Step, folder: Path, n: int, *, rng: random.Random) -> Counter[str]:
    """Kill a command at random moments, and run it again."""
    found = Counter[str]()
    for here in copies(step, folder, n):
        code = killed_after(step.at(here), rng.uniform(0.0, step.seconds))
        found["was_faster"] += code >= 0
        found.update(judged(step, here))
    return found


def faults_tried(steps: Iterable[Step], folder: Path, *, n_calls: int, is_all: bool) -> Counter[str]:
    """Put each command under faults: it has to say what is wrong, and to succeed once the fault is gone."""
    found, said = Counter[str](), folder / "said.txt"
    for step in steps:
        faults = list(faults_of(len(step.points), step.words[0], n_calls=n_calls, is_all=is_all))
        for fault, here in zip(faults, copies(step, folder, len(faults)), strict=True):
            code = fault.run(step.at(here), here, said)
            words = said.read_text("utf-8", errors="replace")
            is_clear = code in (0, 4) or bool(words.strip() and not any(each in words for each in UNCLEAR))
            found[f"case_{fault.kind}"] += 1
            found["without_effect"] += code in (0, 4)
            found["died"] += code < 0
            found["unclear"] += not is_clear
            if not is_clear:
                print(f"{step.words[0]} under {fault}: {words.strip()[:500]}", file=sys.stderr)
            found.update(judged(step, here))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one JSON line; exit 1 if anything was lost, doubled, half-written or not said."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=0, help="points of plan and of replenish; 0 for all")
    parser.add_argument("--random", type=int, default=50)
    parser.add_argument("--calls", type=int, default=16, help="failing calls a command")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--smoke", action="store_true")
    asked = parser.parse_args(arguments)
    n_points = {"plan": 2, "replenish": 3} if asked.smoke else {"plan": asked.points, "replenish": asked.points}
    n_random, n_calls = (3, 2) if asked.smoke else (asked.random, asked.calls)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps = made_nights(folder, skus=9, stores=4, days=120)
        daily = [steps[name] for name in ("replenish", "approve", "export")]
        found = {
            "points": points_tried(steps, folder, n_points),
            "random": moments_tried(steps["replenish"], folder, n_random, rng=random.Random(asked.seed)),
            "faults": faults_tried(daily, folder, n_calls=n_calls, is_all=not asked.smoke),
            "at_once": exported_at_once(steps["export"], folder, n_processes=8, n_times=1 if asked.smoke else 13),
        }
        said = {
            "benchmark": "crash_points",
            "n_points": {name: len(step.points) for name, step in steps.items()},
            "reopened_s": round(max(reopened(step, folder, 2) for step in daily[1:]), 2),
        }
    print(json.dumps({**said, **{key: dict(each) for key, each in found.items()}}))
    return int(any(each[key] for each in found.values() for key in BAD))


if __name__ == "__main__":
    raise SystemExit(main())
