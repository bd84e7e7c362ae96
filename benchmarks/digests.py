"""Print what the episodes of many pairings come to, as one digest each: ``python -m benchmarks.digests``.

The lines of two versions, of two batch sizes or of two processors must be the same. An episode's results are exact, so
any difference is a fault. ``--sizes`` plays everything again in batches of other sizes and compares at once; the exit
status is 1 if a pairing differs. Run it with ``NUMBA_CPU_FEATURES`` to play with other instructions, for example
without AVX-512: ``NUMBA_CPU_FEATURES=$(python -m benchmarks.digests --features no-avx512)``.

The pairings are those of all built-in agents, and those of networks with ``--networks``: the published camera teams
where they are there (``benchmarks.entrants``), against greedy targets and a network of targets.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import sys

import llvmlite.binding

from benchmarks.entrants import builtin, network
from mate.agents.batched import BUILTIN_NAMES
from mate.episodes import AgentFactory, play
from mate.scenario import Scenario


def pairings(networks: bool) -> dict[str, tuple[AgentFactory, AgentFactory]]:
    """Return the teams of all pairings by the pairing's name."""
    found = {
        f"{camera} vs {target}": (builtin(camera, "camera"), builtin(target, "target"))
        for camera, target in itertools.product(BUILTIN_NAMES, repeat=2)
    }
    if networks:
        targets = {"greedy": builtin("greedy", "target"), "mappo": network("mappo", "target")}
        for camera, target in itertools.product(("mappo", "hrl-mappo"), targets):
            found[f"network {camera} vs {target}"] = network(camera, "camera"), targets[target]
    return found


def digest(scenario: Scenario, teams: tuple[AgentFactory, AgentFactory], size: int, count: int, most: int) -> str:
    """Play episodes with the seeds from 0 on; return the digest of all that each came to."""
    words = hashlib.sha256()
    for result in play(scenario, *teams, range(count), size, most):
        words.update(
            repr(
                (
                    result.seed,
                    result.steps,
                    result.completed,
                    result.target_reward.hex(),
                    result.mean_coverage_rate.hex(),
                    result.mean_real_coverage_rate.hex(),
                    result.mean_transport_rate.hex(),
                    result.delivered_cargoes,
                    result.digest,
                )
            ).encode()
        )
    return words.hexdigest()


def features(without: str) -> str:
    """Return this processor's features for ``NUMBA_CPU_FEATURES``, those switched off whose name begins so."""
    found: dict[str, bool] = llvmlite.binding.get_host_cpu_features()
    named = {name: there and not name.startswith(without) for name, there in found.items()}
    return ",".join(f"{'+' if there else '-'}{name}" for name, there in sorted(named.items()))


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.digests", description=__doc__)
    parser.add_argument("--scenario", default="MATE-4v8-9", metavar="NAME")
    parser.add_argument("--episodes", type=int, default=100, metavar="N", help="episodes of each pairing")
    parser.add_argument("--max-steps", type=int, default=1000, metavar="N", help="steps after which an episode ends")
    parser.add_argument("--sizes", nargs="+", type=int, default=[32], metavar="B", help="batch sizes")
    parser.add_argument("--only", nargs="+", metavar="PAIRING", help='such as "greedy vs naive"')
    parser.add_argument("--networks", action="store_true", help="networks too")
    parser.add_argument("--features", choices=("no-avx512",), help="print features for NUMBA_CPU_FEATURES, and end")
    options = parser.parse_args()
    if options.features:
        print(features("avx512"))
        return 0
    scenario, is_same, total = Scenario.load(options.scenario), True, hashlib.sha256()
    for name, teams in pairings(options.networks).items():
        if options.only and name not in options.only:
            continue
        found = [digest(scenario, teams, size, options.episodes, options.max_steps) for size in options.sizes]
        is_same = is_same and len(set(found)) == 1
        total.update(found[0].encode())
        print(f"{name:<28} {' '.join(sorted(set(found)))}", flush=True)
    print(f"{'all':<28} {total.hexdigest()}")
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
