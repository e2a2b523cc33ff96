import CPlugin
import CProtobufC

#if canImport(Glibc)
    import Glibc
#endif

/// The answer to protoc.
enum GeneratorResponse {
    case files([Generator.File])
    case failure(String)

    /// As a serialized google.protobuf.compiler.CodeGeneratorResponse. What it allocates lives until the
    /// program ends, which is at once.
    func serialized() -> [UInt8] {
        var response = Google__Protobuf__Compiler__CodeGeneratorResponse()
        google__protobuf__compiler__code_generator_response__init(&response)
        switch self {
        case .failure(let reason):
            response.error = strdup(reason)
        case .files(let files):
            let array = UnsafeMutablePointer<CResponseFile?>.allocate(capacity: files.count)
            for (index, file) in files.enumerated() { array[index] = file.cFile() }
            response.file = array
            response.n_file = files.count
        }
        return [UInt8](
            unsafeUninitializedCapacity: google__protobuf__compiler__code_generator_response__get_packed_size(
                &response)
        ) { buffer, count in
            count = google__protobuf__compiler__code_generator_response__pack(&response, buffer.baseAddress)
        }
    }
}

private typealias CResponseFile = UnsafeMutablePointer<
    Google__Protobuf__Compiler__CodeGeneratorResponse__File
>

extension Generator.File {
    fileprivate func cFile() -> CResponseFile {
        let file = CResponseFile.allocate(capacity: 1)
        google__protobuf__compiler__code_generator_response__file__init(file)
        file.pointee.name = strdup(name)
        file.pointee.content = strdup(content)
        return file
    }
}
