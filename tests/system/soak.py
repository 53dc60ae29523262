"""A week in minutes: what grows with time, instead of with what is kept?

usage: soak.py DIRECTORY SECONDS SEED

Short trials by the ten thousand, search after search, on workers that come and go (kill -9, SIGTERM, a new process each
time), with a coordinator that is started again now and then, beside readers of the database that overlap without end.
What the coordinator and a worker that stays need is compared with what they needed after a fifth of the time. At the
end, when everybody was told to leave, nothing may be left but the database. Prints one line of figures; exit status 1
and the reason if anything is wrong.
"""
import os
import random
import signal
import sqlite3
import sys
import threading
import time

from fleet import Fleet

STAYS, SLOTS = "w1", 2
READERS, READING_S = 3, (0.2, 0.8)
WAL_LIMIT = 512 << 20  # readers are waited for from 64 MiB on, now and then in vain; without that it would be gigabytes
BYTES_A_TRIAL, SLACK = 2048, 8 << 20
DESCRIPTORS_SLACK = 4 + 3 * SLOTS  # trials that happen to run


class Soak:
    def __init__(self, directory, seed):
        self.dice, self.over, self.longest_wal = random.Random(seed), threading.Event(), 0
        self.fleet = Fleet(directory, 4, SLOTS)
        self.searches = self.gone = self.restarts = 0
        self.told = []

    # ---- what happens
    def read(self):
        """Holds a transaction open for a moment, again and again."""
        while not self.over.is_set():
            database = sqlite3.connect("file:%s?mode=ro" % self.fleet.database, uri=True, isolation_level=None)
            try:
                database.execute("BEGIN")
                database.execute("SELECT count(*) FROM study").fetchall()
                self.over.wait(random.uniform(*READING_S))
            except sqlite3.OperationalError:
                pass  # the coordinator is being started
            finally:
                database.close()

    def submit_if_needed(self):
        active = self.fleet.query("SELECT count(*) FROM study WHERE finished_ms IS NULL")[0][0]
        if active < 2:
            self.searches += 1
            self.fleet.submit("search-%d" % self.searches, "random", points=3, delay_ms=0, trials=2000)

    def replace_somebody(self):
        name = self.dice.choice(self.fleet.names[2:])
        self.fleet.kill(name, self.dice.choice([signal.SIGKILL, signal.SIGTERM]))
        self.fleet.start(name)
        self.gone += 1

    def restart(self):
        self.fleet.kill("coordinator", self.dice.choice([signal.SIGKILL, signal.SIGTERM]))
        self.fleet.start("coordinator")
        self.fleet.wait(self.fleet.is_ready, 60)
        self.restarts += 1

    def go_on(self, seconds):
        deadline, restart_at = time.monotonic() + seconds, time.monotonic() + seconds / 2
        while time.monotonic() < deadline:
            self.over.wait(self.dice.uniform(0.5, 1.5))
            self.submit_if_needed()
            self.replace_somebody()
            if time.monotonic() > restart_at:
                self.restart()
                restart_at = deadline
            self.longest_wal = max(self.longest_wal, size(self.fleet.database + "-wal"))

    # ---- what it takes
    def needs(self):
        """Of the coordinator and of the worker that stays: bytes of memory and descriptors; and the trials so far."""
        pids = [self.fleet.processes[name].pid for name in ("coordinator", STAYS)]
        descriptors = [len(os.listdir("/proc/%d/fd" % pid)) for pid in pids]
        return [resident(pid) for pid in pids], descriptors, self.fleet.ended()

    def compare(self, before, after):
        grown = [b - a for a, b in zip(before[0], after[0])]
        more = [b - a for a, b in zip(before[1], after[1])]
        allowed = [SLACK + BYTES_A_TRIAL * (after[2] - before[2]), SLACK]
        for who, bytes_more, limit, descriptors in zip(("coordinator", STAYS), grown, allowed, more):
            if bytes_more > limit:
                self.told.append("%s needs %d bytes more than before, %d are allowed" % (who, bytes_more, limit))
            if descriptors > DESCRIPTORS_SLACK:
                self.told.append("%s has %d descriptors more than before" % (who, descriptors))
        if self.longest_wal > WAL_LIMIT:
            self.told.append("the write-ahead log has grown to %d bytes" % self.longest_wal)

    def look_for_leftovers(self):
        logs = {name + ".log" for name in self.fleet.names}
        specs = {"search-%d.yaml" % number for number in range(1, self.searches + 1)}
        left = set(os.listdir(self.fleet.directory)) - logs - specs - {"runs.db", "runs.db-lock", "state"}
        if left:
            self.told.append("files are left: %s" % sorted(left))
        strays = processes_of(self.fleet.directory)
        if strays:
            self.told.append("processes are left: %s" % strays)
        checkpoints = sum(len(names) for _, names, _ in os.walk(self.fleet.directory + "/state"))
        if checkpoints > 2 + 2 * SLOTS * self.gone:  # of each that was killed, those of the trials it had
            self.told.append("%d directories of checkpoints are left after %d workers" % (checkpoints, self.gone))
        if lines(self.fleet.log("coordinator")) > 10 * (self.restarts + 1):
            self.told.append("the coordinator's log has grown")


def size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def lines(path):
    with open(path, errors="replace") as log:
        return sum(1 for _ in log)


def resident(pid):
    with open("/proc/%d/statm" % pid) as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def processes_of(directory):
    """Whoever was started in this fleet, by what is in its environment."""
    found, mark = [], ("XDG_STATE_HOME=" + directory + "/").encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/environ" % pid, "rb") as environment:
                if mark in environment.read():
                    found.append(int(pid))
        except OSError:
            pass  # it is gone, or not ours
    return found


def main(directory, seconds, seed):
    soak = Soak(directory, seed)
    fleet = soak.fleet
    fleet.start_all()
    readers = [threading.Thread(target=soak.read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    try:
        soak.go_on(seconds / 5)
        before = soak.needs()
        soak.go_on(seconds * 4 / 5)
        soak.compare(before, soak.needs())
    finally:
        soak.over.set()
        for reader in readers:
            reader.join()
    soak.told += ["%s ended by itself with status %d" % pair for pair in fleet.died()]
    fleet.stop_all()
    fleet.wait(lambda: not processes_of(fleet.directory), 10)
    soak.look_for_leftovers()  # before anybody reads: a reader alone leaves files that it may not remove
    soak.told += fleet.faults() + fleet.doctor_faults()
    print("trials=%d replaced=%d restarts=%d wal_mib=%d" % (
        fleet.ended(), soak.gone, soak.restarts, soak.longest_wal >> 20))
    for fault in soak.told:
        print("seed %d: %s" % (seed, fault))
    sys.exit(bool(soak.told))


if __name__ == "__main__":
    main(sys.argv[1], *(int(text) for text in sys.argv[2:]))
