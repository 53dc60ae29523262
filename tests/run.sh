#!/bin/sh
# Runs test programs and scripts (all speak TAP), two at a time, and prints what failed and then one line with the sum.
# usage: tests/run.sh BUILD TEST...
# A script whose second line is "# tests/run.sh: sleeps" mostly waits for others: it takes nobody's place, but runs
# beside all of them from the beginning.

# What one job of xargs below does: runs a test, keeps its output and exit status.
one() {
    log=$2/$(printf %s "$1" | tr '/' '_').log
    case $1 in *.sh) sh "$1" ;; *) "$1" ;; esac >"$log" 2>&1
    echo "$?" >"$log.status"
}
if [ "$1" = --one ]; then
    one "$2" "$3"
    exit 0
fi

build=$1
shift
case ${TMPDIR:-} in
*[!A-Za-z0-9/._-]*) echo "tests/run.sh: TMPDIR is $TMPDIR: tests write it into specs and scripts; name one without blanks" >&2; exit 2 ;;
esac
out=$(mktemp -d "${TMPDIR:-/tmp}/ldt-check.XXXXXX") || exit 1
trap 'rm -rf "$out"' EXIT
# Whose machine this is, and what he has set for his own searches, is not what is tested.
unset OPENBLAS_CORETYPE OPENBLAS_NUM_THREADS LDT_COORDINATOR LDT_KEY_FILE NOTIFY_SOCKET POSIXLY_CORRECT ARGP_HELP_FMT \
    COLUMNS
umask 022
export CMOCKA_MESSAGE_OUTPUT=tap LDT_BUILD="$build" LDT_FIXTURES="${LDT_FIXTURES:-tests/fixtures}"
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1}" UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS="${LSAN_OPTIONS:-suppressions=$(dirname "$0")/fuzz/leaks.txt:print_suppressions=0}"
sleeps() { case $1 in *.sh) [ "$(sed -n 2p "$1")" = '# tests/run.sh: sleeps' ] ;; *) false ;; esac; }
for test; do
    if sleeps "$test"; then one "$test" "$out" & else printf '%s\n' "$test" >>"$out/list"; fi
done
[ ! -e "$out/list" ] || xargs -P "${LDT_JOBS:-2}" -I{} sh "$0" --one {} "$out" <"$out/list"
wait
awk -v out="$out" '
    function count(name, log_file,   line, ok, bad, skipped, status) {
        while ((getline line < log_file) > 0) {
            if (line ~ /^(not )?ok .*# *SKIP/) skipped++
            else if (line ~ /^ok /) ok++
            else if (line ~ /^not ok /) { bad++; text = text "  " name ": " line "\n" }
        }
        getline status < (log_file ".status")
        if (status != 0 && bad == 0) { bad++; text = text "  " name ": exit status " status "\n" }
        if (ok + bad + skipped == 0) { bad++; text = text "  " name ": no test ran\n" }
        if (bad > 0) { print "---- " name; system("tail -n 60 " log_file) }
        else printf "%-70s %d passed%s\n", name, ok, skipped ? ", " skipped " skipped" : ""
        passed += ok; failed += bad; skips += skipped
    }
    BEGIN {
        for (i = 1; i < ARGC; i++) { name = ARGV[i]; file = name; gsub("/", "_", file); count(name, out "/" file ".log") }
        if (text != "") printf "failed:\n%s", text
        printf "%d passed, %d failed, %d skipped\n", passed, failed, skips
        exit failed > 0
    }' "$@"
