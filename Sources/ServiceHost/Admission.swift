import RPC
import Tenancy

/// Which calls of a service wait for their turn when more have come than it works on.
enum Admission {
    /// The rule of a program; nil for the gateway, which works on nothing itself.
    static func rule(of program: ServiceName, _ settings: HostSettings) -> AdmissionRule? {
        guard let database = settings.database else { return nil }
        // Enough that no connection of the database is ever idle while calls wait, few enough that the line before the database is
        // short: there nobody takes turns.
        let running = settings.runningCallsMax ?? max(16, database.connections * 4 / settings.loops)
        return AdmissionRule(limits: AdmissionLimits(runningMax: running), place: place)
    }

    /// What comes through the gateway waits, once. A call of another program belongs to one that has begun there: if both programs had
    /// such calls wait, they could wait for each other. Streams last long and work little; they are bounded by number.
    @Sendable private static func place(_ context: CallContext) -> AdmissionRule.Place {
        guard context.peer == .program(.gateway), context.method.kind == .unary, !context.method.isOfProtocol,
            context.caller != nil
        else { return .immediate }
        return .inTurn(of: context.caller?.tenantID)
    }
}
