import IdentityContracts
import RPC
import StewardClient
import TestSteward
import Testing
import Wire

extension SystemTests {
    /// What anybody in the world can do at the door, without a session: it must not reach those who are inside.
    @Suite(.serialized) struct DoorJourney {
        private static let signIn = "steward.identity.v1.AuthenticationService/SignIn"

        private static let refresh = "steward.identity.v1.AuthenticationService/RefreshSession"

        /// A frame that opens a call.
        private static func start(_ id: UInt64, _ method: String, traceParent: [UInt8] = [], end: Bool) -> [UInt8] {
            let start = Array(method.utf8).withUnsafeBytes { method in
                traceParent.withUnsafeBytes { parent in
                    var view = StartView()
                    view.method = method
                    if !parent.isEmpty { view.traceParent = parent }
                    view.timeoutMillis = 86_400_000
                    return view.encoded()
                }
            }
            return start.withUnsafeBytes { start in
                RawClient.frame {
                    $0.callID = id
                    $0.start = start
                    $0.end = end
                }
            }
        }

        /// A start that fills a whole frame would be longer than one when it is passed on, and identity would end the
        /// connection on which the gateway carries everybody's calls.
        @Test func aLongTraceParentHarmsNobody() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let raw = try await RawClient.connect(steward)
            let long = [UInt8](repeating: UInt8(ascii: "0"), count: (1 << 20) - 100)
            raw.send(RawClient.hello)
            for call in UInt64(1)...20 {
                raw.send(Self.start(call, Self.refresh, traceParent: long, end: true))
                async let own = workspace.admin.authentication.getSelf(GetSelfRequest())
                #expect(await raw.status(of: call)?.reason == "REFRESH_TOKEN_INVALID")
                #expect(try await own.workspace == workspace.name)
            }
            await raw.close()
            await workspace.close()
        }

        /// Calls that are begun and never finished stay at the gateway, a few of each connection.
        @Test func unfinishedSignInsStayOutside() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let raw = try await RawClient.connect(steward)
            raw.send(RawClient.hello)
            for call in UInt64(1)...9 { raw.send(Self.start(call, Self.signIn, end: false)) }
            #expect(await raw.status(of: 9)?.reason == "OPEN_CALLS_LIMIT")
            #expect(try await workspace.admin.authentication.getSelf(GetSelfRequest()).workspace == workspace.name)
            await raw.close()
            await workspace.close()
        }

        @Test func aRequestAtTheDoorIsSmall() async throws {
            let raw = try await RawClient.connect(TestSteward.shared())
            raw.send(RawClient.hello)
            raw.send(RawClient.call(1, Self.signIn, payload: [UInt8](repeating: 0x0a, count: 5_000)))
            #expect(await raw.status(of: 1)?.reason == "MESSAGE_TOO_LONG")
            await raw.close()
        }
    }
}
