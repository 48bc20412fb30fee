# For scripts that take minutes, to be sourced: they tell every ten seconds what goes on, keep their result in a cache
# folder, wait for one another, and leave nothing behind when they are interrupted. `topic` begins each line.

set -m # each step is a process group of its own, to be ended whole
umask 022

readonly cache=${LBD_CACHE:-/var/cache/lbd}
readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { printf '%s: %s\n' "$topic" "$*" >&2; }
die() {
    say "error: $*"
    exit 1
}

# Runs a command with its output in a log; tells once every ten seconds that it goes on, and shows the log if it fails.
step() {
    local what=$1 usual_seconds=$2
    shift 2
    say "$what (about $usual_seconds s on two cores)"
    local started=$SECONDS status=0
    "$@" </dev/null >"$work/log" 2>&1 &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        sleep 1
        local gone=$((SECONDS - started))
        if ((gone % 10 == 0)); then say "  $what: $gone s of about $usual_seconds s"; fi
    done
    wait "$pid" || status=$?
    pid=
    if ((status != 0)); then
        tail -n 40 "$work/log" >&2
        die "$what failed with status $status"
    fi
    say "$what: done in $((SECONDS - started)) s"
}

# Makes `work`, a folder in the cache that goes when the script ends, and with it what a step still runs.
begin_work() {
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/$topic.XXXXXX")
    chmod 755 "$work"
    trap end_work EXIT
    trap 'exit 130' INT TERM HUP
}

end_work() {
    if [[ -n ${pid-} ]]; then
        kill -- "-$pid" 2>/dev/null || true
        wait "$pid" || true
    fi
    cd /
    rm -rf --one-file-system "$work"
}

# Prints the folder NAME of the cache. Where it is missing, FUNCTION makes it, as "$work/result".
keep() {
    local result=$cache/$1 make=$2
    if [[ ! -e $result ]]; then
        mkdir -p "$cache"
        exec 9>"$cache/$topic.lock"
        flock --nonblock 9 || {
            say 'another build is under way; waiting for it'
            flock --timeout 3600 9 || die 'the other build does not end'
        }
    fi
    if [[ ! -e $result ]]; then
        rm -rf --one-file-system "$cache/$topic".?????? # of one that was killed
        begin_work
        "$make"
        mv "$work/result" "$result"
        say "kept in $result"
    fi
    printf '%s\n' "$result"
}

# The base of the mirror that the machine itself uses.
debian_mirror() {
    local mirror
    mirror=$(first_debian_repository)
    if [[ -z $mirror ]]; then
        apt-get -qq update >&2 || die 'apt-get update failed'
        mirror=$(first_debian_repository)
    fi
    [[ -n $mirror ]] || die "this machine's apt has no Debian mirror"
    [[ -r $keyring ]] || die "$keyring is missing: install debian-archive-keyring"
    printf '%s\n' "$mirror"
}

first_debian_repository() {
    apt-get indextargets --format '$(REPO_URI) $(LABEL) $(CREATED_BY)' |
        awk '$2 == "Debian" && $3 == "Packages" { print $1; exit }'
}
