"""What signals are worth: forecasts with them against the same pipeline without, at the same rolling origins.

On simulated chains (`--seeds N`) forecasts are scored against latent demand, on the driven slice (SKU-days whose true
signal effect exceeds 10% of base demand) and elsewhere. One forecaster is fitted before the first origin with the
signals and one with an empty signals table; each serves all origins, as a nightly job would.

    python benchmarks/signal_value.py --seeds 10 [--skus 45 --stores 10 --history 420]
"""

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _signal_world import WorldCase, ablation, summary


def main() -> None:
    """Run the asked mode and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--skus", type=int, default=45)
    parser.add_argument("--stores", type=int, default=10)
    parser.add_argument("--history", type=int, default=420)
    parser.add_argument("--horizon", type=int, default=28)
    parser.add_argument("--origins", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--smoke", action="store_true", help="one tiny chain, two origins")
    a = parser.parse_args()
    if a.smoke:
        a.seeds, a.skus, a.stores, a.history, a.horizon, a.origins, a.threads = 1, 9, 4, 150, 7, 2, 1
    began = time.perf_counter()
    parts = []
    for seed in range(a.first_seed, a.first_seed + a.seeds):
        case = WorldCase(
            a.skus, a.stores, a.history, seed=seed, horizon=a.horizon, n_origins=a.origins, threads=a.threads
        )
        parts.append(ablation(case))
        print(f"seed {seed}: {json.dumps(summary(parts[-1:]))}", file=sys.stderr, flush=True)
    print(json.dumps({**summary(parts), "seconds": round(time.perf_counter() - began, 1)}))


if __name__ == "__main__":
    main()
