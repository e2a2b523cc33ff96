import Foundation
import Migrations
import Testing

@testable import IdentityService

/// The lists in Swift name every file of the folder SQL, in order.
struct MigrationListTests {
    @Test(arguments: [IdentityMigrations.directoryStream, IdentityMigrations.tenantStream])
    func namesEveryFile(_ stream: MigrationStream) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/IdentityService/SQL")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasPrefix("\(stream.name)_") }.sorted()
        let listed = stream.migrations.map { migration in
            let number = String(migration.number)
            return
                "\(stream.name)_\(String(repeating: "0", count: 4 - number.count))\(number)_\(migration.name).sql"
        }
        #expect(files == listed)
        for (file, migration) in zip(files, stream.migrations) {
            let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            #expect(text == migration.sql, "\(file)")
        }
    }
}
