"""Plays the VN2 inventory game with our forecasts and orders, beside simple rules; prints one JSON line.

599 store-products, weekly orders that are on the shelf three weeks later, 0.2 a unit left over, 1.0 a sale lost. Ours
forecasts three weeks with the product's LightGBM (fitted at the start of the game) and seasonal means, draws paths of
demand, projects the stock with lost sales, and covers the week of arrival on a share of the paths. Nothing beyond the
week decided in is read: a policy is handed a copy of the weeks so far.

    python benchmarks/vn2.py FOLDER --sales FILE --out FILE  # the official game: FILE has the weeks given and 8 more
    python benchmarks/vn2.py FOLDER --rolling 23             # games inside the history, from 20 start weeks
    python benchmarks/vn2.py --smoke

FOLDER holds the published files. --out gets `orders` (six lists in the order of the rows), `cost_by_week`, `total` and
`weeks_3_to_8`. Settings were chosen by the early half of the rolling start weeks; the late half was seen as well.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.append(str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1]))

from _vn2_game import (
    KEYS,
    N_WEEKS,
    YEAR_WEEKS,
    Played,
    Policy,
    Records,
    Shelf,
    play,
    read_first_shelf,
    read_records,
    usual_shelf,
)
from _vn2_policies import Ours, base_stock, buffered, clairvoyant, organisers

# A rolling game has at least two years behind it, and a week.
FIRST_START = 2 * YEAR_WEEKS + 1


def rules(records: Records, threads: int) -> dict[str, Callable[[], Policy]]:
    """Makers of each rule; ours is made anew for each game, because it is fitted at its start."""
    return {
        "ours": lambda: Ours(threads=threads),
        "organisers": lambda: organisers,
        "seasonal_buffer": lambda: buffered,
        "base_stock": lambda: base_stock,
        "clairvoyant": lambda: clairvoyant(records),
    }


def played_by_all(records: Records, *, start: int, shelf: Shelf, threads: int) -> dict[str, Played]:
    """Play one game with every rule."""
    return {name: play(records, make(), start=start, shelf=shelf) for name, make in rules(records, threads).items()}


def official(folder: Path, sales: Path, *, threads: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Play the official game; what goes to the file, and what is printed."""
    records = read_records(folder, sales)
    games = played_by_all(records, start=records.n_known, shelf=read_first_shelf(folder, records), threads=threads)
    summary = {name: costs_of(game) for name, game in games.items()}
    written = {"orders": games["ours"].orders.astype(int).tolist(), **summary["ours"]}
    return written, {"game": "official", **summary["ours"], "rules": summary}


def costs_of(game: Played) -> dict[str, Any]:
    """Cost by week, in all and of weeks 3 to 8."""
    return {
        "cost_by_week": np.round(game.cost_by_week, 1).tolist(),
        "total": round(float(game.cost_by_week.sum()), 1),
        "weeks_3_to_8": round(game.decided, 1),
    }


def start_weeks(n_known: int, n_games: int) -> list[int]:
    """Start weeks spread evenly over those with two years before and eight weeks after them."""
    return sorted({int(week) for week in np.linspace(FIRST_START, n_known - N_WEEKS, n_games).round()})


def rolling(folder: Path, n_games: int, *, threads: int) -> dict[str, Any]:
    """Play games inside the history; mean of the cost ratios of weeks 3 to 8 to the organisers' rule."""
    records = read_records(folder)
    starts = start_weeks(records.n_known, n_games)
    rows = []
    for start in starts:
        games = played_by_all(records, start=start, shelf=usual_shelf(records, start), threads=threads)
        rows.append({"start": start, **{name: round(game.decided, 1) for name, game in games.items()}})
        print(rows[-1], file=sys.stderr, flush=True)
    costs = pd.DataFrame(rows).set_index("start")
    ratios = costs.div(costs["organisers"], axis=0)
    half = len(starts) // 2
    return {
        "game": "rolling",
        "n_games": len(starts),
        "ratio_to_organisers": round(float(ratios["ours"].mean()), 4),
        "ratios": {
            part: {name: round(float(value), 4) for name, value in rows.mean().items()}
            for part, rows in (("all", ratios), ("early", ratios.iloc[:half]), ("late", ratios.iloc[half:]))
        },
        "mean_weeks_3_to_8": {str(name): round(float(value), 1) for name, value in costs.mean().items()},
    }


def made_up_data(folder: Path, *, n_weeks: int = 130, n_more: int = N_WEEKS, seed: int = 0) -> Path:
    """Write a folder as published, of 24 series with a season, and a sales file with more weeks; return the latter."""
    random = np.random.default_rng(seed)
    keys = pd.DataFrame([(store, product) for store in range(4) for product in range(6)], columns=KEYS)
    season = 1.0 + 0.4 * np.sin(2.0 * np.pi * np.arange(n_weeks + n_more) / YEAR_WEEKS)
    rate = random.gamma(2.0, 1.5, len(keys))
    sales = random.poisson(rate[:, None] * season).astype(float)
    weeks = pd.date_range("2021-04-12", periods=n_weeks + n_more, freq="7D").strftime("%Y-%m-%d")
    wide = pd.concat([keys, pd.DataFrame(sales, columns=weeks)], axis=1)
    in_stock = random.random((len(keys), n_weeks)) > 0.05
    given = wide.iloc[:, : n_weeks + 2].copy()
    given.iloc[:, 2:] = np.where(in_stock, given.iloc[:, 2:], 0.0)
    given.to_csv(folder / "Week 0 - Sales.csv", index=False)
    pd.concat([given, wide.iloc[:, n_weeks + 2 :]], axis=1).to_csv(folder / "more.csv", index=False)
    table = pd.concat([keys, pd.DataFrame(in_stock, columns=weeks[:n_weeks])], axis=1)
    table.to_csv(folder / "Week 0 - In Stock.csv", index=False)
    belongs = {"ProductGroup": keys["Product"] // 2, "Department": keys["Product"] // 3, "Format": keys["Store"] % 2}
    keys.assign(**belongs).to_csv(folder / "Week 0 - Master.csv", index=False)
    state = keys.assign(**{"End Inventory": 4, "In Transit W+1": 0, "In Transit W+2": 3})
    state.to_csv(folder / "Week 0 - Initial State.csv", index=False)
    return folder / "more.csv"


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="folder with the published files")
    parser.add_argument("--sales", type=Path, help="sales file with the given weeks and at least eight more")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.add_argument("--rolling", type=int, default=0, help="games inside the history, from this many start weeks")
    parser.add_argument("--threads", type=int, default=1, help="of LightGBM")
    parser.add_argument("--smoke", action="store_true", help="tiny made-up data, both kinds of game")
    options = parser.parse_args(arguments)
    if options.folder is None and not options.smoke:
        parser.error("give FOLDER, or --smoke")
    if not options.smoke and not options.rolling and (options.sales is None or options.out is None):
        parser.error("give --sales and --out for the official game, or --rolling")
    return options


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    options = parsed(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        folder, sales, out = options.folder, options.sales, options.out
        if options.smoke:
            folder, out = Path(scratch), Path(scratch) / "played.json"
            sales = made_up_data(folder)
        printed: dict[str, Any] = {}
        if options.rolling or options.smoke:
            printed |= rolling(folder, options.rolling or 2, threads=options.threads)
        if sales is not None and out is not None:
            written, told = official(folder, sales, threads=options.threads)
            out.write_text(json.dumps(written), "utf-8")
            printed |= told
    print(json.dumps(printed))


if __name__ == "__main__":
    main()
