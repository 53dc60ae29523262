#!/usr/bin/env python3
"""A training script as the service runs it: parameters in, metrics out, nothing to install or import.

It minimises a noisy quadratic valley by gradient descent. Try it by hand:

    echo '{"seed": 1, "parameters": {"lr": 0.1, "steps": 40, "optimizer": "sgd"}}' | python3 train.py

Asked to leave (SIGTERM: a preempted machine, `ldt drain --now`) it saves itself, and goes on from there
when it is run again, here or elsewhere. A script that takes seconds does not need that.
"""
import json
import os
import random
import signal
import sys

CURVATURE = (1.0, 10.0)
REPORTS = 10  # points of the learning curve


def loss(x):
    return 0.5 * sum(c * v * v for c, v in zip(CURVATURE, x))


def save(path, state):
    """The older checkpoint stays whole until the new one is."""
    with open(path + ".new", "w") as file:
        json.dump(state, file)
    os.replace(path + ".new", path)


def main():
    leaving = []
    signal.signal(signal.SIGTERM, lambda *_: leaving.append(True))

    # One JSON object: {"study": ..., "trial": 7, "attempt": 1, "seed": 123, "parameters": {...},
    # "checkpoint_dir": "/a/path"}, the last only where there is one.
    trial = json.load(sys.stdin)
    parameters = trial["parameters"]
    lr = parameters["lr"]
    steps = parameters["steps"]
    # A parameter that is inactive in this trial is not there at all.
    momentum = parameters.get("momentum", 0.0)
    checkpoint = os.path.join(trial["checkpoint_dir"], "state.json") if "checkpoint_dir" in trial else None

    # All randomness from the seed: the same trial then gives the same curve anywhere.
    noise = random.Random(trial["seed"])

    done, x, velocity, curve = 0, [5.0, 5.0], [0.0, 0.0], []
    if checkpoint and os.path.exists(checkpoint):
        with open(checkpoint) as file:
            done, x, velocity, curve, (version, words, gauss_next) = json.load(file)
        noise.setstate((version, tuple(words), gauss_next))
    # The curve of an attempt stands for itself, so that one that goes on says again what was known.
    for line in curve:
        print(line, flush=True)

    every = max(1, steps // REPORTS)
    for step in range(done + 1, steps + 1):
        for i, curvature in enumerate(CURVATURE):
            gradient = curvature * x[i] + noise.gauss(0.0, 0.1)
            velocity[i] = momentum * velocity[i] - lr * gradient
            x[i] += velocity[i]
        if step % every == 0 or step == steps:
            # One line for each evaluation. A loss that overflows to inf or nan is fine: the trial
            # then counts as diverged, not as failed.
            curve.append(json.dumps({"step": step, "metrics": {"loss": loss(x)}}))
            print(curve[-1], flush=True)
        if leaving:
            if checkpoint:
                save(checkpoint, (step, x, velocity, curve, noise.getstate()))
            sys.exit(75)  # handed back: neither done nor failed

    # Exit status 0 means done. Anything else, an exception for example, is a failed attempt, and the
    # last lines of standard error become the reason that `ldt trials` shows.


if __name__ == "__main__":
    main()
