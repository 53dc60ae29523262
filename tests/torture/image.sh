#!/bin/sh
# deploy/Containerfile without a container engine: its steps are carried out in roots made by debootstrap, and the
# programs are run in the last one as the user that it names. Needs root, debootstrap and a Debian mirror. (TAP)
# limit: 900
. "$(dirname "$0")/../system/lib.sh"
what='the steps of deploy/Containerfile lead to an image whose programs run'
[ "$(id -u)" -eq 0 ] || { skipped "$what" 'only root can change the root directory'; end_of_test; }
command -v debootstrap >/dev/null || { skipped "$what" 'debootstrap is not installed'; end_of_test; }
cd "$(dirname "$0")/../.." || exit 1
mirror=$(sed -n 's/^URIs: *\(.*debian\)$/\1/p; s/^deb \([^ ]*\) .*main.*/\1/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)
base=$work/base
nice debootstrap --variant=minbase bookworm "$base" ${mirror:+"$mirror"} >"$work/base.log" 2>&1 ||
    { tail -n 3 "$work/base.log" | sed 's/^/# /'; skipped "$what" 'debootstrap reaches no mirror'; end_of_test; }
cp /etc/resolv.conf "$base/etc/" 2>/dev/null

unmount() { for root in "$work"/root-*; do umount "$root/proc" "$root/dev" 2>/dev/null; done; }
finish() { unmount; rm -rf --one-file-system "$work"; }

# One instruction; the state is in root, directory, user and command.
stage=0 root= directory=/ user=0:0 command=
obey() {
    instruction=$1; shift
    case $instruction in
    FROM)
        stage=$((stage + 1)) directory=/ user=0:0
        root=$work/root-$stage
        cp -a "$base" "$root" && mount --bind /proc "$root/proc" && mount --bind /dev "$root/dev"
        [ "${2:-}" != AS ] || ln -s "root-$stage" "$work/stage-$3" ;;
    WORKDIR) directory=$1; mkdir -p "$root$1" ;;
    COPY)
        from=.
        case $1 in --from=*) from=$work/stage-${1#--from=}; shift ;; esac
        case $2 in /*) to=$root$2 ;; *) to=$root$directory/$2 ;; esac
        mkdir -p "$(dirname "$to")"
        if [ -d "$from/$1" ]; then mkdir -p "$to" && cp -a "$from/$1/." "$to"; else cp -a "$from/$1" "$to"; fi ;;
    RUN) nice chroot "$root" /bin/sh -c "cd '$directory' && $*" ;;
    USER) user=$1 ;;
    CMD) command=$* ;;
    *) echo "what is $instruction?"; false ;;
    esac
}

# Comments out, continued lines joined.
sed '/^ *#/d; :join; /\\$/ { N; s/\\\n */ /; b join }' deploy/Containerfile | sed '/^$/d' >"$work/steps"
while read -r step; do
    # shellcheck disable=SC2086
    case $step in
    RUN*) obey RUN "${step#RUN }" ;;
    *) set -f; obey $step; set +f ;;
    esac >"$work/step.log" 2>&1 </dev/null || {
        failed "$what"; say "$step"; tail -n 20 "$work/step.log" | sed 's/^/#   /'; end_of_test; }
    say "done: $step"
done <"$work/steps"
passed 'every step of deploy/Containerfile can be carried out'
in_image() { chroot --userspec="$user" "$root" "$@"; }
check 'its user is not root' test "${user%%:*}" -gt 0
for program in ldt ldt-coordinator ldt-worker; do
    check "$program finds its libraries there" in_image "$program" --version
done
check 'and the built-in trainer runs' sh -c "echo '{\"seed\": 1, \"parameters\": {\"task\": \"task-a\", \"epochs\": 1}}' |
    chroot --userspec='$user' '$root' env HOME=/tmp ldt-worker trial | grep -q '\"metrics\"'"
check_equal 'what it starts is the list of verbs' '["ldt", "--help"]' "$command"
unmount
say "figures: $(du -sm "$root" | cut -f1) MiB, $(du -sm "$base" | cut -f1) of them Debian's"
end_of_test
