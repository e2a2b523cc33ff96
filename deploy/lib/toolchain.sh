# The Swift toolchain: 6.3 or newer. Sourced after say.sh.

swift_minimum=6.3

# require_toolchain: ends the script with the way to a toolchain when there is none, or an older one.
require_toolchain() {
    if ! command -v swift >/dev/null && [ -x /opt/swift/usr/bin/swift ]; then
        PATH=$PATH:/opt/swift/usr/bin
    fi
    command -v swift >/dev/null ||
        fail "there is no Swift toolchain: the command swift is not in PATH" "${toolchain_cure[@]}"
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
    [ -n "$version" ] ||
        fail "swift --version does not work" "It says: $(swift --version 2>&1 | head -n 3)" "${toolchain_cure[@]}"
    if [ "$(printf '%s\n%s\n' "$swift_minimum" "$version" | sort -V | head -n 1)" != "$swift_minimum" ]; then
        fail "Swift $version is too old; Steward needs $swift_minimum or newer" "${toolchain_cure[@]}"
    fi
}

toolchain_cure=(
    "Get Swift $swift_minimum for Debian 12 from https://www.swift.org/install/linux/ , the quickest way with swiftly:"
    "  curl -O https://download.swift.org/swiftly/linux/swiftly-\$(uname -m).tar.gz"
    "  tar zxf swiftly-\$(uname -m).tar.gz && ./swiftly init && swiftly install $swift_minimum"
    "or unpack its tar archive to /opt/swift and put /opt/swift/usr/bin into PATH."
)
