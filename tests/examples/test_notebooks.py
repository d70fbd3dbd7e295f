"""The three notebooks run from their first cell to their last and show pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from notebook import run_cell, run_notebook

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def test_there_is_a_notebook_for_each_user() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["daily_job", "weekly_planning", "what_if"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_is_stored_in_it(path: Path) -> None:
    stored = json.loads(path.read_text("utf-8"))
    assert (stored["nbformat"], stored["nbformat_minor"]) == (4, 5)
    done = run_notebook(stored)
    kinds = [
        [[output["output_type"] for output in cell.get("outputs", [])] for cell in notebook["cells"]]
        for notebook in (stored, done)
    ]
    assert kinds[0] == kinds[1]
    assert sum(kind == "display_data" for cell in kinds[1] for kind in cell) >= 2


def test_a_cell_shows_what_it_prints_and_its_last_value() -> None:
    names: dict[str, object] = {}
    assert run_cell("x = 2\nprint('hello')\nx + 1", names, 1) == [
        {"output_type": "stream", "name": "stdout", "text": ["hello\n"]},
        {"output_type": "execute_result", "execution_count": 1, "data": {"text/plain": ["3"]}, "metadata": {}},
    ]
    assert run_cell("y = x", names, 2) == [] and names["y"] == 2


def test_a_cell_that_fails_says_which() -> None:
    cell = {"cell_type": "code", "source": ["1 / 0\n"], "metadata": {}}
    with pytest.raises(ZeroDivisionError) as error:
        run_notebook({"cells": [cell]})
    assert "in cell 1" in error.value.__notes__[0]
