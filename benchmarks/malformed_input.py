"""Malformed input: listed broken files and seeded mutations never end in a traceback, nor is a bad row accepted.

    ./run bench malformed_input            # all listed files, 20,000 mutations, 60 plans of what was accepted
    ./run bench malformed_input --smoke

Prints one JSON line. Mutations are of the chain tests/data/good/tiny: bytes, cells, rows, columns, whole files and
chain.toml. Every second one is read with quarantine of all tables, so that bad rows are dropped instead of refused.
Tables that a mutation leaves alone are read and checked once. What was accepted is looked at by a check of its own
(`cell_faults`); some of it is planned. A plan that stops with one of the product's own refusals counts as refused.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import traceback
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from _malformed import accepted, listed_cases, mutated, write_files
from _read_once import unchanged_read_once

from network.contracts import TABLES
from network.ingest import Chain
from network.snapshot import default_cutoff, snapshot_at

TINY = Path(__file__).resolve().parents[1] / "tests" / "data" / "good" / "tiny"
QUARANTINE = f"\n[quarantine]\ntables = {json.dumps(list(TABLES))}\n".encode()


def main() -> None:
    """Run all cases and print what came of them."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mutations", type=int, default=20_000)
    options.add_argument("--plans", type=int, default=60)
    options.add_argument("--first", type=int, default=0, help="first seed")
    options.add_argument("--smoke", action="store_true")
    asked = options.parse_args()
    n, plans, step = (100, 1, 20) if asked.smoke else (asked.mutations, asked.plans, 1)
    files = {file.name: file.read_bytes() for file in sorted(TINY.iterdir())}
    with tempfile.TemporaryDirectory() as place, unchanged_read_once(files):
        listed = list(listed_cases(files))[::step]
        refused = [outcome(case.files, Path(place))[0] for case in listed]
        told: Counter[str] = Counter()
        ends: Counter[str] = Counter()
        for seed in range(asked.first, asked.first + n):
            changed = mutated(with_quarantine(files) if seed % 2 else files, seed)
            word, chain = outcome(changed, Path(place))
            told[word if word in ("refused", "accepted") else f"seed {seed}: {word}"] += 1
            if chain is not None and sum(ends.values()) < plans:
                ends[planned(chain, seed)] += 1
    result = {
        "benchmark": "malformed_input",
        "listed": len(listed),
        "listed_refused": refused.count("refused"),
        "listed_not_refused": [case.name for case, word in zip(listed, refused, strict=True) if word != "refused"][:9],
        "mutations": n,
        "refused": told.pop("refused", 0),
        "accepted": told.pop("accepted", 0),
        "faults": sum(told.values()),
        "first_faults": list(told)[:9],
        "plans": dict(ends),
    }
    print(json.dumps(result))


def with_quarantine(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The chain with every table under quarantine."""
    return {**files, "chain.toml": files["chain.toml"] + QUARANTINE}


def outcome(files: Mapping[str, bytes], folder: Path) -> tuple[str, Chain | None]:
    """What came of a chain: refused, accepted, or how it failed."""
    write_files(files, folder)
    try:
        chain = accepted(folder)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:120]} in {traceback.extract_tb(error.__traceback__)[-1]}", None
    return ("refused" if chain is None else "accepted"), chain


def planned(chain: Chain, seed: int) -> str:
    """How the plan of an accepted chain ends; one of its bad rows would be an order without a lane, SKU or place."""
    from cockpit.jobs import config_for
    from cockpit.outcome import UsageError
    from engine import plan

    try:
        snapshot = snapshot_at(chain.tables, chain.settings, default_cutoff(chain.tables))
        made = plan(snapshot, config_for(chain.settings, None, chain.tables["locations"]))
    except UsageError:
        return "refused"
    except Exception as error:
        return f"seed {seed}: {type(error).__name__}: {str(error)[:120]}"
    known = {
        "sku": set(chain.tables["skus"]["sku"]),
        "origin": set(chain.tables["locations"]["location"]),
        "destination": set(chain.tables["locations"]["location"]),
    }
    strange = [name for name, ids in known.items() if not set(made.orders[name]) <= ids]
    return f"seed {seed}: strange {strange[0]}" if strange else "planned"


if __name__ == "__main__":
    main()
