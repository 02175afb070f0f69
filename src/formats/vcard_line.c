/*
 * vcard_line.c - a vCard's lines: unfolded, split, without escapes (RFC 6350, 3; RFC 2426, 4).
 */
#include "vcard_p.h"

#include "formats_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>
#include <string.h>

#define PREF_NONE 101

static char *converted(const char *s, size_t len, int (*convert)(int))
{
    char *copy = xstrndup(s, len);

    for (char *p = copy; *p; p++)
        *p = (char)convert((unsigned char)*p);
    return copy;
}

/* A physical line's end; `*next` is where the next one begins. */
static const char *line_end(const char *p, const char **next)
{
    const char *end = p + strcspn(p, "\r\n");

    *next = end + (*end == '\r') + (*end == '\r' ? end[1] == '\n' : *end == '\n');
    return end;
}

/* Without folds, and without empty lines in front; NULL: there is no more. */
static char *unfolded(const char **at)
{
    const char *p = *at + strspn(*at, "\r\n"), *next, *end;
    struct buf line;

    if (!*p)
        return NULL;
    buf_init(&line, JSON_TEXT_MAX);
    end = line_end(p, &next);
    buf_add(&line, p, (size_t)(end - p));
    while (*next == ' ' || *next == '\t') {
        p = next + 1;
        end = line_end(p, &next);
        buf_add(&line, p, (size_t)(end - p));
    }
    *at = next;
    return buf_detach(&line);
}

/* Up to one of `stops` that stands in no quotes. */
static const char *skip(const char *p, const char *stops)
{
    bool quoted = false;

    for (; *p && (quoted || !strchr(stops, *p)); p++)
        quoted ^= *p == '"';
    return p;
}

static char *unquoted(const char *p, size_t len)
{
    char *copy = xstrndup(p, len), *to = copy;

    for (const char *from = copy; *from; from++) {
        if (*from != '"')
            *to++ = *from;
    }
    *to = '\0';
    return copy;
}

static void add_types(struct vcard_line *line, const char *value)
{
    char *small = converted(value, strlen(value), tolower);
    char *all = xasprintf("%s%s,", line->types, small);

    if (strstr(all, ",pref,") && line->pref == PREF_NONE)
        line->pref = 1;
    free(line->types);
    free(small);
    line->types = all;
}

static void take_parameter(struct vcard_line *line, const char *name, size_t len, char *value)
{
    char *word = converted(name, len, toupper);

    if (str_eq(word, "TYPE"))
        add_types(line, value);
    else if (str_eq(word, "PREF"))
        line->pref = atoi(value);
    else if (str_eq(word, "ENCODING") && !line->encoding)
        line->encoding = converted(value, strlen(value), tolower);
    else if (str_eq(word, "X-CN") && !line->cn)
        line->cn = xstrdup(value);
    free(word);
}

static const char *take_parameters(struct vcard_line *line, const char *p)
{
    while (*p == ';') {
        const char *end = skip(++p, ";:"), *equals = memchr(p, '=', (size_t)(end - p));
        char *value = unquoted(equals ? equals + 1 : p, (size_t)(end - (equals ? equals + 1 : p)));

        take_parameter(line, equals ? p : "TYPE", equals ? (size_t)(equals - p) : 4, value);
        free(value);
        p = end;
    }
    return p;
}

static void split(struct vcard_line *line, const char *text)
{
    const char *end = text + strcspn(text, ";:"), *p;
    const char *dot = memchr(text, '.', (size_t)(end - text));
    const char *name = dot ? dot + 1 : text;

    line->name = converted(name, (size_t)(end - name), toupper);
    p = take_parameters(line, end);
    if (*p == ':') {
        line->value = xstrdup(p + 1);
        return;
    }
    *line->name = '\0';
    line->value = xstrdup(text);
}

bool vcard_next(const char **at, struct vcard_line *ret)
{
    char *text = unfolded(at);

    if (!text)
        return false;
    *ret = (struct vcard_line){.types = xstrdup(","), .pref = PREF_NONE};
    split(ret, text);
    free(text);
    return true;
}

void vcard_line_release(struct vcard_line *line)
{
    free(line->name);
    free(line->types);
    free(line->encoding);
    free(line->cn);
    free(line->value);
    *line = (struct vcard_line){0};
}

bool vcard_is(const struct vcard_line *line, const char *type)
{
    char *word = xasprintf(",%s,", type);
    bool is = strstr(line->types, word);

    free(word);
    return is;
}

static char *cleaned(struct buf *raw)
{
    struct buf text;

    buf_init(&text, 4 * JSON_TEXT_MAX);
    text_clean(&text, raw->data);
    buf_clear(raw);
    return buf_detach(&text);
}

char **vcard_parts(const char *value, char by)
{
    char **parts = NULL;
    size_t count = 0;
    struct buf part;
    const char *p = value;

    buf_init(&part, JSON_TEXT_MAX);
    for (;; p++) {
        if (*p == '\\' && p[1]) {
            p++;
            buf_addch(&part, *p == 'n' || *p == 'N' ? '\n' : *p);
        } else if (*p && *p != by) {
            buf_addch(&part, *p);
        } else {
            parts = xrealloc(parts, (count + 2) * sizeof(*parts));
            parts[count++] = cleaned(&part);
            if (!*p)
                break;
        }
    }
    parts[count] = NULL;
    buf_release(&part);
    return parts;
}

void vcard_parts_release(char **parts)
{
    xstrvfree(parts);
}

char *vcard_text(const char *value)
{
    char **parts = vcard_parts(value, '\0');
    char *text = parts[0];

    free(parts);
    return text;
}
