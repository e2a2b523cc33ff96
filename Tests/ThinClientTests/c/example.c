/* Signs in, lists accounts and follows the health of the installation: what a program with steward_client.c looks like.
 *
 *     example HOST PORT CA.pem WORKSPACE EMAIL [FIELD] < PASSWORD-FILE
 *
 * Prints a line for each account, and one for each state of the stream until the installation serves. FIELD is the name of a
 * whole number that the workspace has added to accounts: each account counts one more in it. To be compiled from the
 * project's folder:
 *
 *     Tests/ThinClientTests/c/build example proto Tests/ThinClientTests/c/{example,steward_fields}.c \
 *         steward/rpc/v1/{session,health}_service.proto steward/identity/v1/authentication_service.proto \
 *         steward/customer/v1/account_service.proto steward/type/v1/{filter,record,share}.proto \
 *         steward/identity/v1/{digest,grant}.proto google/protobuf/timestamp.proto
 */
#include "steward_client.h"
#include "steward_fields.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "steward/customer/v1/account_service.pb-c.h"
#include "steward/identity/v1/authentication_service.pb-c.h"
#include "steward/rpc/v1/health_service.pb-c.h"
#include "steward/rpc/v1/session_service.pb-c.h"

/* The answer of a unary call. Whatever goes wrong ends the program. */
static void *call(steward_client *client, const char *method, const ProtobufCMessage *request,
                  const ProtobufCMessageDescriptor *response) {
    steward_start_options options = STEWARD__RPC__V1__START__INIT;
    options.method = (char *)method;
    options.has_timeout_ms = true;
    options.timeout_ms = 10000;
    steward_status *status;
    void *answer = steward_unary(client, &options, request, response, &status);
    if (!answer) {
        printf("%d %s/%s: %s\n", status->code, status->domain, status->reason, status->message);
        exit(1);
    }
    steward_status_free(status);
    return answer;
}

/* Opens a session and makes all further calls of the connection in its name. */
static void sign_in(steward_client *client, char *workspace, char *email, char *password) {
    Steward__Identity__V1__SignInRequest request = STEWARD__IDENTITY__V1__SIGN_IN_REQUEST__INIT;
    request.workspace = workspace;
    request.email = email;
    request.password = password;
    Steward__Identity__V1__SignInResponse *answer =
        call(client, "steward.identity.v1.AuthenticationService/SignIn", &request.message_base,
             &steward__identity__v1__sign_in_response__descriptor);

    Steward__Rpc__V1__AttachSessionRequest attach = STEWARD__RPC__V1__ATTACH_SESSION_REQUEST__INIT;
    attach.has_session_handle = true;
    attach.session_handle = answer->session->session_handle;
    Steward__Rpc__V1__AttachSessionResponse *attached =
        call(client, "steward.rpc.v1.SessionService/AttachSession", &attach.message_base,
             &steward__rpc__v1__attach_session_response__descriptor);
    printf("signed in to %s\n", attached->workspace);
    protobuf_c_message_free_unpacked(&attached->message_base, NULL);
    protobuf_c_message_free_unpacked(&answer->message_base, NULL);
}

/* One more in a field that the workspace has added. Somebody else who changed it meanwhile is not overwritten: the version
 * says so. */
static int64_t count_up(steward_client *client, const Steward__Customer__V1__Account *account, const char *name) {
    const steward_field *present = steward_field_named(account->n_custom_fields, account->custom_fields, name);
    steward_fields fields = {0};
    steward_set_whole(&fields, name, (present ? present->int_value : 0) + 1);
    char mask[200];
    snprintf(mask, sizeof mask, "custom.%s", name);

    Steward__Customer__V1__Account change = STEWARD__CUSTOMER__V1__ACCOUNT__INIT;
    change.id = account->id;
    change.has_version = true;
    change.version = account->version;
    change.n_custom_fields = fields.n;
    change.custom_fields = fields.items;
    Steward__Customer__V1__UpdateAccountRequest request = STEWARD__CUSTOMER__V1__UPDATE_ACCOUNT_REQUEST__INIT;
    request.account = &change;
    request.n_update_mask = 1;
    request.update_mask = (char *[]){mask};
    Steward__Customer__V1__UpdateAccountResponse *answer =
        call(client, "steward.customer.v1.AccountService/UpdateAccount", &request.message_base,
             &steward__customer__v1__update_account_response__descriptor);
    present = steward_field_named(answer->account->n_custom_fields, answer->account->custom_fields, name);
    int64_t value = present ? present->int_value : 0;
    protobuf_c_message_free_unpacked(&answer->message_base, NULL);
    steward_fields_free(&fields);
    return value;
}

/* All accounts, page by page. */
static void list_accounts(steward_client *client, int page_size, const char *field) {
    Steward__Customer__V1__ListAccountsRequest request = STEWARD__CUSTOMER__V1__LIST_ACCOUNTS_REQUEST__INIT;
    request.has_page_size = true;
    request.page_size = page_size;
    do {
        Steward__Customer__V1__ListAccountsResponse *page =
            call(client, "steward.customer.v1.AccountService/ListAccounts", &request.message_base,
                 &steward__customer__v1__list_accounts_response__descriptor);
        for (size_t i = 0; i < page->n_accounts; i++) {
            printf("account %s", page->accounts[i]->display_name);
            if (field) printf(" %s %lld", field, (long long)count_up(client, page->accounts[i], field));
            puts("");
        }
        free(request.page_token);
        request.page_token = page->next_page_token ? strdup(page->next_page_token) : NULL;
        protobuf_c_message_free_unpacked(&page->message_base, NULL);
    } while (request.page_token);
}

/* The present state of the gateway and each change of it, until it serves. */
static void watch_health(steward_client *client) {
    steward_start_options options = STEWARD__RPC__V1__START__INIT;
    options.method = "steward.rpc.v1.HealthService/WatchHealth";
    steward_call *stream = steward_start(client, &options);
    Steward__Rpc__V1__WatchHealthRequest request = STEWARD__RPC__V1__WATCH_HEALTH_REQUEST__INIT;
    steward_send(stream, &request.message_base, true);
    Steward__Rpc__V1__WatchHealthResponse *change;
    Steward__Rpc__V1__HealthState state = STEWARD__RPC__V1__HEALTH_STATE__HEALTH_STATE_UNSPECIFIED;
    while (state != STEWARD__RPC__V1__HEALTH_STATE__HEALTH_STATE_SERVING &&
           (change = (void *)steward_receive(stream, &steward__rpc__v1__watch_health_response__descriptor))) {
        state = change->state;
        printf("health %s\n", protobuf_c_enum_descriptor_get_value(&steward__rpc__v1__health_state__descriptor, state)->name);
        protobuf_c_message_free_unpacked(&change->message_base, NULL);
    }
    steward_free(stream);
}

int main(int count, char **words) {
    if (count != 6 && count != 7) {
        fputs("usage: example HOST PORT CA.pem WORKSPACE EMAIL [FIELD] < PASSWORD-FILE\n", stderr);
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    char password[256] = "";
    if (!fgets(password, sizeof password, stdin)) fputs("there is no password on the standard input\n", stderr);
    password[strcspn(password, "\n")] = 0;
    steward_status *failure;
    steward_client *client = steward_connect(words[1], words[2], words[3], NULL, &failure);
    if (!client) {
        printf("%s\n", failure->message);
        steward_status_free(failure);
        return 1;
    }
    sign_in(client, words[4], words[5], password);
    list_accounts(client, 2, count == 7 ? words[6] : NULL);
    watch_health(client);
    steward_close(client);
    return 0;
}
