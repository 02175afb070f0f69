/*
 * json_writer.c - JSON value by value into a buffer.
 */
#include <outlookfs/base/json_writer.h>

#include <outlookfs/base/json.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void put(struct json_writer *w, const char *s, size_t n)
{
    if (w->error == 0)
        w->error = buf_add(w->out, s, n);
}

static void put_line(struct json_writer *w)
{
    static const char line[] = "\n                                ";
    size_t spaces = 2 * (size_t)w->depth;

    if (spaces < sizeof(line) - 1) {
        put(w, line, 1 + spaces);
        return;
    }
    put(w, "\n", 1);
    for (unsigned i = 0; i < w->depth; i++)
        put(w, "  ", 2);
}

/* What stands before a value or a name. */
static void put_lead(struct json_writer *w)
{
    if (w->named) {
        w->named = false;
        return;
    }
    if (w->follows)
        put(w, ",", 1);
    if (w->indent && w->depth > 0)
        put_line(w);
    w->follows = true;
}

static void put_escape(struct json_writer *w, char c)
{
    static const char special[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    static const char hex[] = "0123456789abcdef";
    const char *found = c ? strchr(special, c) : NULL;

    if (found) {
        char text[] = {'\\', letters[found - special]};

        put(w, text, sizeof(text));
    } else {
        char text[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

        put(w, text, sizeof(text));
    }
}

static void put_string(struct json_writer *w, const char *s, size_t n)
{
    const char *end = s + n;

    put(w, "\"", 1);
    while (s < end) {
        const char *run = s;

        while (s < end && (unsigned char)*s >= 0x20 && *s != '"' && *s != '\\')
            s++;
        put(w, run, (size_t)(s - run));
        if (s < end)
            put_escape(w, *s++);
    }
    put(w, "\"", 1);
}

void json_write_open(struct json_writer *w, char bracket)
{
    put_lead(w);
    put(w, &bracket, 1);
    w->depth++;
    w->follows = false;
}

void json_write_close(struct json_writer *w, char bracket)
{
    w->depth--;
    if (w->indent && w->follows)
        put_line(w);
    put(w, &bracket, 1);
    w->follows = true;
}

static void end_name(struct json_writer *w)
{
    put(w, ": ", w->indent ? 2 : 1);
    w->named = true;
}

void json_write_name(struct json_writer *w, const char *name, size_t len)
{
    put_lead(w);
    put_string(w, name, len);
    end_name(w);
}

void json_write_string(struct json_writer *w, const char *string, size_t len)
{
    put_lead(w);
    put_string(w, string, len);
}

static void put_plain(struct json_writer *w, const char *string, size_t len)
{
    put_lead(w);
    put(w, "\"", 1);
    put(w, string, len);
    put(w, "\"", 1);
}

void json_write_plain_name(struct json_writer *w, const char *name, size_t len)
{
    put_plain(w, name, len);
    end_name(w);
}

void json_write_plain_string(struct json_writer *w, const char *string, size_t len)
{
    put_plain(w, string, len);
}

void json_write_raw(struct json_writer *w, const char *text, size_t len)
{
    put_lead(w);
    put(w, text, len);
}

static void write_number(struct json_writer *w, const cJSON *value)
{
    double number = value->valuedouble;
    char text[32];

    if (value->valuestring) {
        json_write_raw(w, value->valuestring, strlen(value->valuestring));
        return;
    }
    if (!isfinite(number)) {
        snprintf(text, sizeof(text), "null"); /* JSON has no word for it */
    } else if (fabs(number) < 0x1p53 && number == (double)(int64_t)number) {
        snprintf(text, sizeof(text), "%" PRId64, (int64_t)number);
    } else {
        snprintf(text, sizeof(text), "%.15g", number);
        if (strtod(text, NULL) != number)
            snprintf(text, sizeof(text), "%.17g", number);
    }
    json_write_raw(w, text, strlen(text));
}

void json_write_tree(struct json_writer *w, const struct cJSON *value)
{
    const cJSON *child;

    switch (value->type & 0xff) {
    case cJSON_Object:
        json_write_open(w, '{');
        cJSON_ArrayForEach(child, value)
        {
            json_write_name(w, child->string, strlen(child->string));
            json_write_tree(w, child);
        }
        json_write_close(w, '}');
        break;
    case cJSON_Array:
        json_write_open(w, '[');
        cJSON_ArrayForEach(child, value) json_write_tree(w, child);
        json_write_close(w, ']');
        break;
    case cJSON_String:
        json_write_string(w, value->valuestring, strlen(value->valuestring));
        break;
    case cJSON_Number:
        write_number(w, value);
        break;
    case cJSON_Raw:
        json_write_raw(w, value->valuestring, strlen(value->valuestring));
        break;
    case cJSON_True:
        json_write_raw(w, "true", 4);
        break;
    case cJSON_False:
        json_write_raw(w, "false", 5);
        break;
    default:
        json_write_raw(w, "null", 4);
        break;
    }
}

char *json_print(const cJSON *value)
{
    struct json_writer w;
    struct buf out;

    buf_init(&out, 2 * JSON_TEXT_MAX);
    w = (struct json_writer){.out = &out};
    json_write_tree(&w, value);
    if (w.error) {
        buf_release(&out);
        return NULL;
    }
    return buf_detach(&out);
}
