package import Tenancy

/// How many calls a server works on at once on a loop, and how many may wait for that.
package struct AdmissionLimits: Sendable, Hashable {
    /// Calls worked on at once. More would only wait for the database, in the order in which they came and not in fair turns.
    package var runningMax: Int
    /// Calls that wait for their turn, of all tenants together: each keeps its request in memory, and what waits longer than a caller
    /// does is refused anyway.
    package var queuedMax = 4_096
    /// Calls of one tenant that wait, so that one alone cannot fill the queue.
    package var queuedPerTenantMax = 1_024
    /// What a tenant may take in a round of turns, in units of cost: more than most calls cost, less than a batch.
    package var quantum = 16

    package init(runningMax: Int) { self.runningMax = runningMax }
}

/// Which calls wait for their turn.
package struct AdmissionRule: Sendable {
    /// A call's place.
    package enum Place: Sendable, Hashable {
        /// Begins at once: what a call that has begun elsewhere depends on, or what must be answered under any load.
        case immediate
        /// Waits in turn with the calls of other tenants; nil stands for those of no tenant.
        case inTurn(of: TenantID?)
    }

    package let limits: AdmissionLimits
    package let place: @Sendable (CallContext) -> Place

    package init(limits: AdmissionLimits, place: @escaping @Sendable (CallContext) -> Place) {
        self.limits = limits
        self.place = place
    }
}
