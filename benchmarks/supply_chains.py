"""Safety stock of multi-stage chains by guaranteed service times, against published costs; prints one JSON line.

The folder holds one text file a chain: a header, then stage_id, lead_time, max_s_time, cost or cost_rate (what the
stage adds), risk_pool, ext_demand_mean, ext_demand_std, ext_demand_thres, and the suppliers with their units. A good is
worth its own cost and that of all its inputs. Published costs are those of Graves and Willems (2000, 2003) and of the
chains that Willems (2008) shares. They hold a yearly holding rate that the files do not give. Ours is given at a
rate of 1, and compared at the rate in `KNOWN`; where that is none, the published cost fits no round rate, and its chain
was not quite the one in the file.

    python benchmarks/supply_chains.py FOLDER
    python benchmarks/supply_chains.py --smoke
"""

import argparse
import csv
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from optimization.textbook.guaranteed_service import (
    NO_LIMIT,
    ServiceNetwork,
    pooled_demand_bound,
    suppliers_first,
)
from optimization.textbook.service_times import guaranteed_service_times


@dataclass(frozen=True)
class Known:
    """What is published of a chain: its number among Willems's 38, and the holding rate."""

    number: int | None
    rate: float | None


KNOWN = {
    "battery": Known(None, 0.25),
    "bulldozer": Known(None, 0.30),
    "chemicals": Known(1, 0.20),
    "semiconductors": Known(2, None),
    "toys": Known(4, 0.20),
    "food": Known(5, None),
    "cutlery": Known(6, 0.20),
}


@dataclass(frozen=True)
class Stage:
    """One row of a chain's file."""

    name: str
    lead_time: int
    max_service_time: int
    cost: float
    sd: float
    factor: float
    suppliers: tuple[tuple[str, float], ...]


def read_chain(path: Path) -> list[Stage]:
    """Read the stages of a chain; a demand without figures is 0, a time without limit `NO_LIMIT`."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if row and row[0]]
    return [stage_of(row) for row in rows[1:]]


def stage_of(row: list[str]) -> Stage:
    """One stage; demands must pool as independent ones, the exponent 2."""
    if row[4] not in {"", "2"}:
        raise ValueError(f"stage {row[0]}: risk_pool {row[4]} is not 2")
    inputs = [cell for cell in row[8:] if cell]
    return Stage(
        name=row[0],
        lead_time=int(row[1]),
        max_service_time=int(row[2]) if row[2] else NO_LIMIT,
        cost=float(row[3]),
        sd=float(row[6] or 0.0),
        factor=float(row[7] or 0.0) if len(row) > 7 else 0.0,
        suppliers=tuple(zip(inputs[::2], map(float, inputs[1::2]), strict=True)),
    )


def network_of(stages: list[Stage], *, is_cost_added: bool = True) -> ServiceNetwork:
    """Build the network; holding cost is the value of a stage's good, or only what the stage adds."""
    row = {stage.name: index for index, stage in enumerate(stages)}
    links = [(row[name], row[stage.name], units) for stage in stages for name, units in stage.suppliers]
    arcs = np.array([link[:2] for link in links], dtype=np.int64).reshape(-1, 2)
    units = np.array([link[2] for link in links])
    value = np.array([stage.cost for stage in stages])
    for index in suppliers_first(len(stages), arcs) if is_cost_added else []:
        outward = arcs[:, 0] == index
        np.add.at(value, arcs[outward, 1], units[outward] * value[index])
    sd, factor = np.array([[stage.sd, stage.factor] for stage in stages]).T
    return ServiceNetwork(
        processing_time=np.array([stage.lead_time for stage in stages]),
        holding_cost=value,
        demand_bound=pooled_demand_bound(sd, arcs, factor=factor, units=units),
        arcs=arcs,
        max_service_time=np.array([stage.max_service_time for stage in stages]),
        inbound_time=np.zeros(len(stages), dtype=np.int64),
    )


def solved(network: ServiceNetwork) -> dict[str, object]:
    """Cost at a holding rate of 1, its proof, and what it costs when every stage promises to wait for nothing."""
    began = time.perf_counter()
    plan = guaranteed_service_times(network)
    return {
        "stages": network.n_stages,
        "arcs": len(network.arcs),
        "cost": round(plan.cost, 2),
        "bound": round(plan.bound, 2),
        "is_proven": plan.bound >= plan.cost * (1 - 1e-9),
        "stock_everywhere": round(network.cost(np.zeros(network.n_stages, dtype=np.int64)), 2),
        "trees": plan.n_trees,
        "seconds": round(time.perf_counter() - began, 3),
    }


def compared(result: dict[str, object], published: float | None, rate: float | None) -> dict[str, object]:
    """Add the published cost, the holding rate at which both would be alike, and the ratio at the known rate."""
    if published is None:
        return result | {"published": None}
    cost = float(str(result["cost"]))
    alike = {"published": round(published, 2), "rate_if_alike": round(published / cost, 5)}
    return result | alike | {"rate": rate, "ratio": None if rate is None else round(cost * rate / published, 5)}


def given_times(path: Path, stages: list[Stage], network: ServiceNetwork) -> tuple[float, float] | None:
    """Cost of given service times, at a rate of 1 and as the file sums it; none without a file."""
    if not path.is_file():
        return None
    given = dict(json.loads(path.read_text("utf-8")))
    times = np.array([int(given[stage.name]["s"]) for stage in stages])
    return network.cost(times), float(sum(value["cost"] for value in given.values()))


def chain_report(folder: Path, name: str) -> dict[str, object]:
    """Solve one chain and compare it with what the folder knows of it."""
    stages = read_chain(folder / f"{name}.txt")
    network = network_of(stages)
    given = given_times(folder / f"{name}_solution.json", stages, network)
    known = KNOWN.get(name)
    published = given[1] if given else None
    if known is not None and known.number is not None:
        published = published_costs(folder).get(known.number)
    result = compared(solved(network), published, known.rate if known else None)
    if given:
        result["given_times_cost"] = round(given[0], 2)
    return result


def reference_report(folder: Path) -> dict[str, object]:
    """The bulldozer again, each stage's stock valued at what it adds, against reference_solution.json."""
    reference = json.loads((folder / "reference_solution.json").read_text("utf-8"))
    network = network_of(read_chain(folder / "bulldozer.txt"), is_cost_added=False)
    return compared(solved(network), float(reference["cost"]), 0.30)


def published_costs(folder: Path) -> dict[int, float]:
    """Published cost by number of the chain."""
    path = folder / "willems38_published_safety_stock_cost.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {int(row["instance"]): float(row["obj_value"]) for row in csv.DictReader(file)}


def made_up_data(folder: Path) -> None:
    """Write a chain of two suppliers, two makers and a shop that needs both, so that there is a loop."""
    header = "stage_id,lead_time,max_s_time,cost,risk_pool,ext_demand_mean,ext_demand_std,ext_demand_thres,up_stages"
    rows = ["A,6,,1,2,,,", "B,4,,2,2,,,", "M,2,,3,2,,,,A,1,B,1", "N,3,,1,2,,,,B,1"]
    rows += ["Shop,1,0,1,,9,3,1.645,M,1,N,1", "Kiosk,1,2,1,,9,2,1.645,N,1"]
    (folder / "made_up.txt").write_text("\n".join([header, *rows]) + "\n", "utf-8")


def main() -> None:
    """Report every chain of the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="folder of the chains")
    parser.add_argument("--smoke", action="store_true", help="one made-up chain, no data")
    args = parser.parse_args()
    if args.folder is None and not args.smoke:
        parser.error("name the folder of the chains, or --smoke")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if args.smoke else args.folder
        if args.smoke:
            made_up_data(folder)
        chains = {path.stem: chain_report(folder, path.stem) for path in sorted(folder.glob("*.txt"))}
        if (folder / "reference_solution.json").is_file():
            chains["bulldozer_own_cost"] = reference_report(folder)
    for name, result in chains.items():
        print(name, result, file=sys.stderr)
    ratios = [float(str(r["ratio"])) for r in chains.values() if r.get("ratio") is not None]
    print(json.dumps({
        "n_chains": len(chains), "n_proven": sum(bool(r["is_proven"]) for r in chains.values()),
        "n_compared": len(ratios), "worst_ratio": max(ratios, default=None), "chains": chains,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
