# The demo workspace: two tenants, users, and real data from deploy/demo. Everything goes through the command line, as a
# person would do it, and each step finds out itself whether it was done before. Sourced after settings.sh.

demo_data=$root/deploy/demo

# write_command: .steward/bin/steward is the command line, set up for this installation.
write_command() {
    write_if_changed "$state/bin/steward" <<SH
#!/bin/sh
# Written by deploy/up: the command line of Steward, set up for $root.
: "\${STEWARD_SERVER:=localhost:$(program_port gateway)}" "\${STEWARD_CA:=$(sh_quoted "$state/pki/ca.crt")}"
: "\${STEWARD_HOME:=$(sh_quoted "$state/home")}"
export STEWARD_SERVER STEWARD_CA STEWARD_HOME
exec "$(sh_quoted "$programs_dir/steward")" "\$@"
SH
    chmod 0755 -- "$state/bin/steward"
}

# sh_quoted TEXT: as it must stand between double quotes.
sh_quoted() { printf '%s' "$1" | sed 's/[\\"$`]/\\&/g'; }

# as PROFILE ARGUMENT…: the command line in the session of that profile.
as() { STEWARD_PROFILE=$1 "$state/bin/steward" "${@:2}"; }

password_of() { printf '%s' "$state/demo/$1.password"; }

# make_demo: done once; a run that was cut off goes on where it stopped.
make_demo() {
    [ ! -e "$state/demo/complete" ] || return 0
    local name
    for name in operator admin rep second; do make_password "$(password_of "$name")"; done
    make_workspaces
    make_people
    for name in accounts contacts deals; do import_for_rep "$name"; done
    : >"$state/demo/complete"
}

# import_for_rep NAME: a sales rep may not bring so many records by herself, so the admin does, and they are hers.
import_for_rep() {
    sed '1s/$/,owner/; 2,$s/$/,rep@demo.example/' "$demo_data/$1.csv" >"$state/demo/$1.csv"
    as admin import "$1" "$state/demo/$1.csv" --key external_id
}

make_workspaces() {
    "$state/bin/steward" operator create --dsn "$(login_dsn steward_identity_0)" --email operator@steward.example \
        --display-name Operator --password-file "$(password_of operator)" --if-absent
    as operator login --operator --email operator@steward.example --password-file "$(password_of operator)"
    as operator tenant create --workspace demo --display-name 'CDNOW, as of 1 October 1997' \
        --admin-email admin@demo.example --admin-display-name 'Ada Admin' \
        --admin-password-file "$(password_of admin)" --if-absent
    as operator tenant create --workspace second --display-name 'A second company' \
        --admin-email admin@second.example --admin-display-name 'Sven Second' \
        --admin-password-file "$(password_of second)" --if-absent
}

# make_people: a department and its sales rep.
make_people() {
    as admin login --workspace demo --email admin@demo.example --password-file "$(password_of admin)"
    as admin department create display_name='Field sales' --if-absent display_name
    as admin user create email=rep@demo.example display_name='Rita Rep' job_title='Sales representative' \
        department.display_name='Field sales' role.display_name='Sales rep' --if-absent email
    as admin user set-password rep@demo.example --password-file "$(password_of rep)"
    as rep login --workspace demo --email rep@demo.example --password-file "$(password_of rep)"
}

# show_demo: the main job done.
show_demo() {
    # A session may have ended since the last run.
    as rep whoami >/dev/null 2>&1 ||
        as rep login --workspace demo --email rep@demo.example --password-file "$(password_of rep)" >/dev/null
    as admin whoami >/dev/null 2>&1 ||
        as admin login --workspace demo --email admin@demo.example --password-file "$(password_of admin)" >/dev/null
    heading "The users of the workspace demo"
    as admin user list --columns email,display_name,job_title
    heading "Its accounts, as the sales rep sees them"
    as rep account list --limit 5 --columns display_name,external_id,description
    heading "The pipeline board"
    as rep deal board
}

show_next() {
    local steward=${state#"$PWD/"}/bin/steward
    heading "Next"
    cat <<TEXT
    alias steward='$steward'
    steward login --workspace demo --email rep@demo.example --password-file '$(password_of rep)'
    steward account create display_name='Acme Ltd'
    steward contact create given_name=Wile family_name=Coyote
    steward deal create display_name='Two anvils' account='Acme Ltd' stage=Qualified amount='49.00 USD'
    steward deal board
    steward --help

    deploy/up --status    what runs, and where its metrics are
    deploy/up --stop      stops it; deploy/up starts it again
    deploy/up --reset     throws the demo away
TEXT
}
