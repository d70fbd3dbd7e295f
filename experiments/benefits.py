"""The money of a plan, or of its roll-out, against the rule that it replaces: from the days of two replays.

What a year brings (margin, carrying, logistics, waste) is profit. What stock comes free brings cash once, and is in no
sum of profit: carrying cost already charges for that capital. Carbon is counted in kilograms. Whatever no replay shows
comes from the caller as an assumption, and stays one. Every figure says where it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
DAYS_A_YEAR = 365.0
# Days are drawn in blocks of two weeks, which hold every weekday alike and keep what a bad week does to the next.
BLOCK_DAYS, LEAST_BLOCKS = 14, 4
# From so many replayed histories on, whole histories are drawn.
LEAST_HISTORIES = 5
N_DRAWS = 2000
# Column of the day tables by what a year of it is.
YEARLY = {"margin": "lost_margin", "carrying": "holding_cost", "logistics": "logistics_cost", "waste": "waste_cost"}
COLUMNS = (*YEARLY.values(), "stock_value", "co2_kg")


class Kind(StrEnum):
    """What a figure may be added to."""

    PROFIT = "profit, a year"
    CASH = "cash, once"
    CARBON = "carbon, a year"
    ROLL_OUT = "roll-out"
    ASSUMED = "assumed, a year"


@dataclass(frozen=True)
class RollOut:
    """What the change costs and how its money is judged; nothing of it is measured here.

    Parameters
    ----------
    one_off_cost
        Paid at the start [money], >= 0.
    running_cost
        Paid at the end of each year [money/year], >= 0.
    discount_rate
        Of a year, > -1.
    years
        Years that count, at least 1.
    """

    one_off_cost: float
    running_cost: float
    discount_rate: float
    years: int

    def present_value(self, profit: float) -> float:
        """Minus the one-off cost, plus (profit - running cost) / (1 + r) ** y over the years y = 1 .. T.

        Example: 100 once, 10 a year, r = 0.25, two years, a profit of 110: -100 + 100 / 1.25 + 100 / 1.5625 = 44.

        Parameters
        ----------
        profit
            Of a year [money/year].
        """
        worth = sum((1.0 + self.discount_rate) ** -year for year in range(1, self.years + 1))
        return (profit - self.running_cost) * worth - self.one_off_cost

    def payback_years(self, profit: float) -> float:
        """One-off cost / (profit - running cost), not discounted; infinite where nothing is left of the profit.

        Parameters
        ----------
        profit
            Of a year [money/year].
        """
        net = profit - self.running_cost
        return self.one_off_cost / net if net > 0 else float("inf")


@dataclass(frozen=True)
class Assumption:
    """A benefit that no replay shows, such as time saved or a risk avoided.

    Parameters
    ----------
    name
        What it is.
    money_a_year
        [money/year].
    basis
        Who says so, and why.
    """

    name: str
    money_a_year: float
    basis: str


@dataclass(frozen=True, eq=False, repr=False)
class Benefits:
    """Figures of a change; shows itself in a notebook and as text.

    Parameters
    ----------
    rule, plan
        Names of what is replaced and of what replaces it.
    table
        figure, kind (a `Kind`), amount, low, high (ends of the interval; NaN where there is none), unit, source.
    notes
        What to know before the figures are used.
    """

    rule: str
    plan: str
    table: pd.DataFrame
    notes: tuple[str, ...]

    def amount(self, figure: str) -> float:
        """Return one figure; NaN where it is unknown.

        Raises
        ------
        KeyError
            If there is no such figure.
        """
        amounts = dict(zip(self.table["figure"], self.table["amount"], strict=True))
        return float(amounts[figure])

    def __str__(self) -> str:
        from experiments.benefits_shown import as_text

        return as_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from experiments.benefits_shown import as_html

        return as_html(self)


def benefits(
    rule: Sequence[pd.DataFrame],
    plan: Sequence[pd.DataFrame],
    *,
    roll_out: RollOut | None = None,
    assumptions: Sequence[Assumption] = (),
    names: tuple[str, str] = ("rule", "plan"),
    confidence: float = 0.95,
    seed: int = 0,
) -> Benefits:
    """Compare the days of replays under the rule and under the plan, pair by pair on the same demand.

    Intervals are percentiles of a bootstrap of the paired differences: over histories where there are five or more,
    else over circular blocks of two weeks within each (Politis and Romano, 1992), where there are eight weeks or more.

    Parameters
    ----------
    rule, plan
        Day tables (`twin.Replay.days`), one a history; the two of a pair have the same days and demand.
    roll_out
        What the change costs; without it there is neither payback nor present value.
    assumptions
        Benefits that no replay shows. They are in no sum but the present value that says so.
    names
        Of rule and plan.
    confidence
        In (0, 1).
    seed
        Of the bootstrap.

    Raises
    ------
    ValueError
        If a pair does not have the same days or did not meet the same demand.
    """
    gains = [_gains(one, other) for one, other in zip(rule, plan, strict=True)]
    draws = _drawn_means(gains, seed=seed)
    means = np.mean([gain.mean(axis=0) for gain in gains], axis=0)
    ends = (1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0
    n_days = sum(len(gain) for gain in gains)
    rows = [_yearly(name, column, means, draws, ends=ends, n_days=n_days) for name, column in YEARLY.items()]
    picked = [COLUMNS.index(column) for column in YEARLY.values()]
    a_day = _figure(means[picked].sum(), None if draws is None else draws[:, picked].sum(axis=1), ends)
    profit = a_day[0] * DAYS_A_YEAR, a_day[1] * DAYS_A_YEAR, a_day[2] * DAYS_A_YEAR
    rows.append(("profit", Kind.PROFIT, *profit, "money", "margin + carrying + logistics + waste"))
    rows += [_cash(means, draws, ends), _carbon(rule, plan, means, draws, ends=ends)]
    if roll_out is not None:
        rows += _of_roll_out(roll_out, profit, sum(each.money_a_year for each in assumptions))
    nothing = float("nan")
    rows += [(each.name, Kind.ASSUMED, each.money_a_year, nothing, nothing, "money", f"assumed: {each.basis}")
             for each in assumptions]  # fmt: skip
    columns = ["figure", "kind", "amount", "low", "high", "unit", "source"]
    return Benefits(*names, pd.DataFrame(rows, columns=columns), _notes(gains, draws, confidence))


Row = tuple[str, Kind, float, float, float, str, str]


def _gains(rule: pd.DataFrame, plan: pd.DataFrame) -> Floats:
    """What the plan needs less of than the rule, day by day, (n_days, len(COLUMNS))."""
    if len(rule) != len(plan) or not len(rule):
        raise ValueError(f"a pair has {len(rule)} and {len(plan)} days: both must replay the same days, at least one")
    if not np.allclose(rule["latent_units"], plan["latent_units"]):
        raise ValueError("the two replays of a pair did not meet the same demand")
    gains: Floats = rule[list(COLUMNS)].to_numpy(np.float64) - plan[list(COLUMNS)].to_numpy(np.float64)
    return gains


def _drawn_means(gains: list[Floats], *, seed: int) -> Floats | None:
    """Means of a day in each draw, (N_DRAWS, len(COLUMNS)); None where there is too little to draw from."""
    rng = np.random.default_rng(seed)
    if len(gains) >= LEAST_HISTORIES:
        means = np.array([gain.mean(axis=0) for gain in gains])
        of_histories: Floats = means[rng.integers(0, len(gains), (N_DRAWS, len(gains)))].mean(axis=1)
        return of_histories
    if min(len(gain) for gain in gains) < LEAST_BLOCKS * BLOCK_DAYS:
        return None
    of_blocks: Floats = np.mean([_block_means(gain, rng) for gain in gains], axis=0)
    return of_blocks


def _block_means(gain: Floats, rng: np.random.Generator) -> Floats:
    """Means over circular blocks of days, as many days as there are, (N_DRAWS, len(COLUMNS))."""
    n_days, n_blocks = len(gain), -(-len(gain) // BLOCK_DAYS)
    starts = rng.integers(0, n_days, (N_DRAWS, n_blocks))
    sizes = np.full(n_blocks, BLOCK_DAYS)
    sizes[-1] = n_days - BLOCK_DAYS * (n_blocks - 1)
    until = np.concatenate([np.zeros((1, gain.shape[1])), np.cumsum(np.tile(gain, (2, 1)), axis=0)])
    means: Floats = (until[starts + sizes] - until[starts]).sum(axis=1) / n_days
    return means


def _figure(mean: float, draws: Floats | None, ends: tuple[float, float]) -> tuple[float, float, float]:
    """An amount with the ends of its interval."""
    low, high = (float("nan"),) * 2 if draws is None else np.quantile(draws, ends)
    return float(mean), float(low), float(high)


def _yearly(
    name: str, column: str, means: Floats, draws: Floats | None, *, ends: tuple[float, float], n_days: int
) -> Row:
    at = COLUMNS.index(column)
    amount = _figure(means[at], None if draws is None else draws[:, at], ends)
    year = tuple(each * DAYS_A_YEAR for each in amount)
    source = f"mean daily {column} of rule less plan, {n_days} days, x {DAYS_A_YEAR:.0f}"
    return (name, Kind.PROFIT, year[0], year[1], year[2], "money", source)


def _cash(means: Floats, draws: Floats | None, ends: tuple[float, float]) -> Row:
    at = COLUMNS.index("stock_value")
    amount = _figure(means[at], None if draws is None else draws[:, at], ends)
    return (
        "cash release",
        Kind.CASH,
        *amount,
        "money",
        "mean stock_value (at cost, between places too) of rule less plan",
    )


def _carbon(
    rule: Sequence[pd.DataFrame], plan: Sequence[pd.DataFrame], means: Floats, draws: Floats | None, *,
    ends: tuple[float, float],
) -> Row:  # fmt: skip
    """Emissions of trucks; unknown where no lane that carried anything says what a truck emits."""
    if not sum(float(days["co2_kg"].sum()) for days in (*rule, *plan)):
        nothing = float("nan")
        return (
            "carbon",
            Kind.CARBON,
            nothing,
            nothing,
            nothing,
            "kg CO2",
            "unknown: no co2_kg_per_truck on any lane used",
        )
    at = COLUMNS.index("co2_kg")
    year = [each * DAYS_A_YEAR for each in _figure(means[at], None if draws is None else draws[:, at], ends)]
    source = f"mean daily co2_kg of rule less plan, trucks of lanes that say what one emits, x {DAYS_A_YEAR:.0f}"
    return ("carbon", Kind.CARBON, year[0], year[1], year[2], "kg CO2", source)


def _of_roll_out(roll_out: RollOut, profit: tuple[float, float, float], assumed: float) -> list[Row]:
    """Payback and present value; both only rise or only fall with profit, so the ends of its interval give theirs."""
    low, high = profit[1], profit[2]
    known = np.isfinite(low)
    slow, fast = (roll_out.payback_years(each) if known else float("nan") for each in (low, high))
    terms = (f"{roll_out.years} years at {roll_out.discount_rate:.1%}, {roll_out.one_off_cost:,.0f} once, "
             f"{roll_out.running_cost:,.0f} a year")  # fmt: skip
    value = roll_out.present_value
    rows: list[Row] = [
        ("payback", Kind.ROLL_OUT, roll_out.payback_years(profit[0]), fast, slow, "years",
         f"one-off cost / (profit - running cost), not discounted: {terms}"),
        ("present value", Kind.ROLL_OUT, value(profit[0]), value(low), value(high), "money",
         f"profit less running cost, discounted, less one-off cost: {terms}; without cash release"),
    ]  # fmt: skip
    if assumed:
        rows.append(("present value with assumptions", Kind.ROLL_OUT, value(profit[0] + assumed), value(low + assumed),
                     value(high + assumed), "money", "the same with every assumed benefit"))  # fmt: skip
    return rows


def _notes(gains: list[Floats], draws: Floats | None, confidence: float) -> tuple[str, ...]:
    n_days, weeks = min(len(gain) for gain in gains), LEAST_BLOCKS * BLOCK_DAYS // 7
    if draws is None:
        histories = f" of {len(gains)} histories" if len(gains) > 1 else ""
        interval = (f"No interval: {n_days} days{histories} are too few; {weeks} weeks or {LEAST_HISTORIES} histories "
                    "give one.")  # fmt: skip
    elif len(gains) >= LEAST_HISTORIES:
        interval = f"{confidence:.0%} intervals: bootstrap over {len(gains)} histories."
    else:
        interval = f"{confidence:.0%} intervals: bootstrap over blocks of two weeks of {n_days} days."
    return (
        f"{n_days} days stand for a year: a season that they lack is not in it.",
        "Cash release comes once and is in no sum of profit: carrying cost already charges for that capital.",
        interval,
    )
