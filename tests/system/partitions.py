"""The network between coordinator and workers vanishes for a while, again and again; connections are not told.

usage: partitions.py DIRECTORY PARTITIONS SEED [LONGEST_SECONDS]
Must run in a network namespace of its own (unshare -n), whose loopback it takes down and up. After each partition every
worker must be back to work within two heartbeats and two seconds. Prints one line of figures; exit status 1 and the
reason if anything is wrong.
"""
import random
import subprocess
import sys
import time

from fleet import Fleet

LEASE_S = 3
BACK_S = 2 * LEASE_S / 6 + 2  # two heartbeats, of which a lease has six, and two seconds


def network(state):
    subprocess.run(["ip", "link", "set", "lo", state], check=True)


def work_of_workers(fleet):
    """How much each worker has had recorded: attempts and points."""
    return dict(fleet.query("SELECT worker.name, count(*) + sum(points) FROM attempt JOIN worker ON worker.id = worker"
                            " GROUP BY 1"))


def time_until_all_work(fleet):
    before, started = work_of_workers(fleet), time.monotonic()
    everybody = lambda: all(work > before[name] for name, work in work_of_workers(fleet).items())
    return time.monotonic() - started if fleet.wait(everybody, 30) else None


def main(directory, partitions, seed, longest=8):
    dice = random.Random(seed)
    network("up")
    fleet = Fleet(directory, workers=3, lease="%ds" % LEASE_S)
    fleet.start_all()
    searches, faults, back = 0, [], []
    while len(back) < partitions and not faults:
        searches += 1
        name = "grid-%d" % searches
        fleet.submit(name, "grid", points=10, delay_ms=60, size=(40, 40))
        fleet.wait(lambda: len(work_of_workers(fleet)) == 3, 10)
        while len(back) < partitions and not faults:
            time.sleep(dice.uniform(0.1, 1.0))
            if fleet.query("SELECT count(*) FROM v_trial WHERE search = ? AND state = 'done'", name)[0][0] > 1500:
                break
            network("down")
            time.sleep(dice.uniform(0.1, longest))
            network("up")
            back.append(time_until_all_work(fleet))
            if back[-1] is None or back[-1] > BACK_S:
                faults.append("partition %d: back to work after %s s, not %.1f" % (len(back), back[-1], BACK_S))
        fleet.ldt("stop", name) if len(back) == partitions else None
        if not fleet.wait(lambda: fleet.query("SELECT count(*) FROM trial WHERE state < 3")[0][0] == 0, 60):
            faults.append("I4: %s does not end" % name)
    faults += fleet.faults()
    lost = fleet.query("SELECT count(*) FROM attempt WHERE state = 7")[0][0]
    fleet.stop_all()
    known = sorted(seconds for seconds in back if seconds is not None)
    print("partitions=%d trials=%d attempts_lost=%d back_after_median=%.2f back_after_max=%.2f" % (
        len(back), fleet.ended(), lost, known[len(known) // 2], known[-1]))
    for fault in faults:
        print("seed %d: %s" % (seed, fault))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main(sys.argv[1], *(int(text) for text in sys.argv[2:]))
