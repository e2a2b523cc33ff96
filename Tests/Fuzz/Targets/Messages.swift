import Catalogue
import Contracts
import RPC
import Wire

/// The first byte chooses a message type of the product, the rest is a message.
///
/// Promises: the walk lets through only what protobuf-c unpacks, within the memory that the walk counted; what was unpacked
/// packs, and unpacks to the same bytes again.
enum Messages {
    /// Every request and response that there is.
    private static let types: [MessageDescriptor] = {
        let methods = ContractCatalogue.all.methods
        var types: [MessageDescriptor] = []
        for type in methods.flatMap({ [$0.request, $0.response] }) where !types.contains(type) { types.append(type) }
        return types.sorted { $0.name < $1.name }
    }()
    /// Far less than a server allows, so that small inputs reach the limits.
    private static let limits = WireLimits(depthMax: 12, memoryBytesMax: 64 << 10, elementCountMax: 2_000)

    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.first else { return }
        let type = types[Int(first) % types.count]
        let body = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        let arena = Arena(byteLimit: 2 * limits.memoryBytesMax)
        var isChecked = true
        do { try WireCodec.check(body, as: type, limits: limits) } catch { isChecked = false }
        let message: Message
        do {
            message = try WireCodec.decode(body, as: type, arena: arena, limits: limits)
        } catch {
            require(!isChecked, "what the walk lets through is unpacked: \(type): \(error)")
            return
        }
        require(isChecked, "what is unpacked was let through")
        require(arena.usedBytes <= arena.byteLimit, "\(type) takes \(arena.usedBytes) bytes")
        let packed = WireCodec.encode(message)
        require(packed.count == WireCodec.encodedSize(message), "a message has the size that was said")
        let again = packed.withUnsafeBytes { packed in
            // What is packed anew may count more: a short number is written with all its bytes.
            try? WireCodec.decode(packed, as: type, arena: Arena())
        }
        guard let again else { fatalError("broken promise: a packed \(type) unpacks") }
        require(WireCodec.encode(again) == packed, "a \(type) packed again has the same bytes")
    }
}
