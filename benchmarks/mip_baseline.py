"""The truck-heavy instance given whole to general solvers: HiGHS and CP-SAT, each for the same seconds as wished.

One variable a lane, SKU and day for the cases sent so far, one for its cost, one a lane and day for trucks; every cost
row is convex, so its secants between whole cases are rows of the program. Prints one JSON line: objective, the solver's
bound, gap and seconds of each, beside the truck program of `plan_gap.py`; a null is a solver without a plan in time.

    python benchmarks/mip_baseline.py INSTANCE [--seconds 300] [--threads 2]
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

sys.path.insert(0, str(Path(__file__).parent))

from _truck_instance import Instance, lane_costs, lane_trucks, read_instance, small_instance

from optimization.trucks.problem import LaneCosts
from optimization.trucks.program import plan_trucks

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# CP-SAT counts in whole numbers: this many to a unit of money and to a truck of room.
MONEY_STEPS, ROOM_STEPS = 1_000, 1_000_000


@dataclass(frozen=True, eq=False)
class Program:
    """minimise cost @ x subject to low <= rows @ x <= high, 0 <= x <= most; the first `n_whole` variables are whole."""

    cost: Floats
    rows: csr_matrix
    high: Floats
    most: Floats
    low: Floats
    n_whole: int


def whole_program(instance: Instance, lanes: list[LaneCosts]) -> Program:
    """Write the instance as one program: cases sent so far, trucks, then the costs of each point and day."""
    n_lanes, (n_skus, horizon) = len(lanes), lanes[0].cost.shape[:2]
    n_points = n_lanes * n_skus * horizon
    n_trucks = n_lanes * horizon
    sent = np.arange(n_points).reshape(n_lanes, n_skus, horizon)
    trucks = n_points + np.arange(n_trucks).reshape(n_lanes, horizon)
    charge = n_points + n_trucks + sent
    rows = Rows()
    for lane, costs in enumerate(lanes):
        steps = np.diff(costs.cost, axis=2)
        lots = np.arange(steps.shape[2])
        for sku in range(n_skus):
            for day in range(horizon):
                # cost(q) + step (s - q) <= charge: the secant of every step that is not the same line again.
                differs = np.append(True, np.abs(np.diff(steps[sku, day])) > 1e-9)
                for lot in lots[differs]:
                    slope = steps[sku, day, lot]
                    offset = costs.cost[sku, day, lot] - slope * lot
                    rows.add([(sent[lane, sku, day], slope), (charge[lane, sku, day], -1.0)], high=-offset)
                if day:
                    rows.add([(sent[lane, sku, day - 1], 1.0), (sent[lane, sku, day], -1.0)], high=0.0)
        for day in range(horizon):
            terms = [(trucks[lane, day], -1.0)]
            for sku in range(n_skus):
                terms.append((sent[lane, sku, day], float(costs.size[sku, 0])))
                if day:
                    terms.append((sent[lane, sku, day - 1], -float(costs.size[sku, 0])))
            rows.add(terms, high=0.0)
    lead = instance.lanes["lead_time_days"].to_numpy()
    for day, limit in enumerate(instance.docks):
        terms = [(trucks[lane, day + lead[lane]], 1.0) for lane in range(n_lanes) if day + lead[lane] < horizon]
        rows.add(terms, high=float(limit))
    most = np.full(2 * n_points + n_trucks, np.inf)
    first_days = np.arange(horizon) < lead[:, None]
    most[trucks] = np.where(first_days, 0, instance.lanes["max_trucks"].to_numpy()[:, None])
    for lane, costs in enumerate(lanes):
        most[sent[lane]] = costs.cost.shape[2] - 1
    low = np.zeros_like(most)
    cost = np.zeros_like(most)
    cost[trucks] = instance.lanes["truck_cost"].to_numpy()[:, None]
    cost[charge] = 1.0
    return Program(cost, rows.matrix(most.size), np.array(rows.high), most, low, n_points + n_trucks)


class Rows:
    """Rows of a sparse program, one after the other."""

    def __init__(self) -> None:
        self.high: list[float] = []
        self._entries: tuple[list[int], list[int], list[float]] = ([], [], [])

    def add(self, terms: list[tuple[int, float]], *, high: float) -> None:
        """Add sum of factor * variable <= high."""
        for column, factor in terms:
            self._entries[0].append(len(self.high))
            self._entries[1].append(int(column))
            self._entries[2].append(float(factor))
        self.high.append(high)

    def matrix(self, n_columns: int) -> csr_matrix:
        """All rows."""
        row, column, factor = self._entries
        return csr_matrix((factor, (row, column)), shape=(len(self.high), n_columns))


def by_highs(program: Program, seconds: float) -> dict[str, float | None]:
    """Solve with HiGHS (through scipy)."""
    began = time.perf_counter()
    integrality = np.zeros(program.cost.size, dtype=np.int64)
    integrality[: program.n_whole] = 1
    result = milp(
        program.cost,
        constraints=LinearConstraint(program.rows, -np.inf, program.high),
        bounds=Bounds(program.low, program.most),
        integrality=integrality,
        options={"time_limit": seconds},
    )
    objective = None if result.x is None else float(result.fun or 0.0)
    return told(objective, result.mip_dual_bound, time.perf_counter() - began)


def by_cp_sat(program: Program, seconds: float, threads: int) -> dict[str, float | None]:
    """Solve with CP-SAT; costs and room are rounded to whole steps, so its bound is of the rounded program."""
    from ortools.sat.python import cp_model

    began = time.perf_counter()
    model = cp_model.CpModel()
    most = np.where(np.isfinite(program.most), program.most, 10.0 * MONEY_STEPS * 1_000)
    names = [model.new_int_var(0, int(value), "") for value in most]
    rows = program.rows
    for index in range(rows.shape[0]):
        part = slice(rows.indptr[index], rows.indptr[index + 1])
        columns, factors = rows.indices[part], rows.data[part]
        is_money = (columns >= program.n_whole).any()
        scale = MONEY_STEPS if is_money else ROOM_STEPS
        # Costs are variables in steps already, so their factor stays as it is.
        whole = [round(f if c >= program.n_whole else f * scale) for c, f in zip(columns, factors, strict=True)]
        bound = int(np.floor(program.high[index] * scale))
        model.add(sum(w * names[c] for w, c in zip(whole, columns, strict=True)) <= bound)
    scaled = np.where(np.arange(most.size) >= program.n_whole, 1, np.round(program.cost * MONEY_STEPS)).astype(int)
    model.minimize(sum(int(factor) * name for factor, name in zip(scaled, names, strict=True) if factor))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(seconds - (time.perf_counter() - began), 1.0)
    solver.parameters.num_workers = threads
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    objective = solver.objective_value / MONEY_STEPS if found else None
    return told(objective, solver.best_objective_bound / MONEY_STEPS, time.perf_counter() - began)


def told(objective: float | None, bound: float | None, seconds: float) -> dict[str, float | None]:
    """One solver's figures."""
    known = objective is not None and bound is not None and np.isfinite(bound)
    gap = (objective - bound) / objective if known and objective and bound is not None else None
    return {
        "objective": None if objective is None else round(objective, 2),
        "bound": None if bound is None or not np.isfinite(bound) else round(bound, 2),
        "gap": None if gap is None else round(gap, 5),
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Run all three and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instance", type=Path, nargs="?")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--smoke", action="store_true", help="a small drawn instance for a few seconds")
    a = parser.parse_args()
    instance = small_instance() if a.smoke else read_instance(a.instance)
    seconds, threads = (3.0, 1) if a.smoke else (a.seconds, a.threads)
    packs = instance.skus["case_pack"].to_numpy(dtype=np.int64)
    began = time.perf_counter()
    lanes = [lane_costs(instance, lane, lots=packs) for lane in range(len(instance.lanes))]
    tables = time.perf_counter() - began
    plan = plan_trucks(lanes, lane_trucks(instance))
    ours = told(plan.objective, plan.bound, time.perf_counter() - began)
    program = whole_program(instance, lanes)
    print(json.dumps({
        "columns": program.cost.size,
        "rows": program.rows.shape[0],
        "seconds_for_tables": round(tables, 1),
        "tierflow": ours,
        "highs": by_highs(program, seconds),
        "cp_sat": by_cp_sat(program, seconds, threads),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
