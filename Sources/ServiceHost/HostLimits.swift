/// The limits of a process that are not settings, each with its reason.
package enum HostLimits {
    /// Work waiting for the worker pool, for each of its threads: at 25 ms for a password that is 1.6 s, more than a
    /// caller waits gladly. More is refused.
    package static let workQueuePerThread = 64
    /// Verified caller tokens kept for each loop: a token lives 60 s, so this is the number of users active within a
    /// minute; 4,096 take about 2 MB.
    package static let callerCacheCountMax = 4_096
    /// Tenants whose policy is kept. A policy of 1,000 users takes about 150 KB, most have a tenth of it.
    package static let policyCountMax = 20_000
    /// Nothing heard from identity for so long means that a right may have been withdrawn unheard: writes are refused.
    /// Five signs of life, which come once a second.
    package static let policySilenceMax: Duration = .seconds(5)
    /// How long fetching a policy may take; it is one row and a few tables.
    package static let policyFetchTimeout: Duration = .seconds(3)
    /// How long telling a mirror may take: some hundred records, a statement each in one round trip.
    package static let mirrorTimeout: Duration = .seconds(5)
    /// How long roll-ups may be asked for: some hundred records, each with all that name it.
    package static let rollUpTimeout: Duration = .seconds(20)
    /// First and longest wait between attempts to open the stream of policies again.
    package static let policyRetryFirst: Duration = .milliseconds(100)
    package static let policyRetryLongest: Duration = .seconds(2)
    /// How long a caller token may live; identity never states more.
    package static let callerLifetimeMax: Duration = .seconds(60)
    /// Clocks of the machines of an installation may differ by so much.
    package static let clockSkewMax: Duration = .seconds(5)
    /// Requests to the admin port at once: a scraper, a probe and an operator, several times over.
    static let adminConnectionsMax = 16
    /// Longest request head on the admin port.
    static let adminHeadBytesMax = 8 << 10
    /// How long a request to the admin port may take in all.
    static let adminTimeout: Duration = .seconds(5)
    /// How often the files of certificates are looked at; new ones are used when two looks found them the same.
    static let certificateWatchInterval: Duration = .seconds(2)
    /// How often the state of the database and the process is looked at.
    static let probeInterval: Duration = .seconds(2)
    /// So many looks in a row that got no connection within the interval make a program not ready: 10 s in which nobody got one.
    static let busyProbeCountMax = 3
}
