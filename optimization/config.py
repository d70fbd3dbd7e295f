"""Settings of the planning step: what may be used, how fine the surrogate is, and how cautious it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

# Levels of cumulative demand at which the piecewise-linear cost bends: close together where stock is decided.
DEFAULT_LEVELS = (0.05, 0.25, 0.50, 0.70, 0.85, 0.93, 0.975, 0.995)
MAX_HORIZON_DAYS = 28
# The plan must see past the effect of tonight's order, or it would drain the last days [days].
HORIZON_MARGIN_DAYS = 7


@dataclass(frozen=True)
class PlanConfig:
    """Everything about a plan that is not data; part of the run id.

    Parameters
    ----------
    horizon_days
        Days planned ahead, 2..28; None = longest review + 95% lead time + a week, at most 28.
    seed, threads
        For steps that draw or use threads; the flow itself is deterministic and single-threaded.
    quantile_levels
        Levels in (0, 1), ascending, at which the cost curves bend.
    lead_time_level
        Level of the lead-time distribution that targets and the horizon allow for.
    recourse_window
        Whether a stock point hedges only up to its next chance to be replenished; otherwise every day of the horizon.
    echelon_chain
        Whether purchases carry the shortage cost of the pooled demand they serve.
    laterals, emergency, returns
        Whether such moves may be planned.
    lateral_protection_level
        Quantile of its own demand until the order after next that an origin keeps before it gives anything away.
    lateral_cover_days
        A place gives stock sideways only where its own lasts at least this long, and its protection interval [days].
    lateral_margin
        Share by which a lateral must gain more than it costs.
    channel_priority
        Who is served first where stock is short, by the channel in which a stock point sells most, such as
        ``{"instant": 1, "walk_in": 2}``; `locations.priority` goes before it. Empty = by what a unit earns.
    max_lateral_origins, max_sources
        Most lateral origins, and most regular sources, considered for one stock point.
    pooled_correlation
        Correlation between the forecast errors of one SKU at two locations, in [0, 1].
    ageing_weight
        Share of the holding until it is sold that counts for stock left over at the end of the horizon: what is idle
        tonight can still be moved on another night, on a fuller truck.
    commitment_premium
        Extra holding cost below the central tier, as a share: stock sent to one place can no longer go to another, so
        nothing is sent earlier than it is worth.
    handling_share
        Least cost of moving a unit, as a share of its unit cost, so that nothing moves for nothing.
    cost_steps
        Integer cost of the steepest slope; larger resolves smaller slopes.
    joint_trucks
        Whether the trucks of all transfer lanes are planned together over days; otherwise lane by lane for tonight.
    shared_prices
        Whether what SKUs share tonight (docks, a supplier's week) is priced before each is planned, so that it goes to
        those that lose most without it; otherwise, and in `plan_moves.decide`, what is too much is only cut afterwards.
    truck_fill_up
        Whether a truck that goes may bring later needs forward.
    purchase_budget
        Most that tonight's purchases may cost [money]; None = no limit. What does not fit waits, the least worth for
        its money first.
    fill_rate_goals, cycle_service_goals
        Goal by class, such as ``{"A": 0.98, "BX": 0.96}``, where the assortment gives none; empty = none.
    abc_cuts, xyz_cuts
        Shares of value at which classes A and B end; coefficients of variation of weekly sales at which X and Y end.
    truck_cover_days
        Longest time for which a truck may bring needs forward [days].
    frozen_days
        Lines that leave up to cutoff + this many days are frozen: nobody is asked to change them, and nothing is moved
        into these days [days].
    change_cost, change_share
        What it costs the people concerned to change a published line: so much for any change [money/line], and this
        share of the value of the units that change. Change pays only beyond that.
    message_quiet_days
        A message is not repeated for so long, and another one on the same line must pay the cost of change twice
        [days].
    """

    horizon_days: int | None = None
    seed: int = 0
    threads: int = 2
    quantile_levels: tuple[float, ...] = DEFAULT_LEVELS
    lead_time_level: float = 0.95
    recourse_window: bool = True
    echelon_chain: bool = True
    laterals: bool = True
    emergency: bool = True
    returns: bool = True
    lateral_protection_level: float = 0.95
    lateral_cover_days: float = 7.0
    lateral_margin: float = 3.0
    channel_priority: Mapping[str, int] = field(default_factory=dict)
    max_lateral_origins: int = 8
    max_sources: int = 4
    pooled_correlation: float = 0.2
    ageing_weight: float = 0.1
    commitment_premium: float = 0.5
    handling_share: float = 0.002
    cost_steps: int = 1_000_000
    joint_trucks: bool = True
    shared_prices: bool = True
    truck_fill_up: bool = True
    truck_cover_days: int = 21
    frozen_days: int = 0
    change_cost: float = 10.0
    change_share: float = 0.01
    message_quiet_days: int = 7
    purchase_budget: float | None = None
    fill_rate_goals: Mapping[str, float] = field(default_factory=dict)
    cycle_service_goals: Mapping[str, float] = field(default_factory=dict)
    abc_cuts: tuple[float, float] = (0.80, 0.95)
    xyz_cuts: tuple[float, float] = (0.5, 1.0)

    def __post_init__(self) -> None:
        if self.horizon_days is not None and not 2 <= self.horizon_days <= MAX_HORIZON_DAYS:
            raise ValueError(f"horizon_days is {self.horizon_days}: give 2 to {MAX_HORIZON_DAYS}, or nothing")
        levels = self.quantile_levels
        if not levels or any(not 0 < level < 1 for level in levels) or list(levels) != sorted(set(levels)):
            raise ValueError(f"quantile_levels are {levels}: give ascending levels between 0 and 1")
        if not 0 < self.lead_time_level < 1:
            raise ValueError(f"lead_time_level is {self.lead_time_level}: give a level between 0 and 1")
        for name in (
            *("frozen_days", "change_cost", "change_share", "message_quiet_days"),
            *("commitment_premium", "ageing_weight"),
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}: give 0 or more")
        if self.purchase_budget is not None and self.purchase_budget < 0:
            raise ValueError(f"purchase_budget is {self.purchase_budget}: give 0 or more, or nothing")
        if any(rank < 1 for rank in self.channel_priority.values()):
            raise ValueError(f"channel_priority is {dict(self.channel_priority)}: give whole numbers from 1")
        for name in ("fill_rate_goals", "cycle_service_goals"):
            wrong = {key: goal for key, goal in getattr(self, name).items() if not 0 < goal < 1}
            if wrong:
                raise ValueError(f"{name} has {wrong}: give levels between 0 and 1")

    def replace(self, **changes: Any) -> PlanConfig:
        """Return a copy with some settings changed."""
        return replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, for hashing and for the manifest."""
        return asdict(self)
