import Credentials
import Foundation
import Testing

@testable import steward

struct PasswordInputTests {
    /// Windows' Notepad puts a mark before a text in UTF-8, and nobody sees it.
    @Test(arguments: ["\u{feff}correct horse\r\n", "correct horse", "\u{feff}\ncorrect horse\nand more"])
    func theFirstLineIsThePassword(_ text: String) throws {
        let file = "\(NSTemporaryDirectory())/\(UUID().uuidString)"
        try PrivateFile.write(Array(text.utf8), to: file)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let password = try PasswordInput.read(file: file, prompt: "Password")
        #expect(Array(password.utf8) == Array("correct horse".utf8))
    }
}
