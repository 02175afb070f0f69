/*
 * vcard_line.c - a vCard's lines: unfolded, split, without escapes (RFC 6350, 3; RFC 2426, 4; vCard 2.1, 2.1).
 *
 * A line of version 2.1, which phones still write, becomes one of version 3.0 as it is read: its
 * quoted-printable text in any charset, its bare parameters, and commas and backslashes that mean
 * themselves.
 */
#include "vcard_p.h"

#include "formats_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/charset.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <ctype.h>
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

/* The line goes on behind an "=" at its end. */
static bool is_soft_break(const struct buf *line)
{
    const char *colon = strchr(line->data, ':');
    const char *quoted = colon ? strcasestr(line->data, "QUOTED-PRINTABLE") : NULL;

    return quoted && quoted < colon && line->data[line->len - 1] == '=';
}

/* Without folds, and without empty lines in front; NULL: there is no more. Version 2.1 folds in
 * front of white space that is there anyway. */
static char *unfolded(struct vcard_lines *lines)
{
    const char *p = lines->at + strspn(lines->at, "\r\n"), *next;
    struct buf line;

    if (!*p)
        return NULL;
    buf_init(&line, JSON_TEXT_MAX);
    const char *end = line_end(p, &next);
    buf_add(&line, p, (size_t)(end - p));
    for (;;) {
        if (*next && is_soft_break(&line))
            buf_truncate(&line, line.len - 1);
        else if (*next == ' ' || *next == '\t')
            next += !lines->old;
        else
            break;
        p = next;
        end = line_end(p, &next);
        buf_add(&line, p, (size_t)(end - p));
    }
    lines->at = next;
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
    SCOPED(xfree) char *small = converted(value, strlen(value), tolower);
    char *all = xasprintf("%s%s,", line->types, small);

    if (strstr(all, ",pref,") && line->pref == PREF_NONE)
        line->pref = 1;
    free(line->types);
    line->types = all;
}

/* Where text needs no decoding there is no encoding. */
static void set_encoding(struct vcard_line *line, const char *value)
{
    char *small = converted(value, strlen(value), tolower);

    if (line->encoding || str_eq(small, "8bit") || str_eq(small, "7bit"))
        free(small);
    else
        line->encoding = small;
}

/* A parameter without a name. */
static void take_bare(struct vcard_line *line, const char *value)
{
    static const char *const encodings[] = {"QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT"};

    for (size_t i = 0; i < ARRAY_SIZE(encodings); i++) {
        if (!strcasecmp(encodings[i], value)) {
            set_encoding(line, value);
            return;
        }
    }
    add_types(line, value);
}

static void take_parameter(struct vcard_line *line, const char *name, size_t len, char *value)
{
    SCOPED(xfree) char *word = converted(name, len, toupper);

    if (str_eq(word, "TYPE"))
        add_types(line, value);
    else if (str_eq(word, "PREF"))
        line->pref = atoi(value);
    else if (str_eq(word, "ENCODING"))
        set_encoding(line, value);
    else if (str_eq(word, "CHARSET") && !line->charset)
        line->charset = xstrdup(value);
    else if (str_eq(word, "X-CN") && !line->cn)
        line->cn = xstrdup(value);
}

static const char *take_parameters(struct vcard_line *line, const char *p)
{
    while (*p == ';') {
        const char *end = skip(++p, ";:"), *equals = memchr(p, '=', (size_t)(end - p));
        char *value = unquoted(equals ? equals + 1 : p, (size_t)(end - (equals ? equals + 1 : p)));

        if (equals)
            take_parameter(line, p, (size_t)(equals - p), value);
        else
            take_bare(line, value);
        free(value);
        p = end;
    }
    return p;
}

/* --- version 2.1 --- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : strchr("ABCDEFabcdef", c) && c ? (c & 7) + 9 : -1;
}

/* A semicolon that is encoded separates nothing. */
static void decode_quoted_printable(struct vcard_line *line)
{
    char *to = line->value;
    struct buf text;

    for (const char *p = line->value; *p; p++) {
        int high = *p == '=' ? hex_digit(p[1]) : -1, low = high < 0 ? -1 : hex_digit(p[2]);

        if (high * 16 + low == ';')
            *to++ = '\\';
        *to++ = low < 0 ? *p : (char)(high * 16 + low);
        p += low < 0 ? 0 : 2;
    }
    buf_init(&text, JSON_TEXT_MAX);
    charset_decode(&text, line->value, (size_t)(to - line->value), line->charset);
    free(line->value);
    free(line->encoding);
    line->value = buf_detach(&text);
    line->encoding = NULL;
}

/* A backslash stands for itself but in front of what has a meaning; a comma separates words only. */
static void escape_as_3(struct vcard_line *line)
{
    bool words = str_eq(line->name, "CATEGORIES");
    struct buf out;

    buf_init(&out, JSON_TEXT_MAX);
    for (const char *p = line->value; *p; p++) {
        if (*p == '\\' && p[1] && strchr(";,:\\", p[1]))
            buf_addf(&out, "\\%c", *++p);
        else if (*p == '\\' || (*p == ',' && !words))
            buf_addf(&out, "\\%c", *p);
        else if (*p == '\n')
            buf_addstr(&out, "\\n");
        else if (*p != '\r')
            buf_addch(&out, *p);
    }
    free(line->value);
    line->value = buf_detach(&out);
}

/* --- a line --- */

static void split(struct vcard_line *line, const char *text)
{
    const char *end = text + strcspn(text, ";:");
    const char *dot = memchr(text, '.', (size_t)(end - text));
    const char *name = dot ? dot + 1 : text;

    line->name = converted(name, (size_t)(end - name), toupper);
    const char *p = take_parameters(line, end);
    if (*p == ':') {
        line->value = xstrdup(p + 1);
        return;
    }
    *line->name = '\0';
    line->value = xstrdup(text);
}

bool vcard_next(struct vcard_lines *lines, struct vcard_line *ret)
{
    SCOPED(xfree) char *text = unfolded(lines);

    if (!text)
        return false;
    *ret = (struct vcard_line){.types = xstrdup(","), .pref = PREF_NONE};
    split(ret, text);
    if (str_eq(ret->name, "VERSION"))
        lines->old = str_eq(ret->value, "2.1");
    if (str_eq(ret->encoding, "quoted-printable"))
        decode_quoted_printable(ret);
    if (lines->old)
        escape_as_3(ret);
    if (str_eq(ret->name, "END"))
        lines->old = false;
    return true;
}

void vcard_line_release(struct vcard_line *line)
{
    free(line->name);
    free(line->types);
    free(line->encoding);
    free(line->charset);
    free(line->cn);
    free(line->value);
    *line = (struct vcard_line){0};
}

bool vcard_is(const struct vcard_line *line, const char *type)
{
    SCOPED(xfree) char *word = xasprintf(",%s,", type);

    return strstr(line->types, word);
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
    SCOPED(buf_release) struct buf part = BUF_INIT(JSON_TEXT_MAX);
    const char *p = value;

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
    return parts;
}

void vcard_parts_release(char **parts)
{
    xstrvfree(parts);
}

char *vcard_text(const char *value)
{
    SCOPED(xfree) char **parts = vcard_parts(value, '\0');

    return parts[0];
}
