# The checks of deploy/test, in their order. Each is a function check_<name> that succeeds or fails. Sourced after say.sh;
# the working folder is the project's, $scratch a folder that goes away at the end.

checks=(
    scripts format build generated journeys-j-z integration journeys-a-i conformance unit architecture tls daemons units
    hostile allocations fuzz
)
checks_told=(
    scripts "the scripts of deploy/ and Tests/, by shellcheck"
    format "Swift sources are formatted (swift format lint --strict)"
    build "programs and tests compile, warnings are errors"
    generated "what is generated from proto/ is fresh (deploy/generate --check)"
    journeys-j-z "the real programs, journey by journey: the second half by name"
    integration "tests with a real PostgreSQL"
    journeys-a-i "the real programs: the first half"
    conformance "what holds of every record type, with a real PostgreSQL"
    unit "tests without network and database"
    architecture "the sentences about the tree that Sources/README.md makes"
    tls "testssl.sh finds nothing of medium severity or worse at a gateway"
    daemons "what deploy/up starts keeps nothing of whoever ran it, as root and as a normal user"
    units "systemd accepts the units in deploy/systemd"
    hostile "the gateway under attack"
    allocations "a call allocates no more than Tests/Benchmarks/thresholds says (a release build)"
    fuzz "libFuzzer, a few seconds for each target (Tests/Fuzz)"
)
# Journeys and tests with a database wait more than they work: these run in lanes, side by side, the longest first.
in_lanes=(journeys-j-z integration journeys-a-i conformance unit architecture tls daemons units)
lanes=3
passed=() failed=() skipped=()

# Of the check build in this run: no (it did not run), yes (it passed) or failed.
is_built=no

is_check() { [[ " ${checks[*]} " == *" $1 "* ]]; }

# run_check NAME: runs it and remembers how it went; a failed one does not stop the others.
run_check() {
    local name=$1 began=$SECONDS
    if reason=$(reason_to_skip "$name"); then
        skipped+=("$name: $reason")
        return 0
    fi
    heading "$name"
    # set -e holds in a child, but not in the condition of an if.
    local status=0
    set +e
    (set -e && "check_$name")
    status=$?
    set -e
    [ "$name" != build ] || is_built=$([ "$status" -eq 0 ] && echo yes || echo failed)
    if [ "$status" -eq 0 ]; then
        passed+=("$name ($((SECONDS - began)) s)")
    else
        complain "the check $name failed"
        failed+=("$name ($((SECONDS - began)) s)")
    fi
}

# run_in_lanes NAME…: the checks in as many lanes as there are; a lane that is done takes the next one. What a lane says is shown
# when all have ended.
run_in_lanes() {
    local lane outcome running=()
    printf '%s\n' "$@" >"$scratch/waiting"
    for ((lane = 1; lane <= lanes; lane++)); do
        run_lane "$scratch/lane$lane" >"$scratch/lane$lane.log" 2>&1 </dev/null &
        running+=("$!")
    done
    wait "${running[@]}" || :
    for ((lane = 1; lane <= lanes; lane++)); do
        cat -- "$scratch/lane$lane.log"
        for outcome in passed failed skipped; do
            declare -n lines=$outcome
            # Without the file the lane broke off, which is a failure of what it took.
            [ -e "$scratch/lane$lane.$outcome" ] || { failed+=("lane $lane (broken off)") && break; }
            while read -r line; do [ -z "$line" ] || lines+=("$line"); done <"$scratch/lane$lane.$outcome"
        done
    done
}

# run_lane PATH: runs the checks that wait until none is left, and writes how they went to PATH.passed, .failed and .skipped.
run_lane() {
    local name outcome
    trap - EXIT
    passed=() failed=() skipped=()
    while name=$(next_waiting); do run_check "$name"; done
    for outcome in passed failed skipped; do
        declare -n ended=$outcome
        printf '%s\n' "${ended[@]}" >"$1.$outcome"
    done
}

# next_waiting: takes the first line of the list of waiting checks; fails when there is none.
next_waiting() {
    (
        flock 9
        local name
        read -r name <"$scratch/waiting" || return 1
        sed -i 1d "$scratch/waiting"
        echo "$name"
    ) 9>"$scratch/waiting.lock"
}

# reason_to_skip NAME: prints why the check is left out; fails when it is to run.
reason_to_skip() {
    case $1 in
        allocations | conformance | integration | journeys-* | hostile | tls | daemons)
            [ "$fast" = no ] || { echo "--fast" && return 0; }
            ;;
    esac
    case $1 in
        integration) compgen -G 'Tests/*IntegrationTests' >/dev/null || { echo "there are none" && return 0; } ;;
    esac
    case $1 in
        unit | architecture | conformance | integration | journeys-* | hostile | tls)
            [ "$is_built" != failed ] || { echo "the build failed" && return 0; }
            ;;
        units)
            command -v systemd-analyze >/dev/null || { echo "there is no systemd-analyze here" && return 0; }
            ;;
    esac
    return 1
}

# summary: what passed and what did not. Succeeds when nothing failed.
summary() {
    local line
    heading "Summary"
    for line in "${passed[@]}"; do note "${green}passed${plain}   $line"; done
    for line in "${skipped[@]}"; do note "left out $line"; done
    for line in "${failed[@]}"; do note "${red}failed${plain}   $line"; done
    printf 'checks: %d passed, %d failed, %d skipped\n' "${#passed[@]}" "${#failed[@]}" "${#skipped[@]}"
    [ "${#failed[@]}" -eq 0 ]
}

# Variables go from one sourced file to the other, which the linter does not see.
check_scripts() {
    local files
    mapfile -t files < <(git ls-files --cached --others --exclude-standard -- deploy .ci Tests | sort -u |
        xargs -d '\n' grep -lE '^#!.*\bbash|^# .*Sourced ')
    shellcheck --shell=bash --severity=warning --exclude=SC1090,SC1091,SC2034,SC2154 "${files[@]}"
}

# What is generated says swift-format-ignore-file.
check_format() {
    local files
    mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.swift')
    swift format lint --strict --parallel --configuration .swift-format "${files[@]}"
}

check_build() { swift build --build-tests; }

# The products of check_build. Not asked of SwiftPM, which would wait for whatever else it builds at the moment.
debug_products=$root/.build/debug

# compile_ahead: compiles what the last checks need while the tests before them wait, with time of the processors that nobody else
# wants.
compile_ahead() {
    local idle=(nice -n 19)
    ! chrt --idle 0 true 2>/dev/null || idle=(chrt --idle 0 nice -n 19)
    # The lock is held until both are done.
    (
        trap - EXIT
        exec 8>"$scratch/ahead.lock" && flock 8
        exec setsid "${idle[@]}" bash -c '"$0/Tests/Fuzz/run" build; swift build --package-path "$0" -c release \
            --static-swift-stdlib --product steward-echo' "$root"
    ) >"$scratch/ahead.log" 2>&1 </dev/null &
    ahead=$!
    wait_until 10 test -e "$scratch/ahead.lock"
}

# stop_ahead: ends it. On a machine that others keep busy it gets no time, so whoever wants what it compiles goes on with the rest
# himself; for the end of the script, too.
stop_ahead() {
    [ -n "${ahead-}" ] || return 0
    signal_session TERM "$ahead"
    # SwiftPM ends when its compilers do, each in a process group of its own; one that was told so may hang.
    flock --timeout 10 "$scratch/ahead.lock" true || signal_session KILL "$ahead"
    flock --timeout 60 "$scratch/ahead.lock" true || fail "what was compiled ahead does not end (session $ahead)"
}

# signal_session SIGNAL ID: to all processes of a session, whatever their process groups.
signal_session() {
    local members
    mapfile -t members < <(sed -n "s/^\([0-9]*\) (.*) [A-Z] [0-9]* [0-9]* $2 .*/\1/p" /proc/[0-9]*/stat 2>/dev/null)
    [ "${#members[@]}" -eq 0 ] || kill -"$1" "${members[@]}" 2>/dev/null || :
}

check_generated() { STEWARD_GENERATOR=$debug_products/protoc-gen-steward deploy/generate --check; }

# One target after the other: all at once, on two cores, the fast ones wait for the slow ones until their limits pass.
check_unit() {
    local target name result=0
    for target in Tests/*Tests; do
        name=$(basename "$target")
        case $name in
            *IntegrationTests | SystemTests | HostileTests | ArchitectureTests | ThinClientTests) continue ;;
        esac
        run_tests --filter "^$name\\." || result=1
    done
    return "$result"
}

check_architecture() { run_tests --filter '^ArchitectureTests\.'; }

# In release mode: a debug build allocates more, and differently from one compiler to the next.
check_allocations() {
    mkdir -p -- "$scratch/certificates"
    stop_ahead
    swift build -c release --static-swift-stdlib --product steward-echo
    local echo_program
    echo_program=$(swift build -c release --show-bin-path)/steward-echo
    "$echo_program" certificates "$scratch/certificates"
    compile_counter "$scratch"
    count_allocations "$echo_program" "$scratch" "$scratch/certificates" "$scratch/allocations.json"
}

# The longest of the targets with a database is a check of its own.
conformance=Tests/RecordConformanceIntegrationTests

# Each target starts a PostgreSQL of its own, which goes away with it. Targets and tests one after the other, so that they
# do not take each other's connections and time.
check_integration() {
    local target result=0
    for target in Tests/*IntegrationTests; do
        [ "$target" != "$conformance" ] || continue
        run_tests --no-parallel --filter "^$(basename "$target")\\." || result=1
    done
    return "$result"
}

check_conformance() { run_tests --no-parallel --filter "^$(basename "$conformance")\\."; }

# The journeys of one half run one after the other: some end and start programs that all of them use.
check_journeys-a-i() { run_journeys --filter '^SystemTests\.SystemTests/[A-I]'; }
check_journeys-j-z() { run_journeys --filter '^SystemTests\.' --skip '^SystemTests\.SystemTests/[A-I]'; }
run_journeys() { STEWARD_TEST_PROGRAMS=$debug_products run_tests "$@"; }

# After the journeys: attacks need the machine for themselves.
check_hostile() { STEWARD_TEST_PROGRAMS=$debug_products run_tests --filter '^HostileTests\.'; }

check_tls() { STEWARD_TEST_PROGRAMS=$debug_products Tests/TLSAudit/run; }

# Long enough to read the corpus and to try some thousand inputs; Tests/Fuzz/run all --seconds N does more.
check_fuzz() {
    stop_ahead
    Tests/Fuzz/run all --seconds 5
}

check_daemons() { Tests/Deploy/daemons; }

check_units() {
    deploy/systemd/verify
}

# run_tests ARGUMENT…: runs tests that check_build has built, without SwiftPM, which looks at the whole package first and holds its
# lock meanwhile. Running none is a failure.
run_tests() {
    local log program
    log=$(mktemp -- "$scratch/tests.XXXXXX")
    [ "$is_built" = yes ] || swift build --build-tests
    program=$(compgen -G "$debug_products/*PackageTests.xctest")
    NO_COLOR=1 "$program" --testing-library swift-testing "$@" 2>&1 | tee "$log" || return 1
    if grep -qE 'Test run with 0 tests' "$log" || ! grep -qE 'Test run with [0-9]+ test' "$log"; then
        complain "no test was run" "The filter was: $*"
        return 1
    fi
}
