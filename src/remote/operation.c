/*
 * operation.c - a URL made from a row of a table of operations.
 */
#include "operation_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "remote_p.h"

#define DESCRIPTION_MAX 8192

const char *remote_bool(bool value)
{
    return value ? "true" : "false";
}

bool operation_writes(const struct operation_info *info)
{
    return !str_eq(info->method, "GET");
}

static const struct param_spec *find_spec(const struct operation_info *info, const char *name,
                                          size_t len)
{
    for (const struct param_spec *spec = info->params; spec->name; spec++)
        if (strlen(spec->name) == len && !memcmp(spec->name, name, len))
            return spec;
    return NULL;
}

const char *param_value(const struct param *params, const char *name)
{
    for (const struct param *p = params; p && p->name; p++)
        if (str_eq(p->name, name))
            return p->value;
    return NULL;
}

static bool is_complete(const struct operation_info *info, const struct param *params)
{
    for (const struct param_spec *spec = info->params; spec->name; spec++)
        if (spec->required && !param_value(params, spec->name))
            return false;
    return true;
}

static int add_encoded(struct buf *out, const char *value, enum param_where where)
{
    if (where != PARAM_PATH_DOUBLE)
        return str_percent_encode(out, value, strlen(value));

    SCOPED(buf_release) struct buf once = BUF_INIT(out->max);
    int rc = str_percent_encode(&once, value, strlen(value));
    if (!rc)
        rc = str_percent_encode(out, once.data, once.len);
    return rc;
}

/* An empty segment or a dot segment would address something else than an item of that name. */
static bool is_segment(const char *value)
{
    return value && *value && !str_eq(value, ".") && !str_eq(value, "..");
}

static int add_path(const struct operation_info *info, const struct param *params, struct buf *out)
{
    const char *p = info->path;

    for (;;) {
        size_t literal = strcspn(p, "{");
        int rc = buf_add(out, p, literal);
        if (rc)
            return rc;
        p += literal;
        if (!*p)
            return 0;
        size_t len = strcspn(++p, "}");
        const struct param_spec *spec = find_spec(info, p, len);
        assert(spec);
        const char *value = param_value(params, spec->name);
        if (!is_segment(value))
            return -EINVAL;
        rc = add_encoded(out, value, spec->where);
        if (rc)
            return rc;
        p += len + 1;
    }
}

static int add_query(const struct operation_info *info, const struct param *params, struct buf *out)
{
    char separator = '?';

    for (const struct param_spec *spec = info->params; spec->name; spec++) {
        const char *value = param_value(params, spec->name);
        if (spec->where != PARAM_QUERY || !value)
            continue;
        int rc = buf_addf(out, "%c%s=", separator, spec->name);
        if (!rc)
            rc = add_encoded(out, value, PARAM_QUERY);
        if (rc)
            return rc;
        separator = '&';
    }
    return 0;
}

static bool is_query(const char *s)
{
    for (; *s; s++) {
        if (*s <= ' ' || *s > '~' || *s == '#')
            return false;
    }
    return true;
}

int operation_url(const struct operation_info *info, const struct param *params, const char *query,
                  struct buf *out)
{
    size_t before = out->len;
    int rc;

    if (!is_complete(info, params)) {
        assert(!"a parameter of the operation is missing");
        return -EINVAL;
    }
    rc = query && !is_query(query) ? -EINVAL : add_path(info, params, out);
    if (!rc)
        rc = query ? buf_addf(out, "?%s", query) : add_query(info, params, out);
    if (rc)
        buf_truncate(out, before);
    return rc;
}

char *operation_describe(const struct operation_info *info, const struct param *params)
{
    SCOPED(buf_release) struct buf url = BUF_INIT(DESCRIPTION_MAX);

    if (operation_url(info, params, NULL, &url))
        buf_clear(&url);
    return xasprintf("%s %s", info->method, url.len ? url.data : info->path);
}
