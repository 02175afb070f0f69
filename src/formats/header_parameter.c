/*
 * header_parameter.c - the parameters of Content-Type and Content-Disposition.
 *
 * A value may stand in pieces that are numbered, with a charset, percent-encoded (RFC 2231):
 *
 *     attachment; filename*0*=utf-8''%C3%9Cbersicht%20; filename*1="2026.pdf"
 */
#include "header_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/charset.h>
#include <outlookfs/base/json.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WHITE " \t\r\n"

/* More of one value than any program writes. */
#define PIECES_MAX 1000

struct piece {
    char *value;
    bool encoded; /* the name ends with '*' */
};

/* What is being looked for and what was found of it. */
struct search {
    const char *name;
    char *plain;       /* "name=value" */
    GPtrArray *pieces; /* struct piece, by number; NULL where one is missing */
};

static void piece_free(void *p)
{
    struct piece *piece = p;

    if (piece)
        g_free(piece->value);
    g_free(piece);
}

/* --- syntax --- */

static const char *skip_white(const char *p)
{
    return p + strspn(p, WHITE);
}

static char *quoted_value(const char **p)
{
    GString *value = g_string_new(NULL);
    const char *s = *p + 1;

    for (; *s && *s != '"'; s++) {
        if (*s == '\\' && (s[1] == '"' || s[1] == '\\'))
            s++; /* another one is part of a path */
        if (*s != '\r' && *s != '\n')
            g_string_append_c(value, *s);
    }
    *p = s + (*s == '"');
    return g_string_free(value, FALSE);
}

/* Without quotes it goes to the ';', blanks included: that is how some write names. */
static char *bare_value(const char **p)
{
    size_t n = strcspn(*p, ";");
    char *value = g_strchomp(g_strndup(*p, n));

    *p += n;
    return value;
}

/* --- collecting --- */

/* "filename*1*" is piece 1, encoded; "filename*" is piece 0. -1: another parameter. */
static int piece_number(const char *name, const char *wanted, bool *ret_encoded)
{
    size_t n = strlen(wanted);
    long number = 0;

    if (g_ascii_strncasecmp(name, wanted, n) != 0 || name[n] != '*')
        return -1;
    name += n + 1;
    char *end = (char *)name;
    if (g_ascii_isdigit(*name)) {
        number = strtol(name, &end, 10);
        *ret_encoded = *end == '*';
        end += *ret_encoded;
    } else {
        *ret_encoded = true;
    }
    return *end || number < 0 || number >= PIECES_MAX ? -1 : (int)number;
}

/* Takes `value`. Of two with one name the first counts. */
static void collect(struct search *s, const char *name, char *value)
{
    bool encoded;
    int number = piece_number(name, s->name, &encoded);

    if (number < 0) {
        if (g_ascii_strcasecmp(name, s->name) == 0 && !s->plain)
            s->plain = value;
        else
            g_free(value);
        return;
    }
    if ((guint)number >= s->pieces->len)
        g_ptr_array_set_size(s->pieces, number + 1);
    if (g_ptr_array_index(s->pieces, number)) {
        g_free(value);
        return;
    }
    struct piece *piece = g_new(struct piece, 1);
    *piece = (struct piece){.value = value, .encoded = encoded};
    g_ptr_array_index(s->pieces, number) = piece;
}

static void scan(struct search *s, const char *p)
{
    p += strcspn(p, ";");
    while (*p) {
        p = skip_white(p + 1);
        size_t n = strcspn(p, "=;" WHITE);
        char *name = g_strndup(p, n);

        p = skip_white(p + n);
        if (*p == '=') {
            p = skip_white(p + 1);
            collect(s, name, *p == '"' ? quoted_value(&p) : bare_value(&p));
        }
        p += strcspn(p, ";");
        g_free(name);
    }
}

/* --- the value --- */

/* "%41" is 'A'; a '%' without digits stays. */
static void add_decoded(GString *bytes, const char *p)
{
    for (; *p; p++) {
        if (*p == '%' && g_ascii_isxdigit(p[1]) && g_ascii_isxdigit(p[2])) {
            g_string_append_c(bytes,
                              (char)(g_ascii_xdigit_value(p[1]) << 4 | g_ascii_xdigit_value(p[2])));
            p += 2;
        } else {
            g_string_append_c(bytes, *p);
        }
    }
}

/* Cuts "charset'language'" off. */
static char *take_charset(const char **p)
{
    const char *first = strchr(*p, '\''), *second = first ? strchr(first + 1, '\'') : NULL;

    if (!second)
        return NULL;
    char *charset = g_strndup(*p, (gsize)(first - *p));
    *p = second + 1;
    return charset;
}

/* The pieces up to the first that is missing. */
static void join_pieces(const GPtrArray *pieces, struct buf *out)
{
    g_autoptr(GString) bytes = g_string_new(NULL);
    g_autofree char *charset = NULL;

    for (guint i = 0; i < pieces->len && g_ptr_array_index(pieces, i); i++) {
        const struct piece *piece = g_ptr_array_index(pieces, i);
        const char *value = piece->value;

        if (i == 0 && piece->encoded)
            charset = take_charset(&value);
        if (piece->encoded)
            add_decoded(bytes, value);
        else
            g_string_append(bytes, value);
    }
    charset_decode(out, bytes->str, bytes->len, charset);
}

char *header_parameter(const char *raw, const char *name)
{
    struct search s = {.name = name, .pieces = g_ptr_array_new_with_free_func(piece_free)};
    char *value = NULL;
    SCOPED(buf_release) struct buf out = BUF_INIT(JSON_TEXT_MAX);

    if (raw)
        scan(&s, raw);
    if (s.pieces->len > 0 && g_ptr_array_index(s.pieces, 0))
        join_pieces(s.pieces, &out);
    else if (s.plain)
        header_text(&out, s.plain);
    if (s.plain || out.len)
        value = g_strdup(out.data);
    g_ptr_array_free(s.pieces, TRUE);
    g_free(s.plain);
    return value;
}
