import Migrations
import Reactor
import Tenancy
import TestPostgres
import Testing

@testable import ProvisionerService

/// Blank schemas are there before they are wanted, whatever became of the provisioner that made them.
@Suite struct BlankStockTests {
    @Test func whatIsTakenIsMadeUpForAndWhatIsThereIsFound() async throws {
        let world = try await RightsWorld()
        let streams = RightsWorld.streams
        let owner = world.owner()
        let provisioner = TenantProvisioner(database: owner)
        func names() async throws -> [String] { try await provisioner.blanks().map(\.name).sorted() }
        func stock(_ wanted: Int) -> BlankStock {
            BlankStock(provisioner: provisioner, streams: streams, wanted: wanted, logger: world.postgres.logger)
        }
        let loop = world.postgres.loops.loops[0]
        func running(_ stock: BlankStock, until isDone: () async throws -> Bool) async throws {
            let run = loop.spawn { await stock.run(on: loop) }
            let end = MonotonicTime.moment(.seconds(30), after: MonotonicTime.now())
            while try await !isDone(), MonotonicTime.now() < end { try await Task.sleep(for: .milliseconds(50)) }
            run.cancel()
            await run.value
            #expect(try await isDone())
        }

        let first = stock(2)
        try await running(first) { try await names().count == 6 }
        let made = try await names()
        // One that was killed left them; its successor takes them, and makes up for it.
        let second = stock(2)
        let tenant = TenantID(RecordID.make())
        try await running(second) {
            guard let blank = second.take(.sales) else { return false }
            try await second.preparing {
                _ = try await provisioner.prepare(tenant, stream: streams[2], partition: 0, blank: blank)
            }
            return true
        }
        let left = try await names()
        #expect(left.count == 5 && left.allSatisfy(made.contains))
        try await running(stock(2)) { try await names().count == 6 }
        // Others are wanted no more: of older migrations, or too many.
        let old = MigrationStream(
            name: "sales", kind: .tenant(.sales), migrations: Array(streams[2].migrations.prefix(2)), rights: [])
        _ = try await provisioner.makeBlank(old)
        try await running(stock(1)) { try await names().count == 3 }
        #expect(try await provisioner.blanks().allSatisfy { blank in streams.contains(where: blank.fits) })
        try await running(stock(0)) { try await names().isEmpty }
        await owner.close()
    }
}
