/*
 * json_build.c - the shape of a text, and the tree of it.
 */
#include "json_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- repeated names -------------------------------------------------------------------------- */

#define TABLE_SMALL 128

static cJSON **place_of(cJSON **table, size_t size, const char *name)
{
    size_t i = (size_t)str_hash(0, name, strlen(name)) & (size - 1);

    while (table[i] && !str_eq(table[i]->string, name))
        i = (i + 1) & (size - 1);
    return &table[i];
}

/* Of members with one name the last counts, at the place of the first. */
static void drop_repeated(cJSON *obj)
{
    cJSON *small[TABLE_SMALL] = {NULL}, **table = small;
    size_t count = (size_t)cJSON_GetArraySize(obj), size = TABLE_SMALL;
    cJSON *member = obj->child, *next;

    while (size < 2 * count)
        size *= 2;
    if (size > TABLE_SMALL)
        table = xcalloc(size, sizeof(cJSON *));
    for (; member; member = next) {
        cJSON **place = place_of(table, size, member->string);

        next = member->next;
        if (*place) {
            cJSON_DetachItemViaPointer(obj, member);
            cJSON_ReplaceItemViaPointer(obj, *place, member);
        }
        *place = member;
    }
    if (table != small)
        free(table);
}

/* --- values ---------------------------------------------------------------------------------- */

struct builder {
    struct json_build *options;
    struct json_reader reader;
    char *name; /* of the member whose value is next */
    cJSON *root;
    cJSON *open[JSON_READER_DEPTH];
};

/* NULL when the caller's function failed. */
static char *take_string(struct builder *b)
{
    char *string = json_reader_string(&b->reader);

    if (b->options->string && (b->options->error = b->options->string(b->options->ctx, &string))) {
        free(string);
        return NULL;
    }
    return string;
}

static cJSON *make_number(const char *text, size_t len)
{
    cJSON *number = cJSON_CreateNumber(0);

    number->valuestring = xstrndup(text, len);
    cJSON_SetNumberHelper(number, strtod(number->valuestring, NULL));
    return number;
}

static cJSON *make_value(struct builder *b, enum json_token token)
{
    cJSON *value;

    switch (token) {
    case JSON_OBJECT:
        return cJSON_CreateObject();
    case JSON_ARRAY:
        return cJSON_CreateArray();
    case JSON_NUMBER:
        return make_number(b->reader.start, b->reader.length);
    case JSON_TRUE:
        return cJSON_CreateTrue();
    case JSON_FALSE:
        return cJSON_CreateFalse();
    case JSON_STRING:
        value = cJSON_CreateNull();
        value->type = cJSON_String;
        value->valuestring = take_string(b);
        return value;
    default:
        return cJSON_CreateNull();
    }
}

static void add_value(struct builder *b, enum json_token token)
{
    size_t level = b->reader.depth - (token == JSON_OBJECT || token == JSON_ARRAY);
    cJSON *value = make_value(b, token);

    value->string = b->name;
    b->name = NULL;
    if (level)
        cJSON_AddItemToArray(b->open[level - 1], value);
    else
        b->root = value;
    if (level < b->reader.depth)
        b->open[level] = value;
}

/* --- the text -------------------------------------------------------------------------------- */

static bool is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\0' && text[i] != ' ' && text[i] != '\n' && text[i] != '\r' &&
            text[i] != '\t')
            return false;
    }
    return true;
}

static enum json_token build_tree(struct builder *b)
{
    enum json_token token;

    while ((token = json_next(&b->reader)) < JSON_END) {
        if (token == JSON_NAME)
            b->name = take_string(b);
        else if (token == JSON_OBJECT_END)
            drop_repeated(b->open[b->reader.depth]);
        else if (token != JSON_ARRAY_END)
            add_value(b, token);
        if (b->options->error)
            return JSON_BAD;
    }
    return token;
}

static enum json_token skim(struct json_reader *r)
{
    enum json_token token;

    while ((token = json_next(r)) < JSON_END)
        continue;
    return token;
}

enum json_shape json_build(struct json_build *options, const char *text, size_t len, cJSON **ret)
{
    struct builder b;

    json_reader_init(&b.reader, text, len);
    b.reader.mend = options->mend;
    b.options = options;
    b.name = NULL;
    b.root = NULL;
    options->mended = false;
    options->error = 0;

    enum json_token token = ret ? build_tree(&b) : skim(&b.reader);
    enum json_shape shape = token == JSON_END || options->error ? JSON_COMPLETE
                            : token == JSON_CUT                 ? JSON_PARTIAL
                                                                : JSON_MALFORMED;
    options->reason = b.reader.reason;
    if (shape != JSON_COMPLETE && is_blank(text, len)) {
        shape = JSON_EMPTY;
        b.reader.pos = len;
        options->reason = "the text is empty";
    }
    if (shape != JSON_COMPLETE)
        options->where = json_reader_where(&b.reader);
    options->mended = b.reader.mended;
    free(b.name);
    if (token != JSON_END) {
        cJSON_Delete(b.root);
        b.root = NULL;
    }
    if (ret)
        *ret = b.root;
    return shape;
}

enum json_shape json_scan(const char *text, size_t len, struct json_where *where)
{
    struct json_build b = {0};
    enum json_shape shape = json_build(&b, text, len, NULL);

    if (where && shape != JSON_COMPLETE)
        *where = b.where;
    return shape;
}

static enum json_shape read_any(struct json_build *b, const char *text, size_t len, cJSON **ret,
                                struct buf *err)
{
    cJSON *value = NULL;

    if (len > JSON_TEXT_MAX) {
        buf_fail(err, 0, "the text is larger than %zu MB", JSON_TEXT_MAX / (1024 * 1024));
        return JSON_MALFORMED;
    }
    enum json_shape shape = json_build(b, text, len, &value);
    if (shape == JSON_COMPLETE)
        *ret = value;
    else
        buf_fail(err, 0, "%u:%u: %s", b->where.line, b->where.column, b->reason);
    return shape;
}

enum json_shape json_read_object(const char *text, size_t len, cJSON **ret, struct buf *err)
{
    struct json_build b = {0};
    cJSON *value = NULL;
    enum json_shape shape = read_any(&b, text, len, &value, err);

    if (shape == JSON_COMPLETE && !cJSON_IsObject(value)) {
        cJSON_Delete(value);
        buf_fail(err, 0, JSON_NOT_OBJECT);
        return JSON_MALFORMED;
    }
    if (shape == JSON_COMPLETE)
        *ret = value;
    return shape;
}

int json_parse_object(const char *text, size_t len, cJSON **ret, struct buf *err)
{
    return json_read_object(text, len, ret, err) == JSON_COMPLETE ? 0 : -EINVAL;
}

int json_parse_any(const char *text, size_t len, cJSON **ret, struct buf *err)
{
    struct json_build b = {0};

    return read_any(&b, text, len, ret, err) == JSON_COMPLETE ? 0 : -EINVAL;
}

cJSON *json_load(const char *text)
{
    cJSON *value = NULL;

    if (text)
        json_parse_any(text, strlen(text), &value, NULL);
    return value;
}

int json_parse_mended(const char *text, size_t len, cJSON **ret, bool *ret_mended, struct buf *err)
{
    struct json_build b = {.mend = true};
    int rc = read_any(&b, text, len, ret, err) == JSON_COMPLETE ? 0 : -EINVAL;

    if (!rc)
        *ret_mended = b.mended;
    return rc;
}
