import CoreMetrics
import Credentials
import RPC
import Records
import Tenancy
import Testing
import Work

@testable import ServiceHost

@Suite struct CallerTokenTests {
    private let customerKey: MACKey
    private let salesKey: MACKey
    private let minter: CallerTokenMinter

    init() throws {
        customerKey = try MACKey([UInt8](repeating: 1, count: 32))
        salesKey = try MACKey([UInt8](repeating: 2, count: 32))
        minter = CallerTokenMinter(keys: [.customer: customerKey, .sales: salesKey])
    }

    @Test func everyAudienceAcceptsWhatIsMinted() throws {
        for caller in [Sample.caller(), Sample.caller(tenant: nil)] {
            let token = try minter.mint(caller)
            #expect(try CallerTokenVerifier(audience: .customer, key: customerKey).verify(token) == caller)
            #expect(try CallerTokenVerifier(audience: .sales, key: salesKey).verify(token) == caller)
        }
    }

    @Test func anotherKeyOrAudienceIsRefused() async throws {
        let token = try minter.mint(Sample.caller())
        for verifier in [
            CallerTokenVerifier(audience: .customer, key: salesKey),
            CallerTokenVerifier(audience: .sales, key: customerKey),
            CallerTokenVerifier(audience: .identity, key: customerKey),
        ] {
            #expect(await reason { _ = try verifier.verify(token) } == "CALLER_INVALID")
        }
    }

    /// What a program calls for goes to the one service that it calls, and is known there.
    @Test func aProgramsProofIsForOneAudienceAndAKnownPurpose() async throws {
        let verifier = CallerTokenVerifier(audience: .customer, key: customerKey)
        let caller = Sample.program()
        let token = try minter.mint(caller, for: .customer)
        #expect(try verifier.verify(token) == caller)
        let sales = CallerTokenVerifier(audience: .sales, key: salesKey)
        #expect(await reason { _ = try sales.verify(token) } == "CALLER_INVALID")
        for kind in [Caller.Kind.program(Purpose("rule_the_world")), .program(.handOver)] {
            let withSession = Caller(
                kind: kind, tenantID: Sample.tenant, userID: Sample.user,
                sessionID: kind == .program(.handOver) ? .make() : nil, policyEpoch: 3, expireTime: caller.expireTime,
                workspace: "")
            let forged = try minter.mint(withSession)
            #expect(await reason { _ = try verifier.verify(forged) } == "CALLER_INVALID")
        }
        // A user has a session, and a program a tenant.
        for (kind, tenant) in [(Caller.Kind.user, Sample.tenant), (.program(.handOver), nil)]
            as [(Caller.Kind, TenantID?)]
        {
            let wrong = try minter.mint(
                Caller(
                    kind: kind, tenantID: tenant, userID: Sample.user, sessionID: nil, policyEpoch: 3,
                    expireTime: caller.expireTime, workspace: ""))
            #expect(await reason { _ = try verifier.verify(wrong) } == "CALLER_INVALID")
        }
    }

    /// Who has come by a program's proof, the gateway or another service, cannot use it.
    @Test func aProgramsProofIsGoodOnIdentitysConnectionsOnly() async throws {
        let authentication = CallerAuthentication(
            verifier: CallerTokenVerifier(audience: .customer, key: customerKey), loopCount: 1,
            factory: NOOPMetricsHandler.instance)
        let token = try minter.mint(Sample.program(), for: .customer)
        for peer in [Peer.program(.gateway), .program(.sales), .client(address: "a")] {
            let context = Sample.context(peer: peer, token: token)
            #expect(await reason { try authentication.admit(context) } == "CALLER_INVALID")
            #expect(context.caller == nil)
        }
        let context = Sample.context(peer: .program(.identity), token: token)
        try authentication.admit(context)
        #expect(context.caller?.purpose == .handOver)
        #expect(try context.requireTenantActor().actor == .program(.handOver, onBehalfOf: Sample.user))
    }

    /// What a service calls for in a workspace's name is known by its purpose, has no user, and is good on services' own calls only.
    @Test func aServicesProofNamesNoUser() async throws {
        let verifier = CallerTokenVerifier(audience: .sales, key: salesKey)
        let caller = Sample.service()
        let token = try minter.mint(caller, for: .sales)
        #expect(try verifier.verify(token) == caller)
        let authentication = CallerAuthentication(
            verifier: verifier, loopCount: 1, factory: NOOPMetricsHandler.instance)
        for peer in [Peer.program(.gateway), .program(.provisioner), .client(address: "a")] {
            #expect(
                await reason { try authentication.admit(Sample.context(peer: peer, token: token)) } == "CALLER_INVALID")
        }
        let context = Sample.context(peer: .program(.customer), token: token)
        try authentication.admit(context)
        #expect(try context.requireTenantActor().actor == .program(.mirrorRecords, onBehalfOf: nil))
        // One for a user must name him, one for the workspace must not.
        for (kind, user) in [
            (Caller.Kind.program(.handOver), UserID.nobody), (.service(.mirrorRecords), Sample.user),
            (.user, .nobody), (.service(.handOver), .nobody), (.program(.mirrorRecords), Sample.user),
        ] {
            let wrong = try minter.mint(
                Caller(
                    kind: kind, tenantID: Sample.tenant, userID: user,
                    sessionID: kind == .user ? RecordID.make() : nil, policyEpoch: 3, expireTime: caller.expireTime,
                    workspace: ""))
            #expect(await reason { _ = try verifier.verify(wrong) } == "CALLER_INVALID", "\(kind)")
        }
    }

    @Test func everyChangedByteIsNoticed() throws {
        let caller = Sample.caller()
        let token = try minter.mint(caller)
        let verifier = CallerTokenVerifier(audience: .customer, key: customerKey)
        for index in token.encoded.indices {
            var bytes = token.encoded
            bytes[index] ^= 0x01
            // A change in the code of another audience is that audience's business; the claims stay what they were.
            if let accepted = try? verifier.verify(CallerTokenBytes(encoded: bytes)) {
                #expect(accepted == caller)
            }
        }
        for count in 0..<token.encoded.count {
            let cut = CallerTokenBytes(encoded: Array(token.encoded.prefix(count)))
            if let accepted = try? verifier.verify(cut) { #expect(accepted == caller) }
        }
    }

    @Test func anExpiredTokenIsRefusedAndTheSkewOfClocksForgiven() async throws {
        let verifier = CallerTokenVerifier(audience: .customer, key: customerKey)
        let expired = try minter.mint(Sample.caller(expiresIn: .seconds(-6)))
        #expect(await reason { _ = try verifier.verify(expired) } == "CALLER_EXPIRED")
        let skewed = try minter.mint(Sample.caller(expiresIn: .seconds(-3)))
        #expect(await reason { _ = try verifier.verify(skewed) } == nil)
    }

    @Test func aCachedCallerExpiresToo() async throws {
        let cache = CallerTokenCache(
            verifier: CallerTokenVerifier(audience: .customer, key: customerKey), shardCount: 1)
        // Valid for 300 ms more, thanks to the skew of clocks that is forgiven.
        let token = try minter.mint(Sample.caller(expiresIn: .milliseconds(-4_700)))
        #expect(try cache.caller(of: token).userID == Sample.user)
        let patience = Deadline.after(.seconds(10))
        var refusal: String?
        while refusal == nil && !patience.isPast {
            refusal = await reason { _ = try cache.caller(of: token) }
        }
        #expect(refusal == "CALLER_EXPIRED")
    }
}
