# The folder .steward, where deploy/up keeps all that it makes. Sourced after say.sh; $root is the project's folder.
#
#   etc/        settings of the programs            pki/       certificates and keys
#   secrets/    passwords of the database logins    postgres/  the private cluster
#   run/        pid of each program                 log/       what the build and the programs write
#   demo/       passwords of the demo users         home/      sessions of the command line
#   bin/        steward, set up for this folder

state=$root/.steward

# require_own_state: refuses a folder that belongs to somebody else.
require_own_state() {
    if [ -d "$state" ] && [ "$(stat -c %u -- "$state")" -ne "$(id -u)" ]; then
        fail "$state belongs to $(stat -c %U -- "$state"), not to you ($(id -un))" \
            "Run $self as $(stat -c %U -- "$state"), or clone Steward to a folder of your own."
    fi
}

# open_state: makes the folder, and keeps a second deploy/up out while this one runs.
open_state() {
    require_own_state
    mkdir -p -- "$state" 2>/dev/null || fail "$state cannot be made" "Check the rights on $root and the space on its disk."
    chmod 0711 -- "$state"
    local folder
    for folder in etc secrets run log demo home bin; do
        mkdir -p -- "$state/$folder"
        chmod 0700 -- "$state/$folder"
    done
    exec 9>"$state/lock"
    flock -n 9 || fail "another $self is at work on $root" "Wait until it is done."
}

# holding_lock FUNCTION: runs it with the lock where no program that it starts inherits it: for as long as a redirection lasts, bash keeps the
# descriptor aside, closed on exec. However this script ends, its compilers do not hold the lock any longer than it does.
holding_lock() { "$@" 9>&-; }

# write_if_changed FILE: standard input becomes the file; it is left alone when it already says the same.
write_if_changed() {
    local new
    new=$(mktemp -- "$1.XXXXXX")
    cat >"$new"
    if cmp -s -- "$new" "$1"; then rm -f -- "$new"; else mv -f -- "$new" "$1"; fi
}

# make_password FILE: 18 random bytes as text, only for the owner's eyes; kept when it is there.
make_password() {
    [ ! -s "$1" ] || return 0
    (umask 077 && head -c 18 /dev/urandom | base64 | tr '+/' '-_' >"$1.new" && mv -f -- "$1.new" "$1")
}

# remove_state: everything deploy/up has made here, except the build.
remove_state() {
    [ ! -L "$state/postgres" ] || rm -rf -- "$(readlink -m -- "$state/postgres")"
    rm -rf -- "$state"
}
