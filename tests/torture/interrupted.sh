#!/bin/sh
# `ldt-worker trial` on every task at real sizes, for LDT_TORTURE seconds: terminated or killed at random moments until
# it comes to its end, which is that of a run that nobody disturbed. The seed of the moments: LDT_SEED. (TAP)
LDT_BUILD=${LDT_BUILD:-build} exec timeout -k 10 "${LDT_LIMIT:-300}" python3 - "${LDT_TORTURE:-240}" "${LDT_SEED:-1}" <<'END'
import json, os, random, shutil, signal, subprocess, sys, tempfile, time

seconds, seed = float(sys.argv[1]), int(sys.argv[2])
worker = os.path.join(os.environ["LDT_BUILD"], "bin", "ldt-worker")
work = tempfile.mkdtemp(prefix="ldt-interrupted.")
place = os.path.join(work, "place")
os.mkdir(place)
trials = [
    {"task": "task-a", "epochs": 60},
    {"task": "task-b", "epochs": 8},
    {"task": "task-b", "method": "fixed-teacher", "epochs": 100},
    {"task": "mujoco", "epochs": 2, "n_train": 2000, "n_test": 500},
    {"task": "mujoco", "epochs": 20, "n_train": 2000, "n_test": 500, "method": "auxiliary"},
    {"task": "game-of-life", "epochs": 2, "n_train": 512, "n_test": 512, "n_filters": 8, "n_inner": 4},
    # (Its loss becomes infinite: who interrupts it just then hears of it later.)
    {"task": "game-of-life", "method": "fixed-teacher", "n_train": 64, "n_test": 512, "student_steps": 200,
     "student_lr": 10},
]


class Trial:
    def __init__(self, parameters, with_place):
        given = {"seed": seed, "parameters": parameters}
        if with_place:
            given.update(checkpoint_dir=place, checkpoint_seconds=0.2)
        self.process = subprocess.Popen([worker, "trial"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.given = json.dumps(given)

    def finish(self, seconds=None):
        """Everything it said, or None: it was still running then."""
        try:
            out, errors = self.process.communicate(self.given, seconds)
        except subprocess.TimeoutExpired:
            return None
        return out, errors, self.process.returncode


def curve(out):
    return [line for line in out.split("\n") if line.startswith('{"step"')]


def until_the_end(parameters, wanted, length, dice, counts):
    """False with a reason printed: another curve, or no end."""
    patience = length / 4
    while True:
        trial = Trial(parameters, True)
        said = trial.finish(dice.uniform(0, patience))
        if said is None:
            which = dice.choice([signal.SIGTERM, signal.SIGKILL])
            trial.process.send_signal(which)
            asked = time.monotonic()
            said = trial.process.communicate()
            status = trial.process.returncode
            counts["slowest"] = max(counts["slowest"], time.monotonic() - asked)
            counts["terminated" if which == signal.SIGTERM else "killed"] += 1
            # (-SIGTERM: it had hardly been started.)
            if said[1] or (which == signal.SIGTERM and status not in (0, 75, -signal.SIGTERM)):
                print("#", parameters, "status", status, said[1])
                return False
            counts["resumed"] += '"goes on from' in said[0]
            patience *= 1.05  # what saves nothing within its patience gets more of it
            if status != 0:
                continue
            said = said + (status,)
        out, errors, status = said
        if status == 0 and not errors and curve(out) == wanted and not os.listdir(place):
            return True
        print("#", parameters, "status", status, errors, "left:", os.listdir(place))
        return False


dice = random.Random(seed)
counts = dict(terminated=0, killed=0, resumed=0, slowest=0.0)
wanted, rounds, good = {}, 0, True
end = time.monotonic() + seconds
while good and (time.monotonic() < end or rounds < 1):
    for index, parameters in enumerate(trials):
        if index not in wanted:
            began = time.monotonic()
            out, errors, status = Trial(parameters, False).finish()
            wanted[index] = curve(out), time.monotonic() - began
            good = good and status == 0 and len(wanted[index][0]) > 0
        good = good and until_the_end(parameters, *wanted[index], dice, counts)
        if not good or time.monotonic() > end:
            break
    rounds += 1
shutil.rmtree(work)
print("# figures: %d terminated, %d killed, %d went on, slowest to leave %.2f s, seed %d" %
      (counts["terminated"], counts["killed"], counts["resumed"], counts["slowest"], seed))
print("%sok 1 - whatever interrupts a trial, its curve is that of an undisturbed run" % ("" if good else "not "))
print("%sok 2 - and it leaves before a worker's patience of ten seconds ends" % ("" if counts["slowest"] < 10 else "not "))
print("1..2")
sys.exit(not good or counts["slowest"] >= 10)
END
