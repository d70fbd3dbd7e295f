"""The simulation of pilots: what it draws, and that a large effect is found."""

import numpy as np

from benchmarks.pilots import outcomes, simulated


def test_locations_differ_in_size_and_share_shocks():
    world = outcomes(40, 60, np.random.default_rng(0))
    assert world.shape == (40, 60)
    assert (world > 0).all()
    sizes = np.log(world).mean(axis=1)
    assert sizes.std() > 0.3


def test_a_large_effect_is_found_in_few_weeks():
    run = simulated(0, n_locations=40, n_pairs=10, effect=0.5)
    assert run["is_found"] == 1.0
    assert run["weeks"] == 1.0
    assert abs(run["error"]) < 0.2
