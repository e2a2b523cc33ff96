# TCP ports of this machine. Sourced after say.sh.

# port_answers PORT: something listens there.
port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# port_holder PORT: the program that listens there, as "name (pid 123)", as far as this user may see it.
port_holder() {
    local inode pid
    inode=$(awk -v port="$(printf ':%04X' "$1")" \
        '$4 == "0A" && substr($2, length($2) - 4) == port { print $10; exit }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
    for pid in /proc/[0-9]*; do
        if [ -n "$inode" ] && find "$pid/fd" -lname "socket:\[$inode\]" -print -quit 2>/dev/null | grep -q .; then
            printf '%s (pid %s)' "$(cat "$pid/comm")" "${pid##*/}"
            return 0
        fi
    done
    printf 'a program of another user'
}

# free_port FIRST LAST: prints the first port in the range that nobody listens on.
free_port() {
    local port
    for ((port = $1; port <= $2; port++)); do
        port_answers "$port" || { printf '%s' "$port" && return 0; }
    done
    fail "all ports from $1 to $2 are taken" "End the programs that hold them, then run $self again."
}

# http_get PORT PATH: a GET to this machine; prints the whole answer, nothing when nobody answers.
http_get() {
    (
        exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 0
        printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
        timeout 5 cat <&3
    ) 2>/dev/null || :
}

# http_status PORT PATH: as in 200.
http_status() { http_get "$1" "$2" | sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p'; }

# http_body PORT PATH: what the answer says.
http_body() { http_get "$1" "$2" | sed '1,/^\r*$/d'; }
