# An installation of its own for the benchmarks: cluster, certificates, the programs, a workspace with an admin.
# Made of the pieces of deploy/lib, in .steward/bench/steward, on free ports from 7600 on. Sourced by run after
# deploy/lib; $programs_dir holds the programs. With $counter, from compile.sh, their allocations are counted.

bench_port_base=$(free_port 7600 7690)

open_installation() {
    mkdir -p -- "$state"
    chmod 0711 -- "$state"
    mkdir -p -- "$state"/{etc,secrets,run,log,demo,home,bin}
    load_ports "$bench_port_base"
    make_keys
    open_database
    write_settings
    # A workspace may take the whole machine, unless that is what is measured.
    [ "${budgets-}" = default ] || printf 'limits:\n  tenantUnitsPerSecond: 0\n' >>"$state/etc/gateway.yaml"
    [ -z "${blanks-}" ] || printf '  blanks: %s\n' "$blanks" >>"$state/etc/provisioner.yaml"
    # One addition for each allocation.
    mkdir -p -- "$bench/allocations"
    rm -f -- "$bench"/allocations/*
    LD_PRELOAD=${counter-} ALLOCATIONS_FOLDER=$bench/allocations start_programs
    write_command
    make_bench_workspace
    # What crm.py needs to know.
    printf '%s\n' "$cluster" >"$state/cluster"
    printf '%s\n' "$bench/allocations" >"$state/allocations"
    login_dsn postgres >"$state/superuser-dsn"
    login_dsn steward_customer_0 >"$state/customer-dsn"
}

make_bench_workspace() {
    make_password "$(password_of operator)"
    make_password "$(password_of admin)"
    "$state/bin/steward" operator create --dsn "$(login_dsn steward_identity_0)" --email operator@bench.example \
        --display-name Operator --password-file "$(password_of operator)" --if-absent
    as operator login --operator --email operator@bench.example --password-file "$(password_of operator)"
    as operator tenant create --workspace bench --display-name Benchmarks --admin-email admin@bench.example \
        --admin-display-name Admin --admin-password-file "$(password_of admin)" --if-absent
}

# What the programs and PostgreSQL said, when a part ended before its time: a failed call names an incident that stands there.
keep_logs() {
    rm -rf "$bench/log"
    mkdir -p "$bench/log"
    cp "$state"/log/*.log "$state"/postgres/*.log "$bench/log" 2>/dev/null || true
    complain "the measurement ended early" "The logs of its programs are in $bench/log."
}

close_installation() {
    stop_programs
    close_database
    remove_state
}
