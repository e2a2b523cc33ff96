/* What the cases of the C client share. A case that finds something else than it expects ends the program with 1. */
#pragma once

#include <stdarg.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <unistd.h>

#include "steward/interop/v1/test_service.pb-c.h"
#include "steward_client.h"

#define TEST(method) "steward.interop.v1.TestService/" method
#define UNARY_RESPONSE (&steward__interop__v1__unary_call_response__descriptor)
#define OUTPUT_RESPONSE (&steward__interop__v1__streaming_output_call_response__descriptor)
#define DUPLEX_RESPONSE (&steward__interop__v1__full_duplex_call_response__descriptor)
#define EMPTY_RESPONSE (&steward__interop__v1__empty_call_response__descriptor)
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { PATIENCE_MS = 30000 };

typedef struct { const char *host; int port; const char *trust_root; } world;
extern world the;

struct named_case { const char *id; void (*run)(void); };
extern const struct named_case unary_cases[], stream_cases[], end_cases[], link_cases[];

noreturn void failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
void expect(const char *what, long long found, long long wanted);
void expect_text(const char *what, const char *found, const char *wanted);
void expect_status(const steward_status *status, int code, const char *reason);
void expect_ended_well(steward_call *call, const ProtobufCMessageDescriptor *type);
void expect_cancelled(steward_client *client, const char *key);

/* Port 0: the server that all cases share. */
steward_client *new_client(int port, const Steward__Rpc__V1__Hello *hello);
Steward__Rpc__V1__Hello usual_hello(void);
/* A name for a call that no other case uses; valid until the next call. */
const char *fresh_key(void);
ProtobufCBinaryData zeros(size_t size);

steward_start_options options_for(const char *method);
steward_call *start(steward_client *client, const char *method);
void *answer_of(steward_client *client, const char *method, const void *request, const ProtobufCMessageDescriptor *type);
steward_status *error_of(steward_client *client, const steward_start_options *options, const void *request,
                         const ProtobufCMessageDescriptor *type, int code, const char *reason);
int start_server(Steward__Interop__V1__StartServerRequest request);
void empty_call(steward_client *client);
void exchange(steward_client *client, size_t request_size, size_t response_size);
Steward__Interop__V1__ReportCallResponse report(steward_client *client, const char *key, bool begin, bool cancel);
steward_call *stream_output(steward_client *client, Steward__Interop__V1__StreamingOutputCallRequest request);
void send_duplex(steward_call *call, size_t body, int response_size, const char *key);
/* The length of the next message's body; -1 after the last. */
long long next_output(steward_call *call);
long long next_duplex(steward_call *call);
