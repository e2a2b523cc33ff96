# The programs as processes: started in the background with a pid file and a log, stopped by SIGTERM, which drains.
# Sourced after installation.sh, daemon.sh, cluster.sh, ports.sh and state.sh; $programs_dir is where they were built.

# In the order of their start, the gateway last; they stop in the opposite order.
mapfile -t programs < <(program_names | tac)
# How long a program may take to become ready, and to drain, in seconds.
ready_seconds_max=60
drain_seconds_max=30

# Ports count from a base that the user may choose instead of 7400, the gateway's in the table, and ten further on the ports for
# metrics and health.
port_base_default=$(program_column gateway 2)

program_port() { echo $((port_base + $(program_column "$1" 2) - port_base_default)); }

admin_port() { echo $(($(program_port "$1") + 10)); }

# load_ports [BASE]: takes the base from the argument or from the last run, and remembers it.
load_ports() {
    port_base=${1:-$(cat -- "$state/etc/port-base" 2>/dev/null || echo "$port_base_default")}
    [ -z "${1-}" ] || echo "$port_base" >"$state/etc/port-base"
}

# program_pid NAME: the process, if it runs and is that program.
program_pid() {
    local pid
    pid=$(cat -- "$state/run/$1.pid" 2>/dev/null) || return 1
    is_alive "$pid" || return 1
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$(printf 'steward-%s' "$1" | cut -c 1-15)" ] && printf '%s' "$pid"
}

# program_stamp NAME: changes when the program was built anew or its settings changed.
program_stamp() {
    stat -L -c '%i %s %Y' -- "$programs_dir/steward-$1"
    cksum <"$state/etc/$1.yaml"
}

# start_programs: starts what does not run, and what runs with an old build or old settings again.
start_programs() {
    local name
    for name in "${programs[@]}"; do
        if program_pid "$name" >/dev/null; then
            [ "$(program_stamp "$name")" != "$(cat -- "$state/run/$name.stamp" 2>/dev/null)" ] || continue
            stop_program "$name"
        fi
        start_program "$name"
    done
    for name in "${programs[@]}"; do await_program "$name"; done
}

# start_program NAME
start_program() {
    local name=$1 port
    for port in "$(program_port "$name")" "$(admin_port "$name")"; do
        ! port_answers "$port" ||
            fail "port $port, which steward-$name needs, is held by $(port_holder "$port")" \
                "End that program, or choose other ports for Steward: $self --port $((port_base + 100))"
    done
    local program=$programs_dir/steward-$name log=$state/log/$name.log
    "$program" --config "$state/etc/$name.yaml" --check >"$state/run/$name.check" 2>&1 ||
        fail "steward-$name refuses its settings in $state/etc/$name.yaml:" "$(cat -- "$state/run/$name.check")"
    printf '%s\n' "--- started by $self, $(date -u +%FT%TZ)" >>"$log"
    # A Swift task is larger than what malloc keeps at hand for a thread by default (1,032 bytes).
    (export GLIBC_TUNABLES=glibc.malloc.tcache_max=4096:glibc.malloc.tcache_count=200 &&
        become_daemon "$program" --config "$state/etc/$name.yaml" >>"$log" 2>&1) &
    echo $! >"$state/run/$name.pid"
    program_stamp "$name" >"$state/run/$name.stamp"
}

# is_settled NAME: ready and without nothing that it wants, or dead.
is_settled() {
    [ "$(http_body "$(admin_port "$1")" /readyz)" = ready ] || ! is_alive "$(cat -- "$state/run/$1.pid")"
}

await_program() {
    local name=$1 log=$state/log/$1.log
    wait_until "$ready_seconds_max" is_settled "$name" ||
        fail "steward-$name is not ready after $ready_seconds_max s: $(http_body "$(admin_port "$name")" /readyz)" \
            "Its log is $log"
    program_pid "$name" >/dev/null || {
        tail -n 5 -- "$log" >&2
        fail "steward-$name ended at once; the last lines of $log stand above"
    }
}

has_ended() { ! is_alive "$1"; }

# stop_program NAME: lets it drain, and kills it only when it takes too long.
stop_program() {
    local pid
    pid=$(program_pid "$1") || { rm -f -- "$state/run/$1."* && return 0; }
    kill -TERM "$pid"
    if ! wait_until "$drain_seconds_max" has_ended "$pid"; then
        complain "steward-$1 did not drain in $drain_seconds_max s and is killed" "Its log is $state/log/$1.log"
        kill -KILL "$pid" 2>/dev/null || :
        wait_until 5 has_ended "$pid" || :
    fi
    rm -f -- "$state/run/$1."*
}

stop_programs() {
    local index
    for ((index = ${#programs[@]} - 1; index >= 0; index--)); do stop_program "${programs[index]}"; done
}

# show_programs: a line for each. Succeeds when all are ready.
show_programs() {
    local name pid word all=0
    printf '    %-18s %-8s %-10s %-16s %s\n' PROGRAM PID STATE ADDRESS METRICS
    for name in "${programs[@]}"; do
        if ! pid=$(program_pid "$name"); then
            pid=- word=stopped all=1
        elif [ "$(http_body "$(admin_port "$name")" /readyz)" = ready ]; then
            word=ready
        elif [ "$(http_status "$(admin_port "$name")" /readyz)" = 200 ]; then
            # It serves what it can; its /readyz says what it serves without.
            word=partly all=1
        else
            word='not ready' all=1
        fi
        printf '    %-18s %-8s %-10s %-16s %s\n' "steward-$name" "$pid" "$word" "127.0.0.1:$(program_port "$name")" \
            "http://127.0.0.1:$(admin_port "$name")/metrics"
    done
    return "$all"
}
