#if DEBUG
    import AccessControl
    import Contracts
    import CustomerContracts
    import Postgres
    import RPC
    import Tenancy
    import Text
    import Wire

    @testable import FilterModel
    @testable import Records

    /// The first byte chooses a form: text of a filter, message of a filter, sort keys (one a line).
    ///
    /// Promises: what is refused is the caller's mistake, and said at the place; what is taken becomes SQL in which no value
    /// stands, and can be decided in memory.
    enum Filters {
        private static let types = [
            RecordType(
                Account.self,
                fields: [
                    .field("display_name", .required, .line(200)),
                    .field("annual_revenue", .range(0...Int64.max)),
                ]),
            RecordType(
                Contact.self,
                fields: [
                    .field(
                        "contact_points", .count(0...20),
                        .items([.field("kind", .required), .field("value", .required)]))
                ]),
            RecordType(
                Activity.self,
                fields: [.field("kind", .required), .field("duration_seconds", .range(0...86_400))]),
        ]
        static let rights = types.map { FieldRights($0, access) }
        private static let records = [
            Account(
                id: "018f4a60-0000-7000-8000-000000000001", displayName: "İstanbul Ltd", city: "Berlin",
                annualRevenue: Money(currencyCode: "EUR", minorUnits: 1250)
            ).message(in: Arena()),
            Contact(contactPoints: [ContactPoint(kind: .email, value: "a@b.example")]).message(in: Arena()),
            Activity(kind: .call, subject: "x").message(in: Arena()),
        ]

        static func run(_ bytes: UnsafeRawBufferPointer) {
            guard let first = bytes.first else { return }
            let index = Int(first >> 4) % types.count
            let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
            do {
                switch first & 15 {
                case 0..<8: try text(String(decoding: rest, as: UTF8.self), index)
                case 8..<13:
                    let arena = Arena()
                    guard let message = try? WireCodec.decode(rest, as: Filter.descriptor, arena: arena) else { return }
                    try use(FilterNode(message), index)
                default:
                    let keys = String(decoding: rest, as: UTF8.self).split(separator: "\n").map(String.init)
                    let order = try SortOrder(keys, of: types[index], rights: rights[index])
                    requirePlain(order.sql)
                }
            } catch let error as RPCError {
                require(
                    error.code == .invalidArgument || error.code == .permissionDenied,
                    "a filter is refused as the caller's mistake, not \(error.code.name) \(error.reason)")
                _ = CallStatus(error: error).encoded()
            } catch {
                fatalError("broken promise: a filter is refused by an RPCError, not \(error)")
            }
        }

        private static func text(_ text: String, _ index: Int) throws {
            let node: FilterNode
            do throws(FilterSyntaxError) {
                node = try FilterParser.parse(text)
            } catch {
                let length = text.unicodeScalars.count
                require((1...length + 1).contains(error.position), "position \(error.position) of \(length)")
                throw RecordErrors.syntax(error)
            }
            try use(node, index)
        }

        private static func use(_ node: FilterNode, _ index: Int) throws {
            let resolved = try FilterResolver(type: types[index], rights: rights[index]).resolve(node)
            var sql = FilterSQL()
            requirePlain(sql.condition(resolved))
            _ = resolved.matches(records[index])
        }

        /// SQL holds declared names, fixed words and numbers of parameters: nothing that a client wrote.
        private static func requirePlain(_ sql: String) {
            let isPlain = sql.replacing(TextOrder.root.collation, with: "").utf8.allSatisfy { byte in
                (0x20..<0x7f).contains(byte) && !";\"\\#".utf8.contains(byte)
            }
            require(isPlain && !sql.contains("--") && !sql.contains("/*"), "SQL is plain: \(sql)")
        }

        private static let access: ObjectAccess = {
            let role = RecordID.make()
            let user = UserID(RecordID.make())
            let snapshot = PolicySnapshot(
                tenantID: TenantID(RecordID.make()), epoch: 1, isActive: true,
                roles: [
                    PolicyRole(
                        id: role, displayName: "Fuzz",
                        grants: [AccessControl.Grant(object: "*", action: "*", scope: .all)],
                        fieldPolicies: [AccessControl.FieldPolicy(object: "account", field: "phone", level: .masked)])
                ], units: [], users: [PolicyUser(id: user, unitID: nil, roleIDs: [role])])
            guard let access = snapshot.access(of: user) else { preconditionFailure("the user is in the snapshot") }
            return access.object("account")
        }()
    }
#endif
