"""A coordinator and its workers as real processes, for tests that hurt them.

A Fleet lives in a directory of its own. Its programs are started again at the same address under the same names, as a
service manager would. What a search found out is read from the database by `results`, without what may differ between
two runs; `faults` says which invariant of the database is broken.
"""
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time

BUILD = os.path.abspath(os.environ.get("LDT_BUILD", "build"))

# What must hold in a database at any time, whatever happened: a query that finds nothing, and what it would mean.
INVARIANTS = [
    ("SELECT study, trial FROM outcome GROUP BY 1, 2 HAVING count(*) > 1", "I2: two outcomes of one trial"),
    ("SELECT study, trial FROM attempt WHERE state IN (2, 3, 4) GROUP BY 1, 2 HAVING count(*) > 1",
     "I2: two attempts of one trial have a result"),
    ("SELECT study, number FROM trial WHERE state >= 3 AND (study, number) NOT IN (SELECT study, trial FROM outcome)",
     "a trial that ended has no outcome"),
    ("SELECT trial.study, number FROM trial WHERE attempts <> (SELECT count(*) FROM attempt"
     " WHERE attempt.study = trial.study AND attempt.trial = trial.number)", "I3: attempts do not add up"),
    ("SELECT study, trial, number FROM attempt WHERE points <> (SELECT count(*) FROM point WHERE"
     " point.study = attempt.study AND point.trial = attempt.trial AND point.attempt = attempt.number)",
     "a curve is short or long"),
    ("SELECT study, number FROM trial WHERE charged > 0", "I6: a trial was charged for what was done to its worker"),
    ("SELECT name FROM study WHERE state = 4 AND budget * repeat > (SELECT count(*) FROM trial"
     " WHERE trial.study = study.id AND state >= 3)", "a study is done before its trials are"),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Fleet:
    def __init__(self, directory, workers, slots=2, lease="2s"):
        os.makedirs(directory, exist_ok=True)
        self.directory, self.slots, self.lease = directory, slots, lease
        self.database = os.path.join(directory, "runs.db")
        self.connect = os.path.join(directory, "connect.json")
        self.endpoint = "tcp://127.0.0.1:%d" % free_port()
        self.keys = {"server": [], "worker": [], "submit": []}
        if os.environ.get("LDT_KEYS"):
            self.make_keys()
        self.processes = {}
        self.names = ["coordinator"] + ["w%d" % i for i in range(1, workers + 1)]

    def make_keys(self):
        """With LDT_KEYS in the environment: the options by which everybody has keys."""
        keys = os.path.join(self.directory, "keys")
        self.keys["server"] = ["--keys", keys]
        subprocess.run([BUILD + "/bin/ldt", "keygen", "--server", keys], check=True, stdout=subprocess.DEVNULL)
        for role in ("worker", "submit"):
            secret = os.path.join(self.directory, role + ".key")
            self.keys[role] = ["--key", secret]
            subprocess.run([BUILD + "/bin/ldt", "keygen", "--role", role, role, "--keys", keys, "-o", secret],
                           check=True, stdout=subprocess.DEVNULL)

    # ---- processes
    def log(self, name):
        return os.path.join(self.directory, name + ".log")

    def start(self, name):
        if name == "coordinator":
            command = [BUILD + "/bin/ldt-coordinator", "--db", self.database, "--connect", self.connect,
                       "--listen", self.endpoint, "--lease", self.lease, *self.keys["server"]]
        else:
            command = [BUILD + "/bin/ldt-worker", "--name", name, "-c", self.connect, "-j", str(self.slots),
                       "--allow-command", *self.keys["worker"]]
        environment = dict(os.environ, XDG_STATE_HOME=os.path.join(self.directory, "state"))
        with open(self.log(name), "ab") as log:
            self.processes[name] = subprocess.Popen(command, stderr=log, stdout=log, env=environment)

    def start_all(self):
        for name in self.names:
            self.start(name)
            if name == "coordinator":
                self.wait(self.is_ready, 20)

    def is_ready(self):
        return os.path.exists(self.connect) and self.ldt("status").returncode == 0

    def kill(self, name, number=signal.SIGKILL):
        process = self.processes.get(name)
        if process is not None and process.poll() is None:
            process.send_signal(number)
            if number in (signal.SIGKILL, signal.SIGTERM):
                process.wait()

    def stop_all(self):
        for name in reversed(self.names):
            self.kill(name, signal.SIGTERM)

    def kill_all(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()

    def died(self):
        """Who ended by itself: nobody may."""
        return [(name, process.returncode) for name, process in self.processes.items() if process.poll() is not None]

    # ---- searches
    def ldt(self, *arguments):
        return subprocess.run([BUILD + "/bin/ldt", "-c", self.connect, *self.keys["submit"], *arguments], capture_output=True, text=True,
                              timeout=60)

    def submit(self, name, sampler, points=4, delay_ms=20, trials=None, size=(8, 10)):
        path = os.path.join(self.directory, name + ".yaml")
        domains = ("  a: {values: %s}\n  b: {values: %s}\n" % (list(range(size[0])), list(range(size[1])))
                   if sampler == "grid" else "  a: {min: 0.0, max: 9.0}\n  b: {min: 0.0, max: 9.0}\n")
        with open(path, "w") as spec:
            spec.write("name: %s\ncommand: [%s/tests/system/curve, '%d', '%d']\nmetric: {name: loss}\n"
                       "sampler: {name: %s}\n%sparameters:\n%s" % (
                           name, BUILD, points, delay_ms, sampler,
                           "trials: %d\n" % trials if trials else "", domains))
        return self.ldt("submit", path)

    def query(self, text, *values):
        """Waits out the moment in which a coordinator that was killed has left the database to be recovered."""
        deadline = time.monotonic() + 20
        while True:
            database = sqlite3.connect("file:%s?mode=ro" % self.database, uri=True, timeout=20)
            try:
                return database.execute(text, values).fetchall()
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            finally:
                database.close()

    def is_done(self, search):
        rows = self.query("SELECT state FROM v_study WHERE search = ?", search)
        return rows != [] and all(state == "done" for (state,) in rows)

    def ended(self):
        return self.query("SELECT count(*) FROM trial WHERE state >= 3")[0][0]

    def wait(self, ready, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if ready():
                    return True
            except (sqlite3.Error, subprocess.TimeoutExpired):
                pass  # the coordinator is being started
            time.sleep(0.02)
        return False

    # ---- what it came to
    def results(self, search):
        """Outcomes and curves; doubles as they are, to the last bit."""
        trials = self.query("SELECT study, trial, state, parameters, seed, value FROM v_trial WHERE search = ?"
                            " ORDER BY 1, 2", search)
        points = self.query("SELECT v_curve.study, v_curve.trial, idx, step, v_curve.epoch, metric, v_curve.value"
                            " FROM v_curve JOIN v_trial USING (study, trial) WHERE search = ? ORDER BY 1, 2, 3", search)
        return trials, points

    def acknowledged(self):
        """Results that some worker was told are durable: (study, trial, attempt)."""
        told = set()
        for name in self.names[1:]:
            with open(self.log(name), errors="replace") as log:
                for line in log:
                    if "event=result-recorded" in line:
                        told.add(tuple(int(n) for n in re.findall(r"(?:study|trial|attempt)=(\d+)", line)))
        return told

    def faults(self):
        found = []
        for text, meaning in INVARIANTS:
            rows = self.query(text)
            if rows:
                found.append("%s: %s" % (meaning, rows[:3]))
        recorded = set(self.query("SELECT study, trial, number FROM attempt WHERE state BETWEEN 2 AND 5"))
        lost = self.acknowledged() - recorded
        if lost:
            found.append("I1: told to be durable, and lost: %s" % sorted(lost)[:3])
        return found

    def doctor_faults(self):
        proof = self.ldt("doctor", "--db", self.database)
        return [] if proof.returncode == 0 else [proof.stdout + proof.stderr]
