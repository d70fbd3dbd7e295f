from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from network.graph import SupplyNetwork, build_network
from network.snapshot import Snapshot
from optimization.audit import audit
from optimization.position import inventory_positions

CUTOFF = "2025-11-03"  # a Monday; everything leaves on Tuesday 2025-11-04
TUESDAY = pd.Timestamp("2025-11-04")

LOCATIONS: list[dict[str, Any]] = [
    {"location": "SUP", "tier": "supplier"},
    {"location": "C1", "tier": "central"},
    {"location": "F1", "tier": "forward"},
    {"location": "S1", "tier": "store"},
    {"location": "S2", "tier": "store"},
    {"location": "S3", "tier": "store", "ownership": "franchise"},
]
SKUS: list[dict[str, Any]] = [
    {"sku": "A", "unit_cost": 2.0, "unit_price": 5.0, "case_pack": 6, "volume_m3": 0.01, "weight_kg": 1.0},
    {"sku": "B", "unit_cost": 3.0, "unit_price": 5.0, "case_pack": 4, "min_order_quantity": 40, "volume_m3": 0.02,
     "weight_kg": 0.5, "temperature": "chilled"},
]  # fmt: skip
LANES: list[dict[str, Any]] = [
    {"origin": "SUP", "destination": "C1", "mode": "purchase", "lead_time_days": 7, "min_order_value": 100.0},
    {"origin": "C1", "destination": "tier:store", "mode": "transfer", "lead_time_days": 2, "truck_cost": 50.0,
     "truck_volume_m3": 1.0, "truck_weight_kg": 40.0, "max_trucks": 1},
    {"origin": "C1", "destination": "F1", "mode": "emergency", "lead_time_days": 0},
    {"origin": "tier:store", "destination": "tier:store", "mode": "transshipment", "lead_time_days": 1},
    {"origin": "S1", "destination": "C1", "mode": "return", "lead_time_days": 1},
]  # fmt: skip
STOCK: list[dict[str, Any]] = [
    {"as_of": CUTOFF, "sku": "A", "location": "C1", "on_hand": 100, "allocated": 10},
    {"as_of": CUTOFF, "sku": "B", "location": "C1", "on_hand": 50, "allocated": 0},
    {"as_of": CUTOFF, "sku": "A", "location": "S1", "on_hand": 8, "allocated": 0},
    {"as_of": CUTOFF, "sku": "A", "location": "S1", "on_hand": 90, "allocated": 0, "stock_type": "damaged"},
    {"as_of": CUTOFF, "sku": "A", "location": "S3", "on_hand": 8, "allocated": 0},
]
ASSORTMENT: list[dict[str, Any]] = [
    {"sku": "A", "location": "S2", "max_stock": 40},
    {"sku": "B", "location": "S2"},
]


@pytest.fixture(scope="module")
def chain(make_snapshot: Callable[..., Snapshot]) -> Callable[..., Snapshot]:
    tables = {"locations": LOCATIONS, "skus": SKUS, "lanes": LANES, "stock": STOCK, "assortment": ASSORTMENT}
    unchanged = make_snapshot(CUTOFF, **tables)

    def build(**changes: Sequence[dict[str, Any]]) -> Snapshot:
        return make_snapshot(CUTOFF, **{**tables, **changes}) if changes else unchanged

    return build


def feasible_moves() -> pd.DataFrame:
    lines = [
        # 6 cases of 6; C1 has 100 - 10 = 90 free units of A
        ("A", "C1", "S1", "transfer", 2, 36, 6, "L1"),
        ("A", "C1", "S2", "transfer", 2, 30, 5, "L2"),
        ("B", "C1", "S2", "transfer", 2, 16, 4, "L2"),
        # 44 units of B >= minimum order of 40; worth 44 x 3 = 132 >= 100
        ("B", "SUP", "C1", "purchase", 7, 44, 11, ""),
        ("A", "C1", "F1", "emergency", 0, 5, 0, ""),
        ("A", "S1", "S2", "transshipment", 1, 3, 0, ""),
    ]
    columns = ["sku", "origin", "destination", "mode", "lead", "quantity", "cases", "load_id"]
    frame = pd.DataFrame(lines, columns=columns)
    due = TUESDAY + pd.to_timedelta(np.maximum(frame.pop("lead"), 1) - 1, unit="D")
    return frame.assign(ship_date=TUESDAY, due_date=due)


def feasible_loads() -> pd.DataFrame:
    # L1: 36 x 0.01 m3 and 36 x 1 kg; L2: 30 x 0.01 + 16 x 0.02 m3 and 30 x 1 + 16 x 0.5 kg
    totals = [("L1", "S1", 0.36, 36.0), ("L2", "S2", 0.62, 38.0)]
    frame = pd.DataFrame(totals, columns=["load_id", "destination", "volume_m3", "weight_kg"])
    due = TUESDAY + pd.Timedelta(days=1)
    return frame.assign(origin="C1", mode="transfer", ship_date=TUESDAY, due_date=due, trucks=1)


NETWORKS: dict[str, tuple[SupplyNetwork, pd.DataFrame]] = {}


def check(snapshot: Snapshot, moves: pd.DataFrame, loads: pd.DataFrame | None = None) -> pd.DataFrame:
    if snapshot.content_hash not in NETWORKS:
        network = build_network(snapshot)
        NETWORKS[snapshot.content_hash] = network, inventory_positions(snapshot, network)
    network, positions = NETWORKS[snapshot.content_hash]
    loads = feasible_loads() if loads is None else loads
    return audit(moves, loads, snapshot=snapshot, network=network, positions=positions)


def changed(row: int, **values: Any) -> pd.DataFrame:
    moves = feasible_moves()
    for name, value in values.items():
        moves[name] = moves[name].astype(float) if isinstance(value, float) else moves[name]
        moves.loc[row, name] = value
    return moves


def test_a_feasible_plan_breaks_no_rule(chain: Callable[..., Snapshot]) -> None:
    result = check(chain(), feasible_moves())
    assert result.empty
    assert result.columns.tolist() == ["rule", "sku", "origin", "destination", "value", "bound", "message"]


def test_an_empty_plan_breaks_no_rule(chain: Callable[..., Snapshot]) -> None:
    assert check(chain(), feasible_moves().head(0), feasible_loads().head(0)).empty


LINE_MUTATIONS: list[tuple[str, int, dict[str, Any]]] = [
    ("whole_quantity", 5, {"quantity": 0}),
    ("whole_quantity", 5, {"quantity": -2}),
    ("whole_quantity", 5, {"quantity": 2.5}),
    ("whole_quantity", 5, {"quantity": np.nan}),
    ("whole_quantity", 4, {"quantity": -1}),
    ("known_ids", 5, {"sku": "Z"}),
    ("known_ids", 5, {"destination": "S9"}),
    ("lane_exists", 5, {"destination": "F1"}),
    ("ships_tomorrow", 4, {"ship_date": TUESDAY + pd.Timedelta(days=1), "due_date": TUESDAY + pd.Timedelta(days=1)}),
    ("due_date", 4, {"due_date": TUESDAY + pd.Timedelta(days=1)}),
    ("cases_match", 3, {"cases": 10}),
    ("whole_cases", 3, {"quantity": 46, "cases": 11.5}),
    ("min_order_quantity", 3, {"quantity": 36, "cases": 9}),
]


@pytest.mark.parametrize(("rule", "row", "values"), LINE_MUTATIONS)
def test_a_broken_line_is_caught_by_exactly_its_rule(
    chain: Callable[..., Snapshot], rule: str, row: int, values: dict[str, Any]
) -> None:
    found = check(chain(), changed(row, **values))
    expected = {rule, "available_at_source"} if values.get("sku") == "Z" else {rule}
    assert set(found["rule"]) == expected


def test_a_mode_that_does_not_join_the_tiers_is_caught(chain: Callable[..., Snapshot]) -> None:
    moves = changed(5, mode="transfer", quantity=6, cases=1, load_id="")
    assert set(check(chain(), moves)["rule"]) == {"mode_fits_tiers", "lane_exists"}


def test_the_same_line_twice_is_caught(chain: Callable[..., Snapshot]) -> None:
    moves = pd.concat([feasible_moves(), feasible_moves().iloc[[4]]], ignore_index=True)
    found = check(chain(), moves)
    assert found["rule"].tolist() == ["no_duplicates"]
    assert found["message"].tolist() == ["A C1 -> F1: the same line twice"]


def test_more_than_the_free_stock_of_all_lines_together_is_caught(chain: Callable[..., Snapshot]) -> None:
    # 36 + 30 + 5 = 71 of 90 free units leave; with 25 instead of 5 it is 91
    assert check(chain(), changed(4, quantity=24)).empty
    found = check(chain(), changed(4, quantity=25))
    assert found["rule"].tolist() == ["available_at_source"]
    assert found[["value", "bound"]].to_numpy().tolist() == [[91.0, 90.0]]


def test_damaged_stock_is_not_there_to_be_moved(chain: Callable[..., Snapshot]) -> None:
    # 8 free and 90 damaged units of A at S1
    assert check(chain(), changed(5, quantity=9))["rule"].tolist() == ["available_at_source"]


def test_stock_at_a_place_without_a_record_is_not_there(chain: Callable[..., Snapshot]) -> None:
    moves = changed(5, sku="B", quantity=1)
    assert check(chain(), moves)["rule"].tolist() == ["available_at_source"]


RULE_CHANGES: list[tuple[str, dict[str, list[dict[str, Any]]]]] = [
    ("order_day", {"lanes": [*LANES[:2], {**LANES[2], "order_days": "MO,WE"}, *LANES[3:]]}),
    ("order_day", {"closures": [{"lane": "C1>F1:emergency", "date": TUESDAY}]}),
    ("order_day", {"closures": [{"location": "SUP", "date": TUESDAY}]}),
    ("due_date", {"closures": [{"location": "F1", "date": TUESDAY}]}),
    ("not_blocked", {"assortment": [ASSORTMENT[0], {**ASSORTMENT[1], "blocked": True}]}),
    ("may_be_taken", {"assortment": [*ASSORTMENT, {"sku": "A", "location": "S1", "do_not_transfer": True}]}),
    ("ours_to_move", {"locations": [*LOCATIONS[:3], {**LOCATIONS[3], "ownership": "franchise"}, *LOCATIONS[4:]]}),
    ("still_sold", {"skus": [SKUS[0], {**SKUS[1], "end_date": "2025-11-09"}]}),
    ("still_sold", {"assortment": [ASSORTMENT[0], {**ASSORTMENT[1], "to": "2025-11-04"}]}),
    ("max_stock", {"assortment": [{**ASSORTMENT[0], "max_stock": 32}, ASSORTMENT[1]]}),
    ("min_order_value", {"lanes": [{**LANES[0], "min_order_value": 132.5}, *LANES[1:]]}),
    ("supplier_capacity", {"suppliers": [{"supplier": "SUP", "weekly_capacity": 43}]}),
    ("temperature", {"vehicles": [{"lane": "C1>S2:transfer", "type": "van", "temperature": "ambient"}]}),
    ("max_trucks", {"lanes": [LANES[0], {**LANES[1], "max_trucks": 0}, *LANES[2:]]}),
    ("truck_volume", {"lanes": [LANES[0], {**LANES[1], "truck_volume_m3": 0.5}, *LANES[2:]]}),
    ("truck_weight", {"lanes": [LANES[0], {**LANES[1], "truck_weight_kg": 37.0}, *LANES[2:]]}),
    ("trucks_needed", {"lanes": [*LANES[:2], {**LANES[2], "truck_cost": 9.0}, *LANES[3:]]}),
]


@pytest.mark.parametrize(("rule", "tables"), RULE_CHANGES)
def test_a_plan_against_a_new_rule_of_the_chain_is_caught_by_exactly_that_rule(
    chain: Callable[..., Snapshot], rule: str, tables: dict[str, list[dict[str, Any]]]
) -> None:
    assert set(check(chain(**tables), feasible_moves())["rule"]) == {rule}


ALLOWED_CHANGES: list[dict[str, list[dict[str, Any]]]] = [
    {"lanes": [*LANES[:2], {**LANES[2], "order_days": "TU"}, *LANES[3:]]},
    {"closures": [{"location": "tier:forward", "date": TUESDAY}, {"location": "F1", "date": TUESDAY, "open": True}]},
    {"lanes": [*LANES[:2], {**LANES[2], "order_days": "MO"}, *LANES[3:]],
     "closures": [{"lane": "C1>F1:emergency", "date": TUESDAY, "open": True}]},
    {"skus": [SKUS[0], {**SKUS[1], "end_date": "2025-11-10"}]},
    {"assortment": [{**ASSORTMENT[0], "max_stock": 33}, ASSORTMENT[1]]},
    {"suppliers": [{"supplier": "SUP", "weekly_capacity": 44}]},
    {"lanes": [{**LANES[0], "min_order_value": 132.0}, *LANES[1:]]},
    {"vehicles": [{"lane": "C1>S2:transfer", "type": "van", "temperature": "ambient"},
                  {"lane": "C1>S2:transfer", "type": "cool van", "temperature": "chilled"}]},
    {"vehicles": [{"lane": "C1>S2:transfer", "type": "any van"}]},
    {"lanes": [LANES[0], {**LANES[1], "truck_volume_m3": 0.62, "truck_weight_kg": 38.0}, *LANES[2:]]},
]  # fmt: skip


@pytest.mark.parametrize("tables", ALLOWED_CHANGES)
def test_a_bound_that_is_met_exactly_is_no_breach(
    chain: Callable[..., Snapshot], tables: dict[str, list[dict[str, Any]]]
) -> None:
    assert check(chain(**tables), feasible_moves()).empty


def test_a_due_date_on_a_closed_day_moves_to_the_next_open_day(chain: Callable[..., Snapshot]) -> None:
    days = [TUESDAY, TUESDAY + pd.Timedelta(days=1)]
    snapshot = chain(closures=[{"location": "F1", "date": day} for day in days])
    assert set(check(snapshot, feasible_moves())["rule"]) == {"due_date"}
    assert check(snapshot, changed(4, due_date=TUESDAY + pd.Timedelta(days=2))).empty


def test_a_sourcing_rule_overrides_cases_minimum_and_lead_time(chain: Callable[..., Snapshot]) -> None:
    rule = {"sku": "B", "origin": "SUP", "destination": "C1", "order_multiple": 11, "min_order_quantity": 44}
    assert set(check(chain(sourcing=[rule]), feasible_moves())["rule"]) == {"cases_match"}
    assert check(chain(sourcing=[rule]), changed(3, cases=4)).empty
    longer = chain(sourcing=[{**rule, "lead_time_days": 9}])
    assert set(check(longer, changed(3, cases=4))["rule"]) == {"due_date"}


LOAD_MUTATIONS: list[tuple[str, int, dict[str, Any]]] = [
    ("load_totals", 0, {"volume_m3": 0.35}),
    ("load_totals", 1, {"weight_kg": 39.0}),
    ("load_totals", 1, {"weight_kg": np.nan}),
    ("max_trucks", 0, {"trucks": 2}),
    ("loads_known", 0, {"due_date": TUESDAY}),
]


@pytest.mark.parametrize(("rule", "row", "values"), LOAD_MUTATIONS)
def test_a_broken_load_is_caught_by_exactly_its_rule(
    chain: Callable[..., Snapshot], rule: str, row: int, values: dict[str, Any]
) -> None:
    loads = feasible_loads()
    for name, value in values.items():
        loads.loc[row, name] = value
    assert set(check(chain(), feasible_moves(), loads)["rule"]) == {rule}


def test_a_load_without_lines_and_a_line_without_its_load_are_caught(chain: Callable[..., Snapshot]) -> None:
    found = check(chain(), changed(0, load_id="L9"))
    assert set(found["rule"]) == {"loads_known", "loads_once", "load_totals"}


def test_two_loads_of_one_id_are_caught(chain: Callable[..., Snapshot]) -> None:
    loads = pd.concat([feasible_loads(), feasible_loads().iloc[[0]]], ignore_index=True)
    assert {"loads_once", "max_trucks"} == set(check(chain(), feasible_moves(), loads)["rule"])


def test_stock_promised_by_released_lines_may_not_leave_again(chain: Callable[..., Snapshot]) -> None:
    snapshot = chain()
    network = build_network(snapshot)
    released = pd.DataFrame(
        {
            "order_id": ["TR-1"],
            "origin": ["C1"],
            "destination": ["S1"],
            "sku": ["A"],
            "quantity": [20],
            "ship_date": [TUESDAY + pd.Timedelta(days=1)],
            "due_date": [TUESDAY + pd.Timedelta(days=2)],
        }
    )
    positions = inventory_positions(snapshot, network, released)
    found = audit(feasible_moves(), feasible_loads(), snapshot=snapshot, network=network, positions=positions)
    assert found[["rule", "value", "bound"]].to_numpy().tolist() == [["available_at_source", 71.0, 70.0]]
