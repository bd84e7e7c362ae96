"""Loops over the original's interface, timed on request. The program runs with any Python from 3.7 that has a `mate`.

It reads one line of JSON at a time, ``{"scenario": NAME, "kind": KIND, "seconds": S}``, and answers with one line:
``{"units": N, "processor": seconds, "wall": seconds}``. Kinds are ``random`` (random actions of both teams), ``reset``,
and the names of rule-based agents, which then play both teams through the loop that the original documents.
"""

# ruff: noqa: B905  Python 3.7 to 3.9 know no strict zip.
import json
import sys
import time

import mate

AGENTS = {
    name: (getattr(mate, name + "CameraAgent"), getattr(mate, name + "TargetAgent"))
    for name in ("Greedy", "Heuristic", "Naive")
}


class Stopwatch:
    """Adds up processor time and wall time."""

    def __init__(self):
        self.processor = self.wall = 0.0

    def __enter__(self):
        self.began = time.process_time(), time.perf_counter()

    def __exit__(self, *_):
        self.processor += time.process_time() - self.began[0]
        self.wall += time.perf_counter() - self.began[1]


class RandomActions:
    """Random actions over the full range of both teams, drawn outside the measured time."""

    def __init__(self, env):
        self.env = env
        self.actions = [tuple(space.sample() for space in env.action_space.spaces) for _ in range(16)]
        self.count = 0

    def reset(self):
        self.env.reset()

    def step(self):
        done = self.env.step(self.actions[self.count % 16])[2]
        self.count += 1
        return done


class Agents:
    """Rule-based agents of both teams: they observe, talk and act, and the environment steps."""

    def __init__(self, env, name):
        self.env = env
        counts = env.num_cameras, env.num_targets
        self.teams = [kind().spawn(count) for kind, count in zip(AGENTS[name.capitalize()], counts)]

    def reset(self):
        self.observations, self.infos = self.env.reset(), (None, None)
        for team, observations in zip(self.teams, self.observations):
            mate.group_reset(team, observations)

    def step(self):
        actions = [mate.group_step(self.env, *each) for each in zip(self.teams, self.observations, self.infos)]
        self.observations, _, done, self.infos = self.env.step(tuple(actions))
        return done


def make(scenario, kind):
    env = mate.make("MultiAgentTracking-v0", config=scenario + ".yaml")
    env.seed(0)
    return RandomActions(env) if kind in ("random", "reset") else Agents(env, kind)


def run(play, kind, seconds):
    """Count units until the seconds of processor time have passed; for steps, resets and their time do not count."""
    watch, units = Stopwatch(), 0
    while watch.processor < seconds:
        if kind == "reset":
            with watch:
                play.reset()
            units += 1
            continue
        with watch:
            for _ in range(16):
                units += 1
                done = play.step()
                if done:
                    break
        if done:
            play.reset()
    return {"units": units, "processor": watch.processor, "wall": watch.wall}


def main():
    plays = {}
    for line in sys.stdin:
        asked = json.loads(line)
        key = asked["scenario"], asked["kind"]
        if key not in plays:
            plays[key] = make(*key)
            plays[key].reset()
            run(plays[key], key[1], 0.0)
        print(json.dumps(run(plays[key], key[1], asked["seconds"])), flush=True)


if __name__ == "__main__":
    main()
