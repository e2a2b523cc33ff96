/* A complete client of the Steward protocol in C: OpenSSL, libprotobuf-c and steward_client.c. Numbers in parentheses are
 * sections of proto/README.md. The structs of the messages are made by protoc-c; the script `build` beside this file does it.
 *
 * One connection, many calls, one thread: whoever waits for one call moves all of them. A program that does nothing for long
 * calls steward_poll now and then, so that the server's pings are answered. Memory that cannot be had ends the program.
 * Ignore SIGPIPE: the server may close the connection at any time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "steward/rpc/v1/frame.pb-c.h"

typedef struct steward_client steward_client;
typedef Steward__Rpc__V1__Status steward_status;
typedef Steward__Rpc__V1__Start steward_start_options;

/* A call of any kind. Read its parts; change them through the functions below only. */
typedef struct steward_call {
    steward_client *client;
    uint64_t id;
    steward_status *status;  /* how the call ended; NULL while it is open */
    bool begun;              /* false: the server certainly did not begin it; it may be sent again elsewhere */
    size_t n_header;         /* metadata of the answer */
    Steward__Rpc__V1__Entry **header;

    Steward__Rpc__V1__Frame *header_frame;
    struct steward_message *first, *last;
    struct steward_buffer { uint8_t *data; size_t size, room; } pieces;
    int64_t credit, owed, deadline;
    struct steward_call *next;
} steward_call;

/* Connects, checks the certificate against the PEM file, and waits for the server's hello. `hello` says what the server may
 * send; NULL: nothing is counted, frames have 1 MiB. NULL on failure, with the reason in *failure, which is to be freed with
 * steward_status_free. */
steward_client *steward_connect(const char *host, const char *port, const char *trust_root,
                                const Steward__Rpc__V1__Hello *hello, steward_status **failure);
void steward_close(steward_client *client);

const Steward__Rpc__V1__Hello *steward_server(const steward_client *client);  /* the server's hello */
const steward_status *steward_drained(const steward_client *client);  /* status of the server's go-away; NULL: none came */
const steward_status *steward_closed(const steward_client *client);   /* why the connection is gone; NULL while it is up */

/* Opens a call: `options` names at least the method. Never NULL; where no call can be begun it has its status at once. */
steward_call *steward_start(steward_client *client, const steward_start_options *options);
/* Sends one message, in pieces if it must be, waiting for credit; `end` half-closes with it. False: the call has ended. */
bool steward_send(steward_call *call, const ProtobufCMessage *message, bool end);
/* Half-close: no more messages from this side. */
void steward_end(steward_call *call);
/* The next message, to be freed with protobuf_c_message_free_unpacked; NULL after the last: call->status says how it ended. */
ProtobufCMessage *steward_receive(steward_call *call, const ProtobufCMessageDescriptor *type);
/* Waits until the header, the first message or the end of the call has come. */
void steward_wait_header(steward_call *call);
void steward_cancel(steward_call *call, const char *reason);
/* Gives the call up if it is open, and frees it. */
void steward_free(steward_call *call);

/* One message each way. NULL unless the status is OK; the status is in *status, to be freed in either case. */
ProtobufCMessage *steward_unary(steward_client *client, const steward_start_options *options, const ProtobufCMessage *request,
                                const ProtobufCMessageDescriptor *response, steward_status **status);

void steward_status_free(steward_status *status);
/* Writes and reads what there is, and waits at most so long when there is nothing. */
void steward_poll(steward_client *client, int milliseconds);
/* Puts a frame of the caller's own making into the buffer. */
void steward_write(steward_client *client, const Steward__Rpc__V1__Frame *frame);
