"""What a fit decided about signals: which are fused, their scale, lead and effect, and where they are switched off."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from forecasting.signals import Channel


@dataclass(frozen=True)
class Scale:
    """Working scale of a channel.

    Parameters
    ----------
    unit
        0 = as it is; otherwise sign(v) * log(1 + |v| / unit), near the logarithm for values well above the unit.
    is_zero_filled
        A day without a row is a day without mentions or events, once the feed has begun.
    """

    unit: float = 0.0
    is_zero_filled: bool = False


@dataclass(frozen=True)
class Driver:
    """One channel as features read it: a signal, or a factor of several.

    Parameters
    ----------
    name
        Signal and key type, or family, key type and number of the factor.
    family, key_type
        Of all its members.
    members
        Signals it is made of.
    scales
        Working scale of each member.
    weights
        Loading of each member; one member has loading 1 and keeps its working scale, several are standardised.
    persistence, persistent_share
        How its deviations fade where nothing is known yet, from `signal_paths.fitted_persistence`.
    """

    name: str
    family: str
    key_type: str
    members: tuple[str, ...]
    scales: tuple[Scale, ...]
    weights: tuple[float, ...]
    persistence: float = 0.0
    persistent_share: float = 0.0

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Channels of the store that it reads."""
        return tuple(Channel(member, self.key_type, self.family) for member in self.members)


@dataclass(frozen=True)
class Link:
    """How a driver moves a category, found on training data.

    Parameters
    ----------
    driver
        Name of the driver.
    category
        Category moved.
    lead_days
        Days by which the driver leads demand.
    effects
        By tier: change of log demand per unit of the driver's working scale.
    """

    driver: str
    category: str
    lead_days: int
    effects: Mapping[str, float]


@dataclass(frozen=True)
class Verdict:
    """Value of a family for a category on held-out rolling origins.

    Parameters
    ----------
    family, key_type, category
        Which drivers, of which keys, for which category.
    value
        Share of Poisson deviance of SKU-days that the drivers take away; 0 where no lead was found.
    low, high
        Interval of ``value`` by a paired bootstrap over origins.
    is_on
        Whether the drivers are features of that category.
    """

    family: str
    key_type: str
    category: str
    value: float
    low: float
    high: float
    is_on: bool


@dataclass(frozen=True)
class SignalPlan:
    """Decisions of one fit; the same for every origin it serves.

    Parameters
    ----------
    drivers
        In the order of the features.
    links
        Leads and effects that were kept.
    verdicts
        Of the gate; drivers without a verdict are on.
    has_features
        Whether the global model reads the drivers too, beside the factor that the links make.
    """

    drivers: tuple[Driver, ...] = ()
    links: tuple[Link, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    has_features: bool = False

    @cached_property
    def families(self) -> tuple[str, ...]:
        """Families that have a driver, in a fixed order."""
        return tuple(sorted({driver.family for driver in self.drivers}))

    def is_on(self, driver: Driver, category: str) -> bool:
        """Say whether a driver is a feature of a category."""
        return (driver.family, driver.key_type, category) not in self._off

    @cached_property
    def _off(self) -> frozenset[tuple[str, str, str]]:
        return frozenset((each.family, each.key_type, each.category) for each in self.verdicts if not each.is_on)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a text file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SignalPlan:
        """Read what `as_dict` gave, also after a trip through JSON."""
        drivers = tuple(
            Driver(
                **{
                    **each,
                    "members": tuple(each["members"]),
                    "scales": tuple(Scale(**scale) for scale in each["scales"]),
                    "weights": tuple(each["weights"]),
                }
            )
            for each in values["drivers"]
        )
        links = tuple(Link(**each) for each in values["links"])
        return cls(drivers, links, tuple(Verdict(**each) for each in values["verdicts"]), values["has_features"])
