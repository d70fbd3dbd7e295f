"""Stock of all points at once and goods on their way: what leaves, arrives and expires in a day of `twin_arrays`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from experiments.array_chain import ArrayChain

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Shipment:
    """What leaves on a morning.

    Parameters
    ----------
    lanes
        (k,) lanes on which goods may leave, ascending.
    units
        (k, S) units on them.
    """

    lanes: Ints
    units: Ints


@dataclass
class ArrayStock:
    """Stock and goods on their way; changes from day to day.

    Parameters
    ----------
    on_hand, coming
        (L, S) units there, and on their way there.
    moving
        (S,) units between places of our own.
    lots
        (n_buckets, L, p) units of perishables by their last day, which is the row's number modulo n_buckets.
    arriving, inside
        (ring, L, S) units by the day on which they arrive, modulo ring; (ring, S) those between places of our own.
    is_due
        (ring, L) where something arrives.
    """

    on_hand: Ints
    coming: Ints
    moving: Ints
    lots: Ints
    arriving: Ints
    inside: Ints
    is_due: Flags

    @classmethod
    def opening(cls, chain: ArrayChain) -> Self:
        """Return the stock at the start, as fresh as its shelf life allows, and what is on the way."""
        longest = (chain.arrival - np.arange(chain.arrival.shape[1])).max(initial=0) + 1
        n_ring = int(max(longest, len(chain.opening_orders), 1))
        arriving = np.zeros((n_ring, *chain.on_hand.shape), dtype=np.int64)
        arriving[: len(chain.opening_orders)] = chain.opening_orders
        inside = np.zeros((n_ring, chain.on_hand.shape[1]), dtype=np.int64)
        inside[: len(chain.opening_inside)] = chain.opening_inside
        lots = np.zeros((chain.n_buckets, len(chain.on_hand), chain.perishable.size), dtype=np.int64)
        lots[chain.life, :, np.arange(chain.perishable.size)] = chain.on_hand[:, chain.perishable].T
        moving, coming = inside.sum(axis=0), arriving.sum(axis=0)
        is_due = np.asarray(arriving.any(axis=2), dtype=np.bool_)
        return cls(chain.on_hand.copy(), coming, moving, lots, arriving, inside, is_due)

    def dispatch(self, chain: ArrayChain, shipment: Shipment, day: int) -> Ints:
        """Put goods under way; returns the perishables that left each place, (L, p)."""
        leaving = np.zeros(self.lots.shape[1:], dtype=np.int64)
        goes = shipment.units.any(axis=1)
        lanes, goods = shipment.lanes[goes], shipment.units[goes]
        slot, place, origin = (
            chain.arrival[lanes, day] % len(self.arriving),
            chain.destination[lanes],
            chain.origin[lanes],
        )
        self.arriving[slot, place] += goods
        self.coming[place] += goods
        self.is_due[slot, place] = True
        for source in np.unique(origin[origin >= 0]):
            sent = goods[origin == source].sum(axis=0)
            self.on_hand[source] -= sent
            leaving[source] = sent[chain.perishable]
            self.moving += sent
            if (self.on_hand[source] < 0).any():
                raise ValueError("a rule shipped more than a place had")
        for due in np.unique(slot[origin >= 0]):
            self.inside[due] += goods[(origin >= 0) & (slot == due)].sum(axis=0)
        return leaving

    def arrive(self, chain: ArrayChain, day: int) -> None:
        """Receive what is due; perishables count as fresh."""
        slot = day % len(self.arriving)
        places = np.flatnonzero(self.is_due[slot])
        received = self.arriving[slot, places]
        self.on_hand[places] += received
        self.coming[places] -= received
        self.moving -= self.inside[slot]
        self.arriving[slot, places], self.inside[slot], self.is_due[slot] = 0, 0, False
        last = (day + chain.life) % chain.n_buckets
        rows = np.arange(chain.perishable.size)
        self.lots[last, places[:, None], rows] += received[:, chain.perishable]

    def expire(self, chain: ArrayChain, used: Ints, day: int) -> Ints:
        """Take what was used off the lots, first expired first out; returns what is left of today's, (p,) [units].

        Parameters
        ----------
        chain
            What expires.
        used
            (L, p) units that left or were sold; spent.
        day
            Whose evening it is.
        """
        for bucket in range(chain.n_buckets):
            lot = self.lots[(day + bucket) % chain.n_buckets]
            taken = np.minimum(lot, used)
            lot -= taken
            used -= taken
        gone = self.lots[day % chain.n_buckets]
        expired: Ints = gone.sum(axis=0)
        if expired.any():
            self.on_hand[:, chain.perishable] -= gone
            gone[...] = 0
        return expired
