import ArgumentParser

/// How many records or changes to show: a number from 1, or all.
enum RecordLimit: ExpressibleByArgument {
    case count(Int)
    case all

    /// Most on a page.
    private static let pageSizeMax = 1000

    init?(argument: String) {
        if argument == "all" {
            self = .all
        } else if let count = Int(argument), count > 0 {
            self = .count(count)
        } else {
            return nil
        }
    }

    var defaultValueDescription: String {
        switch self {
        case .count(let count): String(count)
        case .all: "all"
        }
    }

    var most: Int {
        switch self {
        case .count(let count): count
        case .all: .max
        }
    }

    /// What to ask for once so many are there.
    func pageSize(after count: Int) -> Int { min(most - count, Self.pageSizeMax) }
}
