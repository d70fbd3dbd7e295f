"""The truck program on a truck-heavy instance: whole cases, docks kept, with its certified gap.

Reads the tables lanes, skus, points and days of INSTANCE, writes `shipments.csv` (lane, day, sku, cases) and
`trucks.csv` (lane, day, trucks) to the folder given, and prints one JSON line. `bound` is a lower bound of every plan
with whole cases; `gap_cases_relaxed` is the gap when lots are single units, against the bound of plans with cases in
any fraction; `violations` are counted from the plan's numbers, its cost recomputed. `pulled_forward_days` is the stock
that stands beside `truck_fill`: what goes before it is wanted, so that a truck is full.

    python benchmarks/plan_gap.py INSTANCE --out DIR
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

from _truck_instance import Instance, lane_costs, lane_trucks, read_instance, small_instance

from optimization.trucks.fill import load_cost
from optimization.trucks.problem import LaneCosts
from optimization.trucks.program import TruckPlan, plan_trucks

TOLERANCE = 1e-6


def main() -> None:
    """Plan the instance, write the plan and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instance", type=Path, nargs="?")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--no-relaxed", action="store_true", help="leave out the cases-relaxed gap")
    parser.add_argument("--smoke", action="store_true", help="six lanes of a small drawn instance")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        instance = small_instance() if a.smoke else read_instance(a.instance)
        result = measure(instance, a.out or Path(folder), is_relaxed=not a.no_relaxed)
    print(json.dumps(result))


def measure(instance: Instance, out: Path, *, is_relaxed: bool) -> dict[str, float | int | None]:
    """Plan with whole cases, then with single units, and gather the figures."""
    began = time.perf_counter()
    packs = instance.skus["case_pack"].to_numpy(dtype=np.int64)
    plan, lanes = planned(instance, packs)
    seconds = time.perf_counter() - began
    write_plan(instance, plan, out)
    trucks = lane_trucks(instance)
    relaxed = planned(instance, np.ones_like(packs))[0] if is_relaxed else None
    loads = [trucks.room(i, pattern).sum() for i, pattern in enumerate(plan.pattern)]
    filled = [(lots * lane.size[:, :1]).sum() for lots, lane in zip(plan.lots, lanes, strict=True)]
    return {
        "objective": round(plan.objective, 2),
        "bound": round(plan.bound, 2),
        "gap": round(plan.gap, 5),
        "gap_cases_relaxed": None if relaxed is None else round(relaxed.gap, 5),
        "seconds": round(seconds, 1),
        "seconds_with_relaxed": round(time.perf_counter() - began, 1),
        "violations": violations(instance, plan, lanes),
        "trucks": int(np.sum(loads)),
        "truck_fill": round(float(np.sum(filled) / max(np.sum(loads), 1)), 4),
        "pulled_forward_days": round(pulled_forward(instance, plan, lanes), 2),
    }


def pulled_forward(instance: Instance, plan: TruckPlan, lanes: list[LaneCosts]) -> float:
    """Stock beyond what each point would have if a truck cost nothing, mean of the days [days of mean demand]."""
    packs, volume = instance.skus["case_pack"].to_numpy(), instance.skus["volume_m3"].to_numpy()
    ahead = 0.0
    for lots, lane in zip(plan.lots, lanes, strict=True):
        wanted = np.maximum.accumulate(lane.cost.argmin(axis=2), axis=1)
        ahead += float((np.maximum(np.cumsum(lots, axis=1) - wanted, 0).sum(axis=1) * packs * volume).sum())
    demand = instance.points["demand_mean"].to_numpy().reshape(len(lanes), -1) @ volume
    return ahead / instance.horizon / float(demand.sum())


def planned(
    instance: Instance, lots: "np.ndarray[tuple[int], np.dtype[np.int64]]"
) -> tuple[TruckPlan, list[LaneCosts]]:
    """Plan the instance in lots of the given sizes."""
    lanes = [lane_costs(instance, lane, lots=lots) for lane in range(len(instance.lanes))]
    return plan_trucks(lanes, lane_trucks(instance)), lanes


def violations(instance: Instance, plan: TruckPlan, lanes: list[LaneCosts]) -> int:
    """Count broken rules, from the plan's numbers alone: room, trucks a day, docks, and the cost it claims."""
    trucks = lane_trucks(instance)
    number = np.stack([np.append(0, trucks.capacity[i])[pattern] for i, pattern in enumerate(plan.pattern)])
    volume = instance.skus["volume_m3"].to_numpy() * instance.skus["case_pack"].to_numpy()
    load = np.stack([(lots * volume[:, None]).sum(axis=0) for lots in plan.lots])
    room = number * instance.lanes["truck_volume_m3"].to_numpy()[:, None]
    broken = int((load > room + TOLERANCE).sum()) + int(
        (number > instance.lanes["max_trucks"].to_numpy()[:, None]).sum()
    )
    docks = np.zeros(instance.horizon)
    for row, lead in zip(number, instance.lanes["lead_time_days"], strict=True):
        docks[: instance.horizon - lead] += row[lead:]
    broken += int((docks > instance.docks).sum()) + int(sum((lots < 0).any() for lots in plan.lots))
    price = (number * instance.lanes["truck_cost"].to_numpy()[:, None]).sum()
    cost = price + sum(load_cost(lane, *load) for lane, *load in zip(lanes, plan.lots, plan.pattern > 0, strict=True))
    return broken + int(abs(cost - plan.objective) > TOLERANCE * abs(cost))


def write_plan(instance: Instance, plan: TruckPlan, out: Path) -> None:
    """Write the plan in the instance's form; the day is the one on which the truck leaves."""
    trucks = lane_trucks(instance)
    lead = instance.lanes["lead_time_days"].to_numpy()
    names, skus = instance.lanes["lane"].to_numpy(), instance.skus["sku"].to_numpy()
    shipped, driven = [], []
    for lane, (pattern, lots) in enumerate(zip(plan.pattern, plan.lots, strict=True)):
        for sku, day in zip(*np.nonzero(lots), strict=True):
            shipped.append((names[lane], day + 1 - lead[lane], skus[sku], lots[sku, day]))
        for day in np.flatnonzero(pattern):
            driven.append((names[lane], day + 1 - lead[lane], trucks.capacity[lane, pattern[day] - 1]))
    out.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(shipped, columns=["lane", "day", "sku", "cases"]).to_csv(out / "shipments.csv", index=False)
    pd.DataFrame(driven, columns=["lane", "day", "trucks"]).to_csv(out / "trucks.csv", index=False)


if __name__ == "__main__":
    main()
