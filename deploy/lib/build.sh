# Building the programs. Sourced after say.sh and installation.sh; $root is the project's folder.

# Megabytes that must be free before a build: a release build takes about 1,500, a debug build with tests 3,000.
disk_release_mb=2500
disk_debug_mb=4000

# require_disk FOLDER MEGABYTES WHAT-FOR
require_disk() {
    local free
    free=$(df -Pm -- "$1" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$2" ] ||
        fail "only $free MB are free on the disk of $1; $3 needs $2 MB" \
            "Make room: what is in $root/.build can be deleted, it is made anew." \
            "Or clone Steward to a larger disk. Then run $self again."
}

# build_programs: the programs and the command line, in release mode. Quick when nothing has changed.
build_programs() {
    programs_dir=$(swift build --package-path "$root" -c release --show-bin-path)
    [ -x "$programs_dir/steward" ] || require_disk "$root" "$disk_release_mb" "a release build"
    local log=$root/.steward/log/build.log product
    for product in $(program_names | sed 's/^/steward-/') steward; do
        build_product "$product" "$log"
    done
}

# build_product NAME LOG
build_product() {
    swift build --package-path "$root" -c release --static-swift-stdlib --product "$1" >"$2" 2>&1 && return 0
    tail -n 40 "$2" >&2
    if grep -q 'No space left on device' "$2"; then
        fail "the disk became full while building $1" "Make room, then run $self again; it goes on where it stopped."
    fi
    fail "building $1 failed; the last lines of $2 stand above"
}
