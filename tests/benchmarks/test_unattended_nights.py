"""Some nights in a row, undisturbed, with faults, and with a feed that is late: a part of the benchmark."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd

from benchmarks.unattended_nights import Life, late

ROOT = Path(__file__).resolve().parents[2]


def test_what_was_ordered_ships_arrives_and_is_told_back_late(tmp_path: Path) -> None:
    days = pd.date_range("2025-11-01", periods=6)
    sold = pd.Series({(days[2], "A", "S1"): 4})
    past = (pd.DataFrame({"order_id": []}), pd.DataFrame({"order_id": []}))
    life = Life(tmp_path, {("A", "C1"): 20, ("A", "S1"): 3}, sold, past)
    line = {"order_id": "x", "origin": "C1", "destination": "S1", "sku": "A", "quantity": 12}
    life.order(pd.DataFrame([{**line, "ship_date": days[1], "due_date": days[2]}]), days[0], delay=lambda _: 2)
    assert life.on_the_way(days[1]).to_dict() == {("A", "S1"): 12}
    life.begin_day(days[1])
    assert life.on_hand == {("A", "C1"): 8, ("A", "S1"): 3}
    life.begin_day(days[2])  # 3 + 12 - 4
    assert life.on_hand == {("A", "C1"): 8, ("A", "S1"): 11}
    assert life.on_the_way(days[2]).empty
    life.write(days[2])
    assert len(pd.read_csv(tmp_path / "open_orders.csv")) == 0
    life.write(days[3])  # ordered on the 1st, told by the next night and 2 nights more
    told = pd.read_csv(tmp_path / "open_orders.csv")
    assert told[["order_id", "external_ref", "status"]].to_numpy().tolist() == [["ERP-x", "x", "closed"]]
    assert pd.read_csv(tmp_path / "receipts.csv")["quantity"].tolist() == [12]
    assert {late(str(i)) for i in range(50)} == {1, 2, 3}


def test_faults_change_no_order_and_a_late_feed_orders_nothing_twice() -> None:
    # In a process of its own: it forks, which a process with threads must not.
    words = [sys.executable, str(ROOT / "benchmarks" / "unattended_nights.py"), "--smoke"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert done.returncode == 0, found
    assert (found["different_nights"], found["forgotten"], found["double_lines"]) == (0, 0, 0)
    assert found["units_prompt"] > 0
