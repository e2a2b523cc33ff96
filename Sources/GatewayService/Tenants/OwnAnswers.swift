import Contracts
import RPC
import RPCTransport
import Reactor
import Synchronization

/// Bounds what the gateway answers by itself: refused calls, health, reflection. Nobody pays for those, and however many a client has under
/// way, it is made to wait with the next ones (`AnswerPace`). Calls of a session share the pace of their workspace, others that of
/// their network.
final class OwnAnswers: Sendable {
    /// A second, of a network: 2 % of a loop.
    private static let ofNetworkPerSecond = 10_000
    /// Networks remembered. When there are more, those that have their whole pace back are forgotten, and if that is not enough, all: whoever
    /// commands so many is held back by the handshakes that they take.
    private static let networksMax = 16_384
    /// What an answer of reflection takes, some 50 KB, measured in refusals.
    private static let stepsOfReflection = 20

    private let networks = Mutex<[ClientNetwork: StepPace]>([:])

    /// For how many nanoseconds the connection is to be read no further.
    func wait(_ connection: ConnectionContext, _ answer: OwnAnswer, now: UInt64 = MonotonicTime.now()) -> UInt64 {
        let steps = Self.steps(answer)
        if let account = (connection.attachment as? AttachedSession)?.binding?.account {
            return account.waitAfterOwnAnswer(steps, now: now)
        }
        return wait(ClientAddress.network(connection.remoteAddress), steps, now)
    }

    private func wait(_ network: ClientNetwork, _ steps: Int, _ now: UInt64) -> UInt64 {
        networks.withLock { networks in
            if networks[network] == nil { Self.makeRoom(&networks, now) }
            return networks[network, default: StepPace(perSecond: Self.ofNetworkPerSecond)].take(steps, at: now)
        }
    }

    private static func makeRoom(_ networks: inout [ClientNetwork: StepPace], _ now: UInt64) {
        guard networks.count >= networksMax else { return }
        networks = networks.filter { !$0.value.isFull(at: now) }
        if networks.count >= networksMax { networks = [:] }
    }

    private static func steps(_ answer: OwnAnswer) -> Int {
        guard case .served(let method) = answer, method.service == ReflectionServiceMethods.serviceName else {
            return 1
        }
        return stepsOfReflection
    }

    /// Networks remembered now.
    var networkCount: Int { networks.withLock { $0.count } }
}
