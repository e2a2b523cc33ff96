/* The cases of the interoperability suite as the C client passes them.
 *
 *     interop CASE-ID HOST PORT CA.pem     exit code 0 when the case passes
 *     interop --list                       the ids of all cases there are */
#include "interop.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

world the;

static steward_client *clients[8];
static int client_count;

noreturn void failed(const char *format, ...) {
    va_list values;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
    exit(1);
}

steward_client *new_client(int port, const Steward__Rpc__V1__Hello *hello) {
    char text[16];
    snprintf(text, sizeof text, "%d", port ? port : the.port);
    steward_status *failure = NULL;
    steward_client *client = steward_connect(the.host, text, the.trust_root, hello, &failure);
    if (!client) failed("no connection: %s", failure->message);
    return clients[client_count++] = client;
}

Steward__Rpc__V1__Hello usual_hello(void) {
    Steward__Rpc__V1__Hello hello = STEWARD__RPC__V1__HELLO__INIT;
    hello.has_version_min = hello.has_version_max = hello.has_frame_bytes_max = hello.has_message_bytes_max = true;
    hello.version_min = hello.version_max = 1;
    hello.frame_bytes_max = 1 << 20;
    hello.message_bytes_max = 4 << 20;
    return hello;
}

const char *fresh_key(void) {
    static char key[64];
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    snprintf(key, sizeof key, "c-%d-%lld-%ld", getpid(), (long long)time.tv_sec, time.tv_nsec);
    return key;
}

steward_start_options options_for(const char *method) {
    steward_start_options options = STEWARD__RPC__V1__START__INIT;
    options.method = (char *)method;
    options.has_timeout_ms = true;
    options.timeout_ms = PATIENCE_MS;
    return options;
}

steward_call *start(steward_client *client, const char *method) {
    steward_start_options options = options_for(method);
    return steward_start(client, &options);
}

void *answer_of(steward_client *client, const char *method, const void *request, const ProtobufCMessageDescriptor *type) {
    steward_start_options options = options_for(method);
    steward_status *status;
    void *answer = steward_unary(client, &options, request, type, &status);
    if (!answer) failed("%s: %d %s: %s", method, status->code, status->reason, status->message);
    steward_status_free(status);
    return answer;
}

steward_status *error_of(steward_client *client, const steward_start_options *options, const void *request,
                         const ProtobufCMessageDescriptor *type, int code, const char *reason) {
    steward_status *status;
    if (steward_unary(client, options, request, type, &status)) failed("%s ended well", options->method);
    expect_status(status, code, reason);
    return status;
}

void expect_status(const steward_status *status, int code, const char *reason) {
    if (!status) failed("the call has not ended");
    expect("the code", status->code, code);
    if (reason && (!status->reason || strcmp(status->reason, reason) != 0))
        failed("the reason is %s, not %s", status->reason ? status->reason : "absent", reason);
}

void expect(const char *what, long long found, long long wanted) {
    if (found != wanted) failed("%s is %lld, not %lld", what, found, wanted);
}

void expect_text(const char *what, const char *found, const char *wanted) {
    if (!found || strcmp(found, wanted) != 0) failed("%s is '%s', not '%s'", what, found ? found : "absent", wanted);
}

ProtobufCBinaryData zeros(size_t size) {
    return (ProtobufCBinaryData){.len = size, .data = calloc(1, size + 1)};
}

void expect_ended_well(steward_call *call, const ProtobufCMessageDescriptor *type) {
    if (steward_receive(call, type)) failed("there is one message too many");
    expect_status(call->status, 0, NULL);
    steward_free(call);
}

int start_server(Steward__Interop__V1__StartServerRequest request) {
    Steward__Interop__V1__StartServerResponse *answer = answer_of(
        new_client(0, NULL), TEST("StartServer"), &request, &steward__interop__v1__start_server_response__descriptor);
    int port = answer->port;
    protobuf_c_message_free_unpacked(&answer->message_base, NULL);
    return port;
}

void empty_call(steward_client *client) {
    Steward__Interop__V1__EmptyCallRequest request = STEWARD__INTEROP__V1__EMPTY_CALL_REQUEST__INIT;
    protobuf_c_message_free_unpacked(
        answer_of(client, TEST("EmptyCall"), &request, &steward__interop__v1__empty_call_response__descriptor), NULL);
}

void exchange(steward_client *client, size_t request_size, size_t response_size) {
    Steward__Interop__V1__UnaryCallRequest request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    request.has_body = request.has_response_size = true;
    request.body = zeros(request_size);
    request.response_size = response_size;
    Steward__Interop__V1__UnaryCallResponse *answer = answer_of(client, TEST("UnaryCall"), &request, UNARY_RESPONSE);
    expect("the request's length", answer->request_size, request_size);
    expect("the answer's length", answer->body.len, response_size);
    protobuf_c_message_free_unpacked(&answer->message_base, NULL);
    free(request.body.data);
}

Steward__Interop__V1__ReportCallResponse report(steward_client *client, const char *key, bool begin, bool cancel) {
    Steward__Interop__V1__ReportCallRequest request = STEWARD__INTEROP__V1__REPORT_CALL_REQUEST__INIT;
    request.key = (char *)key;
    request.has_await_begin = request.await_begin = begin;
    request.has_await_cancel = request.await_cancel = cancel;
    Steward__Interop__V1__ReportCallResponse *answer =
        answer_of(client, TEST("ReportCall"), &request, &steward__interop__v1__report_call_response__descriptor);
    Steward__Interop__V1__ReportCallResponse found = *answer;
    protobuf_c_message_free_unpacked(&answer->message_base, NULL);
    return found;
}

void expect_cancelled(steward_client *client, const char *key) {
    expect("the handler's cancellation", report(client, key, false, true).cancelled, true);
}

int main(int count, char **words) {
    const struct named_case *lists[] = {unary_cases, stream_cases, end_cases, link_cases};
    signal(SIGPIPE, SIG_IGN);
    if (count == 2 && strcmp(words[1], "--list") == 0) {
        for (size_t list = 0; list < 4; list++)
            for (const struct named_case *c = lists[list]; c->id; c++) puts(c->id);
        return 0;
    }
    if (count != 5) {
        fputs("usage: interop CASE-ID HOST PORT CA.pem | --list\n", stderr);
        return 64;
    }
    the = (world){.host = words[2], .port = atoi(words[3]), .trust_root = words[4]};
    for (size_t list = 0; list < 4; list++)
        for (const struct named_case *c = lists[list]; c->id; c++)
            if (strcmp(c->id, words[1]) == 0) {
                c->run();
                while (client_count > 0) steward_close(clients[--client_count]);
                return 0;
            }
    failed("there is no case %s", words[1]);
}
