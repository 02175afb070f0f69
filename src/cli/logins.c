/*
 * logins.c - what an account logs in for, where that is kept, and who it turned out to be.
 */
#include "serve_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/http/http.h>
#include <outlookfs/http/login.h>
#include <outlookfs/http/token.h>

#include <stdlib.h>
#include <string.h>

#define WHO_MS 10000

/* https://learn.microsoft.com/graph/permissions-reference: all of them a person may consent to. The
 * connector's is the one its SDK asks for. */
static const struct {
    const char *resource, *scope, *read_only;
} grants[] = {
    [SERVICE_CONNECTOR] = {"https://apihub.azure.com",
                           "offline_access https://apihub.azure.com/.default",
                           "offline_access https://apihub.azure.com/.default"},
    [SERVICE_GRAPH] = {"https://graph.microsoft.com",
                       "offline_access User.Read Mail.ReadWrite Mail.Send Contacts.ReadWrite "
                       "Calendars.ReadWrite MailboxSettings.ReadWrite",
                       "offline_access User.Read Mail.Read Contacts.Read Calendars.Read "
                       "MailboxSettings.Read"},
};

const char *login_scope(const struct settings *s)
{
    return s->options.read_only ? grants[s->service].read_only : grants[s->service].scope;
}

struct login_store *login_open(const struct settings *s)
{
    const struct login_key key = {s->values.login_url, s->values.tenant, s->values.client_id,
                                  grants[s->service].resource};
    SCOPED(xfree) char *dir = settings_token_dir();

    return login_store_open(dir, &key);
}

char *login_advice(const struct settings *s)
{
    return xasprintf("outlookfs login%s%s", s->account ? " " : "", s->account ? s->account : "");
}

/* --- the address --- */

static char *read_address(const struct buf *body)
{
    static const char *const members[] = {"mail", "userPrincipalName"};
    SCOPED(json_release) cJSON *json = NULL;
    char *who = NULL;

    if (json_parse_object(body->data, body->len, &json, NULL))
        return NULL;
    for (size_t i = 0; !who && i < ARRAY_SIZE(members); i++) {
        const char *text = json_str(json, members[i]);

        who = text && *text ? xstrdup(text) : NULL;
    }
    return who;
}

/* The connector does not say whose mailbox it is. */
char *login_who(const struct settings *s, const char *access)
{
    struct token_source *tokens = token_from_string(access);
    const struct http_config config = {
        .base_url = s->values.url, .tokens = tokens, .total_ms = WHO_MS};
    struct http_answer answer;
    struct http *http = NULL;
    char *who = NULL;

    if (s->service == SERVICE_GRAPH && http_create(&config, &http, NULL) == 0) {
        const struct http_request request = {.method = "GET",
                                             .path = "/me?$select=mail,userPrincipalName",
                                             .priority = HTTP_INTERACTIVE};

        http_answer_init(&answer);
        if (http_perform(http, &request, &answer) == GRADE_OK)
            who = read_address(&answer.body);
        http_answer_release(&answer);
    }
    http_destroy(http);
    token_destroy(tokens);
    return who;
}
