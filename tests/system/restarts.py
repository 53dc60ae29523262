"""The coordinator is killed or ended, and started again, while long trials run: none of them may be started again.

usage: restarts.py DIRECTORY RESTARTS SEED
Prints one line of figures; exit status 1 and the reason if anything is wrong.
"""
import random
import signal
import sys
import time

from fleet import Fleet


def main(directory, restarts, seed):
    dice = random.Random(seed)
    fleet = Fleet(directory, workers=4, lease="10s")
    fleet.start_all()
    searches, faults, done = 0, [], 0
    while done < restarts:
        searches += 1
        name = "long-%d" % searches
        fleet.submit(name, "grid", points=60, delay_ms=50, size=(4, 8))
        while done < restarts and not fleet.is_done(name):
            time.sleep(dice.uniform(0.2, 1.2))
            fleet.kill("coordinator", dice.choice([signal.SIGKILL, signal.SIGTERM]))
            fleet.start("coordinator")
            fleet.wait(fleet.is_ready, 20)
            done += 1
        if not fleet.wait(lambda: fleet.is_done(name), 60):
            faults.append("I4: %s does not end" % name)
    again = fleet.query("SELECT count(*) FROM attempt WHERE number > 1")[0][0]
    if again > 0:
        faults.append("%d trials were started again" % again)
    faults += fleet.faults()
    fleet.stop_all()
    print("restarts=%d searches=%d trials=%d started_again=%d" % (done, searches, fleet.ended(), again))
    for fault in faults:
        print("seed %d: %s" % (seed, fault))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
