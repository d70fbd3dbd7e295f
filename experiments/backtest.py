"""Rolling origins: forecast past days as if they lay ahead, and score every step of a ladder on what came."""

from __future__ import annotations

import dataclasses
import itertools
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.backtest_baselines import BaselineMeans, baseline_means, weekly_errors
from experiments.backtest_scores import (
    Distributions,
    calibration_table,
    joined,
    metrics_by_slice,
    origin_distributions,
)
from experiments.backtest_steps import LadderStep, ladder
from experiments.backtest_truth import Truth, build_truth
from experiments.backtest_value import Losses, beaten_slices, value_added
from forecasting.config import ForecastConfig
from forecasting.evidence import Evidence, build_evidence
from forecasting.folds import rolling_cutoffs
from forecasting.forecast import Forecast
from forecasting.forecaster import Forecaster
from forecasting.members import Choice
from forecasting.pipeline import fit_forecaster, forecast_demand
from network.graph import SupplyNetwork, build_network
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NAIVE, BASELINE = "naive", "best_baseline"
CYCLE_ERROR = "absolute error of weekly sums"
WEEK_PINBALL = "pinball loss at 0.9 of the first week"
# Days of history that the first origin needs.
LEAST_PAST_DAYS = 14

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BacktestRequest:
    """What to backtest.

    Parameters
    ----------
    last_day
        Last day that may be scored.
    n_origins
        Rolling origins.
    horizon
        Days ahead, scored after each.
    every
        Days between origins.
    refit_every
        Origins forecast with one fit; the first of them is where it is fitted.
    has_ladder
        Whether to fit the steps before the served forecast too.
    config
        Of the served forecast.
    """

    last_day: pd.Timestamp
    n_origins: int = 6
    horizon: int = 28
    every: int = 7
    refit_every: int = 6
    has_ladder: bool = True
    config: ForecastConfig = dataclasses.field(default_factory=ForecastConfig)

    @property
    def cutoffs(self) -> pd.DatetimeIndex:
        """Origins, ascending; the last one is scored in full."""
        return rolling_cutoffs(self.last_day, horizon=self.horizon, n_origins=self.n_origins, gap_days=self.every)


@dataclass(frozen=True, eq=False)
class Backtest:
    """Tables of a backtest.

    Parameters
    ----------
    steps
        step, meaning; in order.
    metrics, fva, calibration
        From `metrics_by_slice`, `value_added`, `calibration_table`.
    slices
        From `beaten_slices` over demand class x location.
    forecasts
        One row an origin, series and day: what was forecast and what came.
    """

    steps: pd.DataFrame
    metrics: pd.DataFrame
    fva: pd.DataFrame
    calibration: pd.DataFrame
    slices: pd.DataFrame
    forecasts: pd.DataFrame

    @property
    def beaten_share(self) -> float:
        """Share of (demand class x location) slices where the served forecast beats the best earlier baseline."""
        return float(self.slices["is_beaten"].mean()) if len(self.slices) else float("nan")

    @property
    def tied_share(self) -> float:
        """Share of the same slices where both lose alike, because the baseline itself was served."""
        return float(self.slices["is_tied"].mean()) if len(self.slices) else float("nan")


@dataclass(frozen=True, eq=False)
class _Origin:
    snapshot: Snapshot
    network: SupplyNetwork
    rows: Ints
    baselines: BaselineMeans


def backtest(tables: Mapping[str, pd.DataFrame], settings: ChainSettings, request: BacktestRequest) -> Backtest:
    """Forecast from rolling origins and score.

    Each origin sees a snapshot cut from the tables at its day, so nothing later can reach a forecast; fits see the
    snapshot of the origin they are made at.

    Parameters
    ----------
    tables
        Canonical tables of the whole chain.
    settings
        The chain's settings.
    request
        Origins, horizon, steps.

    Raises
    ------
    ValueError
        If the first origin has less than two weeks of sales before it.
    """
    if words := too_short(tables["sales"], request):
        raise ValueError(words)
    truth, whole = _truth(tables, settings, request)
    origins = [_origin(tables, settings, cutoff, truth=truth, request=request) for cutoff in request.cutoffs]
    steps = ladder(whole) if request.has_ladder else ladder(whole)[-1:]
    means = {
        NAIVE: _aligned([origin.baselines.naive for origin in origins], origins),
        BASELINE: _aligned([origin.baselines.best_by_class for origin in origins], origins),
    }
    served: list[Forecast] = []
    fits: dict[str, Forecaster] = {}
    for step in steps:
        logger.info("Ladder step %s: %s", step.name, step.meaning)
        served = list(_forecasts(step, origins, request, fits=fits))
        means[step.name] = _aligned([forecast.mean for forecast in served], origins)
    return _scored(means, truth, served, origins=origins, steps=steps, request=request)


def too_short(sales: pd.DataFrame, request: BacktestRequest) -> str:
    """Return why the history does not reach back far enough for these origins; empty where it does."""
    begun = sales["date"].min()
    if request.cutoffs[0] >= begun + pd.Timedelta(days=LEAST_PAST_DAYS):
        return ""
    return (
        f"The first of {request.n_origins} origins would be {request.cutoffs[0]:%Y-%m-%d}, but sales begin on "
        f"{begun:%Y-%m-%d}: ask for fewer origins, a shorter horizon or closer origins."
    )


def _truth(
    tables: Mapping[str, pd.DataFrame], settings: ChainSettings, request: BacktestRequest
) -> tuple[Truth, Snapshot]:
    snapshot = snapshot_at(tables, settings, request.last_day)
    evidence = _evidence(snapshot, build_network(snapshot), request)
    days = np.array([evidence.last_day - (request.last_day - cutoff).days for cutoff in request.cutoffs])
    price = snapshot.table("skus").set_index("sku")["unit_price"].reindex(evidence.panel.series["sku"])
    truth = build_truth(
        evidence,
        price.to_numpy(dtype=np.float64),
        origins=days.astype(np.int64),
        horizon=request.horizon,
        seed=request.config.seed,
    )
    return truth, snapshot


def _evidence(snapshot: Snapshot, network: SupplyNetwork, request: BacktestRequest) -> Evidence:
    return build_evidence(snapshot, network, horizon=request.horizon, max_signals=request.config.max_signals)


def _origin(
    tables: Mapping[str, pd.DataFrame],
    settings: ChainSettings,
    cutoff: pd.Timestamp,
    *,
    truth: Truth,
    request: BacktestRequest,
) -> _Origin:
    logger.info("Baselines at %s", f"{cutoff:%Y-%m-%d}")
    snapshot = snapshot_at(tables, settings, cutoff)
    network = build_network(snapshot)
    evidence = _evidence(snapshot, network, request)
    known = pd.MultiIndex.from_frame(evidence.panel.series[["sku", "location"]])
    rows = known.get_indexer(pd.MultiIndex.from_frame(truth.series[["sku", "location"]]))
    return _Origin(snapshot, network, rows.astype(np.int64), baseline_means(evidence, horizon=request.horizon))


def _forecasts(
    step: LadderStep, origins: list[_Origin], request: BacktestRequest, *, fits: dict[str, Forecaster]
) -> Iterator[Forecast]:
    """Fit at the first origin of each block, forecast from all of the block; ``fits`` keeps what was fitted alike."""
    forecaster: Forecaster | None = None
    config = step.settings(request.config)
    for number, origin in enumerate(origins):
        snapshot = step.tables(origin.snapshot)
        network = build_network(snapshot)
        if forecaster is None or number % request.refit_every == 0:
            key = f"{snapshot.content_hash} {config}"
            if key not in fits:
                fits[key] = fit_forecaster(snapshot, network, config)
            forecaster = _alone(fits[key], step.model)
        yield forecast_demand(snapshot, network, forecaster, request.horizon)


def _alone(forecaster: Forecaster, model: str) -> Forecaster:
    """Let one model serve every class; without a fitted global model the choices stand."""
    if not model or forecaster.global_model is None:
        return forecaster
    return dataclasses.replace(forecaster, choices=dict.fromkeys(forecaster.choices, Choice.of_one(model, "")))


def _aligned(parts: list[Array], origins: list[_Origin]) -> Array:
    """Rows of each origin in the order of the true series; NaN where the origin did not know the series."""
    aligned = [
        np.where((origin.rows >= 0)[:, None], part[np.maximum(origin.rows, 0)], np.nan)
        for part, origin in zip(parts, origins, strict=True)
    ]
    return np.stack(aligned)


def _scored(
    means: dict[str, Array],
    truth: Truth,
    served: list[Forecast],
    *,
    origins: list[_Origin],
    steps: tuple[LadderStep, ...],
    request: BacktestRequest,
) -> Backtest:
    random = np.random.default_rng([request.config.seed, 13])
    distributions = joined(
        [
            origin_distributions(forecast, origin.rows, truth.drawn[number], random=random)
            for number, (forecast, origin) in enumerate(zip(served, origins, strict=True))
        ]
    )
    last = steps[-1].name
    losses = {name: _cycle_losses(mean, truth) for name, mean in means.items()}
    names = list(means)
    pairs = [
        Losses(name, before, losses[name], losses[before], CYCLE_ERROR) for before, name in itertools.pairwise(names)
    ]
    whole = Losses("everything", BASELINE, losses[last], losses[BASELINE], CYCLE_ERROR)
    calibrated = Losses("calibration", "Poisson", distributions.loss, distributions.loss_plain, WEEK_PINBALL)
    by_place = _cycle_losses(_aligned([origin.baselines.best_by_place for origin in origins], origins), truth)
    return Backtest(
        steps=_steps_table(steps),
        metrics=metrics_by_slice(means, truth, distributions, served_step=last),
        fva=value_added([*pairs, calibrated, whole], truth.series, seed=request.config.seed),
        calibration=calibration_table(distributions, truth),
        slices=_slices(losses[last], by_place, truth),
        forecasts=_forecast_table(means, truth, distributions, cutoffs=request.cutoffs, served=served, step=last),
    )


def _cycle_losses(mean: Array, truth: Truth) -> Array:
    """Absolute errors of weekly sums, (n_origins, n_series); 0 where the origin did not know the series."""
    result: Array = weekly_errors(np.nan_to_num(mean), np.where(np.isnan(mean), np.nan, truth.demand)).sum(axis=-1)
    return result


def _slices(ours: Array, baseline: Array, truth: Truth) -> pd.DataFrame:
    place = truth.series["location"].to_numpy(dtype=object)[None, :]
    demand = np.nan_to_num(truth.demand).sum(axis=2)
    return beaten_slices(ours, baseline, demand, slices=truth.demand_class.astype(object) + " at " + place)


def _steps_table(steps: tuple[LadderStep, ...]) -> pd.DataFrame:
    rows = [
        (NAIVE, "the last same weekday"),
        (BASELINE, "the statistical baseline that was best on earlier origins, by demand class"),
        *((step.name, step.meaning) for step in steps),
    ]
    return pd.DataFrame(rows, columns=["step", "meaning"])


def _forecast_table(
    means: dict[str, Array],
    truth: Truth,
    distributions: Distributions,
    *,
    cutoffs: pd.DatetimeIndex,
    served: list[Forecast],
    step: str,
) -> pd.DataFrame:
    """One row an origin, series and day for which there is a forecast and an observation."""
    kept = np.isfinite(means[step]) & np.isfinite(truth.demand)
    origin, series, day = np.nonzero(kept)
    cutoff = pd.DatetimeIndex(cutoffs)[origin]
    keys = truth.series.iloc[series].reset_index(drop=True)
    return pd.DataFrame(
        {
            "cutoff": cutoff,
            "vintage": np.array([forecast.vintage for forecast in served], dtype=object)[origin],
            "sku": keys["sku"],
            "location": keys["location"],
            "demand_class": truth.demand_class[origin, series].astype(str),
            "date": cutoff + pd.to_timedelta(day + 1, unit="D"),
            "step": day + 1,
            "mean": means[step][kept],
            "q0.5": distributions.quantiles[..., 0][kept],
            "q0.9": distributions.quantiles[..., 1][kept],
            "naive": means[NAIVE][kept],
            "best_baseline": means[BASELINE][kept],
            "demand": truth.demand[kept],
            "is_full_shelf": truth.is_full_shelf[kept],
            "is_promoted": truth.is_promoted[kept],
        }
    )
