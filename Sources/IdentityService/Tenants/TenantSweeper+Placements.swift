import Logging
import Observability
import Postgres
import RPC
import Tenancy

// Schemas of services that came after the tenants.
extension TenantSweeper {
    /// How far a pass over the tenants that lack the schema of a service has come.
    struct PlacementPass {
        /// Those whose tenants have not all been looked at.
        var services = ServiceName.dataServices[...]
        /// The tenant that was looked at last, for the first of the services.
        var last = TenantID(RecordID(high: 0, low: 0))

        var isOver: Bool { services.isEmpty }

        /// Goes on with the next service.
        mutating func nextService() {
            services = services.dropFirst()
            last = TenantID(RecordID(high: 0, low: 0))
        }
    }

    /// Has schemas made for the next tenants of the pass, for so long. What the schema of one tenant fails of stops no other
    /// tenant, and a service that the provisioner does not know no other service.
    func sweepPlacements(_ pass: inout PlacementPass, for time: Duration = TenantSweeper.placementsTimeMax) async {
        let deadline = Deadline.after(time)
        while let service = pass.services.first, !deadline.isPast {
            do {
                try await place(service, &pass, deadline)
            } catch {
                warn("tenants have nothing of a new service", error)
                pass.nextService()
            }
        }
    }

    /// Makes schemas of a service until all tenants have one, or the time is over.
    private func place(_ service: ServiceName, _ pass: inout PlacementPass, _ deadline: Deadline) async throws {
        let rows = try await directory.read(
            PlacementTable.missing(service, after: pass.last, limit: TenantSweeper.batchMax), deadline: deadline)
        for row in rows {
            if deadline.isPast { return }
            let tenant = TenantID(try row.id(0))
            try await add(service, to: tenant, deadline)
            pass.last = tenant
        }
        if rows.count < TenantSweeper.batchMax { pass.nextService() }
    }

    /// - Throws: UNAVAILABLE: what one tenant was refused, the next ones would be.
    private func add(_ service: ServiceName, to tenant: TenantID, _ deadline: Deadline) async throws {
        do {
            try await setup.add(service, to: tenant, deadline: deadline)
            logger.notice(
                "a tenant got the schema of a new service",
                metadata: [LogKey.tenantID: "\(tenant)", LogKey.schemaService: "\(service)"])
        } catch let error as RPCError where error.code == .unavailable {
            throw error
        } catch {
            warn("a tenant has nothing of a new service yet", error, tenant: tenant)
        }
    }
}
