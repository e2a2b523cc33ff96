# A private PostgreSQL 15 cluster in a folder of its own. Sourced after say.sh and daemon.sh.
# PostgreSQL refuses to run as root, so as root everything here is done as the system user postgres.

postgres_bin=/usr/lib/postgresql/15/bin
# sockaddr_un holds 107 bytes; PostgreSQL puts /.s.PGSQL.<port> after the folder.
socket_dir_bytes_max=90

# as_postgres COMMAND…: runs it as the user that owns the cluster, in a folder which that user may enter.
as_postgres() (
    trap - ERR
    cd /
    if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
)

# The superuser of a cluster is always called postgres, whoever runs it.
# cluster_create DIR: initdb into DIR/data; the superuser's password is in DIR/postgres.password. A half-made cluster is
# started over: the marker DIR/complete is written last.
cluster_create() {
    local dir=$1
    [ ! -e "$dir/complete" ] || return 0
    rm -rf -- "${dir:?}/data" "$dir/socket"
    mkdir -p -- "$dir/socket"
    (umask 077 && head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$dir/postgres.password")
    cluster_own "$dir"
    as_postgres "$postgres_bin/initdb" -D "$dir/data" -U postgres --pwfile="$dir/postgres.password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-instructions >"$dir/initdb.log" 2>&1 ||
        fail "initdb failed: $(tail -n 1 "$dir/initdb.log")" "All it said is in $dir/initdb.log" \
            "When the disk is full, make room. Then run $self again: it starts the cluster over."
    : >"$dir/complete"
}

# cluster_own DIR: makes the folder private to the owner of the cluster.
cluster_own() {
    [ "$(id -u)" -ne 0 ] || chown -R postgres:postgres -- "$1"
    chmod 0700 -- "$1" "$1/socket"
}

# cluster_configure DIR PORT [LINE…]: writes what differs from PostgreSQL's defaults to DIR/data/steward.conf.
cluster_configure() {
    local dir=$1 port=$2
    shift 2
    {
        printf 'port = %s\n' "$port"
        printf "unix_socket_directories = '%s'\n" "$(cluster_socket_dir "$dir")"
        printf '%s\n' "$@"
    } >"$dir/data/steward.conf"
    [ "$(id -u)" -ne 0 ] || chown postgres:postgres -- "$dir/data/steward.conf"
    grep -qx "include 'steward.conf'" "$dir/data/postgresql.conf" ||
        printf "include 'steward.conf'\n" >>"$dir/data/postgresql.conf"
}

# cluster_socket_dir DIR: the folder of the socket; nothing when the path is too long or too odd for one.
cluster_socket_dir() {
    local socket=$1/socket
    case $socket in *[!A-Za-z0-9/._+@\ -]*) return 0 ;; esac
    [ "$(printf '%s' "$socket" | wc -c)" -gt "$socket_dir_bytes_max" ] || printf '"%s"' "$socket"
}

# cluster_host DIR: what libpq takes as host: the socket's folder, or 127.0.0.1.
cluster_host() {
    local socket
    socket=$(cluster_socket_dir "$1")
    socket=${socket//\"/}
    printf '%s' "${socket:-127.0.0.1}"
}

# cluster_dsn DIR PORT USER DATABASE PASSFILE: libpq's connection string.
cluster_dsn() {
    printf "host='%s' port=%s user=%s dbname=%s passfile='%s'" "$(cluster_host "$1")" "$2" "$3" "$4" "$5"
}

# is_alive PID: there is such a process and it is no zombie, which a container without an init may leave behind.
is_alive() {
    local state
    state=$(sed -n '1s/^.*) \(.\) .*/\1/p' "/proc/$1/stat" 2>/dev/null) && [ -n "$state" ] && [ "$state" != Z ]
}

cluster_is_running() {
    local pid
    pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && is_alive "$pid" && grep -qx postgres "/proc/$pid/comm"
}

# cluster_start DIR: its log is DIR/postgres.log. After a crash the old server's children may live a moment longer, so a
# failed start is tried again for a while.
cluster_start() {
    local log=$1/postgres.log
    cluster_is_running "$1" || wait_until 20 cluster_try_start "$1" ||
        fail "PostgreSQL does not start: $(grep -E 'FATAL|PANIC|ERROR' "$log" | tail -n 1)" "All it said is in $log"
}

# cluster_try_start DIR: returns when the cluster answers. pg_ctl makes it a session of its own; what else is the caller's it must not keep.
cluster_try_start() (
    umask 077
    close_inherited
    as_postgres "$postgres_bin/pg_ctl" -D "$1/data" -l "$1/postgres.log" -w -t 60 start </dev/null
)

# cluster_stop DIR: ends all connections and waits.
cluster_stop() {
    cluster_is_running "$1" || return 0
    as_postgres "$postgres_bin/pg_ctl" -D "$1/data" -w -t 60 -m fast stop >/dev/null
}
