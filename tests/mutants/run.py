#!/usr/bin/env python3
"""run.py - are the tests able to fail? Changes the pure state machines (coordinator/core and
worker/agent) one small thing at a time, and counts for how many of the changes a test fails that
is part of `make check`: the unit tests of the two folders, then the simulation.

Not changed: what only looks (core_check, core_dump, agent_check), assertions, texts for people,
and the release of memory, which the sanitizers watch. equivalent.txt names the changes that change
nothing that matters, each with its reason.

The objects are made once and linked into one shared library; a mutant is one object compiled again
and the library linked again, so that no test program has to be.
"""
import argparse
import concurrent.futures
import os
import pathlib
import queue
import random
import re
import subprocess
import sys
import time

from mutations import mutations

FOLDERS = ("coordinator/core", "worker/agent")
LAYERS = ("common", "common/trainer", "coordinator/space", "coordinator/search") + FOLDERS
CHECKERS = {"coordinator/core/check.c", "coordinator/core/dump.c"}
HERE = pathlib.Path(__file__).parent
MEMORY = 2 << 20  # KiB that a test may use


def sources_of(folder):
    return sorted(str(p) for p in pathlib.Path(folder).glob("*.c") if p.name != "main.c")


class Bench:
    """What is built once: objects, test programs, and how to compile one file again."""

    def __init__(self, build, jobs):
        self.root = pathlib.Path(build) / "mutants"
        self.objects = {s: self.object_of(s) for layer in LAYERS for s in sources_of(layer)}
        tests = {f: sources_of(f"tests/unit/{f}") for f in FOLDERS}
        self.simulation = "tests/sim/simulation_test.c"
        programs = [t for some in tests.values() for t in some] + [self.simulation]
        support = sources_of("tests/support")
        self.make(jobs, list(self.objects.values()) + [self.object_of(s) for s in programs + support])
        self.flags = self.say("mutant-flags")
        self.libraries = self.say("mutant-libraries")
        self.link(self.root, self.objects.values())
        self.programs = {}
        for test in programs:
            program = self.root / test[:-2]
            program.parent.mkdir(parents=True, exist_ok=True)
            self.run(["gcc", "-o", str(program), self.object_of(test),
                      *map(self.object_of, support), f"-L{self.root}", "-ltested", "-lcmocka",
                      *self.libraries])
            self.programs[test] = str(program)
        self.tests = {f: tests[f] + [self.simulation] for f in FOLDERS}
        self.measure()

    def object_of(self, source):
        return str(self.root / "obj" / source[:-2]) + ".o"

    def make(self, jobs, targets):
        self.run(["make", "-s", f"-j{jobs}", f"BUILD={self.root}", "OPTIMISE=-O1", "CFLAGS=-fPIC",
                  *targets])

    def say(self, what):
        out = self.run(["make", "-s", f"BUILD={self.root}", "OPTIMISE=-O1", "CFLAGS=-fPIC", what])
        return out.split()

    @staticmethod
    def run(command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command[:6])} ...: {done.stdout}{done.stderr}")
        return done.stdout

    def link(self, folder, objects):
        return subprocess.run(["gcc", "-shared", "-o", f"{folder}/libtested.so", *objects],
                              capture_output=True).returncode == 0

    def compile(self, source, text, folder):
        """Links a library with this text instead of the file; False if it is no C."""
        path = folder / "mutant.c"
        path.write_text(text)
        done = subprocess.run(["gcc", *self.flags, "-Wno-error", "-w", "-iquote",
                               os.path.dirname(source), "-c", path, "-o", folder / "mutant.o"],
                              capture_output=True)
        if done.returncode != 0:
            return False
        others = [o for s, o in self.objects.items() if s != source]
        return self.link(folder, [str(folder / "mutant.o"), *others])

    def passes(self, test, folder, limit):
        """One test program with the library of that folder. Too slow, and too big, fail, too."""
        environment = dict(os.environ, LD_LIBRARY_PATH=str(folder), CMOCKA_MESSAGE_OUTPUT="tap",
                           LDT_SIM_SEEDS=str(self.seeds), LDT_SIM_JOBS="1",
                           LDT_FIXTURES=os.environ.get("LDT_FIXTURES", "tests/fixtures"))
        command = f"ulimit -v {MEMORY}; ulimit -c 0; exec timeout -s KILL {limit:.1f} {self.programs[test]}"
        return subprocess.run(["sh", "-c", command], env=environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    seeds = 300

    def measure(self):
        """Every test must pass as things are; the fastest come first."""
        self.seconds = {}
        for test in self.programs:
            start = time.monotonic()
            if not self.passes(test, self.root, 300):
                sys.exit(f"{test} fails without any change: nothing can be said about mutants")
            self.seconds[test] = time.monotonic() - start
        for folder in FOLDERS:
            self.tests[folder].sort(key=self.seconds.get)

    def first_failure(self, source, text, folder):
        """Which test notices; None: none does; "": no C."""
        if not self.compile(source, text, folder):
            return ""
        for test in self.tests[os.path.dirname(source)]:
            if not self.passes(test, folder, 5 + 8 * self.seconds[test]):
                return test
        return None


def read_equivalents(path):
    """{(file, function): {(line above or "*", line, changed line)}}: see the head of the file."""
    known, place, above, before = {}, None, "*", None
    for line in path.read_text().splitlines():
        mark, _, text = line.partition(" ")
        if mark == "@":
            place, above = tuple(text.split()), "*"
        elif mark == "^":
            above = " ".join(text.split())
        elif mark == "-":
            before = " ".join(text.split())
        elif mark == "+":
            known.setdefault(place, set()).add((above, before, " ".join(text.split())))
    return known


def complain_of_stale(known):
    """A line that was changed since it was looked at, or has moved, has to be looked at again."""
    for place, changes in known.items():
        lines = {" ".join(line.split()) for line in pathlib.Path(place[0]).read_text().splitlines()}
        for _, before, _ in changes:
            if before not in lines:
                sys.exit(f"equivalent.txt: {place[0]} has no line any more that reads: {before}")


def all_mutants(files):
    for source in files:
        text = pathlib.Path(source).read_text()
        for mutation in mutations(text):
            yield source, text, mutation


def describe(source, text, mutation):
    before, after = mutation.lines(text)
    place = f"{source}:{mutation.line_number(text)}"
    return f"{place}\n@ {source} {mutation.function}\n- {before}\n+ {after}"


def is_equivalent(known, source, text, mutation):
    before, after = mutation.lines(text)
    listed = known.get((source, mutation.function) if mutation.function else (source,), set())
    return any((above, before, change) in listed
               for above in ("*", mutation.line_above(text)) for change in ("*", after))


def choose(options):
    files = [s for folder in FOLDERS for s in sources_of(folder) if s not in CHECKERS]
    files = [s for s in files if re.search(options.files, s)]
    mutants = list(all_mutants(files))
    known = read_equivalents(HERE / "equivalent.txt")
    complain_of_stale(known)
    kept = [m for m in mutants if not is_equivalent(known, *m)]
    print(f"# {len(files)} files, {len(mutants)} mutants, {len(mutants) - len(kept)} of them listed "
          "as equivalent", flush=True)
    if options.sample and options.sample < len(kept):
        kept = random.Random(options.seed).sample(kept, options.sample)
        print(f"# a sample of {options.sample}, seed {options.seed}", flush=True)
    return kept


def judge_all(bench, mutants, jobs):
    """Counts by the test that noticed; prints each survivor at once."""
    folders, noticed = queue.Queue(), {}
    for job in range(jobs):
        folder = bench.root / f"job{job}"
        folder.mkdir(exist_ok=True)
        folders.put(folder)

    def judge(mutant):
        source, text, mutation = mutant
        folder = folders.get()
        try:
            return bench.first_failure(source, mutation.apply(text), folder)
        finally:
            folders.put(folder)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for count, (mutant, test) in enumerate(zip(mutants, pool.map(judge, mutants)), 1):
            noticed.setdefault(test, []).append(mutant)
            if count % 100 == 0:
                print(f"# {count} of {len(mutants)}, {len(noticed.get(None, []))} survivors", flush=True)
            if test is None:
                print(f"survivor: {describe(*mutant)}", flush=True)
    return noticed


def report(noticed):
    no_c, survivors = noticed.pop("", []), noticed.pop(None, [])
    killed = sum(map(len, noticed.values()))
    for test, mutants in sorted(noticed.items(), key=lambda item: -len(item[1])):
        print(f"# {len(mutants):5} noticed first by {test}")
    by_file = {}
    for source, _, _ in survivors:
        by_file[source] = by_file.get(source, 0) + 1
    for source, count in sorted(by_file.items(), key=lambda item: -item[1]):
        print(f"# {count:5} survived in {source}")
    total = killed + len(survivors)
    share = 100 * killed / total if total else 0.0
    print(f"# {len(no_c)} did not compile")
    print(f"{killed} of {total} mutants killed: {share:.1f} %")
    return share


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("build", help="where to build, below BUILD/mutants")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants, not all")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--files", default="", help="only files that match this expression")
    parser.add_argument("--seeds", type=int, default=300, help="of the simulation")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--at-least", type=float, default=95.0, help="per cent killed")
    options = parser.parse_args()
    Bench.seeds = options.seeds
    mutants = choose(options)
    share = report(judge_all(Bench(options.build, options.jobs), mutants, options.jobs))
    sys.exit(share < options.at_least)


if __name__ == "__main__":
    main()
