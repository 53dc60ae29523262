"""kill -9 of coordinator and workers, again and again, over searches that go on.

usage: kills.py DIRECTORY KILLS SEED [SECONDS]

One search after another, grid and TPE in turns. When a search has ended, the grid's outcomes and curves must equal
those of a fleet that nobody disturbed, to the last bit, and every suggestion of the TPE must replay. No invariant may
be broken. SECONDS, if given, ends it earlier. Prints one line of figures; exit status 1 and the reason if anything is
wrong. Moments and victims follow from the seed.
"""
import random
import sys
import time

from fleet import Fleet

WORKERS = 4
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
    if kind == "tpe":
        faults += fleet.replay_faults()
    return ["%s: %s" % (name, fault) for fault in faults]


def disturb(fleet, name, dice, kills, deadline):
    """Kills until the search has ended, `kills` are done or time is over; returns how many it were."""
    done = 0
    while done < kills and time.monotonic() < deadline:
        time.sleep(dice.uniform(0.0, 0.16))
        victim = dice.choice(fleet.names + fleet.names[1:])
        fleet.kill(victim)
        fleet.start(victim)
        done += 1
        if done % 20 == 0 and fleet.wait(lambda: True, 1) and fleet.is_done(name):
            break
    return done


def main(directory, kills, seed, seconds=86400):
    dice, calm = random.Random(seed), undisturbed(directory)
    deadline = time.monotonic() + seconds
    fleet = Fleet(directory + "/storm", WORKERS)
    fleet.start_all()
    done, searches, faults = 0, 0, []
    while done < kills and time.monotonic() < deadline and not faults:
        kind = "grid" if searches % 2 == 0 else "tpe"
        searches += 1
        name = "%s-%d" % (kind, searches)
        fleet.wait(fleet.is_ready, 30)
        fleet.submit(name, kind, trials=TRIALS[kind])
        done += disturb(fleet, name, dice, kills - done, deadline)
        if not fleet.wait(lambda: fleet.is_done(name), 120):
            faults.append("I4: %s does not end" % name)
        faults += check(fleet, name, kind, calm)
    faults += fleet.doctor_faults()
    attempts = fleet.query("SELECT count(*) FROM attempt")[0][0]
    fleet.stop_all()
    print("kills=%d searches=%d trials=%d attempts=%d acknowledged=%d" % (
        done, searches, fleet.ended(), attempts, len(fleet.acknowledged())))
    for fault in faults:
        print("seed %d: %s" % (seed, fault))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main(sys.argv[1], *(int(text) for text in sys.argv[2:]))
