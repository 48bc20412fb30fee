#!/bin/bash
# Runs each fuzzer for some seconds over its kept corpus: run.sh SECONDS_EACH [FUZZER...]
#
# New inputs that reach new code go to .build-fuzz/corpus; the kept corpus is only read. An input that ends a fuzzer is
# left in .build-fuzz/findings: mend the decoder, then put the input into Corpus/ under a name that says what it was.
set -eu -o pipefail

seconds=${1:?usage: run.sh SECONDS_EACH [FUZZER...]}
shift
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/.build-fuzz
export PATH=$PATH:/usr/libexec/swift/bin
# Swift's own report of a crash would keep libFuzzer from saving the input.
export SWIFT_BACKTRACE=enable=no

if [ $# -eq 0 ]; then
    for folder in "$here"/Sources/*/; do set -- "$@" "$(basename "$folder")"; done
fi
for fuzzer in "$@"; do
    # What only the Balancer itself knows can be tested.
    swift build --package-path "$here" --scratch-path "$build" --configuration release --sanitize fuzzer \
        -Xswiftc -enable-testing --product "$fuzzer"
done

fuzz() {
    local fuzzer=$1 found=$build/corpus/$1
    mkdir -p "$found" "$build/findings"
    "$build/release/$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=16384 \
        -print_final_stats=1 -artifact_prefix="$build/findings/$fuzzer-" "$found" "$here/Corpus/$fuzzer" \
        2>"$build/$fuzzer.log" || {
        tail -n 40 "$build/$fuzzer.log" >&2
        echo "$fuzzer: failed; the input is in $build/findings" >&2
        return 1
    }
    echo "$fuzzer: $(grep -oE '(number_of_executed_units|new_units_added): *[0-9]+' "$build/$fuzzer.log" | xargs)"
}

# Each keeps one core busy.
cores=$(nproc)
echo "fuzzing for $seconds s each, $cores at a time"
export -f fuzz
export seconds here build
printf '%s\0' "$@" | xargs -0 -P "$cores" -I{} bash -eu -o pipefail -c 'fuzz {}'
