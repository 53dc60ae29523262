#!/bin/sh
# Every system call by which the coordinator's database reads and writes fails, once each: with no space it waits and
# goes on, with an I/O error it ends with a sentence and status 1 and the next start goes on; it never hangs, dies of a
# signal, or acknowledges what is not there. (TAP)
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fault.sh"

{
    for n in 1 2 3 4 6 9 13 20 30 45 70 100; do
        for how in EIO ENOSPC EDQUOT short; do echo "pwrite64:$n:$how"; done
        echo "pread64:$n:EIO"
    done
    for n in 1 2 3 4 5 6 8 10; do
        for how in EIO ENOSPC; do echo "fdatasync:$n:$how"; echo "open64:$n:$how"; done
        for call in fstat64 ftruncate64; do echo "$call:$n:EIO"; done
        echo "open64:$n:EMFILE"
    done
    for n in 1 2 3; do
        for call in open fsync rename; do echo "$call:$n:EIO"; echo "$call:$n:ENOSPC"; done
        echo "mmap64:$n:ENOMEM"
    done
} >"$work/all"
{ echo fdatasync:3:EIO; echo pwrite64:30:EDQUOT; shuffled 4 <"$work/all"; } >"$work/faults"

# A file that could not be synced must not be trusted again: the kernel may have dropped what it could not write. A
# directory is another matter, SQLite tries that without a promise.
judge_disk() {
    coordinator_meets "$1"
    judge "$1" 'ldt-coordinator: \|database-broken'
    case $1:$outcome in
    fdatasync:*:went-on)
        grep -q 'on .*runs.db\(-wal\)\?$' "$work/fired" && wrong "$1" 'it went on after a failed sync' ;;
    pwrite64:*:ENOSPC:died | pwrite64:*:EDQUOT:died)
        grep -q 'event=ready' "$work/faulty.log" && wrong "$1" 'it should have waited for space' ;;
    pwrite64:*:short:died) wrong "$1" 'half a write is no error' ;;
    esac
}
begin_searches
for_each_fault judge_disk
finish_searches
check_uncharged
say "figures: $injected failed calls ($idle not reached), $survived of them survived, in $searches searches"
end_of_test
