"""The benchmark of launches: nearness in price changes the forecast of a new SKU, and nothing else does."""

import json

import numpy as np
import pytest

from benchmarks.launch_rates import main, scores


def test_scores_of_two_launches_by_hand():
    found = scores(np.array([10.0, 30.0]), np.array([12.0, 24.0]), np.array([20.0, 20.0]))
    # errors 2 + 6 of 40 units, and 10 + 10; sums 36 and 40
    assert (found["wape_near"], found["wape_category"]) == (0.2, 0.5)
    assert found["bias_near"] == pytest.approx(-0.1)
    assert (found["bias_category"], found["gain"]) == (0.0, 0.6)


def test_the_smoke_prints_one_json_line_last(capsys):
    main(["--smoke"])
    found = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    # every made-up SKU has the same price, so that none is nearer than another
    assert found["n"] > 0
    assert found["wape_near"] == found["wape_category"]
