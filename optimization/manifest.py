"""What a run says about itself, except for who ran it when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from network.store import code_version

if TYPE_CHECKING:
    from network.snapshot import Snapshot
    from optimization.decisions import Decisions


def run_manifest(
    snapshot: Snapshot,
    decisions: Decisions,
    series: pd.DataFrame,
    *,
    config: Mapping[str, Any],
    version: str,
    verdicts: Iterable[Any],
) -> dict[str, Any]:
    """Gather cutoff, configuration, hashes, the solver's outcome, models, fallbacks and assumptions.

    Parameters
    ----------
    snapshot, decisions
        What was known and what was decided.
    series
        Series of the forecast, with model and fallback.
    config
        Settings as plain values.
    version
        Plan version.
    verdicts
        Dataclasses that say which signal families are used where.
    """
    return {
        "chain": snapshot.settings.id,
        "currency": snapshot.settings.currency,
        "cutoff": f"{snapshot.cutoff:%Y-%m-%d}",
        "config": dict(config),
        "input_hash": snapshot.content_hash,
        "plan_version": version,
        "code_version": code_version(),
        "status": str(decisions.status),
        "objective": decisions.objective,
        "bound": decisions.bound,
        "gap": decisions.gap,
        "trucks": None if decisions.trucks is None else asdict(decisions.trucks),
        "work": dict(decisions.timings),
        "plan_horizon_days": decisions.curves.horizon,
        "n_stock_points": decisions.curves.n_local,
        "n_series": len(series),
        "models": series["model"].value_counts().sort_index().to_dict(),
        "fallbacks": series.loc[series["fallback"] != "", "fallback"].value_counts().sort_index().to_dict(),
        "signals": [asdict(each) for each in verdicts],
        "assumptions": [asdict(each) for each in snapshot.settings.assumptions],
        "assumed_vintages": dict(snapshot.settings.publication_lag_days),
        "excluded": dict(snapshot.excluded),
    }
