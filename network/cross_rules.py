"""All rules across tables, in the order in which their findings are listed."""

from __future__ import annotations

from network.lane_rules import (
    illegal_lanes,
    transfer_cycles,
    unknown_ends,
    unknown_lane_names,
    unreachable_locations,
)
from network.rules import (
    ROW_RULES,
    Rule,
    unknown_adjusted,
    unknown_references,
    unknown_signal_keys,
    wrong_orders,
)

CROSS_RULES: tuple[Rule, ...] = (
    unknown_references,
    unknown_signal_keys,
    unknown_adjusted,
    wrong_orders,
    *ROW_RULES,
    unknown_ends,
    unknown_lane_names,
    illegal_lanes,
    transfer_cycles,
    unreachable_locations,
)
