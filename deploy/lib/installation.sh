# The programs of an installation, as Sources/Tenancy/installation.txt lists them. Sourced with $root, the project's folder.

# program_table: the lines of the table, six columns each.
program_table() { sed '/^#/d; /^ *$/d' "$root/Sources/Tenancy/installation.txt"; }

# program_names: all, in the order of the table.
program_names() { program_table | awk '{ print $1 }'; }

# program_column NAME COLUMN: what the table says of a program: 2 port, 3 schema, 4 calls, 5 further. Prints nothing for -.
program_column() { program_table | awk -v name="$1" -v column="$2" '$1 == name && $column != "-" { print $column }'; }

# data_services: those that keep data of tenants.
data_services() { program_table | awk '$3 != "-" { print $1 }'; }

# further_packages: those that programs offer beside the one of their own name.
further_packages() { program_table | awk '$5 != "-" { print $5 }' | tr ',' '\n'; }

# peers_of NAME: the programs that it calls.
peers_of() { program_column "$1" 4 | tr ',' ' '; }
