"""What earlier nights published, as the next plan has to respect it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from optimization.action_messages import RECENT_COLUMNS
from optimization.actions import messages
from optimization.stability import Published

if TYPE_CHECKING:
    from collections.abc import Mapping

    from network.snapshot import Snapshot
    from network.store import RunStore


def published_before(store: RunStore, snapshot: Snapshot, *, quiet_days: int) -> Published | None:
    """Read the latest run with an earlier cutoff, and the messages of all runs of the quiet days.

    Parameters
    ----------
    store
        Published runs.
    snapshot
        Tonight.
    quiet_days
        Nights whose messages still count [days].

    Returns
    -------
    None where the chain has no earlier run.
    """
    latest = store.previous(snapshot.cutoff, snapshot.settings.id)
    if latest is None:
        return None
    first = snapshot.cutoff - pd.Timedelta(days=quiet_days)
    nights = [run for run in store.runs() if run.get("chain") == snapshot.settings.id]
    recent = [run for run in nights if first <= pd.Timestamp(str(run["cutoff"])) < snapshot.cutoff]
    kept = [str(run["run_id"]) for run in recent if run["run_id"] != latest["run_id"]]
    asked = [_asked(store, run) for run in recent]
    horizon = latest.get("plan_horizon_days")
    last_day = pd.Timestamp(str(latest["cutoff"])) + pd.Timedelta(days=int(horizon)) if horizon else None
    return Published(
        run_ids=(*kept, str(latest["run_id"])),
        planned=store.read_table(str(latest["run_id"]), "planned") if "planned.parquet" in latest["files"] else None,
        last_day=last_day,
        messages=pd.concat([pd.DataFrame(columns=list(RECENT_COLUMNS)), *asked], ignore_index=True),
    )


def _asked(store: RunStore, run: Mapping[str, Any]) -> pd.DataFrame:
    """Messages of one run."""
    rows = messages(store.read_table(str(run["run_id"]), "orders"))
    return rows[["amends_order_id", "action"]].assign(cutoff=pd.Timestamp(str(run["cutoff"])))
