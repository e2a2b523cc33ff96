import Logging
package import Settings
package import Tenancy

extension HostSettings {
    /// Reads the settings of a program. Problems stay in the reader; see `SettingsReader.finish()`.
    package init(_ program: ServiceName, _ reader: SettingsReader) {
        let port = Installation.current[program].port
        listen = reader.address(
            "listen", default: "127.0.0.1:\(port)", about: "Address that takes calls, host:port.")
        admin = reader.address(
            "admin", default: "127.0.0.1:\(port + 10)",
            about:
                "Address of /metrics, /healthz and /readyz; it has no access control, so keep it on loopback."
        )
        logLevel = reader.value(
            "log.level", default: .info, about: "Lines below it are not written. Read again on SIGHUP.",
            expects: "trace, debug, info, notice, warning, error or critical", placeholder: .info,
            show: { $0.rawValue }, parse: { Logger.Level(rawValue: $0) })
        loops = reader.int(
            "loops", default: 1, in: 1...64,
            about: "Event loops, one thread each: one for each core to be used.")
        workers = reader.int(
            "workers", default: 2, in: 1...64, about: "Threads for what would block a loop: passwords, files."
        )
        tls = TLSFiles(
            certificate: reader.path("tls.certificate", about: "Certificate of this program, PEM."),
            key: reader.path(
                "tls.key", about: "Private key of the certificate, PEM, readable by the program alone."),
            authority: reader.path(
                "tls.ca", about: "Certificate of the authority that signed the peers', PEM."),
            revocations: reader.optionalPath(
                "tls.crl",
                about: "Certificates that the authority has taken back, PEM; without it nobody's is looked up."))
        callerKeys = Self.callerKeys(program, reader)
        database = Topology.keepsTenantData(program) ? Database(reader) : nil
        peers = Self.peers(program, reader)
        drainDeadline = reader.duration(
            "drainDeadline", default: .seconds(20), in: .zero ... .seconds(600),
            about: "How long accepted calls may take to finish after SIGTERM.")
        tenantCallsMax = reader.int(
            "limits.tenantCalls", default: 512, in: 1...100_000, unit: "calls",
            about: "Calls of one tenant served at once, so that one cannot take everything.")
        let running = reader.int(
            "limits.runningCalls", default: 0, in: 0...100_000, unit: "calls",
            about:
                "Calls that one loop works on at once; more wait, and tenants take turns. 0: four for each connection of the database."
        )
        runningCallsMax = running > 0 ? running : nil
        connectionsMax = reader.int(
            "limits.connections", default: 16_384, in: 1...1_000_000, unit: "connections",
            about: "Connections open at once on one loop; an idle one takes about 30 KiB.")
        connectionsPerAddressMax = reader.int(
            "limits.connectionsPerAddress", default: 1_024, in: 0...1_000_000, unit: "connections",
            about: "Connections of clients from one address on one loop; 0 for no limit, as behind a proxy.")
        handshakesPerAddressMax = reader.int(
            "limits.handshakesPerAddress", default: 200, in: 0...100_000, unit: "handshakes a second",
            about:
                "Handshakes of clients from one address on one loop in the long run, and ten times as many at once; 0 for "
                + "no limit, as behind a proxy.")
        slowCall = reader.duration(
            "log.slowCall", default: .seconds(1), in: .milliseconds(1) ... .seconds(3_600),
            about: "A call that takes longer is logged as a warning.")
        tracing = TracingSettings(reader)
    }

    private static func callerKeys(_ program: ServiceName, _ reader: SettingsReader) -> [ServiceName: Secret] {
        let audiences =
            program == .identity ? ServiceName.dataServices : ServiceName.dataServices.filter { $0 == program }
        var keys: [ServiceName: Secret] = [:]
        for audience in audiences {
            keys[audience] = reader.secretFile(
                "callerKeys.\(audience.rawValue)",
                about: "File with the key that proves callers to \(audience.rawValue): 64 hexadecimal digits."
            )
        }
        return keys
    }

    private static func peers(_ program: ServiceName, _ reader: SettingsReader) -> [ServiceName: [String]] {
        var peers: [ServiceName: [String]] = [:]
        for peer in Topology.peers(of: program) {
            peers[peer] = reader.list(
                "peers.\(peer.rawValue)", default: ["127.0.0.1:\(Installation.current[peer].port)"],
                about: "Addresses of the instances of \(peer.rawValue); host names are looked up again and again.",
                expects: "addresses, host:port",
                show: { $0 }, parse: { HostAndPort.isValid($0) ? $0 : nil })
        }
        return peers
    }
}

extension HostSettings.TracingSettings {
    init(_ reader: SettingsReader) {
        file = reader.value(
            "tracing.file", default: "",
            about:
                "File for spans in OTLP/JSON, which an OpenTelemetry collector reads; empty: none are written. Opened anew on SIGHUP.",
            expects: "a path", placeholder: "", show: { $0 }, parse: { $0 })
        sample = reader.value(
            "tracing.sample", default: 0,
            about:
                "Part of the traces begun here that is recorded. A trace that came along is recorded if its caller says so.",
            expects: "a number from 0 to 1", placeholder: 0, show: { "\($0)" },
            parse: { Double($0).flatMap { (0...1).contains($0) ? $0 : nil } })
        fileBytesMax = reader.int(
            "tracing.fileBytes", default: 64 << 20, in: 1 << 20...1 << 34, unit: "bytes",
            about: "Size from which on the file is renamed to FILE.1 and begun anew.")
    }
}

extension HostSettings.Database {
    init(_ reader: SettingsReader) {
        dsn = reader.secret("database.dsn", about: "Connection text of libpq for this program's login.")
        connections = reader.int(
            "database.connections", default: 8, in: 1...1_000, unit: "connections",
            about: "Connections of this process, all loops and partitions together.")
        partitions = reader.int(
            "database.partitions", default: 1, in: 1...64,
            about: "Partition logins; the number at the end of the login's name counts from 0.")
        tenantSharePercent = reader.int(
            "database.tenantShare", default: 50, in: 1...100, unit: "percent",
            about:
                "What one workspace may have of a loop's connections, in percent of those not lent to others: at 50 half when it is alone, "
                + "and another always finds one. 100: all.")
        longScans = reader.int(
            "database.longScans", default: 2, in: 1...1_000, unit: "statements",
            about:
                "Lists and sums known to take over 100 ms that run at a time on one loop, each of another workspace: less than the "
                + "cores of PostgreSQL.")
        readTimeout = reader.duration(
            "database.readTimeout", default: .seconds(5), in: .milliseconds(50) ... .seconds(300),
            about: "How long reading may take in the database, whatever a caller allows; waiting for locks counts.")
    }
}

extension SettingsReader {
    /// An address, host:port.
    func address(_ key: String, default standard: String, about: String) -> String {
        value(
            key, default: standard, about: about,
            expects: "an address, host:port, as in 127.0.0.1:7400 or [::1]:7400", placeholder: standard,
            show: { $0 }, parse: { HostAndPort.isValid($0) ? $0 : nil })
    }
}
