"""How well the rate of a new SKU is foreseen, with the SKUs nearest in price and with its whole category.

Of the 1,000 M5 series a quarter of the SKUs is taken for new, their past blanked at all stores, at one of several
origins each; the sum of the 28 days after it is compared with the moving average a launch starts from. Prints one JSON
line, the last of stdout.

    python benchmarks/launch_rates.py DATA --draws 4
    python benchmarks/launch_rates.py --smoke
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _m5_smoke import made_up_data
from m5 import sample_snapshot

from forecasting.evidence import Evidence, build_evidence
from forecasting.features import origin_at
from forecasting.models.moving_average import MovingAverage
from forecasting.pretended import pretended_launches
from network.graph import build_network

Array = npt.NDArray[np.float64]

HORIZON = 28
N_ORIGINS = 4
GAP_DAYS = 28


def without_prices(evidence: Evidence) -> Evidence:
    """Evidence in which no SKU is nearer than another."""
    likeness = evidence.history.likeness
    blind = dataclasses.replace(likeness, nearness=sparse.csr_array(likeness.nearness.shape))
    return dataclasses.replace(evidence, history=dataclasses.replace(evidence.history, likeness=blind))


def launch_sums(evidence: Evidence, *, seed: int) -> tuple[Array, Array, Array]:
    """Return demand, the forecast with prices and the one without, summed over the horizon, one a launch [units]."""
    last = evidence.last_day - HORIZON
    origins = tuple(last - GAP_DAYS * back for back in range(N_ORIGINS))[::-1]
    pretended = pretended_launches(evidence, origins, seed=seed)
    rows: list[Array] = []
    for place, day in enumerate(origins):
        series = pretended.series[pretended.origin == place]
        days = slice(day + 1, day + 1 + HORIZON)
        parts = [evidence.panel.demand[series, days].astype(np.float64)]
        for known in (pretended.evidence, without_prices(pretended.evidence)):
            parts.append(MovingAverage().mean(known, origin_at(known, day, horizon=HORIZON), series, horizon=HORIZON))
        active = pretended.evidence.is_active[series, days] & ~np.isnan(parts[0])
        rows.append(np.stack([np.where(active, part, 0.0).sum(axis=1) for part in parts]))
    demand, near, plain = np.concatenate(rows, axis=1)
    return demand, near, plain


def scores(demand: Array, near: Array, plain: Array) -> dict[str, float]:
    """WAPE and bias of sums, with the SKUs nearest in price and with the category alone."""
    total = max(float(demand.sum()), 1e-9)
    found = {"n": float(demand.size)}
    for name, mean in (("near", near), ("category", plain)):
        found[f"wape_{name}"] = float(np.abs(mean - demand).sum()) / total
        found[f"bias_{name}"] = float(mean.sum()) / total - 1.0
    return found | {"gain": 1.0 - found["wape_near"] / max(found["wape_category"], 1e-9)}


def measured(folder: Path, last_day: int, *, draws: int) -> dict[str, float]:
    """Score the launches of several draws together."""
    snapshot, _ = sample_snapshot(folder, last_day, horizon=HORIZON)
    evidence = build_evidence(snapshot, build_network(snapshot), horizon=HORIZON, max_signals=0)
    parts = [launch_sums(evidence, seed=seed) for seed in range(draws)]
    demand, near, plain = (np.concatenate(column) for column in zip(*parts, strict=True))
    return scores(demand, near, plain)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="folder of the public M5 files")
    parser.add_argument("--last-day", type=int, default=1913, help="last day of sales that is read")
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--smoke", action="store_true", help="a tiny invented data set")
    options = parser.parse_args(arguments)
    if options.data is None and not options.smoke:
        parser.error("give DATA or --smoke")
    if options.smoke:
        with tempfile.TemporaryDirectory() as folder:
            found = measured(Path(folder), made_up_data(Path(folder)), draws=1)
    else:
        found = measured(options.data, options.last_day, draws=options.draws)
    print(json.dumps({"benchmark": "launch_rates", **{name: round(value, 4) for name, value in found.items()}}))


if __name__ == "__main__":
    main()
