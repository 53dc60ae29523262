#!/usr/bin/env python3
"""Tasks A and B in PyTorch, as plainly as they can be said: the peer of the built-in trainer.

Second order by autograd (create_graph), the teacher inside the unrolled loop, no batch computed only once. One
processor thread. Prints one JSON line for each run: seconds of processor time, peak memory, and the metric that the
README's tables show, so that speed and results can be held against ours (tests/bench/peers.sh does).

    toys_torch.py task-b --seeds 0:3                      test KL at epochs 0, 4, 8, 12, 16
    toys_torch.py task-a --d 64 --n 256 --seeds 0:3       highest test accuracy in 50 epochs
"""
import argparse
import json
import math
import resource
import time

import torch
import torch.nn.functional as F


def uniform_map(rows, columns):
    return (torch.rand(rows, columns) * 2 - 1) / math.sqrt(columns)


def linear_layers(sizes):
    """Weights and biases of torch.nn.Linear, flat: [w, b, w, b, ...]."""
    parameters = []
    for inputs, outputs in zip(sizes[:-1], sizes[1:]):
        layer = torch.nn.Linear(inputs, outputs)
        parameters += [layer.weight.detach().clone(), layer.bias.detach().clone()]
    return parameters


def mlp(parameters, x):
    for k in range(0, len(parameters), 2):
        x = x @ parameters[k].T + parameters[k + 1]
        if k < len(parameters) - 2:
            x = x.relu()
    return x


class Adam:
    """Adam with L2 decay as a pure function of its state, so that an unroll can be differentiated."""

    def __init__(self, lr, beta1, decay):
        self.lr, self.beta1, self.beta2, self.decay = lr, beta1, 0.999, decay

    def start(self, parameters):
        return [torch.zeros_like(p) for p in parameters], [torch.zeros_like(p) for p in parameters], 0

    def step(self, parameters, gradients, state):
        first, second, t = state
        t += 1
        moved, firsts, seconds = [], [], []
        for p, g, m, v in zip(parameters, gradients, first, second):
            g = g + self.decay * p
            m = self.beta1 * m + (1 - self.beta1) * g
            v = self.beta2 * v + (1 - self.beta2) * g * g
            root = torch.where(v == 0, torch.zeros_like(v), v.clamp_min(1e-45).sqrt())
            scale = self.lr / (1 - self.beta1**t)
            moved.append(p - scale * m / (root / math.sqrt(1 - self.beta2**t) + 1e-8))
            firsts.append(m)
            seconds.append(v)
        return moved, (firsts, seconds, t)


class TaskA:
    alpha, batch, n_inner, split, meta_lr, meta_beta1 = 1e3, 16, 32, 0.25, 3e-4, 0.5
    adam = Adam(1e-3, 0.5, 1e-8)

    def __init__(self, d, n):
        self.map = uniform_map(2, d)
        self.train, self.test = self.examples(n), self.examples(1000)
        self.student = linear_layers([d, 128, 128, 1])
        self.teacher = linear_layers([4, 512, 512, 128])
        self.iterations = 50
        self.student_steps = int((1 - self.split) * n / self.batch)

    def examples(self, count):
        x = torch.randn(count, self.map.shape[1])
        signs = torch.randint(0, 2, (count, 2)).float() * 2 - 1
        h = x @ self.map.T
        y = ((h[:, 0] > 0) ^ (h[:, 1] > 0)).float()
        return x, torch.cat([signs * h, signs], 1), y

    def forward(self, p, x):
        h = x @ p[0].T + p[1]
        return mlp(p[2:], h)[:, 0], h

    label_loss = staticmethod(F.binary_cross_entropy_with_logits)

    @staticmethod
    def teaching_loss(h, target):
        return ((h - target) ** 2).mean()

    def metric(self, student):
        x, _, y = self.test
        return float(((self.forward(student, x)[0] > 0).float() == y).float().mean())


class TaskB:
    alpha, batch, n_inner, split, meta_lr, meta_beta1 = 1e4, 32, 64, 0.5, 1e-3, 0.9
    adam = Adam(1e-3, 0.9, 1e-6)

    def __init__(self, d, n):
        self.map, self.view = uniform_map(4, d), uniform_map(32, 4)
        self.train, self.test = self.examples(n), self.examples(1000)
        self.student = linear_layers([d, 256, 256, 4])
        self.teacher = linear_layers([32, 256, 256, 4])
        self.iterations, self.student_steps = 32, 8

    def examples(self, count):
        x = torch.randn(count, self.map.shape[1])
        logits = 3.0 * (x @ self.map.T)
        y = torch.distributions.Categorical(logits=logits).sample()
        return x, logits @ self.view.T, y, logits

    def forward(self, p, x):
        z = mlp(p, x)
        return z, z

    label_loss = staticmethod(F.cross_entropy)

    @staticmethod
    def teaching_loss(z, target):
        p, q = target.log_softmax(1), z.log_softmax(1)
        return (p.exp() * (p - q)).sum(1).mean()

    def metric(self, student):
        return float(self.teaching_loss(self.forward(student, self.test[0])[0], self.test[3]))


def total_loss(task, student, target, index):
    z, h = task.forward(student, task.train[0][index])
    return task.label_loss(z, task.train[2][index]) + task.alpha * task.teaching_loss(h, target)


def meta_gradient(task, student, state, teacher, batches, validation):
    student = [p.detach().requires_grad_() for p in student]
    for i in range(task.n_inner):
        index = batches[i % len(batches)]
        loss = total_loss(task, student, mlp(teacher, task.train[1][index]), index)
        student, state = task.adam.step(
            student, torch.autograd.grad(loss, student, create_graph=True), state)
    loss = task.label_loss(task.forward(student, task.train[0][validation])[0],
                           task.train[2][validation])
    return torch.autograd.grad(loss, teacher)


def student_steps(task, student, state, teacher, batches):
    for index in batches:
        student = [p.detach().requires_grad_() for p in student]
        with torch.no_grad():
            target = mlp(teacher, task.train[1][index])
        gradients = torch.autograd.grad(total_loss(task, student, target, index), student)
        with torch.no_grad():
            student, state = task.adam.step([p.detach() for p in student], gradients, state)
    return student, state


def train(task):
    student, state = task.student, task.adam.start(task.student)
    teacher = [p.requires_grad_() for p in task.teacher]
    meta = torch.optim.Adam(teacher, lr=task.meta_lr, betas=(task.meta_beta1, 0.999))
    count = len(task.train[0])
    metrics = [task.metric(student)]
    for _ in range(task.iterations):
        order = torch.randperm(count)
        n_validation = int(task.split * count)
        validation, rest = order[:n_validation], order[n_validation:].sort().values
        batches = rest.split(task.batch)
        for p, g in zip(teacher, meta_gradient(task, student, state, teacher, batches, validation)):
            p.grad = g.clamp(-1e8, 1e8)
        meta.step()
        student, state = student_steps(task, student, state, teacher, batches[:task.student_steps])
        with torch.no_grad():
            metrics.append(task.metric(student))
    return metrics


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("task", choices=["task-a", "task-b"])
    parser.add_argument("--d", type=int)
    parser.add_argument("--n", type=int)
    parser.add_argument("--seeds", default="0:1", help="FROM:TO")
    options = parser.parse_args()
    torch.set_num_threads(1)
    first, last = map(int, options.seeds.split(":"))
    for seed in range(first, last):
        torch.manual_seed(seed)
        if options.task == "task-a":
            task = TaskA(options.d or 256, options.n or 512)
        else:
            task = TaskB(options.d or 128, options.n or 1000)
        start = time.process_time()
        metrics = train(task)
        row = {"task": options.task, "seed": seed,
               "cpu_s": round(time.process_time() - start, 2), "torch": torch.__version__,
               "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
        if options.task == "task-a":
            row["max_test_accuracy"] = max(metrics)
        else:
            row["test_kl"] = [round(metrics[i], 4) for i in (0, 8, 16, 24, 32)]
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
