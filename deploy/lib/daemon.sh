# Processes that outlive the script that starts them. Sourced; runs nothing by itself.

# become_daemon COMMAND…: takes the place of a subshell as a process that has nothing of whoever started it: a session of its own, the
# folder /, no rights for others on what it makes, no input, and no descriptors but standard output and error, which the caller has
# led to a log. Locks and pipes of the caller are free when the caller is gone.
become_daemon() {
    trap - ERR
    cd /
    umask 077
    close_inherited
    exec setsid -- "$@" </dev/null
}

# close_inherited: closes every descriptor above 2 in the shell that runs it, which must be a subshell.
close_inherited() {
    local descriptor
    for descriptor in /proc/"$BASHPID"/fd/*; do
        descriptor=${descriptor##*/}
        [ "$descriptor" -le 2 ] || eval "exec $descriptor>&-"
    done
}
