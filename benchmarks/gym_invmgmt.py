"""Our planner as an agent in the 22 main scenarios of gym-invmgmt; prints one JSON line.

The package's environment runs in an environment of its own, made once, and speaks over a pipe: it tells the network,
the declared mean of demand and, period by period, what an agent may see. Ours plans the periods left as a convex
min-cost flow (`benchmarks/_gym_agent.py`), orders the first period's moves and plans again. Scenarios and seeds are
those of the published benchmark; gaps are to its published oracle, in per cent of its profit. What ours knows is what
the published informed agents (`*_I`) know.

    python benchmarks/gym_invmgmt.py FOLDER [--m5 FILE] [--seeds 10] [--only TEXT] [--development]
    python benchmarks/gym_invmgmt.py --smoke

FOLDER holds published_results.csv. Two scenarios need thirty days of M5, which the package does not ship: FILE is the
competition's sales_train_evaluation.csv, from which the package chooses the window by its own rule, or the published
benchmark's m5_window_metadata.json; either may also lie in FOLDER. Without it they are left out, and said to be.
"""

import argparse
import csv
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1]))

from _gym_agent import Chain, Demand, State, Style, orders
from _own_environment import own_python

REQUIREMENTS = ("gym-invmgmt==0.2.1",)
SIDE = Path(__file__).with_name("_gym_invmgmt_side.py")
SEEDS = (42, 123, 456, 789, 1011, 2022, 3033, 4044, 5055, 6066)
# Seeds that the published benchmark does not use: everything tunable was chosen on these.
DEVELOPMENT_SEEDS = (7, 17, 27, 37, 47, 57)
N_PERIODS = 30
MEAN = 20.0
M5_FILES = ("m5_window_metadata.json", "sales_train_evaluation.csv")
# What a smoke run plays and compares with, as published.
SMOKE_KEY, SMOKE_ORACLE = "B_PaperReplication|serial|stationary|GW:False|BL:True|MARL:False", 1023.938
NETWORKS = ("base", "serial")
EFFECTS = {"trend+seasonal": ["trend", "seasonal"], "trend+seasonal+shock": ["trend", "seasonal", "shock"]}


class Side:
    """The environment's process; answers one request at a time."""

    def __init__(self, python: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        # -P: this script's folder must not come first, or the package's name would mean this file.
        self._process = subprocess.Popen(
            [str(python), "-P", str(SIDE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def __enter__(self) -> "Side":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def ask(self, request: dict[str, Any]) -> Any:
        """Send one request and read the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the environment's process ended; what it said is above")
        return json.loads(answer)


def scenarios(window: list[float] | None) -> dict[str, dict[str, Any]]:
    """Build the environments of the main scenarios by the published key; the M5 ones only with their window."""
    found = {}
    for network, (name, effects), goodwill, backlog in itertools.product(
        NETWORKS, EFFECTS.items(), (False, True), (False, True)
    ):
        demand = {"type": "combined_chaos", "effects": effects, "base_mu": 20, "use_goodwill": goodwill}
        key = f"A_Core|{network}|{name}|GW:{goodwill}|BL:{backlog}|MARL:False"
        found[key] = environment(network, demand, backlog=backlog)
    for network, backlog in itertools.product(NETWORKS, (False, True)):
        demand = {"type": "stationary", "base_mu": 20, "use_goodwill": False}
        key = f"B_PaperReplication|{network}|stationary|GW:False|BL:{backlog}|MARL:False"
        found[key] = environment(network, demand, backlog=backlog)
    for network in NETWORKS if window is not None else ():
        demand = {"type": "stationary", "base_mu": float(np.mean(window or ())), "use_goodwill": False}
        demand |= {"external_series": window, "noise_scale": 0.0}
        key = f"D_WalmartM5|{network}|M5_volatile|GW:False|BL:True|MARL:False"
        found[key] = environment(network, demand, backlog=True)
    return found


def environment(network: str, demand: dict[str, Any], *, backlog: bool) -> dict[str, Any]:
    """Arguments of the package's environment."""
    scenario = {"base": "network", "serial": "serial"}[network]
    return {"scenario": scenario, "demand_config": demand, "num_periods": N_PERIODS, "backlog": backlog}


def m5_file(folder: Path | None, named: Path | None) -> Path | None:
    """Where the M5 window can be had: as named, or in the folder."""
    beside = [] if folder is None else [folder / name for name in M5_FILES if (folder / name).is_file()]
    return named or next(iter(beside), None)


def m5_window(side: Side, path: Path | None) -> list[float] | None:
    """Thirty days of M5 scaled to a mean of 20."""
    if path is None:
        return None
    if path.suffix == ".csv":
        return list(side.ask({"window": str(path)}))
    raw = np.array(json.loads(path.read_text("utf-8"))["raw_series"], dtype=float)
    scaled: list[float] = (raw * MEAN / raw.mean()).tolist()
    return scaled


def played(side: Side, settings: dict[str, Any], *, seed: int, style: Style) -> float:
    """Play one episode and return its profit."""
    told = side.ask({"open": settings, "seed": seed})
    chain = Chain.of(told["chain"], is_backlog=settings["backlog"])
    random = np.random.default_rng([seed, 1])
    seen = told["seen"]
    while not seen["is_over"]:
        state, demand = state_of(seen, told["demand"], chain)
        order = orders(chain, state, demand, style=style, random=random)
        seen = side.ask({"order": order.tolist()})["seen"]
    return float(seen["profit"])


def result_of(
    side: Side, settings: dict[str, Any], *, oracle: float, seeds: tuple[int, ...], style: Style
) -> dict[str, float]:
    """Mean profit over the seeds, and its gap to the published oracle."""
    began = time.perf_counter()
    ours = statistics.mean(played(side, settings, seed=seed, style=style) for seed in seeds)
    return {
        "profit": round(ours, 2),
        "oracle": round(oracle, 2),
        "gap_pct": round(100.0 * (oracle - ours) / abs(oracle), 2),
        "seconds": round(time.perf_counter() - began, 1),
    }


def state_of(seen: dict[str, Any], declared: dict[str, Any], chain: Chain) -> tuple[State, Demand]:
    """Turn an observation into the agent's terms; reputation moves before the period's demand, by what is short now."""
    mean = np.array(declared["mean"][seen["period"] :])
    pipeline = np.zeros((chain.holding.size, mean.size))
    for lane, arrivals in enumerate(seen["arrivals"]):
        n = min(len(arrivals), mean.size)
        pipeline[chain.destination[lane], :n] += arrivals[:n]
    reputation = float(seen["reputation"])
    goodwill = None if declared["goodwill"] is None else tuple(declared["goodwill"])
    if goodwill is not None and seen["period"] > 0:
        growth, decay, floor, cap = goodwill
        reputation = min(max(reputation * (decay if seen["backlog"] > 0 else growth), floor), cap)
    waiting = float(seen["backlog"]) if chain.is_backlog else 0.0
    return State(np.array(seen["stock"]), pipeline, waiting, reputation), Demand(mean, declared["noise"], goodwill)


def published(folder: Path) -> dict[str, dict[str, float]]:
    """Published profit of the oracle and gaps of the agents, by scenario; an agent missing there is left out."""
    with (folder / "published_results.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["MARL"] == "False"]
    return {
        row["ScenarioKey"]: {"Oracle_Profit": float(row["Oracle_Profit"])}
        | {name: float(value) for name, value in row.items() if name.endswith("_OptGap_Pct") and value}
        for row in rows
    }


def report(results: dict[str, dict[str, float]], known: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Medians over the scenarios played, of ours and of the published agents."""
    names = sorted({name for key in results for name in known[key]} - {"Oracle_Profit", "Oracle_OptGap_Pct"})
    medians = {
        name.removesuffix("_OptGap_Pct"): round(
            statistics.median(known[key][name] for key in results if name in known[key]), 2
        )
        for name in names
    }
    return {
        "median_gap_pct": round(statistics.median([result["gap_pct"] for result in results.values()]), 2),
        "n_scenarios": len(results),
        "left_out": sorted(set(known) - set(results)),
        "published_median_gap_pct": dict(sorted(medians.items(), key=lambda item: item[1])),
        "scenarios": results,
    }


def main() -> None:
    """Play and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="folder of published_results.csv")
    parser.add_argument("--m5", type=Path, help="sales_train_evaluation.csv or m5_window_metadata.json")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="how many of the published seeds")
    parser.add_argument("--only", default="", help="scenarios whose key holds this text")
    parser.add_argument("--development", action="store_true", help="other seeds than the published ones")
    parser.add_argument("--style", default="{}", help="JSON of the agent's settings that differ")
    parser.add_argument("--smoke", action="store_true", help="one scenario and one seed, no data")
    args = parser.parse_args()
    if args.folder is None and not args.smoke:
        parser.error("name the folder of published_results.csv, or --smoke")
    style = Style(**json.loads(args.style))
    with Side(own_python(REQUIREMENTS)) as side:
        playable = scenarios(m5_window(side, m5_file(args.folder, args.m5)))
        known = {SMOKE_KEY: {"Oracle_Profit": SMOKE_ORACLE}} if args.smoke else published(args.folder)
        seeds = SEEDS[:1] if args.smoke else (DEVELOPMENT_SEEDS if args.development else SEEDS)[: args.seeds]
        results = {}
        for key in known:
            if key in playable and args.only in key:
                results[key] = result_of(
                    side, playable[key], oracle=known[key]["Oracle_Profit"], seeds=seeds, style=style
                )
                print(key, results[key], file=sys.stderr)
    print(json.dumps(report(results, known)))


if __name__ == "__main__":
    main()
