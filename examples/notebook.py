"""Run a notebook's cells in order, without Jupyter, and keep what they show: text, tables and pictures.

    ./run example notebook examples/what_if.ipynb        run it and store its outputs in the file

The notebooks themselves open in any Jupyter. This runner is what the tests execute them with.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

Notebook = dict[str, Any]
Output = dict[str, Any]


def run_notebook(notebook: Notebook) -> Notebook:
    """Return the notebook with the outputs of its code cells, run one after the other in one namespace.

    Parameters
    ----------
    notebook
        Content of an `.ipynb` file (nbformat 4).

    Raises
    ------
    Exception
        Whatever a cell raises; its source is added as a note.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    names: dict[str, Any] = {"__name__": "__main__"}
    cells, count = [], 0
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            cells.append(cell)
            continue
        count += 1
        source = "".join(cell["source"])
        try:
            outputs = run_cell(source, names, count)
        except Exception as error:
            error.add_note(f"in cell {count}:\n{source}")
            raise
        cells.append({**cell, "execution_count": count, "outputs": outputs})
    return {**notebook, "cells": cells}


def run_cell(source: str, names: dict[str, Any], count: int) -> list[Output]:
    """Run one cell and return what it printed, the pictures it drew, and the value of its last line.

    Parameters
    ----------
    source
        Python.
    names
        What earlier cells left behind; changed.
    count
        Number of the cell.
    """
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    printed = io.StringIO()
    value = None
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body, []), f"<cell {count}>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"<cell {count}>", "eval"), names)
    text = printed.getvalue()
    outputs: list[Output] = []
    if text:
        outputs.append({"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)})
    outputs += [{"output_type": "display_data", "data": {"image/png": png}, "metadata": {}} for png in _pictures()]
    if value is not None:
        outputs.append(
            {"output_type": "execute_result", "execution_count": count, "data": _shown(value), "metadata": {}}
        )
    return outputs


def _shown(value: Any) -> dict[str, list[str]]:
    """A value as Jupyter would show it."""
    shown = {"text/plain": repr(value).splitlines(keepends=True)}
    if hasattr(value, "_repr_html_") and (html := value._repr_html_()):
        shown["text/html"] = html.splitlines(keepends=True)
    return shown


def _pictures() -> list[str]:
    """Open figures as PNG in base64; they are closed."""
    from matplotlib import pyplot as plt

    pictures = []
    for number in plt.get_fignums():
        file = io.BytesIO()
        plt.figure(number).savefig(file, format="png", dpi=72, bbox_inches="tight")
        pictures.append(base64.b64encode(file.getvalue()).decode("ascii"))
    plt.close("all")
    return pictures


def main(arguments: list[str]) -> None:
    """Run each notebook named and store its outputs."""
    for name in arguments:
        path = Path(name)
        done = run_notebook(json.loads(path.read_text("utf-8")))
        path.write_text(json.dumps(done, indent=1, ensure_ascii=False) + "\n", "utf-8")
        print(f"{path}: {sum(cell['cell_type'] == 'code' for cell in done['cells'])} cells")


if __name__ == "__main__":
    main(sys.argv[1:])
