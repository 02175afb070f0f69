/*
 * json_writer.c - JSON value by value into a buffer.
 */
#include <outlookfs/base/json_writer.h>

#include <outlookfs/base/json.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A new line and its indentation, in so many bytes or none. */
static char *put_line(char *p, size_t bytes)
{
    char *end = p + bytes;

    if (bytes > 0)
        *p++ = '\n';
    while (p < end)
        *p++ = ' ';
    return p;
}

/*
 * Writes what stands before a value or a name, and answers where that goes, in `n` bytes, counted
 * by buf_wrote(). NULL: there is no room.
 */
static char *start(struct json_writer *w, size_t n)
{
    bool first = w->named || !w->follows;
    size_t line = !w->named && w->indent && w->depth > 0 ? 1 + 2 * (size_t)w->depth : 0;
    char *p = w->error ? NULL : buf_room(w->out, !first + line + n);

    if (!p) {
        w->error = -ENOBUFS;
        return NULL;
    }
    if (!first)
        *p++ = ',';
    w->named = false;
    w->follows = true;
    return put_line(p, line);
}

/* How many bytes more the string takes with its escapes. */
static size_t escapes_in(const char *s, size_t n)
{
    size_t more = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c == '"' || c == '\\')
            more++;
        else if (c < 0x20)
            more += c == '\b' || c == '\f' || c == '\n' || c == '\r' || c == '\t' ? 1 : 5;
    }
    return more;
}

static char *put_escape(char *p, char c)
{
    static const char special[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    static const char hex[] = "0123456789abcdef";
    const char *found = c ? strchr(special, c) : NULL;

    if (found) {
        char text[] = {'\\', letters[found - special]};

        return mempcpy(p, text, sizeof(text));
    }
    char text[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

    return mempcpy(p, text, sizeof(text));
}

static char *put_escaped(char *p, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)s[i] >= 0x20 && s[i] != '"' && s[i] != '\\')
            *p++ = s[i];
        else
            p = put_escape(p, s[i]);
    }
    return p;
}

/* `more`: see escapes_in(); `behind`: what comes after the quote. */
static inline void put_string(struct json_writer *w, const char *s, size_t n, size_t more,
                              const char *behind, size_t nbehind)
{
    char *p = start(w, 1 + n + more + 1 + nbehind);

    if (!p)
        return;
    *p++ = '"';
    p = more ? put_escaped(p, s, n) : mempcpy(p, s, n);
    *p++ = '"';
    for (size_t i = 0; i < nbehind; i++)
        *p++ = behind[i];
    buf_wrote(w->out, p);
}

static void put_name(struct json_writer *w, const char *name, size_t len, size_t more)
{
    put_string(w, name, len, more, ": ", w->indent ? 2 : 1);
    w->named = true;
}

void json_write_open(struct json_writer *w, char bracket)
{
    char *p = start(w, 1);

    if (p) {
        *p++ = bracket;
        buf_wrote(w->out, p);
    }
    w->depth++;
    w->follows = false;
}

void json_write_close(struct json_writer *w, char bracket)
{
    size_t line = w->indent && w->follows ? 1 + 2 * (size_t)(w->depth - 1) : 0;
    char *p = w->error ? NULL : buf_room(w->out, line + 1);

    w->depth--;
    w->follows = true;
    if (!p) {
        w->error = -ENOBUFS;
        return;
    }
    p = put_line(p, line);
    *p++ = bracket;
    buf_wrote(w->out, p);
}

void json_write_name(struct json_writer *w, const char *name, size_t len)
{
    put_name(w, name, len, escapes_in(name, len));
}

void json_write_string(struct json_writer *w, const char *string, size_t len)
{
    put_string(w, string, len, escapes_in(string, len), "", 0);
}

void json_write_plain_name(struct json_writer *w, const char *name, size_t len)
{
    put_name(w, name, len, 0);
}

void json_write_plain_string(struct json_writer *w, const char *string, size_t len)
{
    put_string(w, string, len, 0, "", 0);
}

void json_write_raw(struct json_writer *w, const char *text, size_t len)
{
    char *p = start(w, len);

    if (p)
        buf_wrote(w->out, mempcpy(p, text, len));
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
