/*
 * trigger.c - how every trigger answers: status, Location, Retry-After.
 */
#include "trigger_p.h"

#include "answer_p.h"
#include "request_p.h"
#include "sandbox_p.h"

#include <ctype.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>
#include <string.h>

#define LOCATION_MAX ((size_t)64 * 1024)

bool trigger_simulated(const struct request *req)
{
    return str_eq(req->context, "simulate");
}

static void answer_list(const struct sandbox *sb, struct answer *ans, cJSON *take_list)
{
    cJSON *body = take_list;

    if (!sb->triggers->bare_arrays) {
        body = cJSON_CreateObject();
        cJSON_AddItemToObject(body, "value", take_list);
    }
    answer_json(ans, 200, body);
}

void trigger_answer_simulated(const struct sandbox *sb, struct answer *ans, cJSON *take_list)
{
    answer_list(sb, ans, take_list);
}

/* Percent-encoding with lower-case hex, as the service writes its Location. */
static void add_encoded(struct buf *out, const char *s)
{
    size_t from = out->len;

    str_percent_encode(out, s, strlen(s));
    for (char *p = out->data + from; *p; p++) {
        if (*p == '%') {
            p[1] = (char)tolower((unsigned char)p[1]);
            p[2] = (char)tolower((unsigned char)p[2]);
            p += 2;
        }
    }
}

/* The request's own path and parameters with the cursor last. */
static void make_location(const struct request *req, const char *name, const char *cursor,
                          struct buf *out)
{
    buf_addstr(out, MANAGED_BASE);
    buf_addstr(out, req->path + strlen(BASE_PATH));
    buf_addch(out, '?');
    for (size_t i = 0; i < req->nparams; i++) {
        if (!strcmp(req->params[i].name, name))
            continue;
        if (req->params[i].name[0] == '$')
            buf_addch(out, '$');
        add_encoded(out, req->params[i].name + (req->params[i].name[0] == '$'));
        buf_addch(out, '=');
        add_encoded(out, req->params[i].value);
        buf_addch(out, '&');
    }
    buf_addf(out, "%s=", name);
    add_encoded(out, cursor);
}

void trigger_answer(const struct sandbox *sb, const struct request *req, struct answer *ans,
                    bool baseline, const char *name, const char *cursor, cJSON *take_list)
{
    struct buf location;

    if (baseline || (!cJSON_GetArraySize(take_list) && !sb->triggers->empty_lists)) {
        cJSON_Delete(take_list);
        answer_empty(ans, 202);
    } else {
        answer_list(sb, ans, take_list);
    }
    buf_init(&location, LOCATION_MAX);
    make_location(req, name, cursor, &location);
    answer_header(ans, "Location", location.data);
    buf_release(&location);
    ans->retry_after = sb->triggers->retry_after;
}
