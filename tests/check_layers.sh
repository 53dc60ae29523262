#!/bin/sh
# Does any file include a header of a folder that tests/layers.txt does not allow it? (TAP)
cd "$(dirname "$0")/.." || exit 1
bad=0
for folder in $(sed -n 's/^\([a-z][a-z/]*\):.*/\1/p' tests/layers.txt); do
    allowed=" $(tests/closure.sh "$folder")"
    for file in "$folder"/*.c "$folder"/*.h; do
        [ -e "$file" ] || continue
        for header in $(sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$file"); do
            case $allowed in
            *" ${header%/*} "*) ;;
            *) echo "# $file includes $header, which $folder may not"; bad=$((bad + 1)) ;;
            esac
        done
    done
done
# What must stay pure: no system, storage or network header in the state machines and samplers.
for folder in coordinator/core coordinator/search coordinator/space worker/agent worker/numeric worker/net worker/meta; do
    if grep -nE '#include <(zmq|czmq|sqlite3|protobuf-c|unistd|time|sys/|pthread|poll)' "$folder"/*.[ch] 2>/dev/null |
        grep -vE '^worker/numeric/blas.c:.*(unistd|sys/mman)'; then # it may execute the program again, and looks for OpenBLAS's memory, before any number is computed
        echo "# $folder must be pure"; bad=$((bad + 1))
    fi
done
[ "$bad" -eq 0 ] && echo "ok 1 - every include is allowed by tests/layers.txt" || { echo "not ok 1 - $bad forbidden includes"; exit 1; }
