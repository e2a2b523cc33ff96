/* What concerns the connection as a whole. */
#include "interop.h"

#include <stdio.h>

static const Steward__Interop__V1__StartServerRequest as_usual = STEWARD__INTEROP__V1__START_SERVER_REQUEST__INIT;

static void drain(steward_client *client) {
    Steward__Interop__V1__DrainServerRequest request = STEWARD__INTEROP__V1__DRAIN_SERVER_REQUEST__INIT;
    protobuf_c_message_free_unpacked(
        answer_of(client, TEST("DrainServer"), &request, &steward__interop__v1__drain_server_response__descriptor), NULL);
}

/* Polls until the function gives something. */
static void await(steward_client *client, const steward_status *(*there)(const steward_client *), const char *what) {
    for (int turns = 0; !there(client); turns++) {
        if (turns > 1000) failed("%s did not come", what);
        steward_poll(client, 100);
    }
}

static void go_away_during_call(void) {
    steward_client *client = new_client(start_server(as_usual), NULL);
    steward_call *call = start(client, TEST("FullDuplexCall"));
    send_duplex(call, 0, 1, NULL);
    expect("the first length", next_duplex(call), 1);
    drain(client);
    await(client, steward_drained, "go-away");
    expect("its code", steward_drained(client)->code, 0);
    steward_call *late = start(client, TEST("EmptyCall"));
    expect_status(late->status, 14, NULL);
    expect("that the late call was begun", late->begun, false);
    steward_free(late);
    send_duplex(call, 0, 2, NULL);
    expect("the second length", next_duplex(call), 2);
    steward_end(call);
    expect_ended_well(call, DUPLEX_RESPONSE);
    await(client, steward_closed, "the end of the connection");
}

static void go_away_ends_watch(void) {
    const ProtobufCMessageDescriptor *type = &steward__interop__v1__watch_call_response__descriptor;
    steward_client *client = new_client(start_server(as_usual), NULL);
    Steward__Interop__V1__WatchCallRequest request = STEWARD__INTEROP__V1__WATCH_CALL_REQUEST__INIT;
    steward_call *watch = start(client, TEST("WatchCall"));
    steward_send(watch, &request.message_base, true);
    ProtobufCMessage *first = steward_receive(watch, type);
    if (!first) failed("the stream has no message");
    protobuf_c_message_free_unpacked(first, NULL);
    drain(client);
    if (steward_receive(watch, type)) failed("the stream goes on");
    expect_status(watch->status, 14, "DRAINING");
    steward_free(watch);
}

static void keepalive(void) {
    Steward__Interop__V1__StartServerRequest limits = as_usual;
    limits.has_ping_ms = true;
    limits.ping_ms = 200;
    Steward__Interop__V1__UnaryCallRequest request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    request.has_hold_ms = true;
    request.hold_ms = 3000;
    protobuf_c_message_free_unpacked(
        answer_of(new_client(start_server(limits), NULL), TEST("UnaryCall"), &request, UNARY_RESPONSE), NULL);
}

static void hello_versions(void) {
    Steward__Rpc__V1__Hello hello = usual_hello();
    hello.version_max = 2;
    steward_client *client = new_client(0, &hello);
    empty_call(client);
    expect("the server's version", steward_server(client)->version_min, 1);
}

static void expect_refused(Steward__Rpc__V1__Hello hello) {
    char port[16];
    snprintf(port, sizeof port, "%d", the.port);
    steward_status *failure = NULL;
    steward_client *client = steward_connect(the.host, port, the.trust_root, &hello, &failure);
    if (!client) { /* its hello and its refusal came together */
        expect_status(failure, 9, "HELLO_REFUSED");
        steward_status_free(failure);
        return;
    }
    await(client, steward_closed, "the refusal");
    expect_status(steward_closed(client), 9, "HELLO_REFUSED");
    steward_close(client);
}

static void hello_refused(void) {
    Steward__Rpc__V1__Hello hello = usual_hello();
    hello.version_min = hello.version_max = 2;
    expect_refused(hello);
    hello = usual_hello();
    hello.frame_bytes_max = 16383;
    expect_refused(hello);
}

static void unknown_fields(void) {
    uint8_t number[] = {1}, text[] = {3, 'n', 'e', 'w'};
    ProtobufCMessageUnknownField extra[] = {
        {.tag = 100, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1, .data = number},
        {.tag = 101, .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, .len = 4, .data = text},
    };
    Steward__Rpc__V1__Hello hello = usual_hello();
    hello.message_base.n_unknown_fields = COUNT_OF(extra);
    hello.message_base.unknown_fields = extra;
    steward_client *client = new_client(0, &hello);

    steward_start_options options = options_for(TEST("EmptyCall"));
    options.message_base.n_unknown_fields = COUNT_OF(extra);
    options.message_base.unknown_fields = extra;
    steward_call *call = steward_start(client, &options);
    Steward__Rpc__V1__Frame frame = STEWARD__RPC__V1__FRAME__INIT;
    frame.has_call_id = frame.has_end = frame.end = true;
    frame.call_id = call->id;
    frame.message_base.n_unknown_fields = COUNT_OF(extra);
    frame.message_base.unknown_fields = extra;
    steward_write(client, &frame);
    ProtobufCMessage *answer = steward_receive(call, EMPTY_RESPONSE);
    if (answer) protobuf_c_message_free_unpacked(answer, NULL);
    expect_ended_well(call, EMPTY_RESPONSE);
    empty_call(client);
}

const struct named_case link_cases[] = {
    {"go_away_during_call", go_away_during_call},
    {"go_away_ends_watch", go_away_ends_watch},
    {"keepalive", keepalive},
    {"hello_versions", hello_versions},
    {"hello_refused", hello_refused},
    {"unknown_fields", unknown_fields},
    {NULL, NULL},
};
