/* How calls end: status, deadline, cancellation. */
#include "interop.h"

typedef Steward__Interop__V1__UnaryCallRequest unary_request;
typedef Steward__Interop__V1__Outcome wanted_outcome;

static wanted_outcome outcome_of(int code, const char *message, const char *reason) {
    wanted_outcome outcome = STEWARD__INTEROP__V1__OUTCOME__INIT;
    outcome.has_code = true;
    outcome.code = code;
    outcome.message = (char *)message;
    outcome.reason = (char *)reason;
    return outcome;
}

static steward_status *end_with(steward_client *client, wanted_outcome *outcome) {
    unary_request request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    request.outcome = outcome;
    steward_start_options options = options_for(TEST("UnaryCall"));
    return error_of(client, &options, &request, UNARY_RESPONSE, outcome->code, outcome->reason);
}

static void status(void) {
    steward_client *client = new_client(0, NULL);
    wanted_outcome outcome = outcome_of(2, "asked for", "WANTED");
    steward_status_free(end_with(client, &outcome));
    steward_call *call = start(client, TEST("FullDuplexCall"));
    Steward__Interop__V1__FullDuplexCallRequest request = STEWARD__INTEROP__V1__FULL_DUPLEX_CALL_REQUEST__INIT;
    request.outcome = &outcome;
    steward_send(call, &request.message_base, false);
    expect("the message", next_duplex(call), -1);
    expect_status(call->status, 2, "WANTED");
    expect_text("the text", call->status->message, "asked for");
    steward_free(call);
}

static void status_every_code(void) {
    steward_client *client = new_client(0, NULL);
    for (int code = 1; code <= 16; code++) {
        wanted_outcome outcome = outcome_of(code, "a code", "CODE");
        steward_status_free(end_with(client, &outcome));
    }
}

static void status_special_text(void) {
    wanted_outcome outcome = outcome_of(2, " \t½ Größe: π ≈ 22/7\r\n漢字 😀\n ", "WANTED");
    steward_status *found = end_with(new_client(0, NULL), &outcome);
    expect_text("the text", found->message, outcome.message);
    steward_status_free(found);
}

static void status_details(void) {
    Steward__Interop__V1__Detail length = STEWARD__INTEROP__V1__DETAIL__INIT, limit = length, *details[] = {&length, &limit};
    length.key = "length";
    length.value = "12";
    limit.key = "limit";
    limit.value = "10";
    Steward__Interop__V1__Violation body = STEWARD__INTEROP__V1__VIOLATION__INIT, key = body, *violations[] = {&body, &key};
    body.field = "body";
    body.reason = "TOO_LONG";
    body.description = "12 of 10";
    key.field = "key";
    key.reason = "REQUIRED";
    key.description = "missing";
    wanted_outcome outcome = outcome_of(3, "two fields", "TOO_LONG");
    outcome.n_details = outcome.n_violations = 2;
    outcome.details = details;
    outcome.violations = violations;
    outcome.has_retry_ms = true;
    outcome.retry_ms = 1500;

    steward_status *found = end_with(new_client(0, NULL), &outcome);
    expect_text("the domain", found->domain, "interop");
    expect("the details", found->n_details, 2);
    expect("the fields", found->n_field_violations, 2);
    for (int i = 0; i < 2; i++) {
        expect_text("a detail's key", found->details[i]->key, details[i]->key);
        expect_text("a detail's value", found->details[i]->value, details[i]->value);
        expect_text("a field", found->field_violations[i]->field, violations[i]->field);
        expect_text("its reason", found->field_violations[i]->reason, violations[i]->reason);
        expect_text("its description", found->field_violations[i]->description, violations[i]->description);
    }
    expect("the delay", found->retry ? (long long)found->retry->delay_ms : -1, 1500);
    steward_status_free(found);
}

static void status_after_messages(void) {
    int sizes[] = {1, 2, 3};
    wanted_outcome outcome = outcome_of(5, NULL, "GONE");
    Steward__Interop__V1__StreamingOutputCallRequest request = STEWARD__INTEROP__V1__STREAMING_OUTPUT_CALL_REQUEST__INIT;
    request.n_response_sizes = COUNT_OF(sizes);
    request.response_sizes = sizes;
    request.outcome = &outcome;
    steward_call *call = stream_output(new_client(0, NULL), request);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) expect("the length", next_output(call), sizes[i]);
    expect("what comes last", next_output(call), -1);
    expect_status(call->status, 5, "GONE");
    steward_free(call);
}

static void expect_unimplemented(const char *method, const char *reason) {
    Steward__Interop__V1__UnimplementedCallRequest request = STEWARD__INTEROP__V1__UNIMPLEMENTED_CALL_REQUEST__INIT;
    steward_start_options options = options_for(method);
    steward_status_free(error_of(new_client(0, NULL), &options, &request, EMPTY_RESPONSE, 12, reason));
}

static void unknown_method(void) { expect_unimplemented(TEST("UnimplementedCall"), "METHOD_UNKNOWN"); }

static void unknown_service(void) { expect_unimplemented("steward.interop.v1.Nowhere/EmptyCall", "SERVICE_UNKNOWN"); }

static void deadline_unary(void) {
    steward_client *client = new_client(0, NULL);
    unary_request request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    request.has_hold_ms = true;
    request.hold_ms = 60000;
    request.key = (char *)fresh_key();
    steward_start_options options = options_for(TEST("UnaryCall"));
    options.timeout_ms = 300;
    steward_status *found = error_of(client, &options, &request, UNARY_RESPONSE, 4, "DEADLINE_EXCEEDED");
    expect_text("the domain of the side that kept time", found->domain, "rpc");
    steward_status_free(found);
    expect_cancelled(client, request.key);
}

static void deadline_stream(void) {
    steward_client *client = new_client(0, NULL);
    int size = 1;
    Steward__Interop__V1__StreamingOutputCallRequest request = STEWARD__INTEROP__V1__STREAMING_OUTPUT_CALL_REQUEST__INIT;
    request.n_response_sizes = 1;
    request.response_sizes = &size;
    request.has_stay = request.stay = true;
    request.key = (char *)fresh_key();
    steward_start_options options = options_for(TEST("StreamingOutputCall"));
    options.timeout_ms = 300;
    steward_call *call = steward_start(client, &options);
    steward_send(call, &request.message_base, true);
    expect("the first length", next_output(call), 1);
    expect("what comes last", next_output(call), -1);
    expect_status(call->status, 4, "DEADLINE_EXCEEDED");
    expect_text("the domain of the side that kept time", call->status->domain, "rpc");
    steward_free(call);
    expect_cancelled(client, request.key);
}

static void cancel_before_answer(void) {
    steward_client *client = new_client(0, NULL);
    unary_request request = STEWARD__INTEROP__V1__UNARY_CALL_REQUEST__INIT;
    request.has_hold_ms = true;
    request.hold_ms = 60000;
    request.key = (char *)fresh_key();
    steward_call *call = start(client, TEST("UnaryCall"));
    steward_send(call, &request.message_base, true);
    report(client, request.key, true, false);
    steward_cancel(call, "changed my mind");
    if (steward_receive(call, UNARY_RESPONSE)) failed("a cancelled call has an answer");
    expect_status(call->status, 1, NULL);
    steward_free(call);
    expect_cancelled(client, request.key);
}

static void cancel_after_answer(void) {
    steward_client *client = new_client(0, NULL);
    const char *key = fresh_key();
    steward_call *call = start(client, TEST("FullDuplexCall"));
    send_duplex(call, 0, 9, key);
    expect("the first length", next_duplex(call), 9);
    steward_cancel(call, "enough");
    expect("what comes last", next_duplex(call), -1);
    expect_status(call->status, 1, NULL);
    steward_free(call);
    expect_cancelled(client, key);
}

const struct named_case end_cases[] = {
    {"status", status},
    {"status_every_code", status_every_code},
    {"status_special_text", status_special_text},
    {"status_details", status_details},
    {"status_after_messages", status_after_messages},
    {"unknown_method", unknown_method},
    {"unknown_service", unknown_service},
    {"deadline_unary", deadline_unary},
    {"deadline_stream", deadline_stream},
    {"cancel_before_answer", cancel_before_answer},
    {"cancel_after_answer", cancel_after_answer},
    {NULL, NULL},
};
