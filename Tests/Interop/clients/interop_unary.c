/* One message each way. */
#include "interop.h"

typedef Steward__Interop__V1__UnaryCallRequest unary_request;
typedef Steward__Interop__V1__UnaryCallResponse unary_response;

static void fail_with(const steward_start_options *options, steward_client *client, unary_request request, int code,
                      const char *reason) {
    steward_status_free(error_of(client, options, &request, UNARY_RESPONSE, code, reason));
}

static void empty_unary(void) { empty_call(new_client(0, NULL)); }

static void omitted_message(void) {
    steward_client *client = new_client(0, NULL);
    steward_call *call = start(client, TEST("EmptyCall"));
    steward_end(call);
    ProtobufCMessage *answer = steward_receive(call, EMPTY_RESPONSE);
    if (answer) protobuf_c_message_free_unpacked(answer, NULL);
    expect_ended_well(call, EMPTY_RESPONSE);
    call = start(client, TEST("StreamingOutputCall"));
    steward_end(call);
    expect_ended_well(call, OUTPUT_RESPONSE);
}

static void large_unary(void) { exchange(new_client(0, NULL), 271828, 314159); }

static void huge_unary(void) { exchange(new_client(0, NULL), 3000000, 3100000); }

static void small_frames(void) {
    Steward__Rpc__V1__Hello hello = usual_hello();
    hello.frame_bytes_max = 16384;
    steward_client *client = new_client(0, &hello);
    exchange(client, 271828, 314159);

    char text[901] = {0};
    memset(text, 'y', 900);
    Steward__Interop__V1__Detail detail = STEWARD__INTEROP__V1__DETAIL__INIT;
    detail.key = "key";
    detail.value = text;
    Steward__Interop__V1__Detail *details[10];
    for (size_t i = 0; i < 10; i++) details[i] = &detail;
    Steward__Interop__V1__Outcome outcome = STEWARD__INTEROP__V1__OUTCOME__INIT;
    outcome.has_code = true;
    outcome.code = 10;
    outcome.message = text;
    outcome.reason = "LONG";
    outcome.n_details = 10;
    outcome.details = details;
    unary_request request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    request.outcome = &outcome;
    steward_start_options options = options_for(TEST("UnaryCall"));
    steward_status *status = error_of(client, &options, &request, UNARY_RESPONSE, 10, "LONG");
    expect("the details", status->n_details, 10);
    steward_status_free(status);
}

static void metadata_refused(void) {
    steward_client *client = new_client(0, NULL);
    Steward__Rpc__V1__Entry entry = STEWARD__RPC__V1__ENTRY__INIT, *entries[] = {&entry};
    entry.has_value = true;
    entry.key = "steward-mine";
    entry.value = zeros(1);
    steward_start_options options = options_for(TEST("EmptyCall"));
    options.n_metadata = 1;
    options.metadata = entries;
    unary_request request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    fail_with(&options, client, request, 3, "METADATA_KEY_INVALID");
    free(entry.value.data);
    entry.key = "long";
    entry.value = zeros(8193);
    fail_with(&options, client, request, 8, "METADATA_TOO_LONG");
    free(entry.value.data);
    empty_call(client);
}

static void request_id(void) {
    steward_client *client = new_client(0, NULL);
    steward_start_options options = options_for(TEST("UnaryCall"));
    options.request_id = "0197-order-7";
    unary_request request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    steward_status *status;
    unary_response *answer = (void *)steward_unary(client, &options, &request.message_base, UNARY_RESPONSE, &status);
    expect_status(status, 0, NULL);
    expect_text("the request id", answer->request_id, "0197-order-7");
    protobuf_c_message_free_unpacked(&answer->message_base, NULL);
    steward_status_free(status);
    options.request_id = "with space";
    fail_with(&options, client, request, 3, "REQUEST_ID_INVALID");
}

static char *trace_of(const char *parent) {
    steward_start_options options = options_for(TEST("UnaryCall"));
    options.trace_parent = (char *)parent;
    unary_request request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    steward_status *status;
    unary_response *answer =
        (void *)steward_unary(new_client(0, NULL), &options, &request.message_base, UNARY_RESPONSE, &status);
    expect_status(status, 0, NULL);
    steward_status_free(status);
    char *found = strdup(answer->trace_id);
    protobuf_c_message_free_unpacked(&answer->message_base, NULL);
    return found;
}

static void trace(void) {
    char *found = trace_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    expect_text("the trace", found, "0af7651916cd43dd8448eb211c80319c");
    free(found);
}

static void trace_malformed(void) {
    char *found = trace_of("00-0af7651916cd43dd8448eb211c80319c-zz-01");
    expect("the length of the trace", strlen(found), 32);
    if (strcmp(found, "0af7651916cd43dd8448eb211c80319c") == 0) failed("a malformed trace was continued");
    free(found);
}

static void many_calls(void) {
    steward_client *client = new_client(0, NULL);
    steward_call *calls[100];
    unary_request request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    request.has_response_size = request.has_hold_ms = true;
    for (int i = 0; i < 100; i++) {
        request.response_size = i * 100;
        request.hold_ms = (99 - i) % 10;
        calls[i] = start(client, TEST("UnaryCall"));
        steward_send(calls[i], &request.message_base, true);
    }
    for (int i = 0; i < 100; i++) {
        unary_response *answer = (void *)steward_receive(calls[i], UNARY_RESPONSE);
        if (!answer) failed("call %d has no answer", i);
        expect("the body", answer->body.len, i * 100);
        protobuf_c_message_free_unpacked(&answer->message_base, NULL);
        expect_ended_well(calls[i], UNARY_RESPONSE);
    }
}

static void too_many_calls(void) {
    Steward__Interop__V1__StartServerRequest limits = STEWARD__INTEROP__V1__START_SERVER_REQUEST__INIT;
    limits.has_calls_max = true;
    limits.calls_max = 16;
    steward_client *client = new_client(start_server(limits), NULL);
    expect("the calls announced", steward_server(client)->calls_max, 16);
    steward_call *watches[16];
    Steward__Interop__V1__WatchCallRequest request = STEWARD__INTEROP__V1__WATCH_CALL_REQUEST__INIT;
    for (int i = 0; i < 16; i++) {
        watches[i] = start(client, TEST("WatchCall"));
        steward_send(watches[i], &request.message_base, true);
        ProtobufCMessage *first = steward_receive(watches[i], &steward__interop__v1__watch_call_response__descriptor);
        if (!first) failed("the stream has no message");
        protobuf_c_message_free_unpacked(first, NULL);
    }
    steward_start_options options = options_for(TEST("UnaryCall"));
    unary_request unary = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    fail_with(&options, client, unary, 8, "TOO_MANY_CALLS");
    for (int i = 0; i < 16; i++) steward_free(watches[i]);
}

static void request_too_long(void) {
    Steward__Interop__V1__StartServerRequest limits = STEWARD__INTEROP__V1__START_SERVER_REQUEST__INIT;
    limits.has_message_bytes_max = true;
    limits.message_bytes_max = 100000;
    steward_client *client = new_client(start_server(limits), NULL);
    steward_start_options options = options_for(TEST("UnaryCall"));
    unary_request request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    request.has_body = true;
    request.body = zeros(100001);
    fail_with(&options, client, request, 8, "MESSAGE_TOO_LONG");
    free(request.body.data);
    empty_call(client);
}

static void answer_too_long(void) {
    Steward__Rpc__V1__Hello hello = usual_hello();
    hello.message_bytes_max = 65536;
    steward_client *client = new_client(0, &hello);
    steward_start_options options = options_for(TEST("UnaryCall"));
    unary_request request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    request.has_response_size = true;
    request.response_size = 65536;
    fail_with(&options, client, request, 8, "ANSWER_TOO_LARGE");
    exchange(client, 0, 65000);
}

static void malformed_request(void) {
    steward_client *client = new_client(0, NULL);
    steward_call *call = start(client, TEST("UnaryCall"));
    Steward__Rpc__V1__Frame frame = STEWARD__RPC__V1__FRAME__INIT;
    frame.has_call_id = frame.has_payload = frame.has_end = frame.end = true;
    frame.call_id = call->id;
    frame.payload = (ProtobufCBinaryData){.len = 4, .data = (uint8_t *)"\x2a\x02\xff\xfe"}; /* a key that is not UTF-8 */
    steward_write(client, &frame);
    if (steward_receive(call, UNARY_RESPONSE)) failed("the request was served");
    expect_status(call->status, 3, "REQUEST_MALFORMED");
    steward_free(call);
    empty_call(client);
}

/* Each message in pieces of 7 bytes, and those of two calls in turns. */
static void alternating_pieces(void) {
    enum { PIECE = 7 };
    steward_client *client = new_client(0, NULL);
    unary_request request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    request.has_body = request.has_response_size = true;
    request.body = zeros(100);
    request.response_size = 3;
    uint8_t data[256];
    size_t size = steward__interop__v1__unary_call_request__pack(&request, data);
    free(request.body.data);
    steward_call *calls[] = {start(client, TEST("UnaryCall")), start(client, TEST("UnaryCall"))};
    for (size_t at = 0; at < size; at += PIECE)
        for (size_t i = 0; i < COUNT_OF(calls); i++) {
            Steward__Rpc__V1__Frame frame = STEWARD__RPC__V1__FRAME__INIT;
            frame.has_call_id = frame.has_payload = frame.has_more = frame.has_end = true;
            frame.call_id = calls[i]->id;
            frame.end = at + PIECE >= size;
            frame.more = !frame.end;
            frame.payload = (ProtobufCBinaryData){.len = frame.end ? size - at : PIECE, .data = data + at};
            steward_write(client, &frame);
        }
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        unary_response *answer = (void *)steward_receive(calls[i], UNARY_RESPONSE);
        if (!answer) failed("there is no answer: %s", calls[i]->status->message);
        expect("the request's length", answer->request_size, 100);
        expect("the answer's length", answer->body.len, 3);
        protobuf_c_message_free_unpacked(&answer->message_base, NULL);
        expect_ended_well(calls[i], UNARY_RESPONSE);
    }
}

const struct named_case unary_cases[] = {
    {"empty_unary", empty_unary},           {"omitted_message", omitted_message},
    {"large_unary", large_unary},           {"huge_unary", huge_unary},
    {"small_frames", small_frames},         {"metadata_refused", metadata_refused},
    {"request_id", request_id},             {"trace", trace},
    {"trace_malformed", trace_malformed},   {"many_calls", many_calls},
    {"too_many_calls", too_many_calls},     {"request_too_long", request_too_long},
    {"answer_too_long", answer_too_long},   {"malformed_request", malformed_request},
    {"alternating_pieces", alternating_pieces},
    {NULL, NULL},
};
