# Certificates, keys and the settings files of the programs. Sourced after database.sh and programs.sh.

# make_keys: certificates and keys in .steward/pki; what is there stays, but for what ends soon.
make_keys() {
    "$programs_dir/steward" pki init --dir "$state/pki" >/dev/null
    "$programs_dir/steward" pki rotate --dir "$state/pki" >/dev/null
}

# write_settings: one file for each program. They are written anew at each run; a program whose file changed is
# started again.
write_settings() {
    local name
    for name in "${programs[@]}"; do settings_of "$name" | write_if_changed "$state/etc/$name.yaml"; done
}

# settings_of NAME
settings_of() {
    settings_common "$1"
    [ "$1" != provisioner ] || settings_provisioner
    [ -z "$(program_column "$1" 3)" ] || settings_data "$1"
    local name
    [ -z "$(peers_of "$1")" ] || printf 'peers:\n'
    for name in $(peers_of "$1"); do printf '  %s: [%s]\n' "$name" "$(yaml "127.0.0.1:$(program_port "$name")")"; done
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

# settings_data NAME: of a program that keeps data of tenants. Identity proves callers to all of them.
settings_data() {
    cat <<YAML
database:
  dsn: $(yaml "$(login_dsn "steward_$1_0")")
callerKeys:
YAML
    local name
    for name in $(data_services); do
        [ "$1" != identity ] && [ "$1" != "$name" ] ||
            printf '  %s: %s\n' "$name" "$(yaml "$state/pki/caller-$name.key")"
    done
}

# settings_provisioner: it alone has the owner's login.
settings_provisioner() {
    cat <<YAML
provisioner:
  dsn: $(yaml "$(login_dsn steward_provisioner)")
YAML
}

# yaml TEXT: a YAML string in double quotes.
yaml() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}
