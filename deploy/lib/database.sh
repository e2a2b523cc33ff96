# The private cluster of deploy/up, its logins and its tables. Sourced after cluster.sh, ports.sh and state.sh.

database=steward
# Its real place: see place_cluster.
cluster=$(readlink -m -- "$state/postgres")

# open_database: a running cluster with logins, database and tables as this build wants them.
open_database() {
    place_cluster
    cluster_create "$cluster"
    write_passfile postgres "$(cat -- "$cluster/postgres.password")"
    if ! cluster_is_running "$cluster"; then
        choose_cluster_port
        configure_cluster
        cluster_start "$cluster"
    fi
    cluster_port=$(cat -- "$state/etc/postgres-port")
    "$programs_dir/steward" install --dsn "$(login_dsn postgres postgres)" --database "$database" \
        --password-dir "$state/secrets"
    "$programs_dir/steward" migrate --dsn "$(login_dsn steward_provisioner)"
}

# place_cluster: as root the cluster belongs to the user postgres, who may be unable to enter a folder below /root. Then
# it lives in /var/lib, and .steward/postgres is a link to it.
place_cluster() {
    [ ! -e "$cluster" ] || return 0
    if [ "$(id -u)" -ne 0 ] || as_postgres test -x "$state"; then
        mkdir -p -- "$cluster"
    else
        local elsewhere
        elsewhere=/var/lib/steward-$(printf '%s' "$root" | cksum | cut -d ' ' -f 1)
        mkdir -p -- "$elsewhere"
        ln -sfn -- "$elsewhere" "$state/postgres"
        cluster=$elsewhere
    fi
}

# choose_cluster_port: the one of the last run if it is still free, else another.
choose_cluster_port() {
    local port
    port=$(cat -- "$state/etc/postgres-port" 2>/dev/null || echo 54320)
    free_port "$port" $((port + 50)) >"$state/etc/postgres-port.new"
    mv -f -- "$state/etc/postgres-port.new" "$state/etc/postgres-port"
}

configure_cluster() {
    local lines
    mapfile -t lines <"$root/deploy/postgres/steward.conf"
    cluster_configure "$cluster" "$(cat -- "$state/etc/postgres-port")" \
        "listen_addresses = '127.0.0.1'" "${lines[@]}"
}

# write_passfile LOGIN PASSWORD: libpq's passfile, so that no password stands in a command line or a settings file.
write_passfile() {
    (umask 077 && printf '*:*:*:%s:%s\n' "$1" "$2" >"$state/secrets/$1.pgpass")
}

# login_dsn LOGIN [DATABASE]
login_dsn() {
    cluster_dsn "$cluster" "$cluster_port" "$1" "${2:-$database}" "$state/secrets/$1.pgpass"
}

close_database() {
    [ ! -e "$cluster/complete" ] || cluster_stop "$cluster"
}
