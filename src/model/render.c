/*
 * render.c - writes JSON with the layout of a record's file.
 */
#include <outlookfs/model/render.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first error stays; what is added after it is void. */
struct renderer {
    struct buf *out;
    int error;
};

static void put(struct renderer *r, const char *s, size_t n)
{
    if (r->error == 0)
        r->error = buf_add(r->out, s, n);
}

static void put_str(struct renderer *r, const char *s)
{
    put(r, s, strlen(s));
}

static void put_line(struct renderer *r, unsigned depth)
{
    put(r, "\n", 1);
    for (unsigned i = 0; i < depth; i++)
        put(r, "  ", 2);
}

static void put_escape(struct renderer *r, char c)
{
    static const char special[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    static const char hex[] = "0123456789abcdef";
    const char *found = strchr(special, c);

    if (found) {
        char text[] = {'\\', letters[found - special]};

        put(r, text, sizeof(text));
    } else {
        char text[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

        put(r, text, sizeof(text));
    }
}

static void put_string(struct renderer *r, const char *s)
{
    put(r, "\"", 1);
    while (*s) {
        size_t plain = 0;

        while ((unsigned char)s[plain] >= 0x20 && s[plain] != '"' && s[plain] != '\\')
            plain++;
        put(r, s, plain);
        s += plain;
        if (*s)
            put_escape(r, *s++);
    }
    put(r, "\"", 1);
}

static void put_number(struct renderer *r, double number)
{
    char text[32];

    if (!isfinite(number)) {
        put_str(r, "null"); /* JSON has no word for it; cJSON does the same */
        return;
    }
    if (fabs(number) < 0x1p53 && number == (double)(int64_t)number) {
        snprintf(text, sizeof(text), "%" PRId64, (int64_t)number);
    } else {
        snprintf(text, sizeof(text), "%.15g", number);
        if (strtod(text, NULL) != number)
            snprintf(text, sizeof(text), "%.17g", number);
    }
    put_str(r, text);
}

static void put_value(struct renderer *r, const cJSON *value, unsigned depth);

/* Objects and arrays; only the record itself, depth 0, can have a member to drop. */
static void put_members(struct renderer *r, const cJSON *parent, unsigned depth)
{
    const cJSON *member;
    bool empty = true;

    put(r, cJSON_IsObject(parent) ? "{" : "[", 1);
    cJSON_ArrayForEach(member, parent)
    {
        if (depth == 0 && str_eq(member->string, "@odata.context"))
            continue;
        if (!empty)
            put(r, ",", 1);
        empty = false;
        put_line(r, depth + 1);
        if (cJSON_IsObject(parent)) {
            put_string(r, member->string);
            put(r, ": ", 2);
        }
        put_value(r, member, depth + 1);
    }
    if (!empty)
        put_line(r, depth);
    put(r, cJSON_IsObject(parent) ? "}" : "]", 1);
}

static void put_value(struct renderer *r, const cJSON *value, unsigned depth)
{
    if (cJSON_IsObject(value) || cJSON_IsArray(value))
        put_members(r, value, depth);
    else if (cJSON_IsString(value))
        put_string(r, value->valuestring);
    else if (cJSON_IsNumber(value))
        put_number(r, value->valuedouble);
    else if (cJSON_IsBool(value))
        put_str(r, cJSON_IsTrue(value) ? "true" : "false");
    else
        put_str(r, "null");
}

int render_record(const struct cJSON *obj, struct buf *out)
{
    struct renderer r = {.out = out};
    size_t before = out->len;

    put_value(&r, obj, 0);
    put(&r, "\n", 1);
    if (r.error)
        buf_truncate(out, before);
    return r.error;
}
