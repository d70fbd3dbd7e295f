"""What went wrong, in one line and with advice, and the exit code that goes with it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from cockpit.outcome import ExitCode, Outcome, UsageError

if TYPE_CHECKING:
    from experiments.scenario_case import ScenarioError

BREACHES_SHOWN = 200


def explain(error: Exception, *, debug: bool) -> Outcome:
    """Return how a command ends that raised `error`: expected errors by their code, anything else as our fault."""
    from concurrent.futures import BrokenExecutor

    from experiments.scenario_case import ScenarioError
    from network.breach import ContractError
    from network.store import ChainLocked
    from optimization.ledger_lines import LedgerUnavailable, Superseded
    from optimization.partition.dask_run import NoScheduler, OtherCode

    if isinstance(error, ScenarioError):
        return refuse_scenario(error)
    if isinstance(error, UsageError):
        code, lines = ExitCode.WRONG_USAGE, [str(error)]
    elif isinstance(error, NoScheduler | OtherCode):
        words = f"{str(error)[:1].upper()}{str(error)[1:]}."
        code, lines = ExitCode.WRONG_USAGE, [words, "Nothing was published; or plan without --executor dask."]
    elif isinstance(error, ContractError):
        return refuse_input(error, rejects="")
    elif isinstance(error, ChainLocked):
        advice = "Wait until it has finished; a lock whose process has died is taken over by itself."
        code, lines = ExitCode.CHAIN_HELD, [f"Another run holds this chain: {error}", advice]
    elif isinstance(error, Superseded):
        advice = "Nothing was published by this one; what the newer one publishes holds."
        code, lines = ExitCode.CHAIN_HELD, [f"A newer job has begun since: {error}.", advice]
    elif isinstance(error, LedgerUnavailable):
        advice = "Nothing was changed. Free it, or make room, and run the command again."
        code, lines = ExitCode.OUR_FAULT, [f"{str(error)[:1].upper()}{str(error)[1:]}.", advice]
    elif isinstance(error, OSError) and error.errno is not None and not debug:
        advice = "Nothing is half done. Make room, or give the right to write there, and run the command again."
        code, lines = ExitCode.OUR_FAULT, [f"The system refused: {error}.", advice]
    elif isinstance(error, BrokenExecutor) and not debug:
        advice = "Nothing was published. Run the command again; if memory ran out, with fewer --workers."
        code, lines = ExitCode.OUR_FAULT, ["A worker process was killed, or could not be started.", advice]
    else:
        code, lines = ExitCode.OUR_FAULT, our_fault(error, debug=debug)
    document = {"exit_code": int(code), "error": " ".join(lines)}
    return Outcome(code=code, document=document, notices=tuple(lines))


def our_fault(error: Exception, *, debug: bool) -> list[str]:
    """Return one line about an unexpected error and one of advice; with `debug` the traceback too."""
    words = str(error).strip().splitlines() or ["no message"]
    lines = [
        f"tierflow failed: {type(error).__name__}: {words[0]}",
        "Nothing was published. Run the command again with --debug to see where, and report it with that output.",
    ]
    return lines + ("".join(traceback.format_exception(error)).splitlines() if debug else [])


def refuse_scenario(error: ScenarioError) -> Outcome:
    """Return the refusal of a scenario: everything that is wrong with it, each with what to do."""
    n = len(error.breaches)
    head = f"The scenario cannot be applied, for {n} reason{'s' if n != 1 else ''}; nothing was planned."
    breaches = [{"where": each.table, "field": each.column, "rule": each.rule, "action": each.action}
                for each in error.breaches]  # fmt: skip
    document = {"exit_code": int(ExitCode.WRONG_USAGE), "error": head, "breaches": breaches}
    return Outcome(ExitCode.WRONG_USAGE, (), document, (head, *(f"  {each}" for each in error.breaches)))


def refuse_input(error: Exception, *, rejects: str) -> Outcome:
    """Return the refusal of an invalid input: every breach, the first 20 rows of each.

    Parameters
    ----------
    error
        The `ContractError` with its breaches.
    rejects
        Where all rejected rows are listed; empty if nowhere.
    """
    from network.breach import ContractError

    if not isinstance(error, ContractError):
        raise TypeError(f"refuse_input is about broken contracts, not {type(error).__name__}")
    breaches = error.breaches
    n = len(breaches)
    lines = [f"The input breaks its contract in {n} place{'s' if n != 1 else ''}; nothing was published."]
    lines += [f"  {breach}" for breach in breaches[:BREACHES_SHOWN]]
    if n > BREACHES_SHOWN:
        lines.append(f"  ... and {n - BREACHES_SHOWN} more")
    if rejects:
        lines.append(f"Every rejected row: {rejects}")
    document = {
        "exit_code": int(ExitCode.INVALID_INPUT),
        "error": lines[0],
        "breaches": [
            {
                "table": breach.table,
                "column": breach.column,
                "rule": breach.rule,
                "n_rows": breach.n_rows,
                "rows": [{"row": row, "value": str(value)} for row, value in breach.rows],
                "action": breach.action,
            }
            for breach in breaches
        ],
        "rejects": rejects,
    }
    return Outcome(code=ExitCode.INVALID_INPUT, document=document, notices=tuple(lines))
