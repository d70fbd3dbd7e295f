"""Write the small chains of tests/data: the good ones, and one broken chain for each thing that can be wrong.

Run ``python tests/data/make_bad.py [FOLDER]``; every bad folder gets its files and ``expected.toml`` with
the breaches that a check must report, no more and no fewer.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from bad_cases import CASES  # noqa: E402
from good_chains import CHINESE, MINIMAL, TINY  # noqa: E402


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of one chain into a fresh folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def expected_text(breaches: list[tuple[str, str, str, int]]) -> bytes:
    """Text of ``expected.toml``."""
    blocks = [
        f'[[breach]]\ntable = "{table}"\ncolumn = "{column}"\nrule = "{rule}"\nn_rows = {n_rows}\n'
        for table, column, rule, n_rows in breaches
    ]
    return "\n".join(blocks).encode()


def main(target: Path) -> None:
    """Write all chains below a folder."""
    for name, files in (("tiny", TINY), ("minimal", MINIMAL), ("chinese", CHINESE)):
        write_folder(target / "good" / name, files)
    shutil.rmtree(target / "bad", ignore_errors=True)
    for number, case in enumerate(CASES, start=1):
        files = case.files()
        folder = target / "bad" / f"{number:02d}_{case.name}"
        write_folder(folder, {**files, "expected.toml": expected_text(case.expected)})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
