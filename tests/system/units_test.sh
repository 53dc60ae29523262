#!/bin/sh
# What deploy/ says to others must be true: systemd accepts the units and finds them hardened, and every option and
# every package that a unit, a job, a manifest or the Containerfile names exists. (TAP)
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.." || exit 1

# ---- make install, and systemd's opinion of what it installed
prefix=$work/installed
make -s -o all install BUILD="$build" PREFIX="$prefix" >"$work/install.log" 2>&1 || give_up 'make install installs'
units=$prefix/lib/systemd/system
if command -v systemd-analyze >/dev/null; then
    for unit in ldt-coordinator ldt-worker; do
        check_equal "systemd has nothing to say against $unit.service" '' \
            "$(systemd-analyze verify --recursive-errors=no --man=no "$units/$unit.service" 2>&1)"
        check "and finds it hardened: exposure 2.0 at most" \
            systemd-analyze security --offline=true --threshold=20 --no-pager "$units/$unit.service"
    done
    mkdir -p "$work/root/etc"
    systemd-sysusers --root="$work/root" "$PWD/deploy/systemd/ldt.conf" >"$work/sysusers.log" 2>&1
    check 'the user of the coordinator can be made' grep -q '^ldt:' "$work/root/etc/passwd"
else
    skipped 'systemd accepts the units' 'systemd-analyze is not installed'
fi
check_equal 'the installed units start the installed programs' "$prefix/bin/ldt-coordinator $prefix/bin/ldt-worker" \
    "$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$units"/ldt-*.service | paste -sd ' ')"

# ---- every option that somebody else is told to use
# Of the program $1 in the files after it: lines that end with a backslash are one.
options_used() {
    program=$1; shift
    sed -e ':join' -e '/\\$/ { N; s/\\\n */ /; b join' -e '}' "$@" | grep -v '^ *#' |
        grep -E "(^|[ /=])$program -" | grep -oE -e ' --[a-z-]+' | sort -u
}
# All long options in a manifest: there each stands on a line of its own.
options_listed() { sed -n 's/^ *- \(--[a-z-]*\)=.*/ \1/p' "$1"; }
unknown_options() {
    "$bin/$1" --help >"$work/help"
    while read -r option; do
        grep -qE -e "(^| )$option([= ,[]|\$)" "$work/help" || printf '%s ' "$option"
    done
}
for program in ldt-coordinator ldt-worker; do
    manifest=deploy/kubernetes/workers.yaml job=deploy/slurm/workers.sbatch
    [ $program = ldt-worker ] || { manifest=deploy/kubernetes/coordinator.yaml job=deploy/slurm/coordinator.sbatch; }
    { options_used $program deploy/systemd/$program.service; echo; options_used $program $job; echo
      options_listed $manifest; echo; } >"$work/options"
    check_equal "a unit, a job and a manifest name options of $program" 3 "$(awk -v RS= 'END { print NR }' "$work/options")"
    check_equal "and each of them exists" '' "$(sort -u "$work/options" | grep -e ' --' | unknown_options $program)"
done

# ---- what submit.sh does to a directory that somebody names by mistake
mkdir "$work/path" "$work/group"
chmod 755 "$work/group"
for program in sbatch ldt ldt-coordinator ldt-worker; do printf '#!/bin/sh\n' >"$work/path/$program"; done
chmod +x "$work"/path/*
PATH="$work/path:$PATH" sh deploy/slurm/submit.sh -d "$work/group" -n node -b /local/runs.db >"$work/submit.out" 2>&1
check_equal 'a directory that others may enter is refused' 1 $?
check_says 'with what to do' "chmod 700 $work/group" "$work/submit.out"
check_equal 'and left as it was' '755 0' "$(stat -c %a "$work/group") $(ls "$work/group" | wc -l)"
PATH="$work/path:$PATH" sh deploy/slurm/submit.sh -d "$work/own" -n node -b /local/runs.db >"$work/submit.out" 2>&1
check_equal 'one that it makes is for the user alone' '0 700' "$? $(stat -c %a "$work/own")"

# ---- the Containerfile
last_stage=$(sed -n '/^FROM debian:12-slim$/,$p' deploy/Containerfile)
missing_libraries() {
    for program in ldt ldt-coordinator ldt-worker; do
        readelf -d "$bin/$program" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p'
    done | sort -u | while read -r library; do
        # Several packages may have a library of that name: one of them is enough.
        owners=$(dpkg-query -S "*/$library" 2>/dev/null | sed 's/[:,].*//' | sort -u)
        for owner in $owners nobody; do
            case " $last_stage libc6 libgcc-s1 libasan8 libubsan1 " in *" $owner "*) break ;; esac
        done
        [ "$owner" != nobody ] || echo "$library"
    done
}
check_equal 'every library that the programs need is in the image' '' "$(missing_libraries)"
check_equal 'every file that is copied into the image exists' '' \
    "$(sed -n 's/^COPY \([^-][^ ]*\) .*/\1/p' deploy/Containerfile | while read -r path; do [ -e "$path" ] || echo "$path"; done)"
check_equal 'the image has a user that is not root, by number' 'USER 10001:10001' "$(echo "$last_stage" | grep '^USER')"
end_of_test
