"""A proof on the chain's own past, from a command: both ways side by side, what was assumed and what cannot be told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cockpit.documents import records
from cockpit.failures import refuse_input
from cockpit.jobs import config_for, write_rejected_rows
from cockpit.outcome import Block, ExitCode, Outcome, UsageError
from cockpit.places import REJECTS_FILE, runs_folder
from cockpit.wording import count, is_known, label, money, share

if TYPE_CHECKING:
    from engine import EngineConfig
    from experiments.benefits import Benefits, RollOut
    from experiments.prove import Proof
    from network.ingest import Chain

_SHARES = ("fill_rate", "stockout_rate")
_log = logging.getLogger(__name__)


def prove_chain(
    chain: Path, *, n_weeks: int, last_day: date | None, terms: Sequence[float | None] = (None,) * 4
) -> Outcome:
    """Replay the last weeks of a chain both ways; writes nothing.

    Parameters
    ----------
    chain
        The chain's folder.
    n_weeks, last_day
        Weeks replayed, up to this day.
    terms
        One-off cost, running cost a year, discount rate a year and years of the roll-out: all of them or none.

    Raises
    ------
    UsageError
        If the records do not hold what a proof needs, or only some terms are given.
    """
    roll_out = _roll_out(terms)

    def act(read: Chain, config: EngineConfig, end: pd.Timestamp) -> Outcome:
        from experiments.prove import prove

        proof = prove(read.tables, read.settings, last_day=end, n_weeks=n_weeks, config=config, on_night=tell_night)
        worth = proof.benefits(roll_out)
        blocks = proof_blocks(proof, worth, chain_id=read.settings.id, currency=read.settings.currency)
        return Outcome(ExitCode.DONE, blocks, {**_document(proof), "benefits": records(worth.table)})

    return on_the_past(chain, last_day, act)


def on_the_past(
    chain: Path, last_day: date | None, act: Callable[[Chain, EngineConfig, pd.Timestamp], Outcome]
) -> Outcome:
    """Read a chain and do something with its past up to a day; input that is refused ends as it does everywhere.

    Parameters
    ----------
    chain
        The chain's folder.
    last_day
        Last day of the past; None = the last with both sales and stock.
    act
        From the chain, the planner's settings and the last day to the outcome.

    Raises
    ------
    UsageError
        If the records do not hold what a replay of the past needs.
    """
    from experiments.prove_history import CannotProve
    from network.breach import ContractError
    from network.ingest import load_chain
    from network.snapshot import default_cutoff

    try:
        read = load_chain(chain)
        config = config_for(read.settings, None, read.tables["locations"])
    except ContractError as error:
        where = runs_folder(chain, None) / REJECTS_FILE
        return refuse_input(error, rejects=str(write_rejected_rows(error.rejects, where)))
    try:
        return act(read, config, default_cutoff(read.tables) if last_day is None else pd.Timestamp(last_day))
    except CannotProve as error:
        raise UsageError(str(error)) from error


def tell_night(night: pd.Timestamp) -> None:
    """Say which night is planned, for those who watch."""
    _log.info("Planning the night of %s", f"{night:%Y-%m-%d}")


def _roll_out(terms: Sequence[float | None]) -> RollOut | None:
    """What the change costs, if that was told."""
    from experiments.benefits import RollOut

    told = [each for each in terms if each is not None]
    if not told:
        return None
    if len(told) < len(terms):
        raise UsageError("Payback needs --one-off-cost, --running-cost, --discount-rate and --years together.")
    one_off, running, rate, years = told
    return RollOut(one_off_cost=one_off, running_cost=running, discount_rate=rate, years=int(years))


def proof_blocks(proof: Proof, worth: Benefits, *, chain_id: str, currency: str) -> tuple[Block, ...]:
    """Return what a person reads of a proof."""
    both = ("ordered", "tierflow", "change")
    rows = [(label(str(row["measure"])), *(measure_text(row, name, currency) for name in both))
            for row in proof.table.to_dict("records")]  # fmt: skip
    weeks = [(f"{row['week']:%Y-%m-%d}", money(row["ordered"], currency), money(row["tierflow"], currency),
              money(row["tierflow"] - row["ordered"], currency, is_signed=True))
             for row in proof.weeks.to_dict("records")]  # fmt: skip
    kept = [(str(row["measure"]), money(row["recorded"], currency), money(row["replayed"], currency),
             share(row["replayed"] / row["recorded"]) if row["recorded"] else "–")
            for row in proof.fidelity.to_dict("records")]  # fmt: skip
    head = f"{count(proof.n_days, 'day')} after {proof.start:%Y-%m-%d}, night by night, from the same stock and demand."
    columns = frozenset({1, 2, 3})
    return (
        Block(f"{chain_id}: as ordered, and as tierflow would have ordered", (head,),
              ("measure", "as ordered", "tierflow", "change"), tuple(rows), columns),
        Block("Total cost by week", (), ("week from", "as ordered", "tierflow", "change"), tuple(weeks), columns),
        worth_block(worth, currency),
        Block("How well the replay of what was ordered retells the records", (),
              ("measure", "recorded", "replayed", "of it"), tuple(kept), columns),
        Block("Assumed, for both", proof.assumptions),
        Block("What these data cannot support", proof.limits),
    )  # fmt: skip


def worth_block(worth: Benefits, currency: str) -> Block:
    """Return what a person reads of benefits."""
    rows = []
    for row in worth.table.to_dict("records"):
        amount, low, high = (_amount(row[name], str(row["unit"]), currency) for name in ("amount", "low", "high"))
        between = f"{low} to {high}" if is_known(row["low"]) or is_known(row["high"]) else ""
        rows.append((label(str(row["figure"])), str(row["kind"]), amount, between, str(row["source"])))
    header = ("figure", "kind", "amount", "interval", "from")
    return Block(f"What a year of {worth.plan} is worth against {worth.rule}", worth.notes, header, tuple(rows),
                 frozenset({2, 3}))  # fmt: skip


def _amount(value: float, unit: str, currency: str) -> str:
    if unit == "money":
        return money(value, currency, is_signed=True)
    if unit == "years":
        if not is_known(value):
            return "never"
        return f"{value:.1f} years" if value >= 1 else f"{12 * value:.1f} months"
    return f"{value:,.0f} {unit}" if is_known(value) else "–"


def measure_text(row: Mapping[Any, Any], name: str, currency: str) -> str:
    """Write one figure of a replay; `change` is signed."""
    value, measure = row[name], row["measure"]
    if not is_known(value):
        return "–"
    if measure in _SHARES:
        return f"{100 * value:+.1f} points" if name == "change" else share(value)
    if measure == "turnover_days":
        return f"{value:{'+' if name == 'change' else ''}.1f} days"
    return money(value, currency, is_signed=name == "change")


def _document(proof: Proof) -> dict[str, object]:
    return {
        "exit_code": 0,
        "start": f"{proof.start:%Y-%m-%d}",
        "n_days": proof.n_days,
        "table": records(proof.table),
        "weeks": records(proof.weeks),
        "fidelity": records(proof.fidelity),
        "assumptions": list(proof.assumptions),
        "limits": list(proof.limits),
    }
