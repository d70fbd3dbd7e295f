"""The report of a backtest: one HTML file with tables, value added and calibration pictures inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from cockpit.backtest_charts import histogram, reached_words, reliability, value_bar
from cockpit.wording import count, interval_verdict, is_known, label, share, whole

if TYPE_CHECKING:
    from experiments.backtest import Backtest, BacktestRequest

N_CATEGORIES = 12
SLICE_LABELS = {
    "demand_class": "Demand class",
    "abc": "Class by value",
    "promotion": "Promotion",
    "launch_age": "Age since launch",
    "empty_shelf_share": "Empty shelf in the four weeks before",
    "tier": "Tier",
    "category": "Category",
    "week_ahead": "Week ahead",
}
STEP_LABELS = {
    "naive": "Naive",
    "best_baseline": "Best statistical baseline",
    "history": "History only",
    "calendar_price": "Calendar, prices, promotions",
    "blend": "Blend of models",
    "full_fit": "Fit on all rows (as served)",
    "calibration": "Calibrated distribution",
    "Poisson": "Poisson around the same mean",
    "everything": "Everything together",
}

_VERDICTS = {
    "same": ("", "no difference"), "helps": ("good", "helps"), "harms": ("bad", "harms"), "unsure": ("", "not sure"),
}  # fmt: skip


def build_backtest_report(result: Backtest, request: BacktestRequest, *, chain_id: str, name: str) -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    result
        Tables of the backtest.
    request
        What was asked for.
    chain_id
        Name of the chain.
    name
        Name of the backtest.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader("cockpit"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    values = {"chain": chain_id, "name": name, **page_values(result, request)}
    return pages.get_template("backtest.html").render(values)


def page_values(result: Backtest, request: BacktestRequest) -> dict[str, Any]:
    """Return everything the template shows, by name."""
    served = str(result.steps["step"].iloc[-1])
    cutoffs = request.cutoffs
    return {
        "lead": (
            f"{count(len(cutoffs), 'origin')} from {cutoffs[0]:%Y-%m-%d} to {cutoffs[-1]:%Y-%m-%d}, "
            f"{count(request.horizon, 'day')} ahead each; {whole(len(result.forecasts))} days of stock points scored."
        ),
        "scored_until": f"{request.last_day:%Y-%m-%d}",
        "tiles": _tiles(result, served),
        "values": _value_rows(result.fva[result.fva["category"] == ""]),
        "categories": _category_rows(result.fva),
        "families": _family_rows(result.fva, result.steps),
        "accuracy": _score_rows(result.metrics[result.metrics["slice"] == "all"]),
        "slices": _slice_tables(result.metrics, served),
        "calibration": _calibration(result.calibration),
        "steps": [{"name": step_words(step), "meaning": words} for step, words in result.steps.to_numpy()],
        "beaten": {"share": share(result.beaten_share), "n": whole(len(result.slices))},
        "lost": _lost_rows(result.slices),
    }


def step_words(name: str) -> str:
    """Return a step's name for people; a signal family reads `Signals: search`."""
    return STEP_LABELS.get(name, f"Signals: {label(name).lower()}")


def _tiles(result: Backtest, served: str) -> list[dict[str, str]]:
    overall = result.metrics[result.metrics["slice"] == "all"]
    by_step: dict[str, Any] = {str(row["step"]): row for row in overall.to_dict("records")}
    ours, baseline = by_step[served], by_step["best_baseline"]
    everything = result.fva[(result.fva["step"] == "everything") & (result.fva["category"] == "")]
    value: dict[Any, Any] = everything.to_dict("records")[0]
    return [
        {
            "name": "WAPE of weekly sums",
            "big": share(float(ours["wape_week"])),
            "was": f"best baseline {share(float(baseline['wape_week']))}",
            "verdict": "better" if ours["wape_week"] < baseline["wape_week"] else "worse",
        },
        {
            "name": "Value added to the best baseline",
            "big": share(float(value["value_added"])),
            "was": f"90% interval {share(float(value['low']))} to {share(float(value['high']))}",
            "verdict": "better" if value["low"] > 0 else ("worse" if value["high"] < 0 else ""),
        },
        {
            "name": "Bias",
            "big": share(float(ours["bias"])),
            "was": f"on days of full shelves {share(float(ours['bias_full_shelf']))}",
            "verdict": "",
        },
        {
            "name": "Weeks within the 90% quantile",
            "big": share(float(ours["coverage_7"])),
            "was": f"two weeks {share(float(ours['coverage_14']))}",
            "verdict": "better" if 0.88 <= ours["coverage_7"] <= 0.92 else "worse",
        },
        {
            "name": "Slices that beat the baseline",
            "big": share(result.beaten_share),
            "was": f"of {count(len(result.slices), 'slice')}, equal in {share(result.tied_share)}",
            "verdict": "better" if result.beaten_share >= 0.85 else "worse",
        },
    ]


def _value_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    scale = float(table[["value_added", "low", "high"]].abs().max().max()) if len(table) else 1.0
    return [
        {
            "step": step_words(str(row["step"])),
            "against": step_words(str(row["compared_with"])),
            "measure": str(row["measure"]),
            "value": share(row["value_added"]),
            "interval": f"{share(row['low'])} to {share(row['high'])}",
            "bar": value_bar(row["value_added"], row["low"], row["high"], scale=scale),
            "verdict": _verdict(row["low"], row["high"]),
        }
        for row in table.to_dict("records")
    ]


def _verdict(low: float, high: float) -> dict[str, str]:
    css, words = _VERDICTS[interval_verdict(low, high)]
    return {"css": css, "words": words}


def _category_rows(fva: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the whole ladder against the best baseline, by category, the largest first."""
    rows = fva[(fva["step"] == "everything") & (fva["category"] != "") & (fva["loss_before"] > 0)]
    rows = rows.sort_values("loss_before", ascending=False, kind="stable").head(N_CATEGORIES)
    return [
        {**shown, "step": str(row["category"])}
        for shown, row in zip(_value_rows(rows), rows.to_dict("records"), strict=True)
    ]


def _family_rows(fva: pd.DataFrame, steps: pd.DataFrame) -> dict[str, Any]:
    """Return value added by category and step, as one grid."""
    names = [name for name in steps["step"] if name not in ("naive",)]
    inside = fva[fva["step"].isin(names) & (fva["category"] != "")]
    largest = inside.groupby("category")["loss_before"].max().sort_values(ascending=False).head(N_CATEGORIES)
    cells = inside.set_index(["category", "step"])
    rows = [
        {"name": str(category), "cells": [_cell(cells.loc[(category, name)]) for name in names]}
        for category in largest.index
    ]
    return {"header": [step_words(name) for name in names], "rows": rows}


def _cell(row: pd.Series[Any]) -> dict[str, str]:
    return {"words": share(float(row["value_added"])), "css": _verdict(float(row["low"]), float(row["high"]))["css"]}


def _score_rows(table: pd.DataFrame) -> list[dict[str, str]]:
    return [
        {
            "step": step_words(str(row["step"])),
            "label": str(row["label"]),
            "n_days": whole(row["n_days"]),
            "wape_week": share(row["wape_week"]),
            "wape": share(row["wape"]),
            "bias": share(row["bias"]),
            "rmsse": f"{row['rmsse']:.3f}" if is_known(row["rmsse"]) else "–",
            "wape_full": share(row["wape_full_shelf"]),
            "bias_full": share(row["bias_full_shelf"]),
            "pinball": _pair(row["pinball_50"], row["pinball_90"]),
            "coverage": f"{share(row['coverage_7'])} / {share(row['coverage_14'])}",
        }
        for row in table.to_dict("records")
    ]


def _pair(low: float, high: float) -> str:
    return f"{low:.3g} / {high:.3g}" if is_known(low) and is_known(high) else "–"


def _slice_tables(metrics: pd.DataFrame, served: str) -> list[dict[str, Any]]:
    ours, baseline = metrics[metrics["step"] == served], metrics[metrics["step"] == "best_baseline"]
    before = baseline.set_index(["slice", "label"])["wape_week"]
    tables = []
    for name, words in SLICE_LABELS.items():
        part = ours[ours["slice"] == name]
        if name == "category":
            part = part.sort_values("demand", ascending=False, kind="stable").head(N_CATEGORIES)
        rows = _score_rows(part)
        shown = [{**row, "baseline": share(float(before[(name, row["label"])]))} for row in rows]
        if shown:
            tables.append({"name": words, "rows": shown})
    return tables


def _calibration(table: pd.DataFrame) -> dict[str, Any]:
    overall = table[table["demand_class"] == ""]
    lengths = sorted(int(length) for length in overall["length_days"].unique())
    lines = [(_days(length), overall[overall["length_days"] == length]) for length in lengths]
    figures = [
        {"name": words, "chart": histogram(bins, f"Histogram for {words}"), "words": reached_words(bins)}
        for words, bins in lines
        if int(bins["n"].sum())
    ]
    classes = [
        {
            "name": label(str(name)) if name else "All",
            "cells": [_reached(part[part["length_days"] == length]) for length in lengths],
        }
        for name, part in table.groupby("demand_class", sort=True)
    ]
    return {
        "curve": reliability(lines, "Nominal levels against the share of demand at or below them"),
        "keys": [{"css": f"k-line{i}", "words": words} for i, (words, _) in enumerate(lines)],
        "figures": figures,
        "header": [_days(length) for length in lengths],
        "classes": classes,
    }


def _days(length: int) -> str:
    return count(length, "day")


def _reached(bins: pd.DataFrame) -> dict[str, str]:
    n = int(bins["n"].sum())
    if not n:
        return {"words": "–", "n": ""}
    at = {round(float(high), 2): float(value) for high, value in zip(bins["high"], bins["reached"], strict=True)}
    return {"words": f"{share(at[0.9])} / {share(at[0.95])}", "n": whole(n)}


def _lost_rows(slices: pd.DataFrame) -> list[dict[str, str]]:
    """Return the slices in which the baseline stays ahead, the largest loss first."""
    lost = slices[~slices["is_beaten"] & ~slices["is_tied"]]
    lost = lost.assign(gap=lost["loss"] - lost["loss_baseline"]).sort_values("gap", ascending=False, kind="stable")
    return [
        {
            "name": str(row["slice"]),
            "ours": whole(row["loss"]),
            "baseline": whole(row["loss_baseline"]),
            "demand": whole(row["demand"]),
        }
        for row in lost.head(10).to_dict("records")
    ]
