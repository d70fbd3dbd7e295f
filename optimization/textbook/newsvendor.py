"""The newsvendor: one order before demand is known, and the losses of normal demand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from optimization.service import newsvendor_ratio

Floats = npt.NDArray[np.float64]


def normal_density(z: npt.ArrayLike) -> Floats:
    """Density of the standard normal, phi(z)."""
    x = np.asarray(z, dtype=np.float64)
    density: Floats = np.exp(-0.5 * x * x) / np.sqrt(2.0 * np.pi)
    return density


def normal_loss(z: npt.ArrayLike) -> Floats:
    """Mean of what standard normal demand exceeds z by: L(z) = phi(z) - z (1 - Phi(z)).

    Source: Snyder and Shen (2019), appendix C. Example: L(0) = 0.3989, L(1) = 0.0833.
    """
    x = np.asarray(z, dtype=np.float64)
    loss: Floats = normal_density(x) - x * ndtr(-x)
    return loss


def normal_second_loss(z: npt.ArrayLike) -> Floats:
    """Area under the loss function beyond z, ((z^2 + 1)(1 - Phi(z)) - z phi(z)) / 2.

    Source: Snyder and Shen (2019), appendix C. Example: at 0 it is 1/4.
    """
    x = np.asarray(z, dtype=np.float64)
    area: Floats = 0.5 * ((x * x + 1.0) * ndtr(-x) - x * normal_density(x))
    return area


def newsvendor_cost(
    level: npt.ArrayLike,
    *,
    mean: npt.ArrayLike,
    sd: npt.ArrayLike,
    holding_cost: npt.ArrayLike,
    shortage_cost: npt.ArrayLike,
) -> Floats:
    """Mean cost of stock S before normal demand: h (S - mu) + (h + p) sigma L((S - mu) / sigma).

    Source: Snyder and Shen (2019), section 4.3. Parameters as in `newsvendor_normal`; `level` is S [units].
    """
    stock, mu, sigma = (np.asarray(value, dtype=np.float64) for value in (level, mean, sd))
    h, p = np.asarray(holding_cost, dtype=np.float64), np.asarray(shortage_cost, dtype=np.float64)
    over = stock - mu
    z = np.divide(over, sigma, out=np.zeros(np.broadcast(over, sigma).shape), where=sigma > 0)
    short = np.where(sigma > 0, sigma * normal_loss(z), np.maximum(-over, 0.0))
    cost: Floats = h * over + (h + p) * short
    return cost


def newsvendor_normal(
    mean: npt.ArrayLike, sd: npt.ArrayLike, *, holding_cost: npt.ArrayLike, shortage_cost: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Stock S = mu + z sigma before normal demand, z the normal quantile at p / (p + h).

    Source: Arrow, Harris and Marschak (1951); Snyder and Shen (2019), section 4.3. Example 4.3 there: h = 0.18,
    p = 0.70, demand of mean 50 and deviation 8 give S = 56.604 at 1.9976.

    Parameters
    ----------
    mean, sd
        mu and sigma of demand [units], sigma >= 0; all parameters broadcast.
    holding_cost
        h, of a unit left over [money/unit], > 0.
    shortage_cost
        p, of a unit missing [money/unit], > 0.

    Returns
    -------
    tuple of arrays
        S [units] and its mean cost [money].
    """
    mu, sigma = np.asarray(mean, dtype=np.float64), np.asarray(sd, dtype=np.float64)
    level = mu + ndtri(newsvendor_ratio(shortage_cost, holding_cost)) * sigma
    cost = newsvendor_cost(level, mean=mu, sd=sigma, holding_cost=holding_cost, shortage_cost=shortage_cost)
    return level, cost


def newsvendor_discrete(
    probabilities: npt.ArrayLike, *, holding_cost: float, shortage_cost: float
) -> tuple[int, float]:
    """Least whole stock S with F(S) >= p / (p + h), for demand of any distribution on 0, 1, 2 ...

    Source: Snyder and Shen (2019), section 4.3. Example: demand 0, 1, 2 with 0.2, 0.5, 0.3, h = 1, p = 2: F(1) = 0.7 is
    at least 2/3, so S = 1, at 1 x 0.2 + 2 x 0.3 = 0.8.

    Parameters
    ----------
    probabilities
        (m,) of demand 0 .. m - 1; sums to 1.
    holding_cost, shortage_cost
        h and p [money/unit], > 0.

    Returns
    -------
    S [units] and its mean cost [money].
    """
    chance = np.asarray(probabilities, dtype=np.float64)
    units = np.arange(chance.size)
    ratio = float(newsvendor_ratio(shortage_cost, holding_cost))
    level = min(int(np.searchsorted(np.cumsum(chance), ratio - 1e-12)), chance.size - 1)
    over = level - units
    cost = np.where(over > 0, holding_cost * over, -shortage_cost * over) @ chance
    return level, float(cost)
