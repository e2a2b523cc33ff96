# What the scripts of deploy/ say to a person. Sourced; runs nothing by itself.

if [ -t 1 ] && [ "${NO_COLOR-}" = "" ] && [ "${TERM-dumb}" != dumb ]; then
    bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
    bold='' green='' red='' plain=''
fi

# What the script is called by people, as in deploy/up.
self=deploy/${0##*/}

# heading TEXT: a step begins.
heading() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }

# note TEXT: a fact under the step.
note() { printf '    %s\n' "$*"; }

# complain TEXT…: what is wrong and what to do about it, a line for each argument, on standard error.
complain() {
    printf '%s%s: %s%s\n' "$red" "$self" "$1" "$plain" >&2
    shift
    local line
    for line in "$@"; do printf '    %s\n' "$line" >&2; done
}

# fail TEXT…: complains and ends the script.
fail() {
    complain "$@"
    exit 1
}

# wait_until SECONDS COMMAND…: runs the command again and again until it succeeds; 1 when the time is over.
wait_until() {
    local until=$((SECONDS + $1))
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.1
    done
}
