#!/usr/bin/env python3
"""A training script as the service runs it: parameters in, metrics out, nothing to install or import.

It minimises a noisy quadratic valley by gradient descent. Try it by hand:

    echo '{"seed": 1, "parameters": {"lr": 0.1, "steps": 40, "optimizer": "sgd"}}' | python3 train.py
"""
import json
import random
import sys

CURVATURE = (1.0, 10.0)
REPORTS = 10  # points of the learning curve


def loss(x):
    return 0.5 * sum(c * v * v for c, v in zip(CURVATURE, x))


def main():
    # One JSON object: {"study": ..., "trial": 7, "attempt": 1, "seed": 123, "parameters": {...}}
    trial = json.load(sys.stdin)
    parameters = trial["parameters"]
    lr = parameters["lr"]
    steps = parameters["steps"]
    # A parameter that is inactive in this trial is not there at all.
    momentum = parameters.get("momentum", 0.0)

    # All randomness from the seed: the same trial then gives the same curve anywhere.
    noise = random.Random(trial["seed"])

    x, velocity = [5.0, 5.0], [0.0, 0.0]
    every = max(1, steps // REPORTS)
    for step in range(1, steps + 1):
        for i, curvature in enumerate(CURVATURE):
            gradient = curvature * x[i] + noise.gauss(0.0, 0.1)
            velocity[i] = momentum * velocity[i] - lr * gradient
            x[i] += velocity[i]
        if step % every == 0 or step == steps:
            # One line for each evaluation. A loss that overflows to inf or nan is fine: the trial
            # then counts as diverged, not as failed.
            print(json.dumps({"step": step, "metrics": {"loss": loss(x)}}), flush=True)

    # Exit status 0 means done. Anything else, an exception for example, is a failed attempt, and the
    # last lines of standard error become the reason that `ldt trials` shows.


if __name__ == "__main__":
    main()
