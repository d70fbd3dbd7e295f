"""A chain's past weeks under tierflow and its rivals, from a command."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.documents import records
from cockpit.outcome import Block, ExitCode, Outcome
from cockpit.proving import measure_text, on_the_past, tell_night
from cockpit.wording import count, is_known, label, money, share

if TYPE_CHECKING:
    import pandas as pd

    from engine import EngineConfig
    from experiments.replays import Contest
    from network.ingest import Chain

_SHOWN = ("total_cost", "lost_margin", "holding_cost", "logistics_cost", "waste_cost", "fill_rate", "stockout_rate",
          "turnover_days")  # fmt: skip


def replay_chain(chain: Path, *, n_weeks: int, last_day: date | None) -> Outcome:
    """Replay the last weeks of a chain under every rule; writes nothing."""

    def act(read: Chain, config: EngineConfig, end: pd.Timestamp) -> Outcome:
        from experiments.replays import contest

        found = contest(read.tables, read.settings, last_day=end, n_weeks=n_weeks, config=config, on_night=tell_night)
        blocks = contest_blocks(found, chain_id=read.settings.id, currency=read.settings.currency)
        return Outcome(ExitCode.DONE, blocks, _document(found))

    return on_the_past(chain, last_day, act)


def contest_blocks(found: Contest, *, chain_id: str, currency: str) -> tuple[Block, ...]:
    """Return what a person reads of a contest."""
    rows = []
    for row in found.table.to_dict("records"):
        figures = (measure_text({"measure": name, "value": row[name]}, "value", currency) for name in _SHOWN)
        rows.append((label(str(row["policy"])), *figures))
    tuning = [(label(str(row["policy"])), f"{row['first']:g}", f"{row['second']:g}",
               money(row["cost_on_history"], currency), f"{row['n_tried']}")
              for row in found.tuning.to_dict("records")]  # fmt: skip
    head = (
        f"{count(found.n_days, 'day')} after {found.start:%Y-%m-%d}, night by night, from the same stock and demand.",
        f"tierflow costs {share(found.cost_ratio)} of {label(found.best_rival)}, which was best on the days before"
        + (f"; {share(found.share_of_gap)} of that rival's distance to the clairvoyant is left."
           if is_known(found.share_of_gap) else "."),
    )  # fmt: skip
    return (
        Block(f"{chain_id}: past weeks under every rule", head, ("rule", *(label(name) for name in _SHOWN)),
              tuple(rows), frozenset(range(1, len(_SHOWN) + 1))),
        Block("How the rivals were tuned", (), ("rule", "first factor", "second factor", "cost on history", "tried"),
              tuple(tuning), frozenset({1, 2, 3, 4})),
        Block("Assumed, for all", found.assumptions),
        Block("What these data cannot support", found.limits),
    )  # fmt: skip


def _document(found: Contest) -> dict[str, object]:
    return {
        "exit_code": 0,
        "start": f"{found.start:%Y-%m-%d}",
        "n_days": found.n_days,
        "best_rival": found.best_rival,
        "cost_ratio": found.cost_ratio,
        "share_of_gap": found.share_of_gap if is_known(found.share_of_gap) else None,
        "table": records(found.table),
        "tuning": records(found.tuning),
        "assumptions": list(found.assumptions),
        "limits": list(found.limits),
    }
