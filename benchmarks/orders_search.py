"""How fast the cockpit finds, sorts, sums and refreshes 100,000 order lines: milliseconds, best and slowest of ten."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from cockpit.pages.order_table import Grouping, OrderQuery, OrderTable, order_table

N_LINES, N_SMOKE = 100_000, 2_000
N_TIMES = 10


def made_orders(n: int) -> pd.DataFrame:
    """Lines of a large chain: 5,000 SKUs, 500 places, six in ten of them transfers."""
    rng = np.random.default_rng(1)
    kinds = rng.choice(["transfer", "purchase", "emergency", "transshipment"], n, p=[0.6, 0.2, 0.1, 0.1])
    quantity = rng.integers(1, 200, n)
    places = np.array([f"ST-{i:04d}" for i in range(500)])
    due = pd.Timestamp("2025-01-02") + pd.to_timedelta(rng.integers(0, 9, n), unit="D")
    return pd.DataFrame({
        "order_id": [f"TR-{i:012x}" for i in range(n)], "kind": kinds, "status": "proposed", "action": "new",
        "sku": np.array([f"SKU-{i:05d}" for i in range(5_000)])[rng.integers(0, 5_000, n)],
        "origin": places[rng.integers(0, 20, n)], "destination": places[rng.integers(0, 500, n)],
        "load_id": [f"L{i}" for i in rng.integers(0, 900, n)], "barcode": "6900000000000",
        "reason": "runs out Thursday 6 Nov, promotion from Friday 7 Nov, 6 days' cover after",
        "quantity": quantity, "value": quantity * 3.5, "unit_cost": 3.5, "net_benefit": rng.normal(50, 80, n),
        "priority": np.arange(1, n + 1), "due_date": due, "ship_date": due, "cover_before": rng.gamma(2, 3, n),
        "version": 1,
    })  # fmt: skip


def milliseconds(act: Callable[[], object]) -> dict[str, float]:
    """Time an act ten times."""
    spent = []
    for _ in range(N_TIMES):
        start = time.perf_counter()
        act()
        spent.append(1000 * (time.perf_counter() - start))
    return {"best": round(min(spent), 1), "slowest": round(max(spent), 1)}


def measured(n: int) -> dict[str, object]:
    """Return what each question costs on `n` lines."""
    orders = made_orders(n)
    exceptions = pd.DataFrame({"rank": [1], "kind": ["slow mover"], "sku": ["SKU-00001"], "location": ["ST-0001"],
                               "money": [1.0]})  # fmt: skip
    start = time.perf_counter()
    table: OrderTable = order_table(orders, exceptions)
    prepared = 1000 * (time.perf_counter() - start)
    changed = table.lines.assign(state=np.where(np.arange(n) % 2, "approved", "proposed"))
    queries = {
        "all_by_priority": OrderQuery(),
        "all_by_value": OrderQuery(sort="value", is_descending=True),
        "search": OrderQuery(search="sku-00042 st-0003"),
        "filter": OrderQuery(wanted=(("kind", "emergency"), ("state", "proposed")), sort="due_date"),
    }
    times: dict[str, object] = {name: milliseconds(lambda q=query: table.find(q)) for name, query in queries.items()}
    times["sum_by_lane"] = milliseconds(lambda: table.group(OrderQuery(), Grouping.LANE))
    times["refresh"] = milliseconds(lambda: table.with_standing(changed))
    return {"benchmark": "orders_search", "n_lines": n, "prepare_ms": round(prepared, 1), "milliseconds": times}


def main() -> None:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a small table")
    arguments = parser.parse_args()
    print(json.dumps(measured(N_SMOKE if arguments.smoke else N_LINES)))


if __name__ == "__main__":
    main()
