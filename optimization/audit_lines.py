"""Rules of the audit that one line can break by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from network.contracts import MODES_BY_TIERS, Mode, Tier
from optimization.audit_calendar import due_dates, is_leaving_allowed
from optimization.audit_case import AuditCase, breaches

CASE_MODES = (Mode.PURCHASE, Mode.TRANSFER)
Rule = Callable[[AuditCase], pd.DataFrame]


def whole_quantity(case: AuditCase) -> pd.DataFrame:
    """A quantity is a whole number above 0; not missing, not infinite."""
    quantity = case.lines["quantity"]
    is_fine = np.isfinite(quantity) & (quantity > 0) & (quantity == quantity.round())
    return breaches(
        case.lines,
        "whole_quantity",
        value=quantity,
        bound=1,
        text="quantity {value} is not a whole number above 0",
        is_broken=~is_fine,
    )


def known_ids(case: AuditCase) -> pd.DataFrame:
    """SKU, origin and destination are in the chain's tables."""
    lines = case.lines
    n_unknown = (~lines["is_known_sku"]).astype(int)
    n_unknown += lines["origin_tier"].isna().astype(int) + lines["destination_tier"].isna().astype(int)
    return breaches(
        lines,
        "known_ids",
        value=n_unknown,
        bound=0,
        text="{value} of sku, origin and destination unknown",
        is_broken=n_unknown > 0,
    )


def no_duplicates(case: AuditCase) -> pd.DataFrame:
    """One line for each SKU, lane, ship date and due date."""
    key = ["sku", "origin", "destination", "mode", "ship_date", "due_date"]
    return breaches(
        case.lines,
        "no_duplicates",
        value=2,
        bound=1,
        text="the same line twice",
        is_broken=case.lines.duplicated(key, keep="first"),
    )


def lane_exists(case: AuditCase) -> pd.DataFrame:
    """Goods move on a lane of the network (between known places)."""
    lines = case.lines
    is_placed = lines["origin_tier"].notna() & lines["destination_tier"].notna()
    return breaches(
        lines,
        "lane_exists",
        value=0,
        bound=1,
        text="no such lane",
        is_broken=is_placed & ~lines["has_lane"],
    )


def mode_fits_tiers(case: AuditCase) -> pd.DataFrame:
    """The mode may join the two tiers (`MODES_BY_TIERS`)."""
    lines = case.lines
    allowed = {(origin, to, mode) for (origin, to), modes in MODES_BY_TIERS.items() for mode in modes}
    legs = pd.MultiIndex.from_frame(lines[["origin_tier", "destination_tier", "mode"]])
    is_placed = lines["origin_tier"].notna() & lines["destination_tier"].notna()
    is_allowed = pd.Series(legs.isin([tuple(map(str, leg)) for leg in allowed]), index=lines.index)
    return breaches(
        lines,
        "mode_fits_tiers",
        value=0,
        bound=1,
        text="this mode does not join these tiers",
        is_broken=is_placed & ~is_allowed,
    )


def ships_tomorrow(case: AuditCase) -> pd.DataFrame:
    """Orders of a run leave on the day after its cutoff."""
    days = (case.lines["ship_date"] - case.snapshot.cutoff).dt.days.astype(float)
    return breaches(
        case.lines,
        "ships_tomorrow",
        value=days,
        bound=1,
        text="leaves {value} days after the cutoff, not {bound}",
        is_broken=days != 1,
    )


def order_day(case: AuditCase) -> pd.DataFrame:
    """Goods leave on an order day of the lane, from an open place."""
    return breaches(
        case.lines,
        "order_day",
        value=0,
        bound=1,
        text="nothing may leave on that day",
        is_broken=case.lines["has_lane"] & ~is_leaving_allowed(case),
    )


def due_date(case: AuditCase) -> pd.DataFrame:
    """The due date is the ship date + max(lead time, 1) - 1, or the next open day of the destination."""
    lines = case.lines
    off = (lines["due_date"] - due_dates(case)).dt.days.astype(float)
    return breaches(
        lines,
        "due_date",
        value=off,
        bound=0,
        text="due date is {value} days off the calendar",
        is_broken=lines["has_lane"] & (off != 0),
    )


def whole_cases(case: AuditCase) -> pd.DataFrame:
    """Purchases and transfers are whole cases, layers or pallets, as the source says."""
    lines = case.lines
    loose = np.mod(lines["quantity"], lines["ordered_in"])
    return breaches(
        lines,
        "whole_cases",
        value=lines["quantity"],
        bound=lines["ordered_in"],
        text="{value} units are not whole cases (or layers, pallets) of {bound}",
        is_broken=lines["mode"].isin(CASE_MODES) & (loose > 0),
    )


def cases_match(case: AuditCase) -> pd.DataFrame:
    """The stated number of cases is the quantity in cases, where the line is in whole cases."""
    lines = case.lines
    in_cases = lines["quantity"] / lines["pack"]
    off = (lines["cases"].astype(float) - in_cases).abs()
    return breaches(
        lines,
        "cases_match",
        value=lines["cases"],
        bound=in_cases,
        text="says {value} cases, the quantity is {bound}",
        is_broken=lines["mode"].isin(CASE_MODES) & ~(off < 1e-6),
    )


def min_order_quantity(case: AuditCase) -> pd.DataFrame:
    """A purchase is nothing, or at least the minimum order quantity of the sourcing rule or the SKU."""
    lines = case.lines
    is_short = (lines["mode"] == Mode.PURCHASE) & (lines["quantity"] < lines["moq"])
    return breaches(
        lines,
        "min_order_quantity",
        value=lines["quantity"],
        bound=lines["moq"],
        text="{value} units, the minimum order is {bound}",
        is_broken=is_short,
    )


def not_blocked(case: AuditCase) -> pd.DataFrame:
    """Nothing goes to a blocked stock point."""
    return breaches(
        case.lines,
        "not_blocked",
        value=case.lines["quantity"],
        bound=0,
        text="{value} units to a blocked stock point",
        is_broken=case.lines["is_blocked"],
    )


def may_be_taken(case: AuditCase) -> pd.DataFrame:
    """Nothing leaves a stock point marked do_not_transfer."""
    return breaches(
        case.lines,
        "may_be_taken",
        value=case.lines["quantity"],
        bound=0,
        text="{value} units from a stock point that may not give",
        is_broken=case.lines["do_not_transfer"],
    )


def ours_to_move(case: AuditCase) -> pd.DataFrame:
    """Stock of a franchise is not ours to take; what a supplier sells is."""
    from_franchise = case.lines["origin_ownership"] == "franchise"
    return breaches(
        case.lines,
        "ours_to_move",
        value=case.lines["quantity"],
        bound=0,
        text="{value} units taken from a franchise",
        is_broken=from_franchise & (case.lines["origin_tier"] != Tier.SUPPLIER),
    )


def still_sold(case: AuditCase) -> pd.DataFrame:
    """Nothing but a return goes where the SKU is delisted, or the place shut, on the due date."""
    lines = case.lines
    last = lines[["sku_end_date", "listed_to", "destination_closes"]].min(axis=1)
    late = (lines["due_date"] - last).dt.days.astype(float)
    return breaches(
        lines,
        "still_sold",
        value=late,
        bound=0,
        text="arrives {value} days after the last day of sale",
        is_broken=(lines["mode"] != Mode.RETURN) & (late > 0),
    )


LINE_RULES: tuple[Rule, ...] = (
    whole_quantity,
    known_ids,
    no_duplicates,
    lane_exists,
    mode_fits_tiers,
    ships_tomorrow,
    order_day,
    due_date,
    whole_cases,
    cases_match,
    min_order_quantity,
    not_blocked,
    may_be_taken,
    ours_to_move,
    still_sold,
)
