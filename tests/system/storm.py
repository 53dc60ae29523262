"""Coordinator and workers are hurt again and again, over searches that go on.

usage: storm.py kills|stops DIRECTORY COUNT SEED [SECONDS]

kills: kill -9, and started again at once. stops: SIGSTOP for up to two leases, then SIGCONT, so that others have taken
over what the stopped one still believes to be its own.

One search after another, grid and TPE in turns, the TPE first where SEED is odd. When a search has ended, the grid's
outcomes and curves must equal those of a fleet that nobody disturbed, to the last bit. No invariant may be broken, and
at the end `ldt doctor` must find the database sound, every suggestion of the TPE recomputed. SECONDS, if given, ends it
earlier. Prints one line of figures; exit status 1 and the reason if anything is wrong. Moments and victims follow from
the seed.
"""
import random
import signal
import sys
import threading
import time

from fleet import Fleet

WORKERS = 4
LEASE_S = 2
TRIALS = {"grid": None, "tpe": 60}


def undisturbed(directory):
    calm = Fleet(directory + "/calm", WORKERS)
    calm.start_all()
    calm.submit("grid", "grid")
    done = calm.wait(lambda: calm.is_done("grid"), 120)
    results = calm.results("grid")
    calm.stop_all()
    if not done:
        sys.exit("the undisturbed search does not end")
    return results


def nameless(results):
    """Without the names of study and search, so that searches of one kind can be compared."""
    return [[row[1:] for row in rows] for rows in results]


def check(fleet, name, kind, calm):
    faults = fleet.faults()
    if kind == "grid" and nameless(fleet.results(name)) != nameless(calm):
        faults.append("I7: outcomes or curves differ from the undisturbed search's")
    return ["%s: %s" % (name, fault) for fault in faults]


def kill(fleet, victim, dice):
    fleet.kill(victim)
    fleet.start(victim)


def stop(fleet, victim, dice):
    """The others go on meanwhile, and may be stopped as well."""
    fleet.kill(victim, signal.SIGSTOP)
    threading.Timer(dice.uniform(0.0, 2 * LEASE_S), fleet.kill, [victim, signal.SIGCONT]).start()


HARMS = {"kills": (kill, 0.15), "stops": (stop, 0.8)}  # what is done, and the mean pause between two


def disturb(fleet, name, harm, dice, count, deadline):
    """Hurts until the search has ended, it was done `count` times or time is over; returns how often it was."""
    hurt, pause = HARMS[harm]
    done = 0
    while done < count and time.monotonic() < deadline:
        time.sleep(dice.uniform(0.0, 2 * pause))
        hurt(fleet, dice.choice(fleet.names + fleet.names[1:]), dice)
        done += 1
        if done % 10 == 0 and fleet.is_done(name):
            break
    for timer in threading.enumerate():
        if isinstance(timer, threading.Timer):
            timer.join()
    return done


def main(harm, directory, count, seed, seconds=86400):
    dice, calm = random.Random(seed), undisturbed(directory)
    deadline = time.monotonic() + seconds
    fleet = Fleet(directory + "/storm", WORKERS, lease="%ds" % LEASE_S)
    fleet.start_all()
    done, searches, faults = 0, 0, []
    while done < count and time.monotonic() < deadline and not faults:
        kind = "grid" if (searches + seed) % 2 == 0 else "tpe"
        searches += 1
        name = "%s-%d" % (kind, searches)
        fleet.wait(fleet.is_ready, 30)
        fleet.submit(name, kind, trials=TRIALS[kind])
        done += disturb(fleet, name, harm, dice, count - done, deadline)
        if not fleet.wait(lambda: fleet.is_done(name), 120):
            faults.append("I4: %s does not end" % name)
        faults += check(fleet, name, kind, calm)
    faults += ["%s ended by itself with status %d" % pair for pair in fleet.died()]
    attempts = fleet.query("SELECT count(*) FROM attempt")[0][0]
    fleet.stop_all()
    faults += fleet.doctor_faults()
    print("%s=%d searches=%d trials=%d attempts=%d acknowledged=%d" % (
        harm, done, searches, fleet.ended(), attempts, len(fleet.acknowledged())))
    for fault in faults:
        print("seed %d: %s" % (seed, fault))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *(int(text) for text in sys.argv[3:]))
