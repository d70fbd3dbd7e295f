"""Malformed chains: a list of broken files, seeded mutations of good ones, and a check of what was accepted."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from network.breach import ContractError
from network.contracts import TABLES
from network.ingest import Chain, load_chain

Files = dict[str, bytes]

NASTY = (
    "", " ", "=1+1", "'; DROP TABLE sales; --", "\"", '"""', ",", "\t", "\x00", "\x01", "\ufeff", "\u202e", "\ud7ff",
    "😀", "-1", "-0", "0", "1", "1e308", "1e999", "-1e999", "inf", "-inf", "nan", "NaN", "NULL", "None", "9" * 30,
    "0x10", "1_0", "1,5", "1.5", "1.0", "12.", ".5", "5%", "1/2", "true", "false", "yes", "maybe", "2025-02-30",
    "0000-00-00",
    "9999-12-31", "1969-12-31", "2025-11-03", "2025-11-03T25:00", "2025-11-03T12:00+99:00", "03/11/2025", "20251103",
    "24:00", "12:60", "MO,XX", "supplier", "store", "purchase", "tier:store", "region:", "region:NOWHERE", "S1", "K1",
    "6.9E+12", "../../etc/passwd", "a" * 5000, "１２", "一", "%s", "{}", "$(id)", "<script>", "\\", "\r", "\n", "\r\n",
)  # fmt: skip
"""Cells that people, spreadsheets and attackers write."""

_WRONG_CELL = {
    "number": ("twelve", "1,5"),
    "share": ("half", "-0.1"),
    "whole": ("1.5", "x"),
    "date": ("2025-02-30", "tomorrow"),
    "timestamp": ("2025-11-03T25:00", "noon"),
    "flag": ("maybe", "2"),
}


@dataclass(frozen=True)
class Case:
    """One listed file that must be refused.

    Parameters
    ----------
    name
        What is broken.
    files
        The chain with it.
    """

    name: str
    files: Files


def listed_cases(files: Mapping[str, bytes]) -> Iterator[Case]:
    """Every table of a chain damaged as a file, in every way; then every typed cell of its first row, in two ways."""
    for name, content in files.items():
        if not name.endswith(".csv"):
            continue
        for damage, broken in _broken_files(content).items():
            yield Case(f"{name} {damage}", {**files, name: broken})
        table = TABLES[name.removesuffix(".csv")]
        header, first, *rest = content.decode().splitlines()
        columns = header.split(",")
        for column in table.columns:
            for value in _WRONG_CELL.get(column.kind, ()) if '"' not in first else ():
                names = columns if column.name in columns else [*columns, column.name]
                cells = dict(zip(names, [*first.split(","), ""], strict=False)) | {column.name: f'"{value}"'}
                pad = "" if column.name in columns else ","
                lines = [",".join(names), ",".join(cells[each] for each in names), *(line + pad for line in rest)]
                yield Case(f"{name} {column.name} {value}", {**files, name: "\n".join(lines).encode()})


def _broken_files(content: bytes) -> dict[str, bytes]:
    """Ways in which a whole file goes wrong."""
    header, first, *rest = content.splitlines()
    lines = [header, first, *rest]
    n_columns = header.count(b",") + 1
    return {
        "empty": b"",
        "blank": b"\n\n \n",
        "without its header": b"\n".join([first, *rest]),
        "header twice": b"\n".join([header, header, first, *rest]),
        "first column without a name": b"," + header.split(b",", 1)[-1] + b"\n" + b"\n".join([first, *rest]),
        "last row cut": b"\n".join([*lines[:-1], lines[-1].rsplit(b",", 1)[0]]) if n_columns > 1 else b"",
        "a cell too many": b"\n".join([header, first + b",x", *rest]),
        "quote never closed": b"\n".join([header, b'"' + first, *rest]),
        "NUL": b"\n".join([header, b"\0" + first, *rest]),
        "semicolons": content.replace(b",", b";"),
        "tabs": content.replace(b",", b"\t"),
        "bars": content.replace(b",", b"|"),
        "UTF-16 without a mark": content.decode().encode("utf-16-le"),
        "not UTF-8": b"\n".join([header, b"\xff\xfe\xff" + first, *rest]),
        "a workbook": b"PK\x03\x04" + bytes(range(256)),
        "a Parquet file": b"PAR1" + bytes(range(256)) + b"PAR1",
        "compressed": b"\x1f\x8b\x08\x00" + bytes(range(256)),
        "JSON": b'[{"sku": "K1"}]',
        "an error page": b"<html><body>502 Bad Gateway</body></html>\n",
        "a merge conflict": b"\n".join([header, b"<<<<<<< ours", first, b"=======", first, b">>>>>>> theirs", *rest]),
        "a pickle": b"\x80\x04\x95\x1c\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
        "YAML": b"!!python/object/apply:os.system ['id']\n",
    }


def mutated(files: Mapping[str, bytes], seed: int) -> Files:
    """One to three random damages of a chain, the same for the same seed."""
    rng = random.Random(seed)
    changed = dict(files)
    for _ in range(rng.choice((1, 1, 2, 3))):
        name = rng.choice(sorted(changed))
        changed[name] = rng.choice(_DAMAGES)(rng, changed[name], changed)
    return changed


def _bytes(rng: random.Random, content: bytes, _files: Files) -> bytes:
    """Some bytes replaced, taken out or put in."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 5)):
        start = rng.randint(0, len(data))
        data[start : start + rng.choice((0, 1, 1, 2, 9))] = rng.randbytes(rng.choice((0, 1, 1, 2, 9)))
    return bytes(data)


def _cell(rng: random.Random, content: bytes, _files: Files) -> bytes:
    """A cell replaced by something nasty, quoted or not."""
    lines = content.split(b"\n")
    row = rng.randrange(len(lines))
    cells = lines[row].split(b",")
    nasty = rng.choice(NASTY).encode()
    cells[rng.randrange(len(cells))] = b'"' + nasty.replace(b'"', b'""') + b'"' if rng.random() < 0.5 else nasty
    lines[row] = b",".join(cells)
    return b"\n".join(lines)


def _lines(rng: random.Random, content: bytes, _files: Files) -> bytes:
    """Rows doubled, lost, swapped or cut."""
    lines = content.split(b"\n")
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    action = rng.randrange(4)
    if action == 0:
        lines.insert(first, lines[second])
    elif action == 1:
        del lines[first]
    elif action == 2:
        lines[first], lines[second] = lines[second], lines[first]
    else:
        lines[first] = lines[first][: rng.randint(0, len(lines[first]))]
    return b"\n".join(lines)


def _columns(rng: random.Random, content: bytes, _files: Files) -> bytes:
    """A column lost, doubled or swapped with another."""
    rows = [line.split(b",") for line in content.split(b"\n")]
    first, second = rng.randrange(len(rows[0])), rng.randrange(len(rows[0]))
    action = rng.randrange(3)
    for row in rows:
        if max(first, second) >= len(row):
            continue
        if action == 0:
            del row[first]
        elif action == 1:
            row.insert(first, row[second])
        else:
            row[first], row[second] = row[second], row[first]
    return b"\n".join(b",".join(row) for row in rows)


def _whole(rng: random.Random, content: bytes, files: Files) -> bytes:
    """The file cut, doubled, emptied, in another encoding, or another file."""
    return rng.choice(
        (
            lambda: content[: rng.randint(0, len(content))],
            lambda: content + content,
            lambda: b"",
            lambda: content.decode("utf-8", "replace").encode(rng.choice(("utf-16", "utf-32", "gb18030", "utf-7"))),
            lambda: files[rng.choice(sorted(files))],
            lambda: content.replace(b"\n", rng.choice((b"\r", b"\r\n", b"\n\n", b"\x0b"))),
        )
    )()


_DAMAGES = (_bytes, _bytes, _cell, _cell, _cell, _lines, _columns, _whole)


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write a chain into a folder, which loses what it held."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def accepted(folder: Path) -> Chain | None:
    """Load a chain; None if it was refused with breaches.

    Raises
    ------
    AssertionError
        If it was refused without a breach, or accepted with a cell that breaks its contract.
    """
    try:
        chain = load_chain(folder)
    except ContractError as error:
        assert error.breaches, "refused without saying why"
        return None
    faults = [fault for name, table in chain.tables.items() for fault in cell_faults(name, table)]
    assert not faults, f"accepted although {faults[0]}"
    return chain


def cell_faults(name: str, table: pd.DataFrame) -> Iterator[str]:
    """What a table holds that its contract rules out, looked at without the checks of the product."""
    if table.empty:
        return
    if table.duplicated(list(TABLES[name].key)).any():
        yield f"{name} holds a key twice"
    for column in TABLES[name].columns:
        values = table[column.name]
        known = values[values.notna() & (values.astype("str") != "")]
        if column.is_required and column.default is None and len(known) < len(values):
            yield f"{name}.{column.name} is unknown in a row"
        if column.minimum is not None and len(known) and (known.astype(float) < column.minimum).any():
            yield f"{name}.{column.name} is below {column.minimum}"
        if column.maximum is not None and len(known) and (known.astype(float) > column.maximum).any():
            yield f"{name}.{column.name} is above {column.maximum}"
        if column.choices is not None and not known.astype("str").isin([str(each) for each in column.choices]).all():
            yield f"{name}.{column.name} is none of its choices"
        if column.kind in ("number", "share", "whole") and not np.isfinite(known.astype(float)).all():
            yield f"{name}.{column.name} is not finite"
