/*
 * json.c - parsing with the position of a mistake, typed members, and equality without regard to
 * the order of members.
 */
#include <outlookfs/base/json.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>

#include "json_p.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of \uXXXX. */
#define ESCAPE_LEN 6

/*
 * json_scan() first: cJSON is more liberal than the grammar and has only a process-wide variable to
 * say where an error is. What the scan calls complete, cJSON takes.
 */
int json_parse_any(const char *text, size_t len, cJSON **ret, struct buf *err)
{
    struct json_where where;
    const char *reason;
    cJSON *value;

    if (len > JSON_TEXT_MAX)
        return buf_fail(err, -EINVAL, "the text is larger than %zu MB",
                        JSON_TEXT_MAX / (1024 * 1024));
    if (json_scan_reason(text, len, &where, &reason) != JSON_COMPLETE)
        return buf_fail(err, -EINVAL, "%u:%u: %s", where.line, where.column, reason);

    value = cJSON_ParseWithLength(text, len);
    if (!value)
        return buf_fail(err, -EINVAL, "1:1: the JSON parser does not take this text");
    *ret = value;
    return 0;
}

int json_parse_object(const char *text, size_t len, cJSON **ret, struct buf *err)
{
    cJSON *value = NULL;
    int rc = json_parse_any(text, len, &value, err);

    if (rc)
        return rc;
    if (!cJSON_IsObject(value)) {
        cJSON_Delete(value);
        return buf_fail(err, -EINVAL, JSON_NOT_OBJECT);
    }
    *ret = value;
    return 0;
}

/* The code of "\uXXXX" at `text`, or -1. */
static int escaped_code(const char *text, size_t len)
{
    int code = 0;

    if (len < ESCAPE_LEN || text[0] != '\\' || text[1] != 'u')
        return -1;
    for (size_t i = 2; i < ESCAPE_LEN; i++) {
        const char *digit =
            text[i] ? strchr("0123456789abcdef", tolower((unsigned char)text[i])) : NULL;

        if (!digit)
            return -1;
        code = code << 4 | (int)(digit - "0123456789abcdef");
    }
    return code;
}

static bool is_between(int code, int low, int high)
{
    return code >= low && code <= high;
}

/* In place: a code is as long as another. A backslash is in strings only, or the text is none. */
static bool mend_escapes(char *text, size_t len)
{
    bool mended = false;
    size_t step;

    for (size_t i = 0; i < len; i += step) {
        int code = escaped_code(text + i, len - i), next;

        step = code >= 0 ? ESCAPE_LEN : text[i] == '\\' ? 2 : 1;
        if (code != 0 && !is_between(code, 0xd800, 0xdfff))
            continue;
        next = escaped_code(text + i + step, len - i - step);
        if (is_between(code, 0xd800, 0xdbff) && is_between(next, 0xdc00, 0xdfff)) {
            step += ESCAPE_LEN;
            continue;
        }
        memcpy(text + i + 2, "fffd", 4);
        mended = true;
    }
    return mended;
}

int json_parse_mended(const char *text, size_t len, cJSON **ret, bool *ret_mended, struct buf *err)
{
    int rc = json_parse_any(text, len, ret, err);
    bool mended = false;
    char *copy;

    if (rc && len <= JSON_TEXT_MAX) {
        copy = xmalloc(len + 1);
        memcpy(copy, text, len);
        mended = mend_escapes(copy, len);
        if (mended)
            rc = json_parse_any(copy, len, ret, err);
        free(copy);
    }
    if (!rc)
        *ret_mended = mended;
    return rc;
}

cJSON *json_get(const cJSON *obj, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(obj, name);
}

const char *json_str(const cJSON *obj, const char *name)
{
    return cJSON_GetStringValue(json_get(obj, name));
}

bool json_bool(const cJSON *obj, const char *name, bool otherwise)
{
    const cJSON *member = json_get(obj, name);

    return cJSON_IsBool(member) ? cJSON_IsTrue(member) : otherwise;
}

int64_t json_int(const cJSON *obj, const char *name, int64_t otherwise)
{
    const cJSON *member = json_get(obj, name);
    double number;

    if (!cJSON_IsNumber(member))
        return otherwise;
    number = member->valuedouble;
    if (!(number >= -0x1p63 && number < 0x1p63) || (double)(int64_t)number != number)
        return otherwise;
    return (int64_t)number;
}

static bool has_names_of(const cJSON *a, const cJSON *b)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, b)
    {
        if (!json_get(a, member->string))
            return false;
    }
    return true;
}

/*
 * Mostly both objects come from the same renderer and have one order: the member that is next in
 * `b` is tried before the others. A name that is there twice counts once, as in json_get(), which
 * is why the number of members alone says nothing.
 */
static bool equal_objects(const cJSON *a, const cJSON *b)
{
    const cJSON *member;
    const cJSON *next = b->child;
    bool same_order = true;

    cJSON_ArrayForEach(member, a)
    {
        if (!next || !str_eq(member->string, next->string)) {
            same_order = false;
            next = json_get(b, member->string);
        }
        if (!json_equal(member, next))
            return false;
        next = next->next;
    }
    if (same_order)
        return !next;
    return cJSON_GetArraySize(a) == cJSON_GetArraySize(b) && has_names_of(a, b);
}

static bool equal_arrays(const cJSON *a, const cJSON *b)
{
    const cJSON *x = a->child;
    const cJSON *y = b->child;

    for (; x && y; x = x->next, y = y->next) {
        if (!json_equal(x, y))
            return false;
    }
    return x == y;
}

bool json_equal(const cJSON *a, const cJSON *b)
{
    if (a == b)
        return true;
    if (!a || !b ||
        (a->type & 0xff) != (b->type & 0xff)) /* the rest of the bits is about ownership */
        return false;

    switch (a->type & 0xff) {
    case cJSON_False:
    case cJSON_True:
    case cJSON_NULL:
        return true;
    case cJSON_Number:
        return a->valuedouble == b->valuedouble;
    case cJSON_String:
    case cJSON_Raw:
        return str_eq(a->valuestring, b->valuestring);
    case cJSON_Array:
        return equal_arrays(a, b);
    case cJSON_Object:
        return equal_objects(a, b);
    default:
        return false;
    }
}
