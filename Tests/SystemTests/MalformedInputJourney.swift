import Contracts
import CustomerContracts
import RPC
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// Bytes that are no request, and bytes that break the protocol.
    @Suite(.serialized) struct MalformedInputJourney {
        @Test func aRequestThatIsNoMessage() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let create = AccountServiceMethods.createAccount
            let list = AccountServiceMethods.listAccounts
            func sending(
                _ method: MethodDefinition, _ bytes: [UInt8]
            ) -> @Sendable (StewardConnection) async throws -> Void {
                { _ = try await $0.channel.unary(method, bytes, CallOptions()) }
            }
            func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
                [number << 3 | 2] + Self.varint(bytes.count) + bytes
            }
            // not { not { … } }, ten thousand deep.
            let bomb = (0..<10_000).reduce([UInt8]()) { inner, _ in field(3, inner) }
            // A contact with a million and a half empty contact points.
            let flood = field(1, [UInt8]((0..<1_500_000).flatMap { _ in [15 << 3 | 2, 0] as [UInt8] }))
            let unknown = MethodDefinition(
                path: "steward.customer.v1.AccountService/ExplodeAccount", request: create.request,
                response: create.response, kind: .unary)
            let nowhere = MethodDefinition(
                path: "steward.weather.v1.WeatherService/GetWeather", request: create.request,
                response: create.response, kind: .unary)
            let name = { (bytes: [UInt8]) in field(1, [10 << 3 | 2, UInt8(bytes.count)] + bytes) }
            try await expect(
                [
                    RefusedCall(
                        "not protobuf", .invalidArgument, "REQUEST_MALFORMED", sending(create, [0xff, 0xff, 0xff])),
                    RefusedCall("cut off", .invalidArgument, "REQUEST_MALFORMED", sending(create, [0x0a, 0x05, 0x52])),
                    RefusedCall(
                        "bad UTF-8", .invalidArgument, "REQUEST_MALFORMED", field: "account.display_name",
                        sending(create, name([0x41, 0xff, 0xfe]))),
                    RefusedCall(
                        "a NUL in a text", .invalidArgument, "REQUEST_MALFORMED", field: "account.display_name",
                        sending(create, name([0x41, 0x00, 0x42]))),
                    RefusedCall("nested bomb", .invalidArgument, "REQUEST_MALFORMED", sending(list, field(1, bomb))),
                    RefusedCall(
                        "flood of submessages", .invalidArgument, "REQUEST_MALFORMED",
                        sending(ContactServiceMethods.createContact, flood)),
                    RefusedCall(
                        "too long", .resourceExhausted, "MESSAGE_TOO_LONG",
                        sending(create, [UInt8](repeating: 0, count: 5 << 20))),
                    RefusedCall("unknown method", .unimplemented, "METHOD_UNKNOWN", sending(unknown, [])),
                    RefusedCall("unknown service", .unimplemented, "SERVICE_UNKNOWN", sending(nowhere, [])),
                    RefusedCall("metadata of the programs", .invalidArgument, "METADATA_KEY_INVALID") {
                        var options = CallOptions()
                        options.metadata.append("steward-client-address", "10.0.0.1")
                        _ = try await $0.accounts.listAccounts(ListAccountsRequest(), options: options)
                    },
                    RefusedCall("long request id", .invalidArgument, "REQUEST_ID_INVALID") {
                        let options = CallOptions(requestID: String(repeating: "r", count: 65))
                        _ = try await $0.accounts.listAccounts(ListAccountsRequest(), options: options)
                    },
                ], by: workspace.admin)
            // The connection and the services are none the worse for it.
            _ = try await workspace.admin.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "A")))
            await workspace.close()
        }

        private static func varint(_ value: Int) -> [UInt8] {
            var rest = value
            var bytes: [UInt8] = []
            while rest > 0x7f {
                bytes.append(UInt8(rest & 0x7f | 0x80))
                rest >>= 7
            }
            return bytes + [UInt8(rest)]
        }

        @Test(arguments: [
            ("no hello", [0, 0, 0, 2, 0x08, 1] as [UInt8], StatusCode.invalidArgument, "HELLO_MISSING"),
            ("an empty frame", RawClient.hello + [0, 0, 0, 0], .invalidArgument, "FRAME_MALFORMED"),
            (
                "a frame of noise", RawClient.hello + [0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff], .invalidArgument,
                "FRAME_MALFORMED"
            ),
            ("a frame without end", RawClient.hello + [0x7f, 0xff, 0xff, 0xff], .resourceExhausted, "FRAME_TOO_LONG"),
            ("a frame of 16 MiB", RawClient.hello + [0x01, 0, 0, 0], .resourceExhausted, "FRAME_TOO_LONG"),
            ("a second hello", RawClient.hello + RawClient.hello, .invalidArgument, "HELLO_REPEATED"),
            (
                "a call id twice",
                RawClient.hello + RawClient.call(2, "x.Y/Z") + RawClient.call(2, "x.Y/Z"), .invalidArgument,
                "CALL_ID_REUSED"
            ),
        ])
        func aMistakeInTheProtocolCostsItsSenderTheConnection(
            what: String, bytes: [UInt8], code: StatusCode, reason: String
        ) async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let raw = try await RawClient.connect(steward)
            // Somebody else, who is in the middle of work all the while.
            let bystander = workspace.admin
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<10 {
                    group.addTask {
                        _ = try await bystander.accounts.createAccount(
                            CreateAccountRequest(record: Account(displayName: "Row \(index)")))
                    }
                }
                raw.send(bytes)
                let error = await raw.leaveTaking()
                #expect(error?.code == code, "\(what)")
                #expect(error?.reason == reason, "\(what)")
                try await group.waitForAll()
            }
            #expect(try await bystander.accounts.listAccounts(ListAccountsRequest()).records.count == 10)
            await raw.close()
            await workspace.close()
        }

        @Test func aRawClientGetsOnWithItsCallsAfterAMistakeOfOneCall() async throws {
            let raw = try await RawClient.connect(try await TestSteward.shared())
            raw.send(RawClient.hello + RawClient.call(1, "steward.rpc.v1.HealthService/CheckHealth", payload: [0xff]))
            #expect(await raw.status(of: 1)?.reason == "REQUEST_MALFORMED")
            raw.send(RawClient.call(2, "steward.rpc.v1.HealthService/CheckHealth"))
            #expect(await raw.status(of: 2)?.code == .ok)
            raw.send(RawClient.call(3, "steward.sales.v1.DealService/ListDeals"))
            #expect(await raw.status(of: 3)?.reason == "SESSION_REQUIRED")
            await raw.close()
        }
    }
}
