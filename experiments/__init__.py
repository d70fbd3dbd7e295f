"""Many runs: synthetic chains with known truth, replays and comparisons."""
