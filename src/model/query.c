/*
 * query.c - the name of a directory below search/ taken apart.
 */
#include <outlookfs/model/query.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ORDERBY ";orderby="
#define TOP ";top="
#define PIN ";pin"
#define UNREAD "is:unread"

#define TOP_DIGITS 9 /* fits into an unsigned */

bool query_is_askable(const char *name)
{
    return *name && *name != '.' && *name != '*';
}

char *query_decode(const char *name)
{
    char *out = xmalloc(strlen(name) + 1);
    size_t n = 0;

    for (const char *p = name; *p; p++) {
        if (str_starts(p, "%2F") || str_starts(p, "%25")) {
            out[n++] = p[2] == 'F' ? '/' : '%';
            p += 2;
        } else {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
    return out;
}

char *query_pin_name(const char *name)
{
    if (!str_ends(name, PIN) || strlen(name) == strlen(PIN))
        return NULL;
    return xstrndup(name, strlen(name) - strlen(PIN));
}

void query_release(struct query *q)
{
    free(q->text);
    free(q->orderby);
    *q = (struct query){0};
}

/* --- options --- */

static bool is_option(const char *p)
{
    return str_starts(p, ORDERBY) || str_starts(p, TOP);
}

/* Where the options begin, or the end of the text. */
static const char *find_options(const char *text, char quote)
{
    bool quoted = false;
    const char *p = text;

    for (; *p && (quoted || !is_option(p)); p++) {
        if (*p == quote)
            quoted = !quoted;
    }
    return p;
}

static int parse_top(const char *value, size_t len, struct query *q, struct buf *err)
{
    if (q->top)
        return buf_fail(err, -EINVAL, TOP " appears twice");
    if (!len || len > TOP_DIGITS || strspn(value, "0123456789") < len)
        return buf_fail(err, -EINVAL, TOP " is followed by a number, not by \"%.*s\"", (int)len,
                        value);
    q->top = (unsigned)strtoul(value, NULL, 10);
    return q->top ? 0 : buf_fail(err, -EINVAL, TOP " is at least 1");
}

static int parse_orderby(enum kind kind, const char *value, size_t len, struct query *q,
                         struct buf *err)
{
    if (kind == KIND_MESSAGE)
        return buf_fail(err, -EINVAL, "the service cannot order what it finds in mail");
    if (q->orderby)
        return buf_fail(err, -EINVAL, ORDERBY " appears twice");
    if (!len)
        return buf_fail(err, -EINVAL, ORDERBY " is followed by nothing");
    q->orderby = xstrndup(value, len);
    return 0;
}

static int parse_options(enum kind kind, const char *p, struct query *q, struct buf *err)
{
    int rc = 0;

    while (!rc && *p) {
        bool top = str_starts(p, TOP);

        if (!is_option(p))
            return buf_fail(err, -EINVAL,
                            "only " ORDERBY " and " TOP " may follow the query, not \"%s\"", p);
        const char *value = p + strlen(top ? TOP : ORDERBY);
        size_t len = strcspn(value, ";");
        rc = top ? parse_top(value, len, q, err) : parse_orderby(kind, value, len, q, err);
        p = value + len;
    }
    return rc;
}

/* --- is:unread --- */

/* A word of a search for mail: everything between blanks, a phrase in quotation marks included. */
struct word {
    const char *start;
    size_t len;
};

static struct word next_word(const char *p)
{
    struct word w = {.start = p + strspn(p, " ")};
    bool quoted = false;

    for (; w.start[w.len] && (quoted || w.start[w.len] != ' '); w.len++) {
        if (w.start[w.len] == '"')
            quoted = !quoted;
    }
    return w;
}

static bool word_is(const struct word *w, const char *text)
{
    return w->len == strlen(text) && !strncasecmp(w->start, text, w->len);
}

/* Operators are written in capitals. */
static bool word_is_exactly(const struct word *w, const char *text)
{
    return w->len == strlen(text) && !strncmp(w->start, text, w->len);
}

static bool is_operator(const struct word *w)
{
    return word_is_exactly(w, "AND") || word_is_exactly(w, "NOT");
}

static bool has_or(const char *text)
{
    struct word w = next_word(text);

    while (w.len && !word_is_exactly(&w, "OR"))
        w = next_word(w.start + w.len);
    return w.len;
}

/* Takes the first is:unread that stands alone out of `text`, with the blanks behind it. */
static bool take_unread(char *text)
{
    struct word before = {0};
    struct word w = next_word(text);

    for (; w.len; before = w, w = next_word(w.start + w.len)) {
        struct word after = next_word(w.start + w.len);

        if (word_is(&w, UNREAD) && !is_operator(&before) && !is_operator(&after)) {
            memmove(text + (w.start - text), after.start, strlen(after.start) + 1);
            return true;
        }
    }
    return false;
}

static void trim_end(char *text)
{
    size_t len = strlen(text);

    while (len && text[len - 1] == ' ')
        text[--len] = '\0';
}

/* --- words --- */

/* A filter compares, or calls a function. */
static bool is_filter(const char *text)
{
    static const char *const operators[] = {" eq ", " ne ", " gt ", " ge ", " lt ", " le "};

    for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
        if (strcasestr(text, operators[i]))
            return true;
    }
    return strchr(text, '(');
}

/* --- the whole --- */

int query_parse(enum kind kind, const char *name, struct query *ret, struct buf *err)
{
    struct query q = {0};

    if (!str_is_utf8(name, strlen(name)))
        return buf_fail(err, -EINVAL, "the query is not valid UTF-8");
    SCOPED(xfree) char *text = query_decode(name);
    const char *options = find_options(text, kind == KIND_MESSAGE ? '"' : '\'');
    int rc = parse_options(kind, options, &q, err);

    if (rc) {
        query_release(&q);
        return rc;
    }
    q.text = xstrndup(text, (size_t)(options - text));
    while (kind == KIND_MESSAGE && !has_or(q.text) && take_unread(q.text))
        q.only_unread = true;
    if (q.only_unread)
        trim_end(q.text);
    if (!*q.text) {
        xstrset(&q.text, NULL);
    }
    q.words = kind != KIND_MESSAGE && q.text && !is_filter(q.text);
    *ret = q;
    return rc;
}
