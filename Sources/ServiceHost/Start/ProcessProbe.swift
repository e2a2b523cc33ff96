import CoreMetrics
import Glibc
import Observability
import TLSTransport

/// What the operating system knows about this process, as metrics.
struct ProcessProbe: Sendable {
    private let resident: Gauge
    private let cpu: Gauge
    private let files: Gauge
    private let certificate: Gauge

    init(factory: any MetricsFactory, program: String) {
        resident = Gauge(label: MetricName.residentBytes, factory: factory)
        cpu = Gauge(label: MetricName.cpuSeconds, factory: factory)
        files = Gauge(label: MetricName.openFiles, factory: factory)
        certificate = Gauge(label: MetricName.certificateLifetime, factory: factory)
        Gauge(label: MetricName.startTime, factory: factory).record(Int64(time(nil)))
        let labels = [(MetricDimension.program, program), (MetricDimension.version, Version.current)]
        Gauge(label: MetricName.buildInfo, dimensions: labels, factory: factory).record(1)
    }

    /// Reads a few files under /proc: on a worker.
    func measure(certificateEnd: Int64?) {
        if let pages = Self.residentPages() { resident.record(pages * Int64(sysconf(Int32(_SC_PAGESIZE)))) }
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        let user = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6
        let system = Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) / 1e6
        cpu.record(user + system)
        if let count = Self.openFileCount() { files.record(count) }
        if let certificateEnd { certificate.record(certificateEnd - Int64(time(nil))) }
    }

    private static func residentPages() -> Int64? {
        guard let file = fopen("/proc/self/statm", "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let words = text.split(separator: " ")
        return words.count > 1 ? Int64(words[1]) : nil
    }

    private static func openFileCount() -> Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // The folder itself, "." and "..".
        return count - 3
    }
}
