"""What changed in the forecast since the run before: told for the stock points whose drivers a run tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from engine import Plan
    from forecasting.forecaster import Forecaster
    from network.store import RunStore

CHANGE_DAYS = 7
# A challenger is given this long to be tested before a newer fit takes its place [days].
CHALLENGER_DAYS = 35
COLUMNS = ("sku", "location", "part", "before", "after", "change")


def save_forecaster(store: RunStore, plan: Plan) -> str:
    """Keep the fitted models of a run as champion or challenger; returns their id.

    They become the ones in use where there are none, or none of these settings. Later fits challenge them: the first
    one stays the challenger until it has been tested, or for `CHALLENGER_DAYS`.
    """
    fitted = plan.forecaster
    about = {"fitted_at": fitted.fitted_at, "cutoff": f"{plan.cutoff:%Y-%m-%d}"}
    model_id = store.save_model(fitted.to_files(), about)
    champion = _stored(store, store.champion())
    challenger = _stored(store, store.challenger())
    if champion is None or champion.config != fitted.config:
        store.set_champion(model_id)
    elif fitted.fitted_at > champion.fitted_at and (challenger is None or _is_stale(challenger, plan.cutoff)):
        store.set_challenger(model_id)
    return model_id


def _stored(store: RunStore, model_id: str | None) -> Forecaster | None:
    """Read a stored model; None where there is none, or none that is whole."""
    from forecasting.forecaster import Forecaster
    from network.store_models import ModelCorrupted

    try:
        return None if model_id is None else Forecaster.from_files(store.load_model(model_id))
    except ModelCorrupted:
        return None


def _is_stale(challenger: Forecaster, cutoff: pd.Timestamp) -> bool:
    return cutoff - pd.Timestamp(challenger.fitted_at) > pd.Timedelta(days=CHALLENGER_DAYS)


def changes_since(plan: Plan, store: RunStore, previous: str) -> pd.DataFrame:
    """Split the change of the coming week's forecast since the run before, over the days both can see.

    Parameters
    ----------
    plan
        Tonight's plan.
    store
        Holds the models of the run before.
    previous
        Its id; empty where there is none.

    Returns
    -------
    Columns as `forecasting.changes.forecast_changes` gives them; no rows where there is no earlier run, where it kept
    no models, or where it lies so far back that its horizon does not reach the coming week.
    """
    from forecasting.changes import Vintage, forecast_changes
    from forecasting.forecaster import Forecaster
    from network.graph import build_network
    from network.snapshot import snapshot_at

    manifest = store.manifest(previous) if previous else {}
    drivers = plan.forecast.drivers
    if "model_id" not in manifest or drivers is None:
        return pd.DataFrame(columns=list(COLUMNS))
    cutoff = pd.Timestamp(manifest["cutoff"])
    earlier = Forecaster.from_files(store.load_model(str(manifest["model_id"])))
    if (plan.cutoff - cutoff).days + CHANGE_DAYS > earlier.config.horizon_days:
        return pd.DataFrame(columns=list(COLUMNS))
    snapshot = snapshot_at(plan.snapshot.tables, plan.snapshot.settings, cutoff)
    before = Vintage(earlier, snapshot, build_network(snapshot))
    after = Vintage(plan.forecaster, plan.snapshot, plan.network)
    shown = plan.forecast.series.iloc[sorted(set(drivers["series"]))]
    return forecast_changes(before, after, shown, days=CHANGE_DAYS)


def change_words(changes: pd.DataFrame, sku: str, location: str, *, n_parts: int = 3) -> str:
    """Say how one forecast changed and the largest parts of it; nothing where it was not compared."""
    own = changes[(changes["sku"] == sku) & (changes["location"] == location)]
    if own.empty:
        return ""
    first = own.iloc[0]
    largest = own.reindex(own["change"].abs().sort_values(ascending=False, kind="stable").index).head(n_parts)
    parts = [
        f"{part} {change:+,.1f}".replace("-", "−")
        for part, change in zip(largest["part"], largest["change"], strict=True)
        if abs(change) >= 0.05
    ]
    total = f"Next {CHANGE_DAYS} days: {first['before']:,.1f} in the run before, now {first['after']:,.1f} units"
    return f"{total} ({', '.join(parts)})." if parts else f"{total}."
