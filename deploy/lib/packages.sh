# Debian packages that Steward is built with and runs on. Sourced after say.sh.

# To build and run the programs.
run_packages=(git pkg-config libssl-dev libpq-dev libprotobuf-c-dev libargon2-dev libicu-dev libphonenumber-dev libprotobuf-dev libxlsxwriter-dev postgresql-15)
# For deploy/generate and the checks of deploy/test besides.
check_packages=(gcc protobuf-c-compiler protobuf-compiler python3 python3-protobuf shellcheck testssl.sh)

# missing_packages NAME…: prints those that are not installed, each on a line.
missing_packages() {
    local name
    for name in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || printf '%s\n' "$name"
    done
}

# require_packages NAME…: installs what is missing, or says the command that does and ends the script.
require_packages() {
    command -v dpkg-query >/dev/null ||
        fail "this is not a Debian system, and only Debian 12 is supported" \
            "Elsewhere, install the counterparts of: $*" \
            "and run the programs as deploy/README.md describes."
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    heading "Installing ${missing[*]}"
    local install=(apt-get install -y --no-install-recommends "${missing[@]}")
    if [ "$(id -u)" -eq 0 ]; then
        install_as_root "${install[@]}"
    elif sudo -n true 2>/dev/null; then
        install_as_root sudo -n "${install[@]}"
    else
        fail "these Debian packages are missing, and you have no right to install them: ${missing[*]}" \
            "As root, or by somebody who may:" \
            "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" \
            "Then run $self again."
    fi
}

# install_as_root COMMAND…: the list of packages may be old or absent, so a first failure is followed by an update.
install_as_root() {
    local sudo=()
    [ "$1" != sudo ] || sudo=(sudo -n)
    export DEBIAN_FRONTEND=noninteractive
    "$@" >/dev/null 2>&1 && return 0
    "${sudo[@]}" apt-get update -q >/dev/null ||
        fail "apt-get update failed" "Mend the network or /etc/apt/sources.list, then run $self again."
    "$@" >/dev/null ||
        fail "apt-get install failed; what it said stands above" "When the disk is full: apt-get clean." \
            "Then run $self again."
}
