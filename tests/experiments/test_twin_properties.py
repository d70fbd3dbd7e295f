"""What holds in every game of the twin, whatever is ordered and whatever is wanted."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.kpis import summary
from experiments.twin_arrays import shared_out
from experiments.twin_stock import PhysicalStock
from tests.experiments.array_games import (
    DESTINATION,
    N_PLACES,
    N_SKUS,
    ORDERS,
    ORIGIN,
    Game,
    Played,
    games,
    play,
    units,
)

PARTS = ["holding_cost", "lost_margin", "logistics_cost", "waste_cost"]
UNIT_COLUMNS = ["latent_units", "served_first_units", "served_units"]
some = settings(max_examples=40, deadline=None)


def arrived(game: Game, played: Played) -> np.ndarray:
    """Units that became usable at each place on each day, (n_days, L, S)."""
    came = np.zeros((game.n_days, N_PLACES, N_SKUS), dtype=np.int64)
    early = game.chain.opening_orders[: game.n_days]
    came[: len(early)] += early
    for day, lane in np.ndindex(game.n_days, ORIGIN.size):
        if (due := game.chain.arrival[lane, day]) < game.n_days:
            came[due, DESTINATION[lane]] += played.sent[day, lane]
    return came


def left(played: Played) -> np.ndarray:
    """Units that were shipped out of each place on each day, (n_days, L, S)."""
    gone = np.zeros((len(played.sent), N_PLACES, N_SKUS), dtype=np.int64)
    for lane in np.flatnonzero(ORIGIN >= 0):
        gone[:, ORIGIN[lane]] += played.sent[:, lane]
    return gone


def expired(game: Game, played: Played) -> np.ndarray:
    """Units missing by the end of each day, (n_days, L, S): what came less what is there, was sold or shipped out."""
    flow = np.cumsum(arrived(game, played) - left(played) - played.trace.sold, axis=0)
    return game.chain.on_hand + flow - played.trace.on_hand


def same(one: Played, other: Played, n_days: int | None = None) -> None:
    """Both games went the same way, bit by bit."""
    pd.testing.assert_frame_equal(one.days.iloc[:n_days], other.days.iloc[:n_days], check_exact=True)
    np.testing.assert_array_equal(one.trace.on_hand[:n_days], other.trace.on_hand[:n_days])
    np.testing.assert_array_equal(one.trace.sold[:n_days], other.trace.sold[:n_days])


@some
@given(games())
def test_units_are_kept_place_by_place(game: Game) -> None:
    played = play(game)
    gone = np.diff(expired(game, played), axis=0, prepend=0)
    assert (gone >= 0).all()
    durable = np.setdiff1d(np.arange(N_SKUS), game.chain.perishable)
    assert (gone[:, :, durable] == 0).all()
    np.testing.assert_allclose(played.days["waste_cost"], gone.sum(axis=1) @ game.chain.cost, atol=1e-9)


@some
@given(games())
def test_stock_is_never_negative(game: Game) -> None:
    played = play(game)
    assert (played.trace.on_hand >= 0).all()
    before = np.concatenate([game.chain.on_hand[None], played.trace.on_hand[:-1]])
    assert (left(played) <= before).all()


@some
@given(games(), st.data())
def test_goods_are_never_usable_before_their_lead_time_is_over(game: Game, data: st.DataObject) -> None:
    """One more case bought tonight changes stock and sales of no day before it is due."""
    night = data.draw(st.integers(0, game.n_days - 1))
    more = game.wanted.copy()
    more[night, 0] += game.chain.case_pack
    one, other = play(game), play(game.replace(wanted=more))
    due = int(game.chain.arrival[0, night])
    np.testing.assert_array_equal(one.trace.on_hand[:due], other.trace.on_hand[:due])
    np.testing.assert_array_equal(one.trace.sold[:due], other.trace.sold[:due])
    if due < game.n_days and game.chain.ships[0, night]:
        # SKU 0 keeps, and what leaves the warehouse on that day left before the case came in.
        assert other.trace.on_hand[due, 0, 0] == one.trace.on_hand[due, 0, 0] + game.chain.case_pack[0]


@some
@given(games())
def test_sales_are_never_above_demand(game: Game) -> None:
    played = play(game)
    assert (played.trace.sold.sum(axis=1) <= game.demand[:, :2].sum(axis=1)).all()
    # Store 1 may serve both kinds of customers, store 2 only the second; nobody is served by the warehouse.
    assert (played.trace.sold[:, 2] <= game.demand[:, 1]).all()
    assert (played.trace.sold[:, 0] == 0).all()


@some
@given(games())
def test_sales_are_never_above_the_stock_of_the_day(game: Game) -> None:
    played = play(game)
    before = np.concatenate([game.chain.on_hand[None], played.trace.on_hand[:-1]])
    assert (played.trace.sold <= before + arrived(game, played) - left(played)).all()


@some
@given(games())
def test_nobody_goes_without_what_a_server_still_has(game: Game) -> None:
    """Unmet demand of store 1's customers means an empty store 1; of store 2's, that both are empty."""
    played = play(game)
    closed = played.trace.on_hand + np.diff(expired(game, played), axis=0, prepend=0)
    served = played.trace.sold.sum(axis=1)
    unmet = (served < game.demand[:, :2].sum(axis=1)) & (game.demand[:, :2].sum(axis=1) > 0)
    # Each kind may be served by store 1, so whoever is left unserved found it empty.
    assert (closed[:, 1][unmet] == 0).all()


@some
@given(games())
def test_demand_is_served_or_lost_and_lost_at_its_margin(game: Game) -> None:
    played = play(game)
    lost = game.demand.sum(axis=1) - played.trace.sold.sum(axis=1)
    assert played.days["latent_units"].tolist() == game.demand.sum(axis=(1, 2)).tolist()
    assert played.days["served_units"].tolist() == played.trace.sold.sum(axis=(1, 2)).tolist()
    assert (played.days["served_first_units"] <= played.days["served_units"]).all()
    np.testing.assert_allclose(played.days["lost_margin"], lost @ game.chain.margin, atol=1e-9)


@some
@given(games())
def test_holding_counts_what_stands_and_what_moves_between_own_places(game: Game) -> None:
    played = play(game)
    moving = np.zeros((game.n_days, N_SKUS), dtype=np.int64)
    for day, lane in np.ndindex(game.n_days, ORIGIN.size):
        if ORIGIN[lane] >= 0:
            moving[day : game.chain.arrival[lane, day]] += played.sent[day, lane]
    for day, own in enumerate(game.chain.opening_inside):
        moving[:day] += own
    held = played.trace.on_hand.sum(axis=1) + moving
    np.testing.assert_allclose(played.days["holding_cost"], held @ game.chain.holding, atol=1e-9)
    np.testing.assert_allclose(played.days["stock_value"], held @ game.chain.cost, atol=1e-9)


@some
@given(games())
def test_costs_add_up_to_the_total(game: Game) -> None:
    days = play(game).days
    assert (days[PARTS] >= 0).all(axis=None)
    assert summary(days)["total_cost"] == pytest.approx(days[PARTS].sum(axis=None))


@some
@given(games())
def test_as_many_trucks_go_as_the_load_needs_and_none_is_overfull(game: Game) -> None:
    played = play(game)
    load = played.sent @ game.chain.volume
    trucks = np.ceil(load / game.chain.truck_volume - 1e-9)
    own = ORIGIN >= 0
    freight = played.sent.sum(axis=2)[:, own] @ game.chain.unit_freight[own]
    np.testing.assert_allclose(played.days["logistics_cost"], trucks @ game.chain.truck_cost + freight, atol=1e-9)
    driven = trucks[:, game.chain.is_truck] @ game.chain.truck_co2[game.chain.is_truck]
    np.testing.assert_allclose(played.days["co2_kg"], driven, atol=1e-9)
    assert (load <= trucks * game.chain.truck_volume + 1e-9).all()
    assert (played.days["truck_fill_cost"] <= played.days["truck_cost"] + 1e-9).all()


@some
@given(games())
def test_the_same_game_goes_the_same_way_and_leaves_its_inputs_alone(game: Game) -> None:
    before = {name: np.copy(getattr(game.chain, name)) for name in ("on_hand", "opening_orders", "opening_inside")}
    same(play(game), play(game))
    for name, values in before.items():
        np.testing.assert_array_equal(getattr(game.chain, name), values)


@some
@given(games(), st.data())
def test_a_longer_replay_begins_with_the_shorter(game: Game, data: st.DataObject) -> None:
    n_days = data.draw(st.integers(1, game.n_days))
    same(play(game, n_days), play(game), n_days)


@some
@given(games(), st.data())
def test_later_demand_never_changes_earlier_days(game: Game, data: st.DataObject) -> None:
    day = data.draw(st.integers(1, game.n_days))
    later = game.demand.copy()
    later[day:] = data.draw(units(game.n_days - day, *game.demand.shape[1:]))
    same(play(game), play(game.replace(demand=later)), day)


@some
@given(games(), units(3, N_SKUS))
def test_two_policies_meet_the_same_demand(game: Game, more: np.ndarray) -> None:
    """Common random numbers: what is wanted, and when goods sent on a day arrive, never depends on what is ordered."""
    one, other = play(game), play(game.replace(wanted=game.wanted + more))
    assert one.days["latent_units"].tolist() == other.days["latent_units"].tolist()
    assert one.days["demand_points"].tolist() == other.days["demand_points"].tolist()


@some
@given(games())
def test_twice_the_units_in_cases_and_trucks_twice_the_size_cost_twice(game: Game) -> None:
    twice = {name: getattr(game.chain, name) * 2 for name in
             ("on_hand", "opening_orders", "opening_inside", "case_pack", "truck_volume")}  # fmt: skip
    one = play(game)
    other = play(game.replace(demand=game.demand * 2, wanted=game.wanted * 2, **twice))
    np.testing.assert_array_equal(other.trace.on_hand, one.trace.on_hand * 2)
    np.testing.assert_array_equal(other.trace.sold, one.trace.sold * 2)
    doubled = [*UNIT_COLUMNS, "holding_cost", "lost_margin", "waste_cost", "stock_value", "cost_of_goods_sold"]
    np.testing.assert_allclose(other.days[doubled], one.days[doubled] * 2)
    alike = ["trucks", "truck_cost", "truck_fill_cost", "co2_kg", "demand_points", "short_points"]
    np.testing.assert_allclose(other.days[alike], one.days[alike])


@some
@given(games())
def test_twice_the_prices_cost_twice_and_move_nothing(game: Game) -> None:
    money = {name: getattr(game.chain, name) * 2 for name in
             ("cost", "margin", "holding", "truck_cost", "unit_freight")}  # fmt: skip
    one, other = play(game), play(game.replace(**money))
    np.testing.assert_array_equal(other.trace.on_hand, one.trace.on_hand)
    np.testing.assert_allclose(other.days[[*PARTS, "stock_value"]], one.days[[*PARTS, "stock_value"]] * 2)
    np.testing.assert_array_equal(other.days[UNIT_COLUMNS], one.days[UNIT_COLUMNS])


@some
@given(games(is_perishable=False))
def test_without_orders_only_what_was_there_or_coming_is_sold(game: Game) -> None:
    played = play(game.replace(wanted=np.zeros_like(game.wanted)))
    there = np.cumsum(game.chain.opening_orders[: game.n_days], axis=0)
    there = np.concatenate([there, np.repeat(there[-1:], game.n_days - len(there), axis=0)]) + game.chain.on_hand
    np.testing.assert_array_equal(played.trace.sold.cumsum(axis=0) + played.trace.on_hand, there)
    assert played.days["logistics_cost"].sum() == 0


@some
@given(games(is_perishable=True))
def test_nothing_is_on_the_shelf_after_its_shelf_life(game: Game) -> None:
    """What stands at a place in the evening came within its shelf life; what came before was sold, sent or wasted."""
    played, life = play(game), int(game.chain.life[0])
    came = arrived(game, played)[:, :, 1]
    came[0] += game.chain.on_hand[:, 1]
    for day in range(game.n_days):
        # Fresh on day d, goods are sold until day d + life, so in the evening of `day` those of later days are left.
        assert (played.trace.on_hand[day, :, 1] <= came[max(day - life + 1, 0) : day + 1].sum(axis=0)).all()


@some
@given(units(1, 2, 5), units(1))
def test_what_expires_first_goes_first(lots: np.ndarray, wanted: np.ndarray) -> None:
    stock = PhysicalStock(lots.copy(), np.array([3]))
    taken = stock.take(1, wanted)
    rest = stock.lots[0, 1]
    assert taken[0] == min(wanted[0], lots[0, 1].sum())
    assert rest.sum() + taken[0] == lots[0, 1].sum()
    touched = np.flatnonzero(rest < lots[0, 1])
    assert (rest[: touched.max(initial=0)] == 0).all()
    np.testing.assert_array_equal(stock.lots[0, 0], lots[0, 0])


@some
@given(games(is_perishable=False), units(N_PLACES, N_SKUS))
def test_more_opening_stock_never_serves_less(game: Game, more: np.ndarray) -> None:
    """With goods that keep, and the same units sent: a richer start ends each day richer and loses no more."""
    one = play(game)
    fixed = game.replace(wanted=one.sent.astype(float))
    other = play(fixed.replace(on_hand=game.chain.on_hand + more))
    np.testing.assert_array_equal(one.sent, other.sent)
    assert (other.trace.on_hand >= one.trace.on_hand).all()
    assert (other.days["served_units"] >= one.days["served_units"]).all()


@some
@given(games())
def test_skus_share_nothing_but_trucks(game: Game) -> None:
    """Taking the other SKU out of the game leaves the stock and sales of this one as they were."""
    alone = game.replace(
        demand=game.demand * [0, 1], wanted=game.wanted * [0, 1], on_hand=game.chain.on_hand * [0, 1],
        opening_orders=game.chain.opening_orders * [0, 1], opening_inside=game.chain.opening_inside * [0, 1],
    )  # fmt: skip
    one, other = play(game), play(alone)
    np.testing.assert_array_equal(one.trace.on_hand[:, :, 1], other.trace.on_hand[:, :, 1])
    np.testing.assert_array_equal(one.trace.sold[:, :, 1], other.trace.sold[:, :, 1])
    assert one.days["logistics_cost"].sum() >= other.days["logistics_cost"].sum() - 1e-9


@some
@given(games())
def test_scarce_stock_is_shared_out_whole_and_never_beyond_what_is_there(game: Game) -> None:
    chain, wanted, ships = game.chain, game.wanted[0], game.chain.ships[:, 0]
    sent = shared_out(wanted, chain, on_hand=chain.on_hand, may_ship=ships)
    assert (sent[~ships] == 0).all()
    assert (sent <= wanted).all()
    assert (sent % chain.case_pack == 0).all()
    own = ORIGIN == 0
    cases = np.floor(np.where(ships[:, None], wanted, 0) / chain.case_pack)[own].sum(axis=0)
    given_out = sent[own].sum(axis=0) / chain.case_pack
    np.testing.assert_array_equal(given_out, np.minimum(cases, np.floor(chain.on_hand[0] / chain.case_pack)))


def test_the_games_hold_what_the_properties_speak_of() -> None:
    """Among the games are ones with waste, with lost sales, with scarce stock and with goods that come late."""
    assert [order.tolist() for order in ORDERS] == [[1], [2, 1], []]
    seen: set[str] = set()

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(games())
    def look(game: Game) -> None:
        played = play(game)
        for name in ("waste_cost", "lost_margin", "truck_cost", "served_units"):
            if played.days[name].sum() > 0:
                seen.add(name)
        if (played.sent < np.where(game.chain.ships.T[:, :, None], game.wanted, 0)).any():
            seen.add("scarce")

    look()
    assert seen == {"waste_cost", "lost_margin", "truck_cost", "served_units", "scarce"}
