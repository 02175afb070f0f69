/*
 * html.c - the text of an HTML document, for readers that show none.
 *
 * No renderer: tags go, those that begin a line become one, white space is one blank, the usual
 * entities are characters. Bounded by the length of the document.
 */
#include "formats_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENTITY_CHARS 10

struct html {
    struct buf *out;
    bool blank; /* white space since the last character */
    int rc;
};

static void add(struct html *h, const char *s, size_t n)
{
    bool at_start = h->out->len == 0 || h->out->data[h->out->len - 1] == '\n';

    if (h->blank && !at_start && !h->rc)
        h->rc = buf_addch(h->out, ' ');
    h->blank = false;
    if (!h->rc)
        h->rc = buf_add(h->out, s, n);
}

/* At most one empty line. */
static void break_line(struct html *h)
{
    h->blank = false;
    if (h->out->len > 0 && !str_ends(h->out->data, "\n\n") && !h->rc)
        h->rc = buf_addch(h->out, '\n');
}

static bool is_tag(const char *name, size_t n, const char *const *tags, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(tags[i]) == n && strncasecmp(name, tags[i], n) == 0)
            return true;
    }
    return false;
}

/* Behind "</name>", or the end. */
static const char *skip_element(const char *p, const char *name, size_t n)
{
    while ((p = strstr(p, "</"))) {
        p += 2;
        if (strncasecmp(p, name, n) == 0)
            return strchr(p, '>') ? strchr(p, '>') + 1 : p + strlen(p);
    }
    return "";
}

/* `p` is behind '<'; answers what is behind the tag. */
static const char *take_tag(struct html *h, const char *p)
{
    static const char *const hidden[] = {"head", "style", "script", "title"};
    static const char *const breaks[] = {"br", "/p", "/div", "/tr", "/li", "/h1", "/h2", "/h3"};
    const char *name = p, *end;
    size_t n = strcspn(p, " \t\r\n>");

    if (str_starts(p, "!--")) {
        end = strstr(p, "-->");
        return end ? end + 3 : p + strlen(p);
    }
    if (n > 1 && name[n - 1] == '/')
        n--;
    end = strchr(p, '>');
    end = end ? end + 1 : p + strlen(p);
    if (is_tag(name, n, hidden, ARRAY_SIZE(hidden)))
        return skip_element(end, name, n);
    if (is_tag(name, n, breaks, ARRAY_SIZE(breaks)))
        break_line(h);
    return end;
}

static size_t encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* 0: it is none. `p` is behind '&', `n` characters before ';'. */
static uint32_t entity(const char *p, size_t n)
{
    static const struct {
        const char *name;
        uint32_t c;
    } table[] = {{"amp", '&'},       {"lt", '<'},       {"gt", '>'},       {"quot", '"'},
                 {"apos", '\''},     {"nbsp", ' '},     {"ndash", 0x2013}, {"mdash", 0x2014},
                 {"hellip", 0x2026}, {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201c},
                 {"rdquo", 0x201d},  {"euro", 0x20ac},  {"auml", 0xe4},    {"ouml", 0xf6},
                 {"uuml", 0xfc},     {"szlig", 0xdf},   {"eacute", 0xe9}};
    unsigned long c;

    if (*p == '#') {
        bool hex = p[1] == 'x' || p[1] == 'X';

        c = strtoul(p + (hex ? 2 : 1), NULL, hex ? 16 : 10);
        return c < 0x110000 && (c < 0xd800 || c > 0xdfff) ? (uint32_t)c : 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (strlen(table[i].name) == n && strncmp(p, table[i].name, n) == 0)
            return table[i].c;
    }
    return 0;
}

static const char *take_entity(struct html *h, const char *p)
{
    size_t n = strcspn(p, "; \t\r\n<&");
    uint32_t c = n > 0 && n <= ENTITY_CHARS && p[n] == ';' ? entity(p, n) : 0;
    char bytes[4];

    if (c == 0) {
        add(h, "&", 1);
        return p;
    }
    if (c == ' ' || c == '\n' || c == '\r')
        h->blank = true;
    else
        add(h, bytes, encode(c, bytes));
    return p + n + 1;
}

int text_of_html(struct buf *out, const char *html)
{
    struct html h = {.out = out};

    while (*html && !h.rc) {
        if (*html == '<') {
            html = take_tag(&h, html + 1);
        } else if (*html == '&') {
            html = take_entity(&h, html + 1);
        } else if (strchr(" \t\r\n", *html)) {
            h.blank = true;
            html++;
        } else {
            add(&h, html++, 1);
        }
    }
    while (out->len > 0 && out->data[out->len - 1] == '\n')
        buf_truncate(out, out->len - 1);
    return h.rc;
}
