"""The twin of arrays against a replay that follows every single unit from its arrival to its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings

from tests.experiments.array_games import DESTINATION, N_PLACES, N_SKUS, ORDERS, ORIGIN, Game, games, play

NEVER = 10**6


@dataclass
class Unit:
    """One piece: where it is or goes, from which day it is usable, the last day of sale, whether it came from us."""

    sku: int
    place: int
    usable: int
    last_day: int
    is_own: bool


def last_day(game: Game, sku: int, day: int) -> int:
    """Goods count as fresh on the day they arrive."""
    perishable = game.chain.perishable.tolist()
    return day + int(game.chain.life[perishable.index(sku)]) if sku in perishable else NEVER


def opening(game: Game) -> list[Unit]:
    """Stock of the evening before, and what is on its way; that to the stores comes from the warehouse."""
    pieces = []
    for place, sku in np.ndindex(N_PLACES, N_SKUS):
        pieces += [Unit(sku, place, -1, last_day(game, sku, 0), False) for _ in range(game.chain.on_hand[place, sku])]
        for day, came in enumerate(game.chain.opening_orders[:, place, sku]):
            pieces += [Unit(sku, place, day, last_day(game, sku, day), place > 0) for _ in range(came)]
    return pieces


def there(pieces: list[Unit], sku: int, place: int, day: int) -> list[Unit]:
    """Pieces on a shelf, those that expire first in front."""
    found = [piece for piece in pieces if (piece.sku, piece.place) == (sku, place) and piece.usable <= day]
    return sorted(found, key=lambda piece: piece.last_day)


def ship(game: Game, pieces: list[Unit], day: int, sent: np.ndarray) -> None:
    """Send on a morning what was on the shelf the evening before; suppliers make new pieces."""
    for lane, sku in np.ndindex(*sent.shape):
        due, end = int(game.chain.arrival[lane, day]), int(DESTINATION[lane])
        fresh = last_day(game, sku, due)
        if ORIGIN[lane] < 0:
            pieces += [Unit(sku, end, due, fresh, False) for _ in range(sent[lane, sku])]
            continue
        for piece in there(pieces, sku, int(ORIGIN[lane]), day - 1)[: sent[lane, sku]]:
            piece.place, piece.usable, piece.last_day, piece.is_own = end, due, fresh, True


def sell(pieces: list[Unit], day: int, asked: np.ndarray) -> np.ndarray:
    """Sell to each kind of customer in its order; returns units (L, S)."""
    sold = np.zeros((N_PLACES, N_SKUS), dtype=np.int64)
    for (group, order), sku in ((pair, sku) for pair in enumerate(ORDERS) for sku in range(N_SKUS)):
        left = int(asked[group, sku])
        for place in order.tolist():
            for piece in there(pieces, sku, place, day)[:left]:
                pieces.remove(piece)
                sold[place, sku] += 1
                left -= 1
    return sold


def slow(game: Game, sent: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Stock and sales (n_days, L, S), holding and waste (n_days,) [money]."""
    pieces = opening(game)
    on_hand, sold = (np.zeros((game.n_days, N_PLACES, N_SKUS), dtype=np.int64) for _ in range(2))
    holding, waste = np.zeros(game.n_days), np.zeros(game.n_days)
    for day in range(game.n_days):
        ship(game, pieces, day, sent[day])
        sold[day] = sell(pieces, day, game.demand[day])
        for piece in [piece for piece in pieces if piece.usable <= day and piece.last_day <= day]:
            pieces.remove(piece)
            waste[day] += game.chain.cost[piece.sku]
        for piece in pieces:
            is_there = piece.usable <= day
            on_hand[day, piece.place, piece.sku] += is_there
            holding[day] += game.chain.holding[piece.sku] * (is_there or piece.is_own)
    return on_hand, sold, holding, waste


@settings(max_examples=60, deadline=None)
@given(games())
def test_following_every_unit_gives_the_same_days(game: Game) -> None:
    played = play(game)
    on_hand, sold, holding, waste = slow(game, played.sent)
    np.testing.assert_array_equal(played.trace.on_hand, on_hand)
    np.testing.assert_array_equal(played.trace.sold, sold)
    np.testing.assert_allclose(played.days["holding_cost"], holding, atol=1e-9)
    np.testing.assert_allclose(played.days["waste_cost"], waste, atol=1e-9)
