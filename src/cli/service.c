/*
 * service.c - the connection to the service that the settings name.
 */
#include "serve_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/http/http.h>
#include <outlookfs/http/token.h>
#include <outlookfs/remote/remote.h>

#include <stdlib.h>

/* What differs before anything is known of a mailbox. */
static const struct {
    const char *probe; /* answers 200 or 401, and does nothing */
    unsigned rate;     /* calls a minute; 0: http's own default */
    unsigned parallel; /* 0: the same */
} services[SERVICE_COUNT] = {
    [SERVICE_CONNECTOR] = {"/testconnection", 0, 0},
    /* 10,000 in ten minutes, and four at a time, of one mailbox:
     * https://learn.microsoft.com/graph/throttling-limits */
    [SERVICE_GRAPH] = {"/me", 1000, 4},
};

bool service_traced(const struct settings *s)
{
    const char *env = getenv("OUTLOOKFS_TRACE");

    return s->options.debug || (env && *env);
}

static struct token_source *make_tokens(const struct settings *s, const struct sandbox *sandbox)
{
    if (sandbox->url)
        return token_from_string(sandbox->token);
    if (s->values.token_file)
        return token_from_file(s->values.token_file);
    if (s->values.token_command)
        return token_from_command(s->values.token_command);
    if (s->login) {
        char *advice = login_advice(s);
        struct token_source *tokens = token_from_login(login_open(s), advice);

        free(advice);
        return tokens;
    }
    return s->token ? token_from_string(s->token) : NULL;
}

int service_connect(const struct settings *s, const struct sandbox *sandbox,
                    struct token_source **ret_tokens, struct remote **ret, struct buf *err)
{
    struct token_source *tokens = make_tokens(s, sandbox);
    struct http_config config = {.base_url = sandbox->url ? sandbox->url : s->values.url,
                                 .tokens = tokens,
                                 .probe_path = services[s->service].probe,
                                 .rate =
                                     s->options.rate ? s->options.rate : services[s->service].rate,
                                 .parallel = services[s->service].parallel};
    struct http *http;
    int rc = http_create(&config, &http, err);

    if (rc) {
        token_destroy(tokens);
        return rc;
    }
    *ret_tokens = tokens;
    kind_use_service(s->service);
    *ret = s->service == SERVICE_GRAPH ? remote_graph_create(http, service_traced(s))
                                       : remote_connector_create(http, service_traced(s));
    return 0;
}

enum grade service_ask(struct remote *remote, struct remote_fault *fault)
{
    struct cancel patience;
    struct remote_ctx ctx = {.cancel = &patience, .priority = HTTP_INTERACTIVE};

    cancel_init_until(&patience, clock_mono() + ANSWER_LIMIT);
    enum grade grade = remote_test(remote, ctx, fault);

    if (grade != GRADE_CANCELLED)
        return grade;
    remote_fault_release(fault);
    *fault = (struct remote_fault){
        .grade = GRADE_OFFLINE,
        .reason = xasprintf("no answer within %d s", (int)(ANSWER_LIMIT / NS_PER_S))};
    return GRADE_OFFLINE;
}
