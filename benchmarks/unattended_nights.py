"""Nights in a row by the daily job and its export, on a small chain whose stock follows what was ordered.

Each day ships and receives what the nights before ordered, sells what the synthetic chain sold (as far as there is
stock), and ends with `replenish` and `export`. The outside system tells our lines back in `open_orders`. Three lives of
the same chain are compared:

- undisturbed, told back by the next night;
- with faults: each command is first killed at a random moment, or fails at a random point, and is then run again. Every
  night's orders have to be the same, byte for byte;
- with a feed that is 1 to 3 days late: on every night each stock point has to count at least what is really on its way,
  or a unit that is coming would be ordered twice.

Keys: nights; different_nights of the disturbed life, n_faults in it and how many had an effect; of the late life
forgotten (units on their way that a night did not count), extra (units counted that had come already: the price of a
late feed), double_lines (order ids that left twice), units ordered by the prompt and by the late life.

    python benchmarks/unattended_nights.py [--nights 90] [--late-nights 30] [--seed 1]
    python benchmarks/unattended_nights.py --smoke
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._crash_faults import ERRORS, failed_call
from benchmarks._crash_run import command, in_child, killed_after, load_what_is_needed

SETTINGS = """
[plan]
horizon_days = 14
joint_trucks = false
truck_fill_up = false

[plan.forecast]
max_rounds = 5
n_origins = 1
max_training_rows = 3000
threads = 1
"""
POINT = ["sku", "location"]
A_DAY = pd.Timedelta(days=1)
RANDOM_POINTS = 120
"""A call fails at one of the first so many points."""


@dataclass(frozen=True)
class Night:
    """One night of one life.

    Parameters
    ----------
    orders
        The published orders, as bytes.
    ids
        Order ids that left.
    units
        Units ordered.
    forgotten, extra
        Units on their way that the plan did not count, and the other way round.
    """

    orders: bytes
    ids: tuple[str, ...]
    units: int
    forgotten: int
    extra: int


@dataclass
class Life:
    """A chain and what is physically there.

    Parameters
    ----------
    chain
        Its folder.
    on_hand
        (sku, location) -> units.
    sold
        Units by date, sku and location that customers ask for.
    past
        `open_orders` and `receipts` from before the first night.
    lines
        What we have ordered: order id, origin, destination, sku, quantity, ship and due date, told (the first night
        that the outside system tells it back).
    """

    chain: Path
    on_hand: dict[tuple[str, str], int]
    sold: pd.Series
    past: tuple[pd.DataFrame, pd.DataFrame]
    lines: list[dict[str, object]] = field(default_factory=list)

    def begin_day(self, day: pd.Timestamp) -> None:
        """Ship, receive and sell."""
        for line in self.lines:
            if line["ship_date"] == day:
                self._add(str(line["sku"]), str(line["origin"]), -int(str(line["quantity"])))
            if line["due_date"] == day:
                self._add(str(line["sku"]), str(line["destination"]), int(str(line["quantity"])))
        for (sku, location), units in self.sold.get(day, pd.Series(dtype=float)).items():
            self._add(sku, location, -int(units))

    def _add(self, sku: str, location: str, units: int) -> None:
        if (sku, location) in self.on_hand or units > 0:
            self.on_hand[sku, location] = max(self.on_hand.get((sku, location), 0) + units, 0)

    def on_the_way(self, day: pd.Timestamp) -> pd.Series:
        """Units by sku and destination that left us before this night and come after it."""
        rows = [line for line in self.lines if line["due_date"] > day]  # type: ignore[operator]
        frame = pd.DataFrame(rows, columns=["sku", "destination", "quantity"]).astype({"quantity": "int64"})
        return frame.rename(columns={"destination": "location"}).groupby(POINT)["quantity"].sum()

    def write(self, day: pd.Timestamp) -> None:
        """Write what the feeds say on a night."""
        stock = pd.DataFrame([(day, *point, units) for point, units in self.on_hand.items()],
                             columns=["as_of", *POINT, "on_hand"])  # fmt: skip
        stock.to_csv(self.chain / "stock.csv", index=False)
        told = [line for line in self.lines if line["told"] <= day]  # type: ignore[operator]
        ours = pd.DataFrame(told, columns=["order_id", "origin", "destination", "sku", "quantity", "ship_date",
                                           "due_date"])  # fmt: skip
        ours = ours.assign(external_ref=ours["order_id"], order_id="ERP-" + ours["order_id"].astype(str))
        has_come = ours["due_date"] <= day
        ours = ours.assign(status=has_come.map({True: "closed", False: "confirmed"}))
        received = ours[has_come].rename(columns={"due_date": "date"})[["order_id", "sku", "date", "quantity"]]
        for name, before, now in (("open_orders", self.past[0], ours), ("receipts", self.past[1], received)):
            pd.concat([before, now]).to_csv(self.chain / f"{name}.csv", index=False, date_format="%Y-%m-%d")

    def order(self, orders: pd.DataFrame, day: pd.Timestamp, delay: Callable[[str], int]) -> None:
        """Take in what a night has ordered; each line is told back on the next night, or `delay` nights later."""
        columns = ["order_id", "origin", "destination", "sku", "quantity", "ship_date", "due_date"]
        for line in orders[columns].to_dict("records"):
            self.lines.append({**line, "told": day + (1 + delay(str(line["order_id"]))) * A_DAY})


def begun_life(start: Path, folder: Path, first: pd.Timestamp) -> Life:
    """Copy a chain and take over its stock and orders as they were on the evening before the first night."""
    chain = Path(shutil.copytree(start, folder))
    sales = pd.read_csv(chain / "sales.csv", parse_dates=["date"], usecols=["date", *POINT, "units"])
    sold = sales.groupby(["date", *POINT])["units"].sum()
    stock = pd.read_csv(chain / "stock.csv", parse_dates=["as_of"])
    stock = stock[
        (stock["as_of"] == stock.loc[stock["as_of"] < first, "as_of"].max()) & (stock["stock_type"] == "free")
    ]
    receipts = pd.read_csv(chain / "receipts.csv", parse_dates=["date"])
    receipts = receipts[receipts["date"] < first]
    orders = pd.read_csv(chain / "open_orders.csv", parse_dates=["ship_date", "due_date"])
    orders = orders[orders["order_id"].isin(receipts["order_id"]) & (orders["status"] == "closed")]
    receipts = receipts[receipts["order_id"].isin(orders["order_id"])]
    on_hand = {(row.sku, row.location): int(row.on_hand) for row in stock.itertuples()}
    return Life(chain, on_hand, sold, (orders, receipts))


def nights_of(
    life: Life, days: pd.DatetimeIndex, *, delay: Callable[[str], int], faults: Faults | None = None
) -> Iterator[Night]:
    """Live some days; each ends with the daily job and its export."""
    from network.store import RunStore

    store, seen = RunStore(life.chain / "runs"), set[str]()
    for day in days:
        life.begin_day(day)
        life.write(day)
        coming = life.on_the_way(day)
        _carried_out(["replenish", str(life.chain), "--cutoff", f"{day:%Y-%m-%d}"], life.chain, faults)
        (run_id,) = {str(manifest["run_id"]) for manifest in store.runs()} - seen
        seen.add(run_id)
        export = ["export", run_id, "--chain", str(life.chain), "--to", str(life.chain / "out")]
        _carried_out(export, life.chain, faults)
        orders = store.read_table(run_id, "orders")
        lines = orders[orders["action"] == "new"]
        counted = store.read_table(run_id, "targets").set_index(POINT)["on_order"]
        off = counted.sub(coming, fill_value=0)
        life.order(lines, day, delay)
        content = (store.path / run_id / "orders.csv").read_bytes()
        forgotten, extra = int(-off[off < 0].sum()), int(off[off > 0].sum())
        yield Night(content, tuple(lines["order_id"]), int(lines["quantity"].sum()), forgotten, extra)


def _carried_out(words: Sequence[str], folder: Path, faults: Faults | None) -> None:
    """Run a command, after it was disturbed if it shall be.

    Raises
    ------
    RuntimeError
        If it fails undisturbed.
    """
    if faults is not None:
        faults.disturb(words, folder)
    start, code = time.monotonic(), in_child(lambda: command(words))
    if faults is not None:
        faults.usual_seconds[words[0]] = time.monotonic() - start
    if code not in (0, 4):
        raise RuntimeError(f"{' '.join(words)} ended with code {code}")


@dataclass
class Faults:
    """Disturbs commands: a kill at a random moment or a call that fails at a random point.

    Parameters
    ----------
    rng
        Chooses.
    said
        File for what the commands say.
    n, n_with_effect
        Faults so far, and those after which the command had not ended well.
    usual_seconds
        How long each command takes undisturbed, as it did last [s].
    """

    rng: random.Random
    said: Path
    n: int = 0
    n_with_effect: int = 0
    usual_seconds: dict[str, float] = field(default_factory=dict)

    def disturb(self, words: Sequence[str], folder: Path) -> None:
        """Let something happen to one command."""
        if self.rng.random() < 0.5:
            number, error = self.rng.randint(1, RANDOM_POINTS), self.rng.choice(ERRORS)
            code = failed_call(words, folder, self.said, number=number, error=error)
        else:
            code = killed_after(words, self.rng.uniform(0.0, self.usual_seconds.get(words[0], 1.0)))
        self.n += 1
        self.n_with_effect += code not in (0, 4)


def late(order_id: str) -> int:
    """Nights, 1 to 3, by which a line is told back too late."""
    return 1 + zlib.crc32(order_id.encode()) % 3


def prompt(order_id: str) -> int:
    """No night too late."""
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one JSON line; exit 1 if orders differ, or a unit on its way was not counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=90)
    parser.add_argument("--late-nights", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--smoke", action="store_true")
    asked = parser.parse_args(arguments)
    n_nights, n_late = (3, 3) if asked.smoke else (asked.nights, asked.late_nights)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start, last = folder / "chain", pd.Timestamp("2025-11-05")
        n_days = 120 + max(n_nights, n_late)
        demo = ["demo", str(start), "--skus", "9", "--stores", "4", "--days", str(n_days)]
        if in_child(lambda: command(demo)) != 0:
            raise RuntimeError("the demo chain was not written")
        settings = start / "chain.toml"
        settings.write_text(settings.read_text("utf-8") + SETTINGS, "utf-8")
        load_what_is_needed(["replenish", str(start), "--runs", str(folder / "first")], folder / "modules.txt")
        days = pd.date_range(end=last, periods=max(n_nights, n_late))
        live = partial(begun_life, start, first=days[0])
        faults = Faults(random.Random(asked.seed), folder / "said.txt")
        undisturbed = list(nights_of(live(folder / "a"), days, delay=prompt))
        disturbed = list(nights_of(live(folder / "b"), days[:n_nights], delay=prompt, faults=faults))
        waited = list(nights_of(live(folder / "c"), days[:n_late], delay=late))
    lost = sum(night.forgotten for night in (*undisturbed, *waited))
    ids = [name for night in waited for name in night.ids]
    found = {
        "benchmark": "unattended_nights",
        "nights": n_nights,
        "different_nights": sum(a.orders != b.orders for a, b in zip(undisturbed, disturbed, strict=False)),
        "n_faults": faults.n,
        "faults_with_effect": faults.n_with_effect,
        "late_nights": n_late,
        "forgotten": lost,
        "extra": [sum(night.extra for night in life) for life in (undisturbed[:n_late], waited)],
        "double_lines": len(ids) - len(set(ids)),
        "units_prompt": sum(night.units for night in undisturbed[:n_late]),
        "units_late": sum(night.units for night in waited),
    }
    print(json.dumps(found))
    return int(bool(found["different_nights"] or lost or found["double_lines"]))


if __name__ == "__main__":
    raise SystemExit(main())
