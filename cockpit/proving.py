"""A proof on the chain's own past, from a command: both ways side by side, what was assumed and what cannot be told."""

from __future__ import annotations

import logging
from collections.abc import Mapping
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
    from experiments.prove import Proof

_SHARES = ("fill_rate", "stockout_rate")
_log = logging.getLogger(__name__)


def prove_chain(chain: Path, *, n_weeks: int, last_day: date | None) -> Outcome:
    """Replay the last weeks of a chain both ways; writes nothing.

    Raises
    ------
    UsageError
        If the records do not hold what a proof needs.
    """
    from experiments.prove import CannotProve, prove
    from network.breach import ContractError
    from network.ingest import load_chain
    from network.snapshot import default_cutoff

    try:
        read = load_chain(chain)
        config = config_for(read.settings, None)
    except ContractError as error:
        where = runs_folder(chain, None) / REJECTS_FILE
        return refuse_input(error, rejects=str(write_rejected_rows(error.rejects, where)))
    end = default_cutoff(read.tables) if last_day is None else pd.Timestamp(last_day)
    try:
        proof = prove(
            read.tables, read.settings, last_day=end, n_weeks=n_weeks, config=config,
            on_night=lambda night: _log.info("Planning the night of %s", f"{night:%Y-%m-%d}"),
        )  # fmt: skip
    except CannotProve as error:
        raise UsageError(str(error)) from error
    return Outcome(ExitCode.DONE, proof_blocks(proof, read.settings.id, read.settings.currency), _document(proof))


def proof_blocks(proof: Proof, chain_id: str, currency: str) -> tuple[Block, ...]:
    """Return what a person reads of a proof."""
    both = ("ordered", "tierflow", "change")
    rows = [(label(str(row["measure"])), *(_figure(row, name, currency) for name in both))
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
        Block("How well the replay of what was ordered retells the records", (),
              ("measure", "recorded", "replayed", "of it"), tuple(kept), columns),
        Block("Assumed, for both", proof.assumptions),
        Block("What these data cannot support", proof.limits),
    )  # fmt: skip


def _figure(row: Mapping[Any, Any], name: str, currency: str) -> str:
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
