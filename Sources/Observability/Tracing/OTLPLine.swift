/// Spans as one line of OTLP/JSON, an ExportTraceServiceRequest: what OpenTelemetry's `otlpjsonfile` receiver reads. Ids are
/// hexadecimal, 64-bit numbers are text, enums are numbers, as the protocol's JSON encoding says.
enum OTLPLine {
    /// - Parameter clockOffset: nanoseconds since 1970 UTC at 0 of the monotonic clock.
    static func encode(_ spans: [Span], program: String, version: String, clockOffset: UInt64) -> [UInt8] {
        var text = JSONText(capacity: 512 + spans.count * 512)
        text.raw("{\"resourceSpans\":[{\"resource\":{\"attributes\":[")
        append(.init(SpanAttribute.serviceName, program), to: &text)
        text.raw(",")
        append(.init(SpanAttribute.serviceVersion, version), to: &text)
        text.raw("]},\"scopeSpans\":[{\"scope\":{\"name\":\"steward\"},\"spans\":[")
        for (index, span) in spans.enumerated() {
            if index > 0 { text.raw(",") }
            append(span, clockOffset, to: &text)
        }
        text.raw("]}]}]}\n")
        return text.bytes
    }

    private static func append(_ span: Span, _ clockOffset: UInt64, to text: inout JSONText) {
        text.raw("{\"traceId\":\"")
        text.hex(span.traceHigh)
        text.hex(span.traceLow)
        text.raw("\",\"spanId\":\"")
        text.hex(span.spanID)
        if span.parentID != 0 {
            text.raw("\",\"parentSpanId\":\"")
            text.hex(span.parentID)
        }
        text.raw("\",\"name\":")
        text.string(span.name)
        text.raw(",\"kind\":")
        text.number(UInt64(span.kind.rawValue))
        text.raw(",\"startTimeUnixNano\":\"")
        text.number(span.begin &+ clockOffset)
        text.raw("\",\"endTimeUnixNano\":\"")
        text.number(max(span.begin, span.end) &+ clockOffset)
        text.raw("\",\"attributes\":[")
        for (index, attribute) in span.attributes.enumerated() {
            if index > 0 { text.raw(",") }
            append(attribute, to: &text)
        }
        // STATUS_CODE_ERROR; without an error the status stays unset, as the conventions ask.
        if span.isError { text.raw("],\"status\":{\"code\":2}}") } else { text.raw("],\"status\":{}}") }
    }

    private static func append(_ attribute: Span.Attribute, to text: inout JSONText) {
        text.raw("{\"key\":")
        text.string(attribute.name)
        text.raw(",\"value\":{\"stringValue\":")
        text.string(attribute.value)
        text.raw("}}")
    }
}
