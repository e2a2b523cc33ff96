package import Foundation
package import Postgres

/// A PostgreSQL of its own under a temporary folder: reached by a socket there only, without a password, and gone with the
/// process that started it, however that ends. Durability is off.
package final class TestCluster: Sendable {
    /// Where its socket is.
    package let folder: String
    /// To the supervisor, which runs `pg_ctl` with each line that it reads. When this closes, it stops the server and
    /// removes the folder.
    private let commands = Pipe()
    /// From the supervisor: a line for each command.
    private let answers = Pipe()

    /// Where Debian keeps the programs of PostgreSQL; STEWARD_TEST_POSTGRES_BIN overrides it.
    private static let binaries =
        ProcessInfo.processInfo.environment["STEWARD_TEST_POSTGRES_BIN"] ?? "/usr/lib/postgresql/15/bin"

    package init() throws {
        folder = "/tmp/steward-test-\(UInt32.random(in: 0 ... .max))"
        let supervisor = TestCluster.process([
            "/bin/sh", "-c", TestCluster.script, "supervisor", folder, TestCluster.binaries,
            try TestCluster.installationSettings(),
        ])
        supervisor.standardInput = commands
        supervisor.standardOutput = answers
        try supervisor.run()
        try awaitAnswer()
    }

    /// What an installation's server has, too.
    private static func installationSettings(file: String = #filePath) throws -> String {
        let tree = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: tree.appending(path: "deploy/postgres/steward.conf"), encoding: .utf8)
    }

    /// What the server has written since its start.
    package func log() throws -> String { try String(contentsOfFile: "\(folder)/log", encoding: .utf8) }

    /// For a superuser, in the database `postgres`.
    package var settings: PostgresSettings {
        PostgresSettings(dsn: "host=\(folder) dbname=postgres user=postgres", poolSize: 2)
    }

    package func stop(immediately: Bool = false) throws {
        try control("-m \(immediately ? "immediate" : "fast") stop")
    }

    package func start() throws { try control("-l log start") }

    /// Starts a PgBouncer before the server, in transaction mode, with its socket beside the server's. End it with
    /// `terminate`.
    package func startPooler(_ program: String) throws -> Process {
        let settings = """
            [databases]
            postgres = host=\(folder) port=5432
            [pgbouncer]
            unix_socket_dir = \(folder)
            listen_port = \(TestCluster.poolerPort)
            pool_mode = transaction
            auth_type = trust
            auth_file = \(folder)/pooler.users
            ignore_startup_parameters = extra_float_digits
            """
        let process = TestCluster.process([
            "/bin/sh", "-c",
            "echo '\"postgres\" \"\"' > $2/pooler.users; echo \"$1\" > $2/pooler.ini; exec $3 -q $2/pooler.ini",
            "pooler", settings,
            folder, program,
        ])
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    package static let poolerPort = 6432

    private func control(_ arguments: String) throws {
        try commands.fileHandleForWriting.write(contentsOf: Data("\(arguments)\n".utf8))
        try awaitAnswer()
    }

    private func awaitAnswer() throws {
        let said = String(decoding: answers.fileHandleForReading.availableData, as: UTF8.self)
        guard said.hasPrefix("done") else { throw TestClusterError(text: said) }
    }

    /// PostgreSQL refuses to run as root.
    private static func process(_ command: [String]) -> Process {
        let process = Process()
        let whole = getuid() == 0 ? ["/usr/sbin/runuser", "-u", "postgres", "--"] + command : command
        process.executableURL = URL(fileURLWithPath: whole[0])
        process.arguments = Array(whole.dropFirst())
        process.currentDirectoryURL = URL(fileURLWithPath: "/tmp")
        return process
    }

    private static let script = """
        trap '' INT HUP TERM
        folder=$1 bin=$2 settings=$3
        mkdir -m 700 "$folder" || exit 1
        "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync \
            >"$folder/initdb.log" 2>&1 || { tail -n 5 "$folder/initdb.log"; exit 1; }
        printf '%s\\n' "$settings" >>"$folder/data/postgresql.conf"
        cat >>"$folder/data/postgresql.conf" <<EOF
        listen_addresses = ''
        unix_socket_directories = '$folder'
        fsync = off
        synchronous_commit = off
        full_page_writes = off
        max_connections = 400
        shared_buffers = 32MB
        EOF
        cd "$folder"
        control() { "$bin/pg_ctl" -D data -s -w "$@" </dev/null >control.log 2>&1 && echo done || cat control.log log; }
        control -l log start
        while read -r command; do control $command; done
        control -m immediate stop >/dev/null
        cd / && rm -rf "$folder"
        """
}

package struct TestClusterError: Error, CustomStringConvertible {
    let text: String
    package var description: String { "PostgreSQL for the tests failed: \(text)" }
}
