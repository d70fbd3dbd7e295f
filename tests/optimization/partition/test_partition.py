"""Parts cover the chain, several processes give the same bits as one, and nothing is lost between the parts."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from forecasting.forecast import Forecast
from network.contracts import TABLES, empty
from network.graph import SupplyNetwork, build_network
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at
from optimization.audit import audit
from optimization.config import PlanConfig
from optimization.cost_curves import CostCurves
from optimization.curve_build import build_cost_curves
from optimization.decisions import Decisions, FlowPlan, SolveStatus
from optimization.flow.data import Moves
from optimization.inbound import Inbound
from optimization.partition.cut import LEARNT_FROM, SkuPart, cut_chain
from optimization.partition.join import joined_plan
from optimization.partition.moves import joined_moves, some_moves
from optimization.partition.plan import plan_in_parts
from optimization.partition.run import Workers
from optimization.plan_moves import decide
from optimization.position import arrivals, inventory_positions
from optimization.switch import Switch
from optimization.targets import plan_horizon, stock_targets

CUTOFF = pd.Timestamp("2024-06-02")
N_SKUS = 9
PLACES = {"V": "supplier", "C": "central", "F": "forward", "G": "forward", "A": "store", "B": "store", "D": "store"}
LANES = [
    ("V", "C", "purchase", 5, "MO,TH", 0.0, 300.0, 20.0),
    ("C", "F", "transfer", 2, "", 0.0, 30.0, 0.4),
    ("C", "G", "transfer", 2, "", 0.0, 30.0, 0.4),
    ("F", "A", "transfer", 1, "", 0.0, 8.0, 0.1),
    ("F", "B", "transfer", 1, "MO,WE,FR", 0.0, 8.0, 0.1),
    ("G", "D", "transfer", 1, "", 0.0, 8.0, 0.1),
    ("tier:store", "tier:store", "transshipment", 1, "", 0.4, 6.0, 0.05),
    ("C", "G", "emergency", 0, "", 2.0, 20.0, 0.1),
]


def canonical(name: str, given: pd.DataFrame) -> pd.DataFrame:
    frame = empty(name)
    blanks = {"float64": np.nan, "datetime64[ns]": pd.NaT, "str": "", "bool": False, "int64": 0}
    data = {}
    for column in TABLES[name].columns:
        default = blanks[column.dtype] if column.default in (None, "weekday") else column.default
        values = given[column.name] if column.name in given else pd.Series([default] * len(given))
        data[column.name] = values.where(values.notna(), default).astype(frame[column.name].dtype)
    return pd.DataFrame(data)


@dataclasses.dataclass(frozen=True, eq=False)
class Chain:
    snapshot: Snapshot
    network: SupplyNetwork
    forecast: Forecast
    positions: pd.DataFrame

    def in_parts(
        self,
        workers: Workers,
        part_points: int,
        switch: Switch | None = None,
        config: PlanConfig | None = None,
    ) -> tuple[pd.DataFrame, Decisions]:
        return plan_in_parts(
            self.snapshot, self.network, self.forecast, positions=self.positions, released=None,
            config=config or PlanConfig(),
            switch=switch, workers=workers, part_points=part_points,
        )  # fmt: skip

    def targets(self, config: PlanConfig) -> pd.DataFrame:
        return stock_targets(self.forecast, self.network, self.snapshot, positions=self.positions, config=config)

    def curves(self, config: PlanConfig, targets: pd.DataFrame) -> CostCurves:
        horizon = plan_horizon(targets, config)
        coming = arrivals(self.snapshot, None, self.network, cutoff=self.snapshot.cutoff, horizon=horizon)
        return build_cost_curves(
            self.forecast, self.network, self.snapshot, positions=self.positions, targets=targets, arrivals=coming,
            horizon=horizon, config=config,
        )  # fmt: skip

    def whole(self, targets: pd.DataFrame, curves: CostCurves) -> Decisions:
        return decide(
            self.snapshot, self.network, self.forecast, positions=self.positions, targets=targets, curves=curves,
            config=PlanConfig(),
        )  # fmt: skip


@pytest.fixture(scope="module")
def chain() -> Chain:
    """Nine SKUs in six places, some empty and some full, so that stores help each other and some parcels do not pay."""
    rng = np.random.default_rng(5)
    skus = [f"K{index}" for index in range(N_SKUS)]
    own = [name for name, tier in PLACES.items() if tier != "supplier"]
    pairs = [(sku, place) for sku in skus for place in own]
    tables = {
        "locations": pd.DataFrame({"location": list(PLACES), "tier": list(PLACES.values())}),
        "skus": pd.DataFrame({
            "sku": skus, "unit_cost": rng.uniform(2, 20, N_SKUS).round(2), "case_pack": rng.choice([1, 6], N_SKUS),
            "volume_m3": 0.004, "shelf_life_days": np.where(np.arange(N_SKUS) % 4 == 0, 12.0, np.nan),
        }),
        "lanes": pd.DataFrame(LANES, columns=["origin", "destination", "mode", "lead_time_days", "order_days",
                                              "unit_cost", "truck_cost", "truck_volume_m3"]),
        "stock": pd.DataFrame({
            "as_of": CUTOFF, "sku": [sku for sku, _ in pairs], "location": [place for _, place in pairs],
            "on_hand": rng.choice([0, 3, 40], len(pairs), p=[0.4, 0.3, 0.3]),
        }),
        "sourcing": pd.DataFrame({"sku": skus, "origin": "V", "destination": "C", "priority": 1.0}),
        "sales": pd.DataFrame({"date": CUTOFF, "sku": skus, "location": "A", "units": 1.0, "price": 9.0}),
    }  # fmt: skip
    snapshot = snapshot_at({n: canonical(n, t) for n, t in tables.items()}, ChainSettings(id="t"), CUTOFF)
    network = build_network(snapshot)
    selling = [(sku, place) for sku, place in pairs if place != "C"]
    forecast = Forecast.from_rates(
        np.repeat(rng.gamma(1.0, 2.0, len(selling))[:, None], 28, axis=1),
        [sku for sku, _ in selling],
        location=[place for _, place in selling],
        cutoff="2024-06-02",
        dispersion=0.2,
    )
    return Chain(snapshot, network, forecast, inventory_positions(snapshot, network, series=forecast.series))


def arrays(decisions: Decisions) -> Iterator[tuple[str, np.ndarray]]:
    for item in dataclasses.fields(decisions.curves):
        if item.name != "points":
            yield item.name, getattr(decisions.curves, item.name)
    yield "supply", decisions.supply
    yield "supply_before", decisions.supply_before


def assert_same(one: Decisions, other: Decisions) -> None:
    for name in ("moves", "dropped", "loads", "planned"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    pd.testing.assert_frame_equal(one.curves.points, other.curves.points)
    for (name, left), (_, right) in zip(arrays(one), arrays(other), strict=True):
        assert np.array_equal(left, right), name


def test_parts_cover_each_sku_exactly_once(chain: Chain) -> None:
    cut = cut_chain(chain.snapshot, chain.network, chain.forecast, positions=chain.positions, config=PlanConfig())
    for size in (1, 7, 12, 1000):
        parts = cut.parts(size)
        assert np.array_equal(np.concatenate(parts), np.arange(N_SKUS))
        taken = [cut.take(skus) for skus in parts]
        rows = pd.concat([part.positions for part in taken], ignore_index=True)
        pd.testing.assert_frame_equal(rows, chain.positions)
        series = pd.concat([part.forecast.series for part in taken], ignore_index=True)
        pd.testing.assert_frame_equal(series, chain.forecast.series)
        assert sum(len(part.tables["stock"]) for part in taken) == len(chain.snapshot.table("stock"))
        assert all(part.positions["sku"].nunique() == skus.size for part, skus in zip(taken, parts, strict=True))


def test_a_part_knows_only_its_skus_and_what_was_learnt_from_the_rest(chain: Chain) -> None:
    cut = cut_chain(chain.snapshot, chain.network, chain.forecast, positions=chain.positions, config=PlanConfig())
    part: SkuPart = cut.take(np.array([2, 5]))
    snapshot = part.snapshot(cut.shared)
    assert set(snapshot.table("stock")["sku"]) == {"K2", "K5"} == set(part.network(cut.shared).sourcing["sku"])
    assert all(snapshot.table(name).empty for name in LEARNT_FROM)
    assert snapshot.table("skus")["unit_price"].tolist() == [9.0, 9.0]  # the price paid, learnt from sales left out


@pytest.mark.parametrize("workers", [2, 4])
def test_several_workers_give_the_same_bits_as_one(chain: Chain, workers: int) -> None:
    one_targets, one = chain.in_parts(1, part_points=18)
    targets, several = chain.in_parts(workers, part_points=18)
    pd.testing.assert_frame_equal(one_targets, targets, check_exact=True)
    assert_same(one, several)
    assert (one.objective, one.bound, one.gap) == (several.objective, several.bound, several.gap)


def test_parts_lose_nothing_that_the_whole_chain_has(chain: Chain) -> None:
    targets = chain.targets(PlanConfig())
    whole = chain.whole(targets, chain.curves(PlanConfig(), targets))
    part_targets, parts = chain.in_parts(1, part_points=12)
    pd.testing.assert_frame_equal(part_targets, targets)
    assert len(whole.moves) > 10
    assert len(whole.dropped) > 0  # some parcel did not pay, so some SKUs were solved a second time
    assert_same(whole, parts)
    assert parts.objective == pytest.approx(whole.objective, rel=1e-12)
    assert parts.bound == pytest.approx(whole.bound, rel=1e-12)


NEW = {
    "cycle_service_goals": {"A": 0.9985, "B": 0.9985, "C": 0.9985}, "lead_time_level": 0.5, "recourse_window": False,
    "commitment_premium": 3.0, "ageing_weight": 1.0,
}  # fmt: skip
SWITCH = Switch(NEW, ("B", "D", "F"))


def test_a_switched_plan_is_one_plan_of_targets_and_curves_by_location(chain: Chain) -> None:
    """The slow way: everything twice for the whole chain, row by row from the one or the other, then one plan."""
    live, new = PlanConfig(), PlanConfig().replace(**NEW)
    both = chain.targets(live), chain.targets(new)
    rows = [both[name in SWITCH.locations].iloc[[row]] for row, name in enumerate(chain.positions["location"])]
    targets = pd.concat(rows, ignore_index=True)
    assert not targets.equals(both[0]) and not targets.equals(both[1])
    made = chain.curves(live, targets), chain.curves(new, targets)
    sides = [name in SWITCH.locations for name in made[0].points["location"]]
    values = {
        item.name: np.stack([getattr(made[side], item.name)[row] for row, side in enumerate(sides)])
        for item in dataclasses.fields(CostCurves)
        if item.name != "points"
    }
    before = CostCurves(points=made[0].points, **values)
    whole = chain.whole(targets, before)
    part_targets, parts = chain.in_parts(1, part_points=12, switch=SWITCH)
    pd.testing.assert_frame_equal(part_targets, targets, check_exact=True)
    assert_same(whole, parts)
    assert len(parts.dropped) > 0  # some SKUs were solved a second time
    rescued = np.flatnonzero(parts.curves.lost_before_first_receipt < before.lost_before_first_receipt)
    assert set(before.points["location"].iloc[rescued]) & set(SWITCH.locations)  # curves counted again among them
    broken = audit(
        parts.moves, parts.loads, snapshot=chain.snapshot, network=chain.network, positions=chain.positions,
        targets=targets,
    )  # fmt: skip
    assert broken.empty


def test_a_switched_plan_has_the_same_bits_from_several_workers(chain: Chain) -> None:
    targets, one = chain.in_parts(1, part_points=18, switch=SWITCH)
    again, several = chain.in_parts(2, part_points=18, switch=SWITCH)
    pd.testing.assert_frame_equal(targets, again, check_exact=True)
    assert_same(one, several)


@pytest.fixture(scope="module")
def short_chain(chain: Chain) -> Chain:
    """The same nine SKUs where the supplier delivers few units a week and the warehouse ships little a day."""
    tables = {
        **chain.snapshot.tables,
        "suppliers": canonical("suppliers", pd.DataFrame({"supplier": ["V"], "weekly_capacity": [60.0]})),
        "capacity": canonical("capacity", pd.DataFrame({"location": ["C"], "kind": ["ship"], "amount": [0.1],
                                                        "unit": ["m3"]})),
    }  # fmt: skip
    snapshot = snapshot_at(tables, ChainSettings(id="t"), CUTOFF)
    return dataclasses.replace(chain, snapshot=snapshot, network=build_network(snapshot))


def test_what_skus_share_has_a_price_and_the_bound_still_holds(short_chain: Chain) -> None:
    targets, priced = short_chain.in_parts(1, part_points=18)
    _, cut = short_chain.in_parts(1, part_points=18, config=PlanConfig(shared_prices=False))
    assert priced.bound is not None and cut.bound is not None
    assert cut.bound < priced.bound <= min(priced.objective, cut.objective)
    broken = audit(
        priced.moves, priced.loads, snapshot=short_chain.snapshot, network=short_chain.network,
        positions=short_chain.positions, targets=targets,
    )  # fmt: skip
    assert broken.empty


def test_a_plan_at_prices_has_the_same_bits_from_several_workers(short_chain: Chain) -> None:
    assert_same(short_chain.in_parts(1, part_points=18)[1], short_chain.in_parts(2, part_points=18)[1])


def moves(points: list[int], pair: list[int], day: list[int]) -> Moves:
    n = len(points)
    pairs = Inbound(
        point=np.array(points), origin_point=np.array([*range(n)]) - 1, lane=np.arange(n) * 10, priority=np.ones(n),
        lead_time_days=np.ones(n, dtype=np.int64), case=np.ones(n, dtype=np.int64),
        order_multiple=np.ones(n, dtype=np.int64),
        min_order_quantity=np.zeros(n, dtype=np.int64), unit_cost=np.ones(n), is_main=np.ones(n, dtype=bool),
        slot=np.zeros(n, dtype=np.int64), ships=np.ones((1, 3), dtype=bool), arrival=np.ones((1, 3), dtype=np.int64),
    )  # fmt: skip
    days = np.array(day)
    return Moves(
        pair=np.array(pair), day=days, arrival=days + 1, cost=days * 1.5, price=days * 0.5, most=days + 9,
        min_life=days * 0, inbound=pairs,
    )  # fmt: skip


def test_joined_moves_are_sorted_by_point_and_keep_what_they_are() -> None:
    first, second = moves([0, 1], [0, 0, 1], [0, 1, 0]), moves([0], [0, 0], [0, 2])
    joined, order = joined_moves([first, second], [np.array([4, 9]), np.array([6])])
    assert joined.destination.tolist() == [4, 4, 6, 6, 9]
    assert order.tolist() == [0, 1, 3, 4, 2]
    assert joined.day.tolist() == [0, 1, 0, 2, 0]
    assert joined.origin.tolist() == [-1, -1, -1, -1, 4]
    assert joined.inbound.slot.tolist() == [0, 1, 0]


def test_plans_are_joined_in_the_order_of_their_skus() -> None:
    """A SKU that is planned again takes its old place, or its costs would be read as another's."""

    def plan(*skus: str) -> FlowPlan:
        costs = [float(ord(sku)) for sku in skus]
        per_sku = pd.DataFrame({"sku": list(skus), "status": "optimal", "objective": costs, "bound": costs,
                                "n_arcs": 1, "lot_cost": 1.0})  # fmt: skip
        return FlowPlan(sum(costs), sum(costs), SolveStatus.OPTIMAL, per_sku, np.zeros(0, dtype=np.int64), 1.0)

    joined = joined_plan([plan("a", "d"), plan("c", "b")], np.zeros(0, dtype=np.int64))
    assert joined.per_sku["sku"].tolist() == ["a", "b", "c", "d"]
    assert joined.per_sku["objective"].tolist() == [97.0, 98.0, 99.0, 100.0]
    assert (joined.objective, joined.bound, joined.lot_cost) == (394.0, 394.0, 4.0)


def test_some_moves_keep_only_the_pairs_that_they_use() -> None:
    kept = some_moves(moves([3, 5, 8], [0, 1, 1, 2], [0, 0, 1, 0]), np.array([1, 3]))
    assert kept.destination.tolist() == [5, 8]
    assert kept.inbound.lane.tolist() == [10, 20]
