"""How far lifted demand is from true demand on a simulated chain; prints one JSON line.

Sales of days with stock-outs understate demand. This compares, over all days of the history and every stock point that
customers reach, what sold, what the panel lifts it to (days wholly without stock imputed), and what was truly wanted.

    python benchmarks/lifted_demand.py CHAIN      # a folder of `tierflow demo`, with its truth
    python benchmarks/lifted_demand.py --smoke
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.world import WorldConfig, build_world, write_world
from forecasting.panel import Panel, booked_sales, build_panel
from network.graph import SupplyNetwork, build_network
from network.ingest import load_snapshot


def latent_demand(truth: pd.DataFrame, panel: Panel, network: SupplyNetwork) -> np.ndarray:
    """Units truly wanted by series and day, booked like sales, (n_series, n_days)."""
    past = truth[(truth["date"] >= panel.dates[0]) & (truth["date"] <= panel.dates[-1])].assign(location="")
    booked = booked_sales(past, network.serving)
    series = panel.series.reset_index().set_index(["sku", "location"])["index"]
    row = series.reindex(pd.MultiIndex.from_frame(booked[["sku", "location"]])).to_numpy()
    day = (booked["date"] - panel.dates[0]).dt.days.to_numpy()
    inside = ~np.isnan(row) & (day >= 0) & (day < panel.n_days)
    result = np.zeros(panel.sales.shape)
    np.add.at(result, (row[inside].astype(int), day[inside]), booked["units"].to_numpy()[inside])
    return result


def biases(panel: Panel, latent: np.ndarray) -> dict[str, float]:
    """Bias of sales and of lifted demand against latent demand, on all days and on days without any stock."""
    days = np.arange(panel.n_days)[None, :]
    first, last = panel.series["first_day"].to_numpy()[:, None], panel.series["last_day"].to_numpy()[:, None]
    alive = (days >= first) & (days <= last)
    is_empty = alive & np.isnan(panel.demand)
    is_partial = alive & ~is_empty & (panel.available < 1)
    cells = {
        "all_days": alive,
        "full_days": alive & ~is_empty & ~is_partial,
        "partial_days": is_partial,
        "unobserved_days": is_empty,
    }
    result = {"phantom_zero_days": float(panel.n_phantom_zeros)}
    for name, mask in cells.items():
        wanted = float(latent[mask].sum())
        result[f"share_{name}"] = float(mask.sum() / alive.sum())
        result[f"latent_{name}"] = wanted
        result[f"sales_bias_{name}"] = float(panel.sales[mask].sum()) / wanted - 1
        result[f"lifted_bias_{name}"] = float(panel.wanted[mask].sum()) / wanted - 1
    return result


def measured(chain: Path) -> dict[str, float]:
    """Biases of a written chain that holds its truth."""
    snapshot = load_snapshot(chain)
    network = build_network(snapshot)
    panel = build_panel(snapshot, network)
    truth = pd.read_parquet(chain / "truth" / "latent_demand.parquet")
    return biases(panel, latent_demand(truth, panel, network))


def main() -> None:
    """Command line: CHAIN or --smoke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chain", type=Path, nargs="?")
    parser.add_argument("--smoke", action="store_true", help="a small chain of its own")
    options = parser.parse_args()
    if options.smoke:
        with tempfile.TemporaryDirectory() as folder:
            write_world(build_world(WorldConfig(n_skus=12, n_stores=4, n_days=200, seed=1)), Path(folder))
            result = measured(Path(folder))
    elif options.chain is None:
        parser.error("give the folder of a simulated chain, or --smoke")
    else:
        result = measured(options.chain)
    print(pd.Series(result).round(4).to_string(), file=sys.stderr)
    print(json.dumps({name: round(value, 5) for name, value in result.items()}))


if __name__ == "__main__":
    main()
