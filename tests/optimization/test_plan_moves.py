"""The chain from flow to moves: hand-worked nights, then properties on random chains."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting.forecast import Forecast
from network.graph import SupplyNetwork, build_network
from network.snapshot import Snapshot
from optimization.audit import audit
from optimization.config import PlanConfig
from optimization.cost_curves import CostCurves
from optimization.curve_build import build_cost_curves
from optimization.decisions import Decisions
from optimization.line_value import VALUE_COLUMNS, line_values
from optimization.plan_moves import decide
from optimization.position import arrivals, inventory_positions
from optimization.targets import plan_horizon, stock_targets

CUTOFF = "2024-06-02"  # a Sunday
PLACES = [
    {"location": "SUP", "tier": "supplier"},
    {"location": "C", "tier": "central"},
    {"location": "F", "tier": "forward"},
    {"location": "A", "tier": "store"},
    {"location": "B", "tier": "store"},
]
LANES = [
    {"origin": "SUP", "destination": "C", "mode": "purchase", "lead_time_days": 5, "order_days": "MO"},
    {"origin": "C", "destination": "F", "mode": "transfer", "lead_time_days": 1},
    {"origin": "C", "destination": "tier:store", "mode": "transfer", "lead_time_days": 2, "order_days": "MO,TH"},
    {"origin": "C", "destination": "F", "mode": "emergency", "lead_time_days": 0, "unit_cost": 1.0},
    {"origin": "tier:store", "destination": "tier:store", "mode": "transshipment", "lead_time_days": 1,
     "unit_cost": 0.5},
]  # fmt: skip
SKU = {"sku": "X", "unit_cost": 10.0, "unit_price": 16.0}


@dataclass(frozen=True, eq=False)
class Case:
    """A night with its plan."""

    snapshot: Snapshot
    network: SupplyNetwork
    positions: pd.DataFrame
    targets: pd.DataFrame
    decisions: Decisions

    @property
    def violations(self) -> pd.DataFrame:
        d = self.decisions
        return audit(d.moves, d.loads, snapshot=self.snapshot, network=self.network, positions=self.positions)

    def quantity(self, origin: str, destination: str) -> int:
        moves = self.decisions.moves
        return int(moves.loc[(moves["origin"] == origin) & (moves["destination"] == destination), "quantity"].sum())


@dataclass(frozen=True, eq=False)
class Prepared:
    """All that a plan is made from."""

    network: SupplyNetwork
    forecast: Forecast
    positions: pd.DataFrame
    targets: pd.DataFrame
    curves: CostCurves


def prepared(snapshot: Snapshot, rates: dict[tuple[str, str], float], config: PlanConfig) -> Prepared:
    network = build_network(snapshot)
    forecast = Forecast.from_rates(
        np.repeat(np.array(list(rates.values()))[:, None], 28, axis=1),
        [sku for sku, _ in rates],
        location=[location for _, location in rates],
        cutoff=f"{snapshot.cutoff:%Y-%m-%d}",
    )
    positions = inventory_positions(snapshot, network, series=forecast.series)
    targets = stock_targets(forecast, network, snapshot, positions=positions, config=config)
    horizon = plan_horizon(targets, config)
    coming = arrivals(snapshot, None, network, cutoff=snapshot.cutoff, horizon=horizon)
    curves = build_cost_curves(
        forecast, network, snapshot, positions=positions, targets=targets, arrivals=coming, horizon=horizon,
        config=config,
    )  # fmt: skip
    return Prepared(network, forecast, positions, targets, curves)


def certain_curves(snapshot: Snapshot, rates: dict[tuple[str, str], float], config: PlanConfig) -> CostCurves:
    """Curves of a chain whose demand is its mean, to the unit."""
    p = prepared(snapshot, rates, config)
    horizon = p.curves.horizon
    return build_cost_curves(
        p.forecast.as_if_certain(), p.network, snapshot, positions=p.positions, targets=p.targets,
        arrivals=arrivals(snapshot, None, p.network, cutoff=snapshot.cutoff, horizon=horizon), horizon=horizon,
        config=config,
    )  # fmt: skip


def wasted(curves: CostCurves, point: str, units: int) -> float:
    """Money of what expires if so many units are there in all, by the first curve of a place."""
    row = curves.points.index[curves.points["location"] == point][-1]
    return float(curves.expected_waste(np.full((len(curves.points), curves.horizon), units))[row])


def planned(snapshot: Snapshot, rates: dict[tuple[str, str], float], config: PlanConfig | None = None) -> Case:
    config = config or PlanConfig()
    p = prepared(snapshot, rates, config)
    decisions = decide(
        snapshot, p.network, p.forecast, positions=p.positions, targets=p.targets, curves=p.curves, config=config
    )
    return Case(snapshot, p.network, p.positions, p.targets, decisions)


def stock(**on_hand: int) -> list[dict[str, Any]]:
    at = pd.Timestamp(CUTOFF)
    return [{"as_of": at, "sku": "X", "location": place, "on_hand": units} for place, units in on_hand.items()]


RATES = {("X", "F"): 4.0, ("X", "A"): 2.0, ("X", "B"): 2.0}


def test_a_chain_with_plenty_everywhere_moves_nothing(make_snapshot: Callable[..., Snapshot]) -> None:
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=stock(C=300, F=60, A=60, B=60))
    assert planned(snapshot, RATES).decisions.moves.empty


def test_tonights_transfer_covers_demand_until_the_next_can_arrive(make_snapshot: Callable[..., Snapshot]) -> None:
    """A is empty. Monday's truck arrives Tuesday (index 1), Thursday's on Friday (index 4).

    Monday's two sales are lost. Through Thursday demand is Poisson(8), less the 2 that are gone: a mean of 6. A unit
    short costs 6, a day too long 0.25 * 10 / 365 * 1.5 = 0.0103, so it is covered to the last knot: the 99.5% quantile
    of Poisson(8) is 16, less 2 is 14; the lost demand is a little less than 2, so the knot is at 15.
    """
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=stock(C=300, F=60, A=0, B=60))
    case = planned(snapshot, RATES, PlanConfig(laterals=False))
    assert 13 <= case.quantity("C", "A") <= 15
    moved = case.decisions.moves.iloc[0]
    assert moved["arrival_day"] == 1
    assert moved["due_date"] == pd.Timestamp("2024-06-04")


def test_a_short_warehouse_is_shared_by_marginal_value(make_snapshot: Callable[..., Snapshot]) -> None:
    # 12 units for two equal empty stores: 6 each, give or take one, because units 6 and 7 lie on one segment.
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=stock(C=12, F=60, A=0, B=0))
    case = planned(snapshot, RATES)
    assert case.quantity("C", "A") + case.quantity("C", "B") == 12
    assert abs(case.quantity("C", "A") - case.quantity("C", "B")) <= 2


def test_idle_stock_moves_to_where_it_sells_and_the_source_keeps_its_own(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    """A sells 2 a day and has none, C is empty, B idles on 200: B keeps at least the 95% quantile until Friday.

    Until index 4, four days of 2 units: Poisson(8), 95% quantile 13.
    """
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=stock(C=0, F=60, A=0, B=200))
    case = planned(snapshot, RATES)
    assert 14 <= case.quantity("B", "A") <= 200 - 13
    scarce = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=stock(C=0, F=60, A=0, B=12))
    assert planned(scarce, RATES).quantity("B", "A") == 0
    off = planned(snapshot, RATES, PlanConfig(laterals=False))
    assert off.decisions.moves[off.decisions.moves["mode"] == "transshipment"].empty


def test_an_emergency_goes_when_the_forward_warehouse_would_lose_sales_before_its_transfer(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    # The transfer only leaves on Thursday; the emergency leaves tomorrow for 1 a unit against 6 a lost sale.
    lanes = [{**lane, "order_days": "TH"} if lane["destination"] == "F" and lane["mode"] == "transfer" else lane
             for lane in LANES]  # fmt: skip
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=lanes, skus=[SKU], stock=stock(C=300, F=0, A=60, B=60))
    case = planned(snapshot, RATES)
    assert case.quantity("C", "F") >= 12
    assert set(case.decisions.moves["mode"]) == {"emergency"}


def test_purchases_wait_for_their_order_day_and_hedge_the_pooled_demand(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    """Nothing is on hand at C and Monday is order day: it arrives on index 4, the next on index 11.

    What is bought must last C's customers through index 11 and a lag: 8 a day over 8 days is 64 at least.
    """
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=stock(C=0, F=16, A=8, B=8))
    case = planned(snapshot, RATES)
    bought = case.decisions.moves[case.decisions.moves["mode"] == "purchase"]
    assert bought["quantity"].sum() >= 64
    tuesday = [{**lane, "order_days": "TU"} if lane["mode"] == "purchase" else lane for lane in LANES]
    later = make_snapshot(CUTOFF, locations=PLACES, lanes=tuesday, skus=[SKU], stock=stock(C=0, F=16, A=8, B=8))
    waiting = planned(later, RATES).decisions
    assert waiting.moves[waiting.moves["mode"] == "purchase"].empty
    assert not waiting.planned[waiting.planned["mode"] == "purchase"].empty


def test_cases_and_minimum_orders_are_kept(make_snapshot: Callable[..., Snapshot]) -> None:
    sku = {**SKU, "case_pack": 24, "min_order_quantity": 100}
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=[sku], stock=stock(C=30, F=0, A=0, B=0))
    case = planned(snapshot, RATES)
    in_cases = case.decisions.moves[case.decisions.moves["mode"].isin(["purchase", "transfer"])]
    assert (in_cases["quantity"] % 24 == 0).all()
    assert (in_cases.loc[in_cases["mode"] == "purchase", "quantity"] >= 120).all()
    assert case.violations.empty


def test_blocked_kept_and_full_places_are_left_alone(make_snapshot: Callable[..., Snapshot]) -> None:
    assortment = [
        {"sku": "X", "location": "A", "blocked": True},
        {"sku": "X", "location": "B", "do_not_transfer": True, "max_stock": 20},
    ]
    snapshot = make_snapshot(
        CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=stock(C=300, F=60, A=0, B=18), assortment=assortment
    )
    case = planned(snapshot, RATES)
    assert case.quantity("C", "A") == 0 and case.quantity("B", "A") == 0
    assert case.quantity("C", "B") <= 2
    assert case.violations.empty


def test_display_stock_is_filled_up_before_any_sale(make_snapshot: Callable[..., Snapshot]) -> None:
    assortment = [{"sku": "X", "location": "A", "presentation_stock": 10}]
    tables = {"locations": PLACES, "lanes": LANES, "skus": [SKU], "stock": stock(C=300, F=60, A=0, B=60)}
    config = PlanConfig(laterals=False)
    plain = planned(make_snapshot(CUTOFF, **tables), RATES, config).quantity("C", "A")
    shown = planned(make_snapshot(CUTOFF, **tables, assortment=assortment), RATES, config).quantity("C", "A")
    assert shown == plain + 10


def test_perishables_are_sent_in_smaller_lots_than_goods_that_keep(make_snapshot: Callable[..., Snapshot]) -> None:
    tables = {"locations": PLACES, "lanes": LANES, "stock": stock(C=300, F=60, A=0, B=60)}
    config = PlanConfig(laterals=False)
    fresh = {**SKU, "shelf_life_days": 1}
    keeps = planned(make_snapshot(CUTOFF, **tables, skus=[SKU]), RATES, config).quantity("C", "A")
    spoils = planned(make_snapshot(CUTOFF, **tables, skus=[fresh]), RATES, config).quantity("C", "A")
    assert 0 < spoils < keeps


def test_goods_expire_by_the_day_on_which_tonights_are_received(make_snapshot: Callable[..., Snapshot]) -> None:
    """Tonight's truck is at A on Tuesday, day 1, the next on Friday; with 2 days of life its goods sell on days 1, 2.

    A sells 2 a day, 6 by day 2. Of 9 units 3 expire, each 10. They are not saved by the days until the next truck.
    """
    tables = {"locations": PLACES, "lanes": LANES, "stock": stock(C=300, F=60, A=4, B=60)}
    fresh = {**SKU, "shelf_life_days": 2}
    curves = certain_curves(make_snapshot(CUTOFF, **tables, skus=[fresh]), RATES, PlanConfig(laterals=False))
    assert wasted(curves, "A", 6) == pytest.approx(0.0, abs=0.2)
    assert wasted(curves, "A", 9) == pytest.approx(30.0, rel=0.01)


def test_what_is_bought_ages_at_the_warehouse_and_on_its_way_on(make_snapshot: Callable[..., Snapshot]) -> None:
    """Tonight's purchase is at C on day 4 and lives 4 days: sold on days 4 to 7 by all that C feeds, 8 a day.

    Of 200 units, far more than can be sold by then, 200 - 64 expire, each 10.
    """
    tables = {"locations": PLACES, "lanes": LANES, "stock": stock(C=0, F=40, A=20, B=20)}
    fresh = {**SKU, "shelf_life_days": 4}
    curves = certain_curves(make_snapshot(CUTOFF, **tables, skus=[fresh]), RATES, PlanConfig(laterals=False))
    assert wasted(curves, "C", 200) == pytest.approx(1360.0, rel=0.01)


def test_what_is_sold_after_tonights_chance_is_read_from_the_curves(make_snapshot: Callable[..., Snapshot]) -> None:
    """Central sells nothing itself but feeds 4 + 2 + 2 a day; each place sells its own."""
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=stock(C=20))
    curves = certain_curves(snapshot, RATES, PlanConfig())
    places = curves.points["location"].tolist()
    rows = np.array([places.index("F"), places.index("A"), curves.echelon_of[places.index("C")]])
    assert curves.later_demand(rows) == pytest.approx([4.0, 2.0, 8.0], abs=0.25)  # knots are whole units


def test_a_nearly_empty_truck_stays_at_home(make_snapshot: Callable[..., Snapshot]) -> None:
    """B has stock for the week; a truck of 500 for what it could still use would be money for nothing."""
    dear = [{**lane, "truck_cost": 500.0, "truck_volume_m3": 30.0} if lane["destination"] == "tier:store"
            and lane["mode"] == "transfer" else lane for lane in LANES]  # fmt: skip
    sku = {**SKU, "volume_m3": 0.01}
    tables = {"locations": PLACES, "skus": [sku], "stock": stock(C=300, F=60, A=60, B=11)}
    cheap = planned(make_snapshot(CUTOFF, **tables, lanes=LANES), RATES)
    assert cheap.quantity("C", "B") > 0
    case = planned(make_snapshot(CUTOFF, **tables, lanes=dear), RATES)
    assert case.quantity("C", "B") == 0
    assert case.decisions.loads.empty


def test_the_values_of_all_lines_sum_to_what_the_plan_changes(make_snapshot: Callable[..., Snapshot]) -> None:
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=stock(C=20, F=0, A=0, B=90))
    d = planned(snapshot, RATES).decisions
    assert len(d.moves) >= 3
    values = line_values(d.moves, d.curves, d.supply_before)
    before, after = d.curves.expected_cost(d.supply_before).sum(), d.curves.expected_cost(d.supply).sum()
    assert values[list(VALUE_COLUMNS)].to_numpy().sum() == pytest.approx(before - after, abs=1e-6)


@pytest.mark.parametrize(
    ("truck_cost", "life", "cover_days", "weeks"),
    [
        (2.0, None, 28, 1),  # waiting saves at most 2, holding a week's 70 units for a week costs 70 x 7 x 0.007 = 3.4
        (200.0, None, 28, 4),  # 200 / 7 a day for one week; (200 + 3.4 (1 + 2 + 3)) / 28 = 7.9 for four, still falling
        (200.0, None, 14, 3),  # no further than two weeks beyond tonight's
        (200.0, 60, 28, 1),  # goods that expire are not brought forward
    ],
)
def test_a_dear_truck_brings_purchases_of_several_weeks(
    make_snapshot: Callable[..., Snapshot], truck_cost: float, life: int | None, cover_days: int, weeks: int
) -> None:
    """Ten units a day, certain, bought on Mondays with five days of lead time; a truck holds any number of weeks."""
    lanes = [{**LANES[0], "truck_cost": truck_cost, "truck_volume_m3": 20.0}, *LANES[1:]]
    snapshot = make_snapshot(
        CUTOFF, locations=PLACES, lanes=lanes, skus=[{**SKU, "volume_m3": 0.01, "shelf_life_days": life}],
        assortment=[{"sku": "X", "location": "A"}], stock=stock(C=60, A=60),
    )  # fmt: skip
    case = planned(snapshot, {("X", "A"): 10.0}, PlanConfig(truck_cover_days=cover_days))
    bought = case.quantity("SUP", "C")
    assert abs(bought / 70 - weeks) < 0.75
    assert case.violations.empty


def random_chain(make_snapshot: Callable[..., Snapshot], seed: int) -> tuple[Snapshot, dict[tuple[str, str], float]]:
    """Two SKUs over a central, two forwards and three stores, with trucks, lots, limits and open orders by chance."""
    rng = np.random.default_rng(seed)
    places = [*PLACES, {"location": "G", "tier": "forward"}, {"location": "D", "tier": "store"}]
    if rng.random() < 0.3:
        places[-1]["ownership"] = "franchise"
    lanes = [dict(lane) for lane in LANES]
    lanes[1]["destination"] = lanes[3]["destination"] = "tier:forward"
    lanes.append({"origin": "tier:store", "destination": "C", "mode": "return", "lead_time_days": 2})
    for lane in lanes:
        if rng.random() < 0.5:
            lane |= {
                "truck_cost": float(rng.integers(5, 80)),
                "truck_volume_m3": float(rng.integers(1, 5)),
                "max_trucks": int(rng.integers(1, 4)),
            }
        elif rng.random() < 0.4:
            lane["parcel_cost"] = 0.7
        if rng.random() < 0.3:
            lane["min_order_value"] = float(rng.integers(10, 200))
    own = ["C", "F", "G", "A", "B", "D"]
    at, skus = pd.Timestamp(CUTOFF), []
    tables: dict[str, list[dict[str, Any]]] = {"stock": [], "open_orders": [], "assortment": []}
    for sku in ("X", "Y"):
        skus.append(
            {**SKU, "sku": sku, "case_pack": int(rng.choice([1, 6])), "volume_m3": 0.05,
             "min_order_quantity": int(rng.choice([0, 40])), "shelf_life_days": 6 if rng.random() < 0.3 else None}
        )  # fmt: skip
        for place in own:
            row = {"sku": sku, "location": place}
            tables["stock"].append({**row, "as_of": at, "on_hand": int(rng.integers(0, 60)),
                                    "allocated": int(rng.integers(0, 4))})  # fmt: skip
            limit = int(rng.integers(10, 60)) if rng.random() < 0.3 else None
            tables["assortment"].append({**row, "blocked": bool(rng.random() < 0.1), "max_stock": limit,
                                         "do_not_transfer": bool(rng.random() < 0.1),
                                         "presentation_stock": int(rng.integers(0, 4))})  # fmt: skip
            if rng.random() < 0.4:
                tables["open_orders"].append(
                    {"order_id": f"{sku}{place}", "destination": place, "origin": "C" if place != "C" else "SUP",
                     "sku": sku, "quantity": int(rng.integers(1, 20)), "status": "released", "ship_date": at,
                     "due_date": at + pd.Timedelta(days=int(rng.integers(0, 9)))}
                )  # fmt: skip
    rates = {(sku, place): float(rng.gamma(1.0, 2.0)) for sku in ("X", "Y") for place in own[1:]}
    return make_snapshot(CUTOFF, locations=places, lanes=lanes, skus=skus, **tables), rates


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_every_plan_passes_the_independent_audit(make_snapshot: Callable[..., Snapshot], seed: int) -> None:
    snapshot, rates = random_chain(make_snapshot, seed)
    case = planned(snapshot, rates)
    assert case.violations.empty, case.violations.to_string()
    d = case.decisions
    assert (d.moves["quantity"] > 0).all()
    assert d.bound is not None and d.bound <= d.objective + 1e-6
    values = line_values(d.moves, d.curves, d.supply_before)
    changed = d.curves.expected_cost(d.supply_before).sum() - d.curves.expected_cost(d.supply).sum()
    assert values[list(VALUE_COLUMNS)].to_numpy().sum() == pytest.approx(changed, abs=1e-6)


def test_the_order_of_rows_changes_nothing_and_neither_does_a_second_run(
    make_snapshot: Callable[..., Snapshot],
) -> None:
    snapshot, rates = random_chain(make_snapshot, 5)
    first = planned(snapshot, rates).decisions
    again = planned(snapshot, dict(reversed(rates.items()))).decisions
    shuffled = {name: snapshot.table(name).iloc[::-1] for name in ("stock", "lanes", "skus", "open_orders")}
    turned = planned(snapshot.replace(tables=shuffled), rates).decisions
    for other in (again, turned):
        pd.testing.assert_frame_equal(first.moves, other.moves)
        pd.testing.assert_frame_equal(first.planned, other.planned)
        assert first.objective == other.objective
