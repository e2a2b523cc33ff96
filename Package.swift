// swift-tools-version: 6.2
// Targets are listed floor by floor, bottom first. A module imports only from floors below its own;
// Tests/ArchitectureTests compares every import with this list. Sources/README.md tells what each floor is for.
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// A module in `Sources/<name>`.
func module(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict)
}

/// A program in `Sources/<name>`.
func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A test target in `Tests/<name>`.
func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict)
}

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let configuration = Target.Dependency.product(
    name: "Configuration", package: "swift-configuration")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")
let arguments = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "steward",
    products: [
        .library(name: "StewardClient", targets: ["StewardClient"]),
        .executable(name: "steward", targets: ["steward"]),
        .executable(name: "steward-gateway", targets: ["steward-gateway"]),
        .executable(name: "steward-identity", targets: ["steward-identity"]),
        .executable(name: "steward-customer", targets: ["steward-customer"]),
        .executable(name: "steward-sales", targets: ["steward-sales"]),
        .executable(name: "steward-provisioner", targets: ["steward-provisioner"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(
            url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Floor 0: doors to C, no decisions.
        .target(name: "CLinux"),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
        .target(name: "CXLSXWriter", linkerSettings: [.linkedLibrary("xlsxwriter")]),
        .target(name: "CICU", linkerSettings: [.linkedLibrary("icui18n"), .linkedLibrary("icuuc")]),
        .target(name: "CPhoneNumber", linkerSettings: [.linkedLibrary("phonenumber")]),
        .systemLibrary(
            name: "CProtobufC", pkgConfig: "libprotobuf-c",
            providers: [.apt(["libprotobuf-c-dev"])]),
        .target(name: "CEnvelope", dependencies: ["CProtobufC"]),
        .target(name: "CContracts", dependencies: ["CProtobufC", "CEnvelope"]),
        .target(name: "CIdentityContracts", dependencies: ["CProtobufC", "CContracts"]),
        .target(name: "CCustomerContracts", dependencies: ["CProtobufC", "CContracts"]),
        .target(name: "CSalesContracts", dependencies: ["CProtobufC", "CContracts"]),
        .target(name: "CPlugin", dependencies: ["CProtobufC"]),

        // Floor 1: machinery that has never heard of a CRM.
        module("Reactor", ["CLinux", deque, heap]),
        module("Wire", ["CProtobufC"]),
        module("Observability", [logging, metrics, coreMetrics, histogram]),
        module("Settings", [configuration]),
        module("Credentials", ["COpenSSL", "CArgon2"]),
        module("Tenancy", resources: [.embedInCode("installation.txt")]),
        module("Text", ["CICU", "CPhoneNumber"]),
        module("Money"),

        // Floor 2: engines.
        module("TLSTransport", ["COpenSSL", "CLinux", "Reactor", "Wire", deque]),
        module("RPC", ["Wire", "Tenancy", "Observability", deque, logging]),
        module("WorkingTime", ["Tenancy", "Text"]),
        module("Formulas", ["Tenancy", "Text", "Money"], exclude: ["README.md"]),
        module(
            "Postgres", ["CPostgres", "Reactor", "Tenancy", "Observability", coreMetrics, logging]),

        // Floor 3: engines joined.
        module(
            "RPCTransport",
            [
                "Reactor", "Wire", "TLSTransport", "RPC", "Observability", "Tenancy", deque, logging,
            ], exclude: ["README.md"]),
        module("Contracts", ["CContracts", "CEnvelope", "CProtobufC", "Tenancy", "Wire", "RPC"]),
        module("AccessControl", ["Tenancy", "WorkingTime"]),
        module("TenantDatabase", ["Postgres", "Tenancy", "Reactor", logging]),
        module(
            "Migrations", ["Postgres", "Tenancy", "Reactor", "Credentials", "Observability", logging],
            resources: [.embedInCode("SQL")]),

        // Floor 4: the engine of standard methods, and the contracts of each service.
        module(
            "Records",
            [
                "Wire", "RPC", "Postgres", "Contracts", "Tenancy", "AccessControl", "TenantDatabase",
                "Credentials", "Text", "Money", "Formulas", "Reactor", "Observability", logging, coreMetrics,
            ], exclude: ["README.md"]),

        module("IdentityContracts", ["CIdentityContracts", "CContracts", "Contracts", "RPC", "Tenancy", "Wire"]),
        module("CustomerContracts", ["CCustomerContracts", "CContracts", "Contracts", "RPC", "Tenancy", "Wire"]),
        module("SalesContracts", ["CSalesContracts", "CContracts", "Contracts", "RPC", "Tenancy", "Wire"]),

        // Floor 5: what is done without a caller.
        module(
            "Work",
            [
                "RPC", "Contracts", "Records", "Postgres", "Tenancy", "AccessControl", "TenantDatabase", "Text",
                "Reactor", "Observability", "Wire", heap, logging, coreMetrics,
            ], exclude: ["README.md"]),

        // Floor 6: the frame of a process, which makes a program of a service's description, and the list of all contracts.
        module("Catalogue", ["Contracts", "IdentityContracts", "CustomerContracts", "SalesContracts"]),
        module(
            "ServiceHost",
            [
                "CLinux", "Reactor", "Observability", "Settings", "Credentials", "Tenancy", "TLSTransport",
                "RPC", "RPCTransport", "Contracts", "AccessControl", "Postgres",
                "TenantDatabase", "Migrations", "Records", "Text", "Wire", "Work", "WorkingTime", logging, metrics,
                coreMetrics,
            ], exclude: ["README.md"]),

        // Floor 7: the services and the public client.
        module(
            "GatewayService",
            [
                "RPC", "RPCTransport", "Contracts", "Wire", "Tenancy", "Reactor", "Credentials",
                "Settings", "ServiceHost", "Observability", logging, coreMetrics,
            ]),
        module(
            "IdentityService",
            [
                "RPC", "Contracts", "IdentityContracts", "Wire", "Tenancy", "AccessControl", "Postgres", "Reactor",
                "TenantDatabase", "Records", "Credentials", "Migrations", "ServiceHost", "Settings", "Observability",
                "Text", "Work", "WorkingTime", "Formulas", logging, coreMetrics,
            ], exclude: ["README.md"], resources: [.embedInCode("SQL")]),
        module(
            "CustomerService",
            [
                "RPC", "Contracts", "CustomerContracts", "Wire", "Tenancy", "AccessControl", "Postgres", "Records",
                "Migrations", "ServiceHost", "Text",
            ], exclude: ["README.md"], resources: [.embedInCode("SQL")]),
        module(
            "SalesService",
            [
                "RPC", "Contracts", "SalesContracts", "CustomerContracts", "Wire", "Tenancy", "AccessControl",
                "Postgres", "Records", "Migrations", "ServiceHost", "Text",
            ], exclude: ["README.md"], resources: [.embedInCode("SQL")]),
        module(
            "ProvisionerService",
            [
                "RPC", "Contracts", "IdentityContracts", "Tenancy", "AccessControl", "Postgres", "Reactor",
                "Migrations",
                "Records", "ServiceHost", "Settings", "Observability", logging,
            ]),
        module(
            "StewardClient",
            [
                "RPC", "RPCTransport", "Contracts", "IdentityContracts", "CustomerContracts", "SalesContracts",
                "TLSTransport", "Reactor", "Tenancy", logging,
            ],
            exclude: ["README.md"]),

        // Floor 8: the programs, a page each, and the command line.
        program("steward-gateway", ["GatewayService", "ServiceHost", "Tenancy", "Catalogue", "Contracts"]),
        program("steward-identity", ["IdentityService", "ServiceHost", "Tenancy", "Catalogue", "Contracts"]),
        program("steward-customer", ["CustomerService", "ServiceHost", "Contracts", "CustomerContracts"]),
        program("steward-sales", ["SalesService", "ServiceHost", "Contracts", "SalesContracts"]),
        program(
            "steward-provisioner",
            [
                "ProvisionerService", "IdentityService", "CustomerService", "SalesService", "ServiceHost", "Tenancy",
                "Contracts",
            ]),
        program(
            "steward",
            [
                "StewardClient", "Catalogue", "Contracts", "IdentityContracts", "CustomerContracts", "SalesContracts",
                "Wire", "RPC",
                "Credentials", "Migrations", "IdentityService", "CustomerService", "SalesService", "Reactor",
                "Postgres", "Tenancy", "TenantDatabase", "CPlugin", "CProtobufC", "CXLSXWriter", "Settings", "Money",
                "AccessControl", "Text", arguments, yaml,
                histogram, logging,
            ]),

        // Tools: the generator of Contracts. Nothing imports it.
        program("protoc-gen-steward", ["CProtobufC", "CPlugin"]),

        // Tests. Tests/README.md tells what each target is for.
        tests("ArchitectureTests", []),
        tests("TenancyTests", ["Tenancy"]),
        tests("TextTests", ["Text", "TestSupport"]),
        tests("MoneyTests", ["Money"]),
        tests("WorkingTimeTests", ["WorkingTime", "Tenancy", "Text"]),
        tests("FormulaTests", ["Formulas", "Tenancy", "TestSupport"]),
        tests(
            "ServiceSchemaIntegrationTests",
            [
                "IdentityService", "CustomerService", "SalesService", "ProvisionerService", "Records", "ServiceHost",
                "TestPostgres", "TestService", "Migrations", "Postgres", "Reactor", "Tenancy", "TenantDatabase",
                "Contracts", "RPC", logging,
            ]),
        tests(
            "GatewayServiceTests",
            [
                "GatewayService", "Catalogue", "Contracts", "Observability", "RPC", "RPCTransport", "Reactor",
                "ServiceHost", "Tenancy",
            ]),
        tests("CustomerServiceTests", ["CustomerService", "CustomerContracts", "RPC"]),
        tests(
            "StewardCommandTests",
            [
                "steward", "Catalogue", "Contracts", "IdentityContracts", "CustomerContracts", "SalesContracts",
                "Credentials", "RPC", "Tenancy", "Text", "Wire", arguments,
            ],
            exclude: ["Golden"]),
        // C of Tests/Sample, for the tests of Wire: every kind of field.
        .target(
            name: "CSampleContracts", dependencies: ["CProtobufC", "CContracts"], path: "Tests/CSampleContracts"),
        tests("WireTests", ["TestSupport", "Wire", "CProtobufC", "CContracts", "CSampleContracts"]),
        tests("GeneratorTests", ["protoc-gen-steward"]),
        tests(
            "ContractsTests",
            [
                "Catalogue", "Contracts", "IdentityContracts", "CustomerContracts", "SalesContracts", "RPC", "Wire",
                "CContracts", "Tenancy",
            ]),
        tests("ObservabilityTests", ["Observability", logging, metrics]),
        tests("SettingsTests", ["Settings"]),
        tests("CredentialsTests", ["Credentials"]),
        tests(
            "ServiceHostTests",
            [
                "TestSupport", "ServiceHost", "Records", "AccessControl", "Catalogue", "Contracts", "CustomerContracts",
                "Credentials", "Observability", "RPC", "Reactor", "Settings", "TLSTransport", "RPCTransport", "Tenancy",
                "Wire", "Work", logging, coreMetrics,
            ]),
        tests("AccessControlTests", ["AccessControl", "Tenancy", "WorkingTime"]),
        // Decides filters in memory: what the SQL of Records is compared with. In debug builds, as @testable is.
        .target(
            name: "FilterModel", dependencies: ["AccessControl", "Records", "Tenancy", "Text", "Wire"],
            path: "Tests/FilterModel", swiftSettings: strict),
        tests(
            "RecordsTests",
            [
                "Records", "FilterModel", "TestService", "TestSupport", "Contracts", "CustomerContracts",
                "IdentityContracts", "SalesContracts", "AccessControl", "Formulas",
                "Postgres", "RPC", "Reactor", "Tenancy", "Wire", logging,
            ]),
        tests(
            "RecordsIntegrationTests",
            [
                "Records", "FilterModel", "TestPostgres", "TestService", "TestSupport", "Contracts",
                "CustomerContracts",
                "AccessControl", "Migrations", "Observability", "Postgres", "ServiceHost", "TenantDatabase", "Reactor",
                "RPC", "Tenancy", "Text", "Wire", logging, coreMetrics,
            ]),
        tests("WorkTests", ["TestSupport", "Work", "Contracts", "RPC", "Tenancy", "Text"]),
        tests(
            "WorkIntegrationTests",
            [
                "Work", "TestPostgres", "TestService", "AccessControl", "Contracts", "CustomerContracts",
                "CustomerService", "SalesContracts", "SalesService", "Observability",
                "Postgres", "RPC", "Reactor", "Records", "ServiceHost", "TenantDatabase", "Tenancy", "Text", logging,
                coreMetrics,
            ]),
        // What Records and Work promise of feeds and jobs, in made-up worlds.
        tests("SimulationTests", ["TestSupport", "Contracts", "Records", "Work", "Tenancy"]),
        tests("PostgresTests", ["TestSupport", "Postgres", "Tenancy"]),
        // What tests of any module share: repeatable randomness, ports of this machine.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        // A real PostgreSQL for the tests of everything that keeps data.
        .target(
            name: "TestPostgres",
            dependencies: ["Migrations", "Postgres", "Reactor", "TenantDatabase", "Tenancy", logging],
            path: "Tests/TestPostgres", swiftSettings: strict),
        // A service that keeps records, called without programs and sockets.
        .target(
            name: "TestService",
            dependencies: [
                "AccessControl", "Contracts", "CustomerContracts", "Migrations", "Postgres", "RPC", "Reactor",
                "Records", "ServiceHost", "TenantDatabase", "Tenancy", "TestPostgres", "Text", "Wire", "Work", logging,
                coreMetrics,
            ],
            path: "Tests/TestService", swiftSettings: strict),
        tests(
            "SalesServiceIntegrationTests",
            [
                "SalesService", "TestService", "AccessControl", "Contracts", "SalesContracts", "Postgres", "RPC",
                "Records", "ServiceHost", "Tenancy",
            ]),
        tests(
            "CustomerServiceIntegrationTests",
            [
                "CustomerService", "TestPostgres", "TestService", "TestSupport", "AccessControl", "Contracts",
                "CustomerContracts", "Postgres", "RPC", "Records", "Tenancy", "Wire",
            ], exclude: ["febrl_names.csv"]),
        // What one service keeps of another's records: both of them, in one tenant.
        tests(
            "MirrorIntegrationTests",
            [
                "CustomerService", "SalesService", "TestService", "TestPostgres", "AccessControl", "Contracts",
                "CustomerContracts", "SalesContracts", "Migrations", "Observability", "Postgres", "RPC", "Reactor",
                "Records", "ServiceHost", "Tenancy", "TenantDatabase", "TestSupport", "Wire", "Work", coreMetrics,
            ]),
        // What holds of every record type, whatever it declares.
        tests(
            "RecordConformanceIntegrationTests",
            [
                "CustomerService", "IdentityService", "SalesService", "TestPostgres", "TestService", "AccessControl",
                "Catalogue", "Contracts", "IdentityContracts", "CustomerContracts", "Credentials", "Migrations",
                "Postgres", "RPC", "Records", "ServiceHost", "Tenancy", "TenantDatabase", "Wire",
            ]),
        // A service that no installation has.
        tests(
            "NotesServiceIntegrationTests",
            [
                "TestService", "TestPostgres", "AccessControl", "SalesContracts", "Migrations", "RPC", "Records",
                "ServiceHost", "Tenancy",
            ]),
        // The whole of Steward, started for a test: PostgreSQL, certificates, the programs, clients.
        .target(
            name: "TestSteward",
            dependencies: [
                "TestSupport", "TestPostgres", "IdentityService", "Migrations", "StewardClient", "ServiceHost",
                "Contracts", "IdentityContracts", "Credentials", "Postgres", "RPC", "Reactor", "TenantDatabase",
                "TLSTransport", "Tenancy", "Wire", logging,
            ],
            path: "Tests/TestSteward", swiftSettings: strict),
        tests(
            "SystemTests",
            [
                "TestSteward", "TestPostgres", "StewardClient", "Catalogue", "Contracts", "IdentityContracts",
                "CustomerContracts", "SalesContracts", "Postgres", "RPC", "Reactor", "ServiceHost", "TenantDatabase",
                "Tenancy", "Wire",
            ]),
        tests("HostileTests", ["TestSteward", "RPC", "steward-attack", "steward-gateway"]),
        tests(
            "PostgresIntegrationTests",
            ["TestPostgres", "Migrations", "Observability", "Postgres", "Reactor", "Tenancy"]),
        tests(
            "TenantDatabaseIntegrationTests",
            ["TestSupport", "TestPostgres", "TenantDatabase", "Migrations", "Postgres", "Reactor", "Tenancy", logging]),
        tests("MigrationsTests", ["Migrations", "Tenancy"]),
        tests(
            "MigrationsIntegrationTests", ["TestPostgres", "Migrations", "Postgres", "Reactor", "Tenancy"]),
        tests("ReactorTests", ["Reactor", "CLinux"]),
        tests("RPCTests", ["TestSupport", "RPC", "Wire", "CEnvelope", logging]),
        tests(
            "RPCTransportTests",
            [
                "TestSupport", "RPCTransport", "RPC", "TLSTransport", "Reactor", "Wire", "CEnvelope", "Credentials",
                "Tenancy", logging,
            ]),
        tests("TLSTransportTests", ["TLSTransport", "Reactor", "Wire", "COpenSSL", "CLinux"]),
        // The built-in roles on all record types, for the tests of IdentityService. In debug builds, as @testable is.
        .target(
            name: "ProductRoles", dependencies: ["IdentityService", "Catalogue", "Contracts"],
            path: "Tests/ProductRoles", swiftSettings: strict),
        tests(
            "IdentityServiceTests",
            [
                "TestSupport", "IdentityService", "ProductRoles", "AccessControl", "Catalogue", "Contracts",
                "IdentityContracts", "Credentials", "Migrations", "RPC", "Reactor", "Tenancy", "Text", "Work",
            ]),
        tests(
            "IdentityServiceIntegrationTests",
            [
                "IdentityService", "ProductRoles", "ProvisionerService", "TestPostgres", "TestService", "AccessControl",
                "Catalogue", "Contracts", "IdentityContracts", "Credentials", "Migrations", "Postgres", "RPC",
                "Reactor", "Records",
                "ServiceHost", "TenantDatabase", "Tenancy", "Text", "Wire", "Work", "WorkingTime", logging, coreMetrics,
            ]),
        // What Tests/Fuzz/run feeds with arbitrary bytes, and the tests that run the found cases again.
        .target(
            name: "Fuzz",
            dependencies: [
                "AccessControl", "CEnvelope", "Catalogue", "Contracts", "CustomerContracts", "Credentials",
                "FilterModel", "Postgres", "RPC",
                "RPCTransport", "Reactor", "Records", "Settings", "TLSTransport", "Tenancy", "Text", "Wire", logging,
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: strict),
        tests("FuzzTests", ["Fuzz"]),
        // Hostile clients, for HostileTests and Tests/Benchmarks.
        .executableTarget(
            name: "steward-attack", path: "Tests/Attack",
            cSettings: [.define("_GNU_SOURCE")],
            linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        // The servers that Tests/Benchmarks measures.
        .executableTarget(
            name: "steward-echo",
            dependencies: [
                "CEnvelope", "CProtobufC", "Credentials", "RPC", "RPCTransport", "Reactor", "TLSTransport",
                "Tenancy", "Wire", logging,
            ],
            path: "Tests/Benchmarks/Echo", swiftSettings: strict),
        // The interoperability suite: its messages, its server and its Swift client; Tests/InteropTests runs all clients.
        .target(
            name: "CInteropContracts", dependencies: ["CProtobufC", "CContracts"],
            path: "Tests/Interop/CInteropContracts"),
        .target(
            name: "InteropContracts", dependencies: ["CInteropContracts", "Contracts", "RPC", "Wire"],
            path: "Tests/Interop/InteropContracts", swiftSettings: strict),
        .target(
            name: "InteropSuite",
            dependencies: [
                "InteropContracts", "Contracts", "Credentials", "RPC", "RPCTransport", "Reactor", "TLSTransport",
                "Tenancy", "Wire", logging,
            ],
            path: "Tests/Interop/Suite", swiftSettings: strict),
        .executableTarget(
            name: "steward-interop", dependencies: ["InteropSuite"], path: "Tests/Interop/Program",
            swiftSettings: strict),
        tests("InteropTests", ["TestSupport", "InteropSuite"]),
    ]
)
