/*
 * request.c - decoding of queries and bodies.
 */
#include "request_p.h"

#include "answer_p.h"

#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct request *request_create(const char *target)
{
    struct request *req = xcalloc(1, sizeof(*req));
    const char *mark = strchr(target, '?');

    req->path = mark ? xstrndup(target, (size_t)(mark - target)) : xstrdup(target);
    req->query = xstrdup(mark ? mark + 1 : "");
    buf_init(&req->body, REQUEST_BODY_MAX);
    return req;
}

void request_destroy(struct request *req)
{
    if (!req)
        return;
    for (size_t i = 0; i < req->nparams; i++) {
        free(req->params[i].name);
        free(req->params[i].value);
    }
    free(req->params);
    cJSON_Delete(req->json);
    buf_release(&req->body);
    free(req->method);
    free(req->path);
    free(req->query);
    free(req->content_type);
    free(req->authorization);
    free(req->client_id);
    free(req->context);
    free(req->host);
    free(req->guid);
    free(req->table);
    free(req->id);
    free(req->attachment);
    free(req);
}

/* One side of name=value: a '+' is a blank, as the service's framework reads queries. NULL: badly
 * encoded. */
static char *decode_part(const char *s, size_t n)
{
    char *plain = xstrndup(s, n), *result = NULL;
    struct buf out;

    for (char *p = plain; *p; p++) {
        if (*p == '+')
            *p = ' ';
    }
    buf_init(&out, n);
    if (!str_percent_decode(&out, plain, n) && str_is_utf8(out.data, out.len) &&
        !memchr(out.data, '\0', out.len))
        result = xstrdup(out.data);
    buf_release(&out);
    free(plain);
    return result;
}

static void add_param(struct request *req, const char *s, size_t n)
{
    const char *equals = memchr(s, '=', n);
    size_t name_len = equals ? (size_t)(equals - s) : n;
    char *name = decode_part(s, name_len);
    char *value = equals ? decode_part(equals + 1, n - name_len - 1) : xstrdup("");

    if (!name || !value) {
        req->bad_query = true;
        free(name);
        free(value);
        return;
    }
    req->params = xrealloc(req->params, (req->nparams + 1) * sizeof(*req->params));
    req->params[req->nparams++] = (struct param){.name = name, .value = value};
}

void request_complete(struct request *req)
{
    for (const char *p = req->query; *p;) {
        size_t n = strcspn(p, "&");

        if (n)
            add_param(req, p, n);
        p += n + (p[n] == '&');
    }
    if (req->body.len)
        json_parse_any(req->body.data, req->body.len, &req->json, NULL);
}

const char *request_param(const struct request *req, const char *name)
{
    for (size_t i = 0; i < req->nparams; i++) {
        if (!strcmp(req->params[i].name, name))
            return req->params[i].value;
    }
    return NULL;
}

bool request_int(const struct request *req, const char *name, int64_t otherwise, int64_t *ret,
                 struct answer *ans)
{
    const char *value = request_param(req, name);
    char *end;
    long n;

    *ret = otherwise;
    if (!value || !*value)
        return true;
    errno = 0;
    n = strtol(value, &end, 10);
    if (*end || errno || n < 0 || n > INT32_MAX || value[0] == ' ') {
        answer_error(ans, 400, "ErrorInvalidRequest",
                     "The value '%s' of parameter '%s' is not a valid integer of zero or more.",
                     value, name);
        return false;
    }
    *ret = n;
    return true;
}

bool request_bool(const struct request *req, const char *name, bool otherwise, bool *ret,
                  struct answer *ans)
{
    const char *value = request_param(req, name);

    *ret = otherwise;
    if (!value || !*value)
        return true;
    if (strcasecmp(value, "true") && strcasecmp(value, "false")) {
        answer_error(ans, 400, "ErrorInvalidRequest",
                     "The value '%s' of parameter '%s' is not a valid boolean.", value, name);
        return false;
    }
    *ret = !strcasecmp(value, "true");
    return true;
}

const cJSON *request_object(const struct request *req, struct answer *ans)
{
    struct buf why;
    cJSON *again = NULL;

    if (req->body.len && (!req->content_type || strncasecmp(req->content_type, "application/json",
                                                            strlen("application/json")))) {
        answer_error(ans, 415, "UnsupportedMediaType",
                     "The request entity's media type '%s' is not supported for this resource.",
                     req->content_type ? req->content_type : "");
        return NULL;
    }
    if (cJSON_IsObject(req->json))
        return req->json;
    buf_init(&why, BUF_TEXT_MAX);
    if (!req->body.len)
        buf_addstr(&why, "a request body is required");
    else if (!json_parse_object(req->body.data, req->body.len, &again, &why))
        cJSON_Delete(again);
    answer_error(ans, 400, "ErrorInvalidRequest", "The request body is not valid: %s", why.data);
    buf_release(&why);
    return NULL;
}
