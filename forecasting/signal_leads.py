"""By how many days a driver leads demand of a category, and by how much it moves it: on training data only.

The lead is where the cross-correlation of prewhitened driver and residual demand is largest (Box, Jenkins and Reinsel,
Time Series Analysis, sect. 12.1): both are filtered by the autoregression of the driver, so that its own persistence
does not smear the peak. A lead is kept only if it is clear and the same in every part of the past.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from forecasting.signal_plan import Driver, Link
from forecasting.signal_residuals import Residuals, Units

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# Lead in days by number of the driver and category (or `EVERYTHING`).
Leads = dict[tuple[int, str], int]

LONGEST_LEAD_DAYS = 21
AR_ORDER = 3
N_FOLDS = 3
# Sum over tiers of squared z-scores that a peak needs: the best of 22 lags of noise passes in about 1 of 1,000 cases.
LEAST_PEAK = 18.0
# Days by which the peak of a fold may differ.
LEAD_TOLERANCE_DAYS = 2
# z-score of an effect below which a tier counts as not moved.
LEAST_EFFECT_SCORE = 2.0
# Kinds of key whose drivers move all categories of a place.
PLACE_KEYS = frozenset({"location", "zone", "region", "global"})
EVERYTHING = "*"
# Effects of categories differ from the common one by about this share of it.
PRIOR_SPREAD = 0.5


@dataclass(frozen=True, eq=False)
class Aligned:
    """Residual demand and the drivers of one kind of key, row by row.

    Parameters
    ----------
    units
        Names of the rows.
    residual
        Of demand.
    drivers
        In order.
    values
        By driver (n_units, n_days): high-passed working scale without day effect, 0 where unknown.
    """

    units: Units
    residual: Residuals
    drivers: Sequence[Driver]
    values: Sequence[Array]


def find_links(aligned: Aligned, *, leads: Leads | None = None) -> tuple[Link, ...]:
    """Return every lead that is clear and stable, with its effects by tier.

    Parameters
    ----------
    aligned
        Training days only.
    leads
        From `find_leads` of a longer past of training days, where only effects are wanted.
    """
    leads = find_leads(aligned) if leads is None else leads
    common = {
        number: _effects(aligned, {number: lead}, rows=np.ones(len(aligned.units.category), dtype=bool))[0]
        for (number, category), lead in leads.items()
        if category == EVERYTHING
    }
    result: list[Link] = []
    for category in sorted(set(aligned.units.category)):
        of_category = {number: lead for number in common if (lead := leads.get((number, EVERYTHING))) is not None}
        of_category |= {number: lead for (number, name), lead in leads.items() if name == category}
        result += _links(aligned, str(category), of_category, common=common)
    return tuple(result)


def find_leads(aligned: Aligned) -> Leads:
    """Lead of each driver for each category; drivers of places also for all categories together.

    Weather and visits move what a whole place sells: where a category alone is too thin to show it, the lead that all
    categories of the chain show together holds.
    """
    n_days = aligned.residual.value.shape[1]
    if n_days < 2 * (LONGEST_LEAD_DAYS + 1):
        return {}
    leads: Leads = {}
    for number, driver in enumerate(aligned.drivers):
        if not aligned.values[number].any():
            continue
        score = _scorer(aligned, number)
        for category in sorted(set(aligned.units.category)):
            lead = stable_lead(score(aligned.units.category == category))
            if lead is not None:
                leads[number, str(category)] = lead
        if driver.key_type in PLACE_KEYS:
            lead = stable_lead(score(np.ones(len(aligned.units.category), dtype=bool)))
            if lead is not None:
                leads[number, EVERYTHING] = lead
    return leads


def _scorer(aligned: Aligned, number: int) -> Callable[[Bools], Array]:
    """Prewhiten a driver and demand once; the result scores any units, (n_tiers, N_FOLDS + 1, n_lags)."""
    signal, weight = aligned.values[number], aligned.residual.weight
    filters = _autoregression(signal)
    whitened = _filtered(signal, filters)
    demand = weight * _filtered(np.where(weight > 0, aligned.residual.value, 0.0), filters)
    keys = pd.factorize(aligned.units.keys, sort=True)[0]
    tiers = aligned.units.tiers

    def score(rows: Bools) -> Array:
        parts = [np.flatnonzero(rows & (tiers == tier)) for tier in sorted(set(tiers[rows]))]
        return np.stack([_scores(whitened[part], demand[part], keys[part]) for part in parts])

    return score


def _autoregression(signal: Array) -> Array:
    """Coefficients of the driver's own past, pooled over rows, by least squares, (AR_ORDER,)."""
    past = np.stack([signal[:, AR_ORDER - lag : -lag].ravel() for lag in range(1, AR_ORDER + 1)])
    now = signal[:, AR_ORDER:].ravel()
    gram = past @ past.T + 1e-9 * np.eye(AR_ORDER)
    return np.asarray(np.linalg.solve(gram, past @ now), dtype=np.float64)


def _filtered(values: Array, coefficients: Array) -> Array:
    """Take the autoregression out of every row; the first days are 0."""
    result = np.zeros_like(values)
    result[:, AR_ORDER:] = values[:, AR_ORDER:]
    for lag, coefficient in enumerate(coefficients, start=1):
        result[:, AR_ORDER:] -= coefficient * values[:, AR_ORDER - lag : values.shape[1] - lag]
    return result


def _scores(signal: Array, demand: Array, keys: Ints) -> Array:
    """z-score of the cross-correlation by fold (the last row: all) and lag, (N_FOLDS + 1, n_lags).

    z = sum(s y) / sqrt(sum (s y)^2), what the units of one key do on one day counted as one: no assumption about equal
    variances, or about categories of one place (White 1980; Arellano 1987).
    """
    codes = np.unique(keys, return_inverse=True)[1]
    by_key = sparse.csr_matrix((np.ones(codes.size), (codes, np.arange(codes.size))))
    n_days = signal.shape[1]
    folds = np.minimum(np.arange(n_days) * N_FOLDS // n_days, N_FOLDS - 1)
    result = np.zeros((N_FOLDS + 1, LONGEST_LEAD_DAYS + 1))
    for lag in range(LONGEST_LEAD_DAYS + 1):
        products = np.asarray(by_key @ (signal[:, : n_days - lag] * demand[:, lag:]), dtype=np.float64)
        total, spread = (
            np.bincount(folds[lag:], weights=each.sum(axis=0), minlength=N_FOLDS) for each in (products, products**2)
        )
        result[:N_FOLDS, lag] = total / np.sqrt(np.maximum(spread, 1e-12))
        result[N_FOLDS, lag] = total.sum() / np.sqrt(max(spread.sum(), 1e-12))
    return result


def stable_lead(scores: Array) -> int | None:
    """Return the lag of the peak if it is clear, of one sign in all folds, and near the peak of most folds.

    Parameters
    ----------
    scores
        (n_tiers, N_FOLDS + 1, n_lags) z-scores, the last fold being all days.
    """
    peaks = (scores**2).sum(axis=0)
    lead = int(np.argmax(peaks[-1]))
    if peaks[-1, lead] < LEAST_PEAK:
        return None
    strongest = int(np.argmax(np.abs(scores[:, -1, lead])))
    is_same_sign = np.all(np.sign(scores[strongest, :-1, lead]) == np.sign(scores[strongest, -1, lead]))
    near = np.abs(np.argmax(peaks[:-1], axis=1) - lead) <= LEAD_TOLERANCE_DAYS
    return lead if is_same_sign and near.sum() * 2 > N_FOLDS else None


def _links(
    aligned: Aligned, category: str, leads: dict[int, int], *, common: dict[int, dict[str, float]]
) -> list[Link]:
    """Effects of a category's drivers by tier; what is not clear is 0, or that of all categories."""
    if not leads:
        return []
    numbers = sorted(leads)
    effects = _effects(aligned, leads, rows=aligned.units.category == category, common=common)
    return [
        Link(aligned.drivers[number].name, category, leads[number], effect)
        for number, effect in zip(numbers, effects, strict=True)
        if any(effect.values())
    ]


def _effects(
    aligned: Aligned, leads: dict[int, int], *, rows: Bools, common: dict[int, dict[str, float]] | None = None
) -> list[dict[str, float]]:
    """Effects of drivers on some units by tier, from one weighted regression a tier."""
    numbers = sorted(leads)
    effects: list[dict[str, float]] = [{} for _ in numbers]
    for tier in sorted(set(aligned.units.tier[rows])):
        part = rows & (aligned.units.tier == tier)
        values = np.stack([_shifted(aligned.values[number][part], leads[number]).ravel() for number in numbers])
        prior = np.array([(common or {}).get(number, {}).get(tier, 0.0) for number in numbers])
        found = _regressed(
            values, aligned.residual.value[part].ravel(), aligned.residual.weight[part].ravel(), prior=prior
        )
        for effect, value in zip(effects, found, strict=True):
            effect[str(tier)] = float(value)
    return effects


def _shifted(values: Array, lead: int) -> Array:
    """Move rows ``lead`` days ahead, 0 before the first."""
    result = np.zeros_like(values)
    result[:, lead:] = values[:, : values.shape[1] - lead]
    return result


def _regressed(values: Array, demand: Array, weight: Array, *, prior: Array) -> Array:
    """Weighted least squares, shrunk.

    With a prior b0 of deviation t = PRIOR_SPREAD |b0|: (b / e^2 + b0 / t^2) / (1 / e^2 + 1 / t^2). Without one, an
    effect of score z is shrunk to b (1 - 1 / z^2), and is 0 below the least score.
    """
    gram = (values * weight) @ values.T
    gram += (1e-9 + 1e-6 * np.trace(gram)) * np.eye(len(values))
    inverse = np.linalg.inv(gram)
    effect = inverse @ ((values * weight) @ demand)
    rest = weight * (demand - effect @ values)
    meat = (values * rest**2) @ values.T
    error = np.sqrt(np.maximum(np.diag(inverse @ meat @ inverse), 1e-18))
    score = np.abs(effect) / error
    shrunk = np.where(score >= LEAST_EFFECT_SCORE, effect * (1.0 - 1.0 / np.maximum(score, 1.0) ** 2), 0.0)
    spread = np.maximum(PRIOR_SPREAD * np.abs(prior), 1e-12)
    pooled = (effect / error**2 + prior / spread**2) / (1.0 / error**2 + 1.0 / spread**2)
    result: Array = np.where(prior != 0.0, pooled, shrunk)
    return result
