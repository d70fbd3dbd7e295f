"""Pilots: who takes part and with whom each is compared, for how long, and what came of it.

Locations are matched in pairs that moved alike before; chance says which of a pair is the pilot. The effect is a
difference in differences within the pairs, and its interval comes from placebos: had chance fallen the other way in
some pairs, their differences would have had the other sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# Up to this many pairs all subsets are listed; beyond, so many are drawn.
MAX_LISTED_PAIRS, N_DRAWN = 12, 4095
# What a difference in size weighs against one in movement.
WEIGHT_OF_SIZE = 0.5


class Scale(StrEnum):
    """How an outcome changes: by a share of itself (sales, cost) or by an amount (a rate, days of cover)."""

    RELATIVE = "relative"
    AMOUNT = "amount"


class Step(StrEnum):
    """What to do after a look at a roll-out."""

    GO_ON = "go on"
    WAIT = "wait"
    STOP = "stop"


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pilots and their controls, rows of the history.

    Parameters
    ----------
    pilot, control
        (n_pairs,) locations; none is in two pairs.
    """

    pilot: Ints
    control: Ints

    @property
    def n_pairs(self) -> int:
        """Number of pairs."""
        return int(self.pilot.size)


@dataclass(frozen=True)
class Effect:
    """What a pilot did.

    Parameters
    ----------
    estimate
        Difference in differences: a share (0.03 is 3% more) or an amount of the outcome.
    low, high
        Ends of the interval.
    confidence
        Coverage of the interval under the placebos, at least what was asked for.
    """

    estimate: float
    low: float
    high: float
    confidence: float


def choose_pairs(history: Floats, *, n_pairs: int, seed: int) -> Pairs:
    """Match locations in pairs over all sizes, and let chance say who is the pilot.

    Locations are cut into `n_pairs` groups of like size, and the two of each group that moved most alike are taken: the
    pilots then stand for small and large places. Distance: root mean squared difference of the log weekly outcomes,
    each less its mean, plus `WEIGHT_OF_SIZE` times the difference of these means.

    Parameters
    ----------
    history
        (n_locations, n_weeks) outcome before the pilot, > 0 on average.
    n_pairs
        At least 1; there must be two locations for each.
    seed
        Of the draw of roles.

    Raises
    ------
    ValueError
        If there are too few locations.
    """
    n = len(history)
    if n < 2 * n_pairs:
        raise ValueError(f"{n_pairs} pairs need {2 * n_pairs} locations, not {n}")
    random = np.random.default_rng(seed)
    level = np.log(np.maximum(history, 0.0) + _floor(history))
    size = level.mean(axis=1)
    movement = level - size[:, None]
    groups = np.array_split(np.argsort(size, kind="stable"), n_pairs)
    chosen = np.array([_closest(group, movement, size) for group in groups])
    swap = random.random(n_pairs) < 0.5
    chosen[swap] = chosen[swap, ::-1]
    return Pairs(chosen[:, 0], chosen[:, 1])


def effect_of(
    before: Floats,
    after: Floats,
    *,
    pairs: Pairs,
    scale: Scale = Scale.RELATIVE,
    confidence: float = 0.95,
    seed: int = 0,
) -> Effect:
    """Estimate a pilot's effect: difference in differences, with an interval of placebos.

    Under an effect that is the same for all pairs, each pair's difference less the effect is as likely to have either
    sign, because chance drew the roles. Then the means of all subsets of the differences cut the line into parts that
    hold the effect with equal probability (Hartigan 1969, "Using subsample values as typical values", theorem 1): the
    interval leaves out as many of them on each side as the confidence allows. Example: four pairs have 15 subsets; the
    smallest and largest subset means enclose the effect with probability 14 / 16.

    Parameters
    ----------
    before, after
        (n_locations, n_weeks) outcome before and during the pilot; the weeks may differ in number.
    pairs
        From `choose_pairs`.
    scale
        Of the effect.
    confidence
        In (0, 1).
    seed
        Of the subsets drawn where there are more than 2 ** 12.

    Raises
    ------
    ValueError
        If so few pairs cannot give the confidence.
    """
    differences = _differences(before.mean(axis=1), after.mean(axis=1), pairs=pairs, scale=scale)
    means = _subset_means(differences, seed)
    n_left_out = int(np.floor((1.0 - confidence) / 2.0 * (means.size + 1) + 1e-9))
    if n_left_out < 1:
        raise ValueError(f"{pairs.n_pairs} pairs cannot give a confidence of {confidence}; take more pairs")
    estimate, low, high = differences.mean(), means[n_left_out - 1], means[-n_left_out]
    if scale is Scale.RELATIVE:
        estimate, low, high = np.expm1(estimate), np.expm1(low), np.expm1(high)
    reached = 1.0 - 2.0 * n_left_out / (means.size + 1)
    return Effect(float(estimate), float(low), float(high), reached)


def weeks_needed(
    history: Floats,
    *,
    n_pairs: int,
    effect: float,
    weeks_before: int,
    power: float = 0.8,
    confidence: float = 0.95,
    scale: Scale = Scale.RELATIVE,
) -> int | None:
    """Weeks a pilot must run so that an effect of this size is told from none with this power; none if no length does.

    A length passes if effect >= (t_confidence + t_power) * s / sqrt(n), s being how far the pairs' differences stray
    when nothing is done (t quantiles with n - 1 degrees of freedom; Bloom 1995, "Minimum detectable effects"). Pairs
    are matched on the first half of the history and s is measured on the second, over every stretch that has
    `weeks_before` weeks and then that many: on the weeks that matched them, pairs look more alike than they are.

    Parameters
    ----------
    history
        (n_locations, n_weeks) outcome before the pilot.
    n_pairs
        Pairs that will be compared, at least 2.
    effect
        Smallest effect worth finding, a share or an amount, != 0.
    weeks_before
        Weeks that the pilot will be compared with.
    power, confidence
        Chance to find it; of the interval.
    scale
        Of the effect.
    """
    half = history.shape[1] // 2
    pairs = choose_pairs(history[:, :half], n_pairs=n_pairs, seed=0)
    later = history[:, half:]
    wanted = abs(np.log1p(effect)) if scale is Scale.RELATIVE else abs(effect)
    factor = student.ppf((1.0 + confidence) / 2.0, n_pairs - 1) + student.ppf(power, n_pairs - 1)
    sums = np.cumsum(np.pad(later, ((0, 0), (1, 0))), axis=1)
    for weeks in range(1, later.shape[1] - weeks_before + 1):
        starts = np.arange(0, later.shape[1] - weeks_before - weeks + 1)
        middle = starts + weeks_before
        before = (sums[:, middle] - sums[:, starts]) / weeks_before
        after = (sums[:, middle + weeks] - sums[:, middle]) / weeks
        strayed = _differences(before, after, pairs=pairs, scale=scale)
        spread = float(np.sqrt((strayed**2).mean()))
        if wanted >= factor * spread / np.sqrt(n_pairs):
            return weeks
    return None


def next_step(effects: Sequence[Effect], *, n_looks: int, tolerance: float = 0.0, more_is_better: bool = True) -> Step:
    """Say how a roll-out goes on after its latest look: stop on harm, go on once harm is ruled out, wait in between.

    Looks repeat, so each must be made at a confidence of at least 1 - 0.05 / n_looks; then the chance that a harmless
    roll-out is stopped, or a harmful one goes on, is at most 5% over all looks (Bonferroni).

    Parameters
    ----------
    effects
        One a look so far, the latest last.
    n_looks
        Looks that were planned.
    tolerance
        Harm that is accepted, >= 0: an effect above -tolerance is no harm.
    more_is_better
        Whether the outcome should rise; costs should fall.

    Raises
    ------
    ValueError
        If the latest interval is too narrow for so many looks.
    """
    latest = effects[-1]
    asked = 1.0 - 0.05 / n_looks
    if latest.confidence < asked - 1e-9:
        raise ValueError(f"{n_looks} looks need intervals of {asked:.4f}, not {latest.confidence:.4f}")
    worst, best = (latest.low, latest.high) if more_is_better else (-latest.high, -latest.low)
    if best < -tolerance:
        return Step.STOP
    return Step.GO_ON if worst > -tolerance else Step.WAIT


def _floor(history: Floats) -> float:
    """A hundredth of the mean outcome: keeps logarithms of weeks without any finite."""
    return 0.01 * float(history.mean()) + 1e-12


def _closest(group: Ints, movement: Floats, size: Floats) -> tuple[int, int]:
    """The two locations of a group with the least distance, ties by their rows."""
    apart = np.sqrt(((movement[group, None] - movement[None, group]) ** 2).mean(axis=2))
    apart = apart + WEIGHT_OF_SIZE * np.abs(size[group, None] - size[None, group])
    first, second = np.triu_indices(group.size, k=1)
    best = int(np.argmin(apart[first, second]))
    return int(group[first[best]]), int(group[second[best]])


def _differences(before: Floats, after: Floats, *, pairs: Pairs, scale: Scale) -> Floats:
    """Change of each pilot less that of its control, (n_pairs, ...): of logarithms or of amounts."""
    change = np.log(after) - np.log(before) if scale is Scale.RELATIVE else after - before
    difference: Floats = change[pairs.pilot] - change[pairs.control]
    return difference


def _subset_means(differences: Floats, seed: int) -> Floats:
    """Means of all nonempty subsets, or of many drawn ones, sorted."""
    n = differences.size
    if n <= MAX_LISTED_PAIRS:
        is_in = (np.arange(1, 2**n)[:, None] >> np.arange(n)) & 1
    else:
        is_in = (np.random.default_rng(seed).random((N_DRAWN, n)) < 0.5).astype(np.int64)
        is_in[is_in.sum(axis=1) == 0, 0] = 1
    means: Floats = np.sort((is_in * differences).sum(axis=1) / is_in.sum(axis=1))
    return means
