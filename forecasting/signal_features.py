"""Signal features of a series at an origin: level, changes, age, burst, what is expected on the target day, and effect.

Everything is kept by key until rows are asked for, so that memory grows with the feeds and not with the series.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.signal_paths import DriverPath, carried, driver_path, mean_known, usual
from forecasting.signal_plan import Driver, SignalPlan
from forecasting.signals import LOOK_BACK_DAYS, series_keys

if TYPE_CHECKING:
    from forecasting.evidence import Evidence

Array = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Values this many usual deviations above the mean are a burst.
BURST_DEVIATIONS = 3.0
# An effect is told against the mean of this many days, those that make the base rate.
BASE_DAYS = 28
# Effects are cut at this change of log demand.
LARGEST_EFFECT = 1.2

KEY_NAMES = ("level", "level_week", "change", "change_week", "age", "burst")
STEP_NAMES = ("ahead", "ahead_raw")
LED = "led"
EFFECT = "effect"


@dataclass(frozen=True, eq=False)
class _DriverFeatures:
    """Features of one driver by key.

    Parameters
    ----------
    rows
        (n_series,) key of each series, -1 where it has none or the gate is closed.
    by_key
        (n_keys, len(KEY_NAMES)).
    by_step
        (n_keys, horizon, len(STEP_NAMES)).
    led
        (n_leads, n_keys, horizon) working scale at the target day minus a lead, against its base days.
    lead_rows
        (n_series,) which lead, -1 where none was kept.
    effect
        (n_series,) change of log demand per unit of ``led``.
    """

    family: str
    rows: Ints
    by_key: Array32
    by_step: Array32
    led: Array32
    lead_rows: Ints
    effect: Array32

    def block(self, series: Ints, steps: Ints) -> Array32:
        """Return (n_rows, n_features)."""
        key = self.rows[series]
        block = np.concatenate(
            [self.by_key[key], self.by_step[key, steps - 1], self._led(series, steps)[:, None]], axis=1
        )
        block[key < 0] = np.nan
        return block

    def change(self, series: Ints, steps: Ints) -> Array32:
        """Change of log demand, (n_rows,)."""
        change: Array32 = np.nan_to_num(self._led(series, steps)) * self.effect[series]
        return change

    def _led(self, series: Ints, steps: Ints) -> Array32:
        key, lead = self.rows[series], self.lead_rows[series]
        led = self.led[lead, key, steps - 1]
        return np.where((lead >= 0) & (key >= 0), led, np.float32(np.nan))


@dataclass(frozen=True, eq=False)
class OriginSignals:
    """Signals of every series at one origin: a factor of demand, and features where the plan wants them.

    Parameters
    ----------
    drivers
        Those that are needed.
    families
        Of the plan.
    has_features
        Whether `rows` has columns.
    """

    drivers: tuple[_DriverFeatures, ...]
    families: tuple[str, ...]
    has_features: bool

    def rows(self, series: Ints, steps: Ints) -> Array32:
        """Return (n_rows, n_features); NaN where a series has no such signal or its gate is closed."""
        if not self.has_features:
            return np.zeros((series.size, 0), dtype=np.float32)
        blocks = [driver.block(series, steps) for driver in self.drivers]
        return np.concatenate([*blocks, self.changes(series, steps)], axis=1)

    def changes(self, series: Ints, steps: Ints) -> Array32:
        """Change of log demand by family, (n_rows, n_families); 0 where no lead was kept."""
        changes = np.zeros((series.size, len(self.families)), dtype=np.float32)
        for driver in self.drivers:
            if driver.effect.any():
                changes[:, self.families.index(driver.family)] += driver.change(series, steps)
        return np.clip(changes, -LARGEST_EFFECT, LARGEST_EFFECT)

    def lift(self, series: Ints, steps: Ints) -> Array:
        """Factor by which signals move demand of the target day against the base days, (n_rows,)."""
        total = np.clip(self.changes(series, steps).sum(axis=1, dtype=np.float64), -LARGEST_EFFECT, LARGEST_EFFECT)
        return np.asarray(np.exp(total), dtype=np.float64)

    def lifts(self, series: Ints, *, horizon: int) -> Array:
        """Return `lift` of all steps, (n, horizon)."""
        steps = np.tile(np.arange(1, horizon + 1), series.size)
        return self.lift(np.repeat(series, horizon), steps).reshape(series.size, horizon)


def signal_names(plan: SignalPlan) -> tuple[str, ...]:
    """Names of the columns, driver by driver, then the change of log demand by each family."""
    if not plan.has_features:
        return ()
    names = (*KEY_NAMES, *STEP_NAMES, LED)
    return (
        *(f"{driver.family}|{driver.name}|{name}" for driver in plan.drivers for name in names),
        *(f"{family}|all|{EFFECT}" for family in plan.families),
    )


@dataclass(frozen=True, eq=False)
class _Cells:
    """Category and tier of every series as codes."""

    category: Ints
    categories: pd.Index
    tier: Ints
    tiers: pd.Index

    @classmethod
    def of(cls, series: pd.DataFrame) -> _Cells:
        """Code the series once an origin."""
        category, categories = pd.factorize(series["category"].astype("str"), sort=True)
        tier, tiers = pd.factorize(series["tier"].astype("str"), sort=True)
        return cls(category.astype(np.int64), pd.Index(categories), tier.astype(np.int64), pd.Index(tiers))


def origin_signals(evidence: Evidence, origin: int, *, horizon: int) -> OriginSignals:
    """Read as of the origin every driver that moves something, or all if the plan wants features."""
    plan = evidence.signal_plan
    linked = {link.driver for link in plan.links}
    cells = _Cells.of(evidence.panel.series)
    drivers = tuple(
        _driver(evidence, driver, origin, cells=cells, horizon=horizon)
        for driver in plan.drivers
        if plan.has_features or driver.name in linked
    )
    return OriginSignals(drivers, plan.families, plan.has_features)


def _driver(evidence: Evidence, driver: Driver, origin: int, *, cells: _Cells, horizon: int) -> _DriverFeatures:
    plan = evidence.signal_plan
    path = driver_path(evidence.signals, driver, origin, horizon=horizon)
    links = {link.category: link for link in plan.links if link.driver == driver.name}
    leads = sorted({link.lead_days for link in links.values()})
    lead_row = np.array(
        [leads.index(links[n].lead_days) if n in links else -1 for n in cells.categories], dtype=np.int64
    )
    effects = np.array(
        [[links[n].effects.get(tier, 0.0) if n in links else 0.0 for tier in cells.tiers] for n in cells.categories],
        dtype=np.float32,
    ).reshape(len(cells.categories), len(cells.tiers))
    is_on = np.array([plan.is_on(driver, name) for name in cells.categories], dtype=bool)
    rows = series_keys(path.keys, driver.key_type, evidence.panel.series)
    n_keys = len(path.keys)
    return _DriverFeatures(
        family=driver.family,
        rows=np.where(is_on[cells.category], rows, -1),
        by_key=_with_unknown(_by_key(path) if plan.has_features else np.zeros((n_keys, 0))),
        by_step=_with_unknown(_by_step(path) if plan.has_features else np.zeros((n_keys, horizon, 0))),
        led=np.stack([*(_with_unknown(led(path, lead)) for lead in leads), _unknown((n_keys + 1, horizon))]),
        lead_rows=lead_row.astype(np.int64)[cells.category],
        effect=effects[cells.category, cells.tier],
    )


def _with_unknown(values: Array) -> Array32:
    """Add a last row of NaN, which -1 reads."""
    return np.concatenate([values, _unknown((1, *values.shape[1:]))]).astype(np.float32)


def _unknown(shape: tuple[int, ...]) -> Array32:
    return np.full(shape, np.nan, dtype=np.float32)


def led(path: DriverPath, lead: int) -> Array:
    """Return the driver ``lead`` days before each target day against its mean over the base days, as long before.

    Parameters
    ----------
    path
        From `driver_path`.
    lead
        [days].

    Returns
    -------
    (n_keys, horizon); the base rate at the origin holds the effect of the base days already.
    """
    expected = path.expected - path.profile
    horizon = expected.shape[1] - LOOK_BACK_DAYS
    base = mean_known(expected[:, LOOK_BACK_DAYS - BASE_DAYS - lead : LOOK_BACK_DAYS - lead])
    target = expected[:, LOOK_BACK_DAYS - lead : LOOK_BACK_DAYS - lead + horizon]
    result: Array = target - base[:, None]
    return result


def _by_key(path: DriverPath) -> Array:
    past, _ = carried(path.known[:, :LOOK_BACK_DAYS])
    mean, spread = usual(past)
    last, age = _last(path.known[:, :LOOK_BACK_DAYS])
    level = (last - mean) / spread
    week, month = mean_known(past[:, -7:]), mean_known(past[:, -28:])
    return np.column_stack(
        [
            level,
            (week - mean) / spread,
            mean_known(past[:, -3:]) - month,
            week - mean_known(past[:, -14:-7]),
            age,
            np.where(np.isnan(level), np.nan, level > BURST_DEVIATIONS),
        ]
    )


def _by_step(path: DriverPath) -> Array:
    """Expected value of the target day in deviations, and what was published about it, (n_keys, horizon, 2)."""
    mean, spread = usual(path.known[:, :LOOK_BACK_DAYS])
    ahead = (path.expected[:, LOOK_BACK_DAYS:] - mean[:, None]) / spread[:, None]
    return np.stack([ahead, path.raw[:, LOOK_BACK_DAYS:]], axis=2)


def _last(past: Array) -> tuple[Array, Array]:
    """Last known value and its age in days."""
    known = ~np.isnan(past)
    back = np.argmax(known[:, ::-1], axis=1)
    value = past[np.arange(past.shape[0]), past.shape[1] - 1 - back]
    age = np.where(known.any(axis=1), back, np.nan)
    return value, age
