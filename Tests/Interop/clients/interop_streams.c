/* More than one message, and the header that comes before them. */
#include "interop.h"

typedef Steward__Interop__V1__StreamingInputCallRequest input_request;
typedef Steward__Interop__V1__StreamingOutputCallRequest output_request;

static const int upload[] = {27182, 8, 1828, 45904};
static int download[] = {31415, 9, 2653, 58979};

steward_call *stream_output(steward_client *client, output_request request) {
    steward_call *call = start(client, TEST("StreamingOutputCall"));
    steward_send(call, &request.message_base, true);
    return call;
}

void send_duplex(steward_call *call, size_t body, int response_size, const char *key) {
    Steward__Interop__V1__FullDuplexCallRequest request = STEWARD__INTEROP__V1__FULL_DUPLEX_CALL_REQUEST__INIT;
    request.n_response_sizes = 1;
    request.response_sizes = &response_size;
    request.has_body = true;
    request.body = zeros(body);
    request.key = (char *)key;
    steward_send(call, &request.message_base, false);
    free(request.body.data);
}

long long next_output(steward_call *call) {
    Steward__Interop__V1__StreamingOutputCallResponse *m = (void *)steward_receive(call, OUTPUT_RESPONSE);
    if (!m) return -1;
    long long size = m->body.len;
    protobuf_c_message_free_unpacked(&m->message_base, NULL);
    return size;
}

long long next_duplex(steward_call *call) {
    Steward__Interop__V1__FullDuplexCallResponse *m = (void *)steward_receive(call, DUPLEX_RESPONSE);
    if (!m) return -1;
    long long size = m->body.len;
    protobuf_c_message_free_unpacked(&m->message_base, NULL);
    return size;
}

static void send_input(steward_call *call, size_t size) {
    input_request request = STEWARD__INTEROP__V1__STREAMING_INPUT_CALL_REQUEST__INIT;
    request.has_body = true;
    request.body = zeros(size);
    steward_send(call, &request.message_base, false);
    free(request.body.data);
}

static void expect_sum(steward_call *call, int count, int size) {
    const ProtobufCMessageDescriptor *type = &steward__interop__v1__streaming_input_call_response__descriptor;
    steward_end(call);
    Steward__Interop__V1__StreamingInputCallResponse *answer = (void *)steward_receive(call, type);
    if (!answer) failed("there is no answer: %s", call->status->message);
    expect("the messages", answer->count, count);
    expect("the bytes", answer->size, size);
    protobuf_c_message_free_unpacked(&answer->message_base, NULL);
    expect_ended_well(call, type);
}

static void client_streaming(void) {
    steward_call *call = start(new_client(0, NULL), TEST("StreamingInputCall"));
    for (size_t i = 0; i < COUNT_OF(upload); i++) send_input(call, upload[i]);
    expect_sum(call, 4, 74922);
}

static void server_streaming(void) {
    output_request request = STEWARD__INTEROP__V1__STREAMING_OUTPUT_CALL_REQUEST__INIT;
    request.n_response_sizes = COUNT_OF(download);
    request.response_sizes = download;
    steward_call *call = stream_output(new_client(0, NULL), request);
    for (size_t i = 0; i < COUNT_OF(download); i++) expect("the length", next_output(call), download[i]);
    expect_ended_well(call, OUTPUT_RESPONSE);
}

static void ping_pong(void) {
    steward_call *call = start(new_client(0, NULL), TEST("FullDuplexCall"));
    for (size_t i = 0; i < COUNT_OF(upload); i++) {
        send_duplex(call, upload[i], download[i], NULL);
        expect("the length", next_duplex(call), download[i]);
    }
    steward_end(call);
    expect_ended_well(call, DUPLEX_RESPONSE);
}

static void empty_stream(void) {
    steward_call *call = start(new_client(0, NULL), TEST("FullDuplexCall"));
    steward_end(call);
    expect_ended_well(call, DUPLEX_RESPONSE);
}

static void half_duplex(void) {
    const ProtobufCMessageDescriptor *type = &steward__interop__v1__half_duplex_call_response__descriptor;
    steward_call *call = start(new_client(0, NULL), TEST("HalfDuplexCall"));
    Steward__Interop__V1__HalfDuplexCallRequest request = STEWARD__INTEROP__V1__HALF_DUPLEX_CALL_REQUEST__INIT;
    request.n_response_sizes = 1;
    for (size_t i = 0; i < COUNT_OF(download); i++) {
        request.response_sizes = &download[i];
        steward_send(call, &request.message_base, false);
    }
    steward_end(call);
    for (size_t i = 0; i < COUNT_OF(download); i++) {
        Steward__Interop__V1__HalfDuplexCallResponse *m = (void *)steward_receive(call, type);
        if (!m) failed("message %zu is missing", i);
        expect("the length", m->body.len, download[i]);
        protobuf_c_message_free_unpacked(&m->message_base, NULL);
    }
    expect_ended_well(call, type);
}

static steward_call *start_with_metadata(const char *method) {
    static Steward__Rpc__V1__Entry text = STEWARD__RPC__V1__ENTRY__INIT, bytes = STEWARD__RPC__V1__ENTRY__INIT,
                                   kept = STEWARD__RPC__V1__ENTRY__INIT;
    text.key = "echo-text";
    text.value = (ProtobufCBinaryData){.len = 5, .data = (uint8_t *)"t\xc3\xa9st"};
    bytes.key = "echo-bytes";
    bytes.value = (ProtobufCBinaryData){.len = 3, .data = (uint8_t *)"\xab\x00\xff"};
    kept.key = "kept-there";
    kept.value = (ProtobufCBinaryData){.len = 1, .data = (uint8_t *)"x"};
    text.has_value = bytes.has_value = kept.has_value = true;
    Steward__Rpc__V1__Entry *entries[] = {&text, &bytes, &kept};
    steward_start_options options = options_for(method);
    options.n_metadata = 3;
    options.metadata = entries;
    return steward_start(new_client(0, NULL), &options);
}

static void expect_echo(const steward_call *call) {
    expect("the entries of the header", call->n_header, 2);
    expect_text("the first key", call->header[0]->key, "echo-text");
    expect("the first value", memcmp(call->header[0]->value.data, "t\xc3\xa9st", 5), 0);
    expect_text("the second key", call->header[1]->key, "echo-bytes");
    expect("the second value's length", call->header[1]->value.len, 3);
    expect("the second value", memcmp(call->header[1]->value.data, "\xab\x00\xff", 3), 0);
}

static void metadata_unary(void) {
    steward_call *call = start_with_metadata(TEST("UnaryCall"));
    Steward__Interop__V1__UnaryCallRequest request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    steward_send(call, &request.message_base, true);
    ProtobufCMessage *answer = steward_receive(call, UNARY_RESPONSE);
    if (!answer) failed("there is no answer");
    protobuf_c_message_free_unpacked(answer, NULL);
    expect_echo(call);
    expect_ended_well(call, UNARY_RESPONSE);
}

static void metadata_stream(void) {
    steward_call *call = start_with_metadata(TEST("StreamingOutputCall"));
    int sizes[] = {1, 2};
    output_request request = STEWARD__INTEROP__V1__STREAMING_OUTPUT_CALL_REQUEST__INIT;
    request.n_response_sizes = 2;
    request.response_sizes = sizes;
    steward_send(call, &request.message_base, true);
    steward_wait_header(call);
    expect_echo(call);
    expect("the first length", next_output(call), 1);
    expect("the second length", next_output(call), 2);
    expect_ended_well(call, OUTPUT_RESPONSE);
}

static void sender_waits_for_credit(void) {
    Steward__Interop__V1__StartServerRequest limits = STEWARD__INTEROP__V1__START_SERVER_REQUEST__INIT;
    limits.has_call_credit = limits.has_connection_credit = true;
    limits.call_credit = 65536;
    limits.connection_credit = 262144;
    steward_client *client = new_client(start_server(limits), NULL);
    expect("the credit announced", steward_server(client)->call_credit, 65536);
    steward_call *call = start(client, TEST("StreamingInputCall"));
    send_input(call, 600000);
    for (int i = 0; i < 100; i++) send_input(call, 10000);
    expect_sum(call, 101, 1600000);
}

static void tiny_windows(void) {
    Steward__Rpc__V1__Hello hello = usual_hello();
    hello.has_call_credit = hello.has_connection_credit = true;
    hello.call_credit = hello.connection_credit = 1000;
    int sizes[104] = {0};
    for (int i = 0; i < 100; i++) sizes[i] = 1500;
    sizes[100] = 1200000;
    sizes[103] = 1;
    output_request request = STEWARD__INTEROP__V1__STREAMING_OUTPUT_CALL_REQUEST__INIT;
    request.n_response_sizes = COUNT_OF(sizes);
    request.response_sizes = sizes;
    steward_call *call = stream_output(new_client(0, &hello), request);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) expect("the length", next_output(call), sizes[i]);
    expect_ended_well(call, OUTPUT_RESPONSE);
}

static void slow_reader(void) {
    Steward__Rpc__V1__Hello hello = usual_hello();
    hello.has_call_credit = hello.has_connection_credit = true;
    hello.call_credit = 65536;
    hello.connection_credit = 1 << 20;
    steward_client *client = new_client(0, &hello);
    int sizes[100];
    for (int i = 0; i < 100; i++) sizes[i] = 10000;
    output_request request = STEWARD__INTEROP__V1__STREAMING_OUTPUT_CALL_REQUEST__INIT;
    request.n_response_sizes = COUNT_OF(sizes);
    request.response_sizes = sizes;
    request.key = (char *)fresh_key();
    steward_call *slow = stream_output(client, request);
    expect("the first length", next_output(slow), 10000);
    for (int i = 0; i < 3; i++) exchange(client, 0, 300000);
    int written = report(client, request.key, false, false).written;
    if (written >= 20) failed("the server wrote %d messages of 10,000 into 65,536 bytes of credit", written);
    for (int i = 1; i < 100; i++) expect("the length", next_output(slow), 10000);
    expect_ended_well(slow, OUTPUT_RESPONSE);
}

const struct named_case stream_cases[] = {
    {"client_streaming", client_streaming}, {"server_streaming", server_streaming},
    {"ping_pong", ping_pong},               {"empty_stream", empty_stream},
    {"half_duplex", half_duplex},           {"metadata_unary", metadata_unary},
    {"metadata_stream", metadata_stream},   {"sender_waits_for_credit", sender_waits_for_credit},
    {"tiny_windows", tiny_windows},         {"slow_reader", slow_reader},
    {NULL, NULL},
};
