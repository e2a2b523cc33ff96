# Certificates, keys and the settings files of the programs. Sourced after database.sh and programs.sh.

# make_keys: certificates and keys in .steward/pki; what is there stays, but for what ends soon.
make_keys() {
    "$programs_dir/steward" pki init --dir "$state/pki" >/dev/null
    "$programs_dir/steward" pki rotate --dir "$state/pki" >/dev/null
}

# write_settings: one file for each program. They are written anew at each run; a program whose file changed is
# started again.
write_settings() {
    settings_of_gateway | write_if_changed "$state/etc/gateway.yaml"
    settings_of_provisioner | write_if_changed "$state/etc/provisioner.yaml"
    local name
    for name in identity customer sales; do settings_of_service "$name" | write_if_changed "$state/etc/$name.yaml"; done
}

# settings_common NAME: what every program has.
settings_common() {
    cat <<YAML
# Written by deploy/up at each run. steward-$1 --config FILE --check prints all settings there are.
listen: $(yaml "127.0.0.1:$(program_port "$1")")
admin: $(yaml "127.0.0.1:$(admin_port "$1")")
tls:
  certificate: $(yaml "$state/pki/$1.crt")
  key: $(yaml "$state/pki/$1.key")
  ca: $(yaml "$state/pki/ca.crt")
  crl: $(yaml "$state/pki/ca.crl")
YAML
}

settings_of_gateway() {
    settings_common gateway
    printf 'peers:\n'
    local name
    for name in $(peers_of gateway); do settings_peer "$name"; done
}

# settings_of_service NAME
settings_of_service() {
    settings_common "$1"
    cat <<YAML
database:
  dsn: $(yaml "$(login_dsn "steward_$1_0")")
callerKeys:
YAML
    local name
    for name in identity customer sales; do
        [ "$1" != identity ] && [ "$1" != "$name" ] ||
            printf '  %s: %s\n' "$name" "$(yaml "$state/pki/caller-$name.key")"
    done
    printf 'peers:\n'
    for name in $(peers_of "$1"); do settings_peer "$name"; done
}

# settings_of_provisioner: it calls nobody, and alone has the owner's login.
settings_of_provisioner() {
    settings_common provisioner
    cat <<YAML
provisioner:
  dsn: $(yaml "$(login_dsn steward_provisioner)")
YAML
}

# peers_of NAME: the programs that it calls.
peers_of() {
    case $1 in
        gateway) echo identity customer sales ;;
        identity) echo provisioner ;;
        customer) echo identity sales ;;
        sales) echo identity customer ;;
    esac
}

settings_peer() { printf '  %s: [%s]\n' "$1" "$(yaml "127.0.0.1:$(program_port "$1")")"; }

# yaml TEXT: a YAML string in double quotes.
yaml() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}
