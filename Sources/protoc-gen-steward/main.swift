// A plugin of protoc: reads a CodeGeneratorRequest from standard input, writes a CodeGeneratorResponse to
// standard output.

#if canImport(Glibc)
    import Glibc
#endif

func readStandardInput() -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
        let count = read(STDIN_FILENO, &chunk, chunk.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
    }
}

func writeStandardOutput(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
    }
    return true
}

let response: GeneratorResponse
do {
    let request = try GeneratorRequest(serialized: readStandardInput())
    response = .files(try Generator(request: request).files())
} catch {
    response = .failure("\(error)")
}
exit(writeStandardOutput(response.serialized()) ? 0 : 1)
