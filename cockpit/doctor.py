"""What is wrong with an installation, a chain or its runs, each with what to do about it; changes nothing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

from cockpit.journal import last_job
from cockpit.outcome import Block, ExitCode, Outcome
from cockpit.places import order_ledger, runs_folder
from cockpit.wording import count
from network.store import ChainLocked, ModelCorrupted, RunStore, lock
from network.store_files import TEMPORARY, file_hash

MIN_FREE_GB = 1.0
STALE_DAYS = 2
"""A feed whose last day lies further back is worth a look [days]."""
_LIBRARIES = ("numpy", "pandas", "pyarrow", "lightgbm", "ortools", "sqlalchemy", "duckdb")


class Health(StrEnum):
    """What a check found."""

    GOOD = "good"
    LOOK = "look"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    check
        What.
    health
        How it is.
    found
        In words.
    advice
        What to do; empty where it is good.
    """

    check: str
    health: Health
    found: str
    advice: str = ""


def examine(chain: Path | None, runs: Path | None, *, today: date | None = None) -> Outcome:
    """Look at the installation, and at a chain and its runs where one is named; exit 4 if anything is a problem."""
    findings = [*installation()]
    if chain is not None:
        findings += tables(chain, today or datetime.now(UTC).date())
    folder = runs if runs is not None else (None if chain is None else runs_folder(chain, None))
    if folder is not None:
        findings += [each for look in _RUN_CHECKS for each in _safely(look, folder)]
    problems = sum(each.health is Health.PROBLEM for each in findings)
    rows = tuple((each.check, str(each.health), each.found, each.advice) for each in findings)
    words = f"{count(problems, 'problem')} in {count(len(findings), 'check')}."
    block = Block("tierflow doctor", (words,), ("check", "state", "found", "what to do"), rows)
    code = ExitCode.DEGRADED if problems else ExitCode.DONE
    document = {"exit_code": int(code), "n_problems": problems, "findings": [asdict(each) for each in findings]}
    return Outcome(code, (block,), document)


def _safely(look: Callable[[Path], Iterator[Finding]], folder: Path) -> list[Finding]:
    """Carry out one check; what it cannot even read is a problem of its own."""
    name = look.__name__.replace("_", " ")
    try:
        return list(look(folder))
    except Exception as error:
        return [Finding(name, Health.PROBLEM, f"cannot be read: {error}", "Restore it from the last backup.")]


def installation() -> Iterator[Finding]:
    """Python and the libraries that compute."""
    found = [f"Python {platform.python_version()}"]
    missing = []
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        yield Finding("libraries", Health.PROBLEM, f"missing: {', '.join(missing)}", "Install requirements.lock again.")
    else:
        yield Finding("libraries", Health.GOOD, ", ".join(found))


def tables(chain: Path, today: date) -> Iterator[Finding]:
    """The input keeps its contract, and its last day is not long ago."""
    from network.breach import ContractError
    from network.ingest import load_chain
    from network.snapshot import default_cutoff

    try:
        read = load_chain(chain)
    except ContractError as error:
        yield Finding(
            "tables", Health.PROBLEM, count(len(error.breaches), "breach", "breaches"), f"tierflow check {chain}"
        )
        return
    yield Finding("tables", Health.GOOD, f"{sum(map(len, read.tables.values())):,} rows keep their contract")
    last = default_cutoff(read.tables).date()
    age = (today - last).days
    is_old = age > STALE_DAYS
    advice = (
        "Ask the feed for the missing days; a plan of an old day orders for a day that has passed." if is_old else ""
    )
    yield Finding("last day", Health.LOOK if is_old else Health.GOOD, f"{last}, {count(age, 'day')} ago", advice)


def disk(runs: Path) -> Iterator[Finding]:
    """There is room, and it may be written."""
    place = next(each for each in (runs, *runs.absolute().parents) if each.exists())
    free = shutil.disk_usage(place).free / 1e9
    yield Finding(
        "disk", Health.GOOD if free >= MIN_FREE_GB else Health.PROBLEM, f"{free:,.1f} GB free",
        "" if free >= MIN_FREE_GB else "Make room, or keep the runs elsewhere with --runs.",
    )  # fmt: skip
    if not os.access(place, os.W_OK):
        yield Finding("disk", Health.PROBLEM, f"{place} may not be written", "Give the user of the job the right to.")


def jobs(runs: Path) -> Iterator[Finding]:
    """Nobody holds the chain, and the last job is finished."""
    if not runs.is_dir():
        return
    try:
        with lock(runs):
            yield Finding("lock", Health.GOOD, "no run holds the chain")
    except ChainLocked as error:
        yield Finding(
            "lock", Health.LOOK, str(error), "Wait until it has ended; a dead holder is taken over by itself."
        )
        return
    last = last_job(RunStore(runs))
    if last is not None and not last.is_finished:
        ended = "was killed" if last.exit_code is None else f"ended with code {last.exit_code}"
        advice = f"Run it again, or with --resume to keep its cutoff {last.cutoff}."
        if n_kept := RunStore(runs).n_parts():
            advice += f" {count(n_kept, 'part')} of its plan will be taken over if nothing has changed."
        yield Finding("last job", Health.PROBLEM, f"begun {last.started_at}, {ended} after stage {last.stage}", advice)
    elif last is not None:
        yield Finding(
            "last job", Health.GOOD, f"run {last.run_id}, ended {last.ended_at or 'without a record of its end'}"
        )
    left = [path.name for path in sorted(runs.rglob(f"{TEMPORARY}*"))]
    if left:
        yield Finding(
            "leftovers", Health.LOOK, f"{count(len(left), 'half-written file')}", "The next run sweeps them away."
        )


def models(runs: Path) -> Iterator[Finding]:
    """The models in use are whole."""
    store = RunStore(runs)
    for name, model_id in (("champion", store.champion()), ("challenger", store.challenger())):
        if model_id is None:
            continue
        try:
            store.load_model(model_id)
            yield Finding(name, Health.GOOD, model_id)
        except ModelCorrupted as error:
            yield Finding(name, Health.PROBLEM, str(error), "`tierflow plan` fits new ones.")


def published_runs(runs: Path) -> Iterator[Finding]:
    """Every published file is what its manifest says, and its lines are in the ledger."""
    store, ledger = RunStore(runs), order_ledger(runs)
    manifests = store.runs()
    changed, unrecorded = [], []
    for manifest in manifests:
        folder = store.path_of(str(manifest["run_id"]))
        for name, expected in manifest["files"].items():
            if not (folder / name).is_file() or file_hash(folder / name) != expected:
                changed.append(f"{folder.name}/{name}")
        if manifest.get("n_orders") and (not ledger.exists or ledger.states(folder.name).empty):
            unrecorded.append(folder.name)
    if changed:
        words = f"{count(len(changed), 'file')} changed or missing: {', '.join(changed[:3])}"
        yield Finding("runs", Health.PROBLEM, words, "Restore the run from the last backup.")
    if unrecorded:
        words = f"lines of {', '.join(unrecorded[:3])} are not in the ledger"
        yield Finding("runs", Health.PROBLEM, words, "Run the job of that night again, or export the run.")
    if not changed and not unrecorded:
        yield Finding("runs", Health.GOOD, f"{count(len(manifests), 'run')}, every file as its manifest says")


def order_states(runs: Path) -> Iterator[Finding]:
    """The audit log is sound, nothing waits to be delivered, and nobody forgot to acknowledge."""
    ledger = order_ledger(runs)
    if not ledger.exists:
        return
    problems = ledger.verify()
    if problems:
        words = f"{count(len(problems), 'disagreement')}: {problems[0]}"
        yield Finding("audit log", Health.PROBLEM, words, "Restore the ledger; compare both to see who changed what.")
    else:
        yield Finding("audit log", Health.GOOD, "the chain of hashes and all states agree")
    pending = [each for each in ledger.deliveries() if not each.is_delivered]
    for each in pending[:3]:
        words = f"run {each.run_id} is released, and not all of it is in {each.target}"
        form, _, language = each.format.partition(" ")
        spoken = f" --language {language}" if language else ""
        advice = f"tierflow export {each.run_id} --format {form}{spoken} --to {each.target}"
        yield Finding("outbox", Health.PROBLEM, words, advice)
    waiting = len(ledger.released_unacknowledged())
    words = f"{count(waiting, 'released line')} not acknowledged yet"
    yield Finding("acknowledgement", Health.GOOD, words)


_RUN_CHECKS = (disk, jobs, models, published_runs, order_states)
