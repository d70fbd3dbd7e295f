"""What signals are worth: forecasts with them against the same pipeline without, at the same rolling origins.

On public data (`DATA`, a folder with rossmann, breakfast or cainiao in it, or one of these) every family is told alone
and all together: WAPE improvement with a 90% block-bootstrap interval and the gate's verdict by category, then what an
open gate would have done, and that against a placebo. By default Rossmann has 40 stores, six origins and 28 days ahead,
Breakfast twelve weekly series, eight origins and four weeks, Cainiao all items and 14 days (`--series`, `--origins`).

On simulated chains (`--seeds N`) forecasts are scored against latent demand, on the driven slice (SKU-days whose true
signal effect exceeds 10% of base demand) and elsewhere. One forecaster is fitted before the first origin with the
signals and one with an empty signals table; each serves all origins, as a nightly job would.

    python benchmarks/signal_value.py DATA [--part rossmann]
    python benchmarks/signal_value.py --seeds 10 [--skus 45 --stores 10 --history 420]
    python benchmarks/signal_value.py --smoke
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1]))
sys.path.append(str(Path(__file__).resolve().parents[1] / "examples"))

from _signal_parts import DEFAULT_SIZE, PARTS, Size, part_value
from _signal_smoke import MADE_UP
from _signal_world import WorldCase, ablation, summary

from forecasting.config import ForecastConfig

SMOKE_SIZE = {"rossmann": Size(3, 2, 7), "breakfast": Size(0, 2, 7), "cainiao": Size(0, 1, 14)}
SMOKE_WORLD = {"seeds": 1, "skus": 9, "stores": 4, "history": 150, "horizon": 7, "origins": 2}
WORLD_ORIGINS = 7
# Rows of the global model on public data, so that every arm is fitted in seconds.
TRAINING_ROWS = 25_000


def simulated(a: argparse.Namespace) -> dict[str, object]:
    """Figures of the simulated chains."""
    parts = []
    for seed in range(a.first_seed, a.first_seed + a.seeds):
        n_origins = a.origins or WORLD_ORIGINS
        case = WorldCase(
            a.skus, a.stores, a.history, seed=seed, horizon=a.horizon, n_origins=n_origins, threads=a.threads
        )
        parts.append(ablation(case))
        print(f"seed {seed}: {json.dumps(summary(parts[-1:]))}", file=sys.stderr, flush=True)
    return summary(parts)


def public(a: argparse.Namespace) -> dict[str, object]:
    """Figures of the public data sets by name."""
    result: dict[str, object] = {}
    for name in [a.part] if a.part else PARTS:
        size = DEFAULT_SIZE[name]
        size = dataclasses.replace(
            size,
            n_series=size.n_series if a.series is None else a.series,
            n_origins=a.origins or size.n_origins,
        )
        folder = a.data / name if (a.data / name).is_dir() else a.data
        result[name] = part_value(
            name, folder, size, ForecastConfig(threads=a.threads, n_origins=2, max_training_rows=TRAINING_ROWS)
        )
        print(json.dumps(result[name]), file=sys.stderr, flush=True)
    return result


def smoke() -> dict[str, object]:
    """Every part on tiny made-up files."""
    config = ForecastConfig(threads=1, n_origins=2, max_rounds=20, max_training_rows=4_000)
    result: dict[str, object] = {}
    for name in PARTS:
        with tempfile.TemporaryDirectory() as scratch:
            MADE_UP[name](Path(scratch))
            result[name] = part_value(name, Path(scratch), SMOKE_SIZE[name], config)
    return result


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """Options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="folder with the public files")
    parser.add_argument("--part", choices=PARTS, help="only this data set")
    parser.add_argument("--series", type=int, help="stores of Rossmann or items of Cainiao; 0 = all")
    parser.add_argument("--seeds", type=int, default=0, help="simulated chains")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--skus", type=int, default=45)
    parser.add_argument("--stores", type=int, default=10)
    parser.add_argument("--history", type=int, default=420)
    parser.add_argument("--horizon", type=int, default=28, help="of the simulated chains")
    parser.add_argument("--origins", type=int, default=0, help="rolling origins; 0 = the default of each part")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--smoke", action="store_true", help="one tiny chain, and tiny made-up files of every part")
    options = parser.parse_args(arguments)
    if not (options.data or options.seeds or options.smoke):
        parser.error("give DATA, --seeds or --smoke")
    return options


def main(arguments: list[str] | None = None) -> None:
    """Run what was asked and print one JSON line."""
    options, began = parsed(arguments), time.perf_counter()
    result: dict[str, object] = {}
    if options.smoke:
        vars(options).update(SMOKE_WORLD, threads=1)
        result |= {"sets": smoke()}
    elif options.data:
        result |= {"sets": public(options)}
    if options.seeds:
        result |= simulated(options)
    print(json.dumps({**result, "seconds": round(time.perf_counter() - began, 1)}))


if __name__ == "__main__":
    main()
