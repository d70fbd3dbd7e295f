"""What each family of signals adds on a chain with real demand: one forecast with the family against one without any.

An arm is fitted at the first origin, and again after every few, with the signals of its families only; every other
table is the same. The gate of the product stays in charge, so an arm whose gate is closed forecasts like the arm
without signals. A second figure tells what an open gate would have done: the model is fitted again with every signal as
features, and every lead that was found as a factor. More columns change a forecast even if they say nothing, so the
open gate is also compared with a placebo: the same signals moved half a year later. Differences are paired by origin,
and their interval comes from resampled blocks of origins.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from _signal_scores import errors_by_origin, family_values
from chain_writer import Lane, lane_table

from forecasting.config import ForecastConfig
from forecasting.features import feature_names
from forecasting.forecaster import Forecaster
from forecasting.models.lightgbm_direct import fit_global_model
from forecasting.pipeline import fit_forecaster, forecast_demand
from forecasting.signal_fit import fit_signal_plan
from forecasting.training import training_rows
from network.check import check_tables
from network.graph import SupplyNetwork, build_network
from network.settings import ChainSettings, settings_from_mapping
from network.snapshot import Snapshot, snapshot_at

ALL_FAMILIES = "all"
PLACEBO_DAYS = 182
READ_TABLES = ("locations", "skus", "lanes", "sales", "signals", "promotions", "calendar", "closures")


@dataclass(frozen=True)
class Part:
    """One data set as a chain, with its rolling origins.

    Parameters
    ----------
    name
        Of the data set.
    tables
        Checked tables, with days after the last origin.
    settings
        Of the chain.
    origins
        Ascending cutoffs.
    config
        Of the forecaster; its horizon is scored.
    refit_every
        Origins served by one fit.
    block
        Consecutive origins that are drawn together, so that horizons that overlap stay together.
    """

    name: str
    tables: Mapping[str, pd.DataFrame]
    settings: ChainSettings
    origins: pd.DatetimeIndex
    config: ForecastConfig
    refit_every: int = 8
    block: int = 2

    @property
    def families(self) -> tuple[str, ...]:
        """Families with a signal, in order."""
        return tuple(sorted(self.tables["signals"]["family"].unique()))


def rolling_origins(last: pd.Timestamp, *, n: int, gap_days: int) -> pd.DatetimeIndex:
    """``n`` cutoffs, ascending, ``gap_days`` apart; the last one is ``last``."""
    return pd.DatetimeIndex([last - pd.Timedelta(days=gap_days * back) for back in reversed(range(n))])


def checked_tables(raw: Mapping[str, pd.DataFrame], settings: Mapping[str, object]) -> dict[str, pd.DataFrame]:
    """Check the tables that forecasts read as those of any chain.

    Parameters
    ----------
    raw
        Tables of an adapter.
    settings
        As in `chain.toml`.

    Raises
    ------
    ValueError
        If a table breaks the contract.
    """
    sales = raw["sales"]
    stock = sales.iloc[:1][["sku", "location"]].assign(as_of=sales["date"].min(), on_hand=0)
    read = {name: raw[name] for name in READ_TABLES if name in raw}
    checked = check_tables({**read, "stock": stock}, settings_from_mapping(settings))
    if checked.breaches:
        raise ValueError("; ".join(str(breach) for breach in checked.breaches))
    return dict(checked.tables)


def limited(raw: Mapping[str, pd.DataFrame], n_stores: int) -> dict[str, pd.DataFrame]:
    """Keep stores evenly spread over their names, with what is told about them, and a supplier that feeds them.

    Parameters
    ----------
    raw
        Tables of an adapter.
    n_stores
        Stores kept; 0 keeps all.
    """
    places = raw["locations"]
    stores = sorted(places.loc[places["tier"] == "store", "location"])
    n_kept = min(n_stores, len(stores)) if n_stores else len(stores)
    kept = {stores[at] for at in np.linspace(0, len(stores) - 1, n_kept).astype(int)}
    suppliers = set(places.loc[places["tier"] == "supplier", "location"])
    is_kept = places["location"].isin(kept | suppliers)
    gone = {*places.loc[~is_kept, "location"], *set(places["region"].dropna()) - set(places.loc[is_kept, "region"])}
    result = {}
    for name, table in raw.items():
        columns = [column for column in ("location", "region", "key") if column in table.columns]
        result[name] = table[~table[columns].isin(gone).any(axis=1)]
    skus = result["skus"]
    result["skus"] = skus[skus["sku"].isin(result["sales"]["sku"].unique())]
    return {**result, "lanes": lane_table([Lane(name, "tier:store", "purchase", 1) for name in sorted(suppliers)])}


def placebo(signals: pd.DataFrame) -> pd.DataFrame:
    """The same values dated and known `PLACEBO_DAYS` later: as rough and as persistent, about another season."""
    shift = pd.Timedelta(days=PLACEBO_DAYS)
    return signals.assign(date=signals["date"] + shift, known_at=signals["known_at"] + shift)


def gated_forecasts(part: Part, signals: pd.DataFrame) -> tuple[pd.DataFrame, list[Forecaster]]:
    """Forecast at each origin with some signals, as the product does.

    Parameters
    ----------
    part
        The data set.
    signals
        Those that are read; no rows for the arm without.

    Returns
    -------
    Rows of `forecast_rows` of all origins, and what was fitted, one by `Part.refit_every` origins.
    """
    rows, fitted = [], []
    for number, (snapshot, network) in enumerate(snapshots(part, signals)):
        if number % part.refit_every == 0:
            fitted.append(fit_forecaster(snapshot, network, part.config))
        rows.append(forecast_rows(snapshot, network, fitted[-1]))
    return pd.concat(rows, ignore_index=True), fitted


def open_forecasts(part: Part, signals: pd.DataFrame, plain: list[Forecaster]) -> pd.DataFrame:
    """Forecast at each origin with some signals and an open gate: rows of `forecast_rows` of all origins.

    Parameters
    ----------
    part
        The data set.
    signals
        Those that are read.
    plain
        Fitted without signals; their blends are kept.
    """
    rows = []
    for number, (snapshot, network) in enumerate(snapshots(part, signals)):
        if number % part.refit_every == 0:
            opened = with_open_gate(plain[number // part.refit_every], snapshot, network)
        rows.append(forecast_rows(snapshot, network, opened))
    return pd.concat(rows, ignore_index=True)


def snapshots(part: Part, signals: pd.DataFrame) -> Iterator[tuple[Snapshot, SupplyNetwork]]:
    """What was known at each origin, with some signals."""
    for origin in part.origins:
        snapshot = snapshot_at({**part.tables, "signals": signals}, part.settings, origin)
        yield snapshot, build_network(snapshot)


def forecast_rows(snapshot: Snapshot, network: SupplyNetwork, forecaster: Forecaster) -> pd.DataFrame:
    """Forecast of one origin: sku, location, date, mean [units/day], origin."""
    forecast = forecast_demand(snapshot, network, forecaster, forecaster.config.horizon_days)
    days = pd.date_range(snapshot.cutoff + pd.Timedelta(days=1), periods=forecast.horizon)
    wide = pd.concat([forecast.series[["sku", "location"]], pd.DataFrame(forecast.mean, columns=days)], axis=1)
    long = wide.melt(["sku", "location"], var_name="date", value_name="mean").assign(origin=snapshot.cutoff)
    return long.astype({"sku": "str", "location": "str", "date": "datetime64[ns]"})


def with_open_gate(plain: Forecaster, snapshot: Snapshot, network: SupplyNetwork) -> Forecaster:
    """Fit the global model again, reading every signal of every category, whatever the gate says.

    Parameters
    ----------
    plain
        Fitted without signals; its blends stay.
    snapshot, network
        With signals.
    """
    config = plain.config
    evidence = plain.evidence(snapshot, network, horizon=config.horizon_days)
    plan = fit_signal_plan(evidence, config, last_day=evidence.last_day)
    if plain.global_model is None:
        return plain
    plan = dataclasses.replace(plan, verdicts=(), has_features=True)
    evidence = dataclasses.replace(evidence, signal_plan=plan)
    rows = training_rows(evidence, config, last_target=evidence.last_day, horizon=config.horizon_days)
    model = fit_global_model(rows, feature_names(evidence), config=config)
    return dataclasses.replace(plain, signal_plan=plan, global_model=model)


def gate_verdicts(fitted: list[Forecaster]) -> list[dict[str, object]]:
    """Verdicts of the gate by category and kind of key: in how many fits on, and the last value found [%].

    Parameters
    ----------
    fitted
        Forecasters of an arm with one family.
    """
    rows = [dataclasses.asdict(verdict) for forecaster in fitted for verdict in forecaster.signal_plan.verdicts]
    if not rows:
        return []
    result: list[dict[str, object]] = []
    for (category, key_type), found in pd.DataFrame(rows).groupby(["category", "key_type"]):
        last = {name: round(100.0 * float(found[name].iloc[-1]), 2) for name in ("value", "low", "high")}
        on = f"{int(found['is_on'].sum())} of {len(found)} fits"
        result.append({"category": category, "key_type": key_type, "on": on, **last})
    return result


def ablation(part: Part) -> dict[str, object]:
    """Value of each family alone, and of all, against no signals."""
    families = {family: (family,) for family in part.families}
    families |= {ALL_FAMILIES: part.families} if len(families) > 1 else {}
    signals = part.tables["signals"]
    none, plain = gated_forecasts(part, signals.iloc[:0])
    forecasts, verdicts = {"none": none}, {}
    for name, members in families.items():
        began = time.perf_counter()
        chosen = signals[signals["family"].isin(members)]
        forecasts[name], fitted = gated_forecasts(part, chosen)
        verdicts[name] = gate_verdicts(fitted) if name != ALL_FAMILIES else []
        if name != ALL_FAMILIES:
            forecasts[f"{name} open"] = open_forecasts(part, chosen, plain)
            forecasts[f"{name} placebo"] = open_forecasts(part, placebo(chosen), plain)
        print(f"{part.name} {name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    errors = errors_by_origin(forecasts, part.tables["sales"], unit_factor=part.settings.unit_factor)
    return {
        "set": part.name,
        "series": int(part.tables["sales"][["sku", "location"]].drop_duplicates().shape[0]),
        "horizon_days": part.config.horizon_days,
        "origins": [f"{origin:%Y-%m-%d}" for origin in part.origins],
        "wape_without": round(float(errors["none"].sum() / errors["units"].sum()), 4),
        "families": {
            name: {**family_values(errors, name, block=part.block), "gate": verdicts[name]} for name in families
        },
    }
