/*
 * text.c - text of the service made fit for formats of lines, and the text of HTML.
 */
#include "formats_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/html.h>

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"
#define NEXT_LINE "\xc2\x85"
#define LINE_SEPARATOR "\xe2\x80\xa8"
#define PARAGRAPH_SEPARATOR "\xe2\x80\xa9"

/* Bytes of the character at `p`, of which `n` are left; 0: no UTF-8. */
static size_t character(const char *p, size_t n)
{
    for (size_t length = 1; length <= 4 && length <= n; length++) {
        if (str_is_utf8(p, length))
            return length;
    }
    return 0;
}

static bool ends_line(const char *p)
{
    return *p == '\n' || *p == '\r' || str_starts(p, NEXT_LINE) || str_starts(p, LINE_SEPARATOR) ||
           str_starts(p, PARAGRAPH_SEPARATOR);
}

/* C0 but the tab, DEL, C1. */
static bool is_control(const char *p, size_t length)
{
    unsigned char c = (unsigned char)p[0];

    if (length == 2)
        return c == 0xc2 && (unsigned char)p[1] < 0xa0;
    return length == 1 && ((c < 0x20 && c != '\t') || c == 0x7f);
}

static int clean_character(struct buf *out, const char *p, size_t length)
{
    if (length == 0)
        return buf_addstr(out, REPLACEMENT);
    if (ends_line(p))
        return p[0] == '\r' && p[1] == '\n' ? 0 : buf_addch(out, '\n');
    return is_control(p, length) ? 0 : buf_add(out, p, length);
}

int text_clean(struct buf *out, const char *text)
{
    size_t before = out->len;
    size_t left = text ? strlen(text) : 0;

    while (left) {
        size_t length = character(text, left);
        int rc = clean_character(out, text, length);

        if (rc) {
            buf_truncate(out, before);
            return rc;
        }
        length = length ? length : 1;
        text += length;
        left -= length;
    }
    return 0;
}

int text_line(struct buf *out, const char *text)
{
    size_t before = out->len;
    int rc = text_clean(out, text);

    for (size_t i = before; i < out->len; i++) {
        if (out->data[i] == '\n' || out->data[i] == '\t')
            out->data[i] = ' ';
    }
    return rc;
}

int text_escape(struct buf *out, const char *text)
{
    size_t before = out->len;
    SCOPED(buf_release) struct buf cleaned = BUF_INIT(out->max);

    int rc = text_clean(&cleaned, text);
    for (const char *p = cleaned.data; *p && !rc; p++) {
        if (strchr("\\,;\n", *p))
            rc = buf_addch(out, '\\');
        if (!rc)
            rc = buf_addch(out, *p == '\n' ? 'n' : *p);
    }
    if (rc)
        buf_truncate(out, before);
    return rc;
}

int text_uri(struct buf *out, const char *uri)
{
    size_t before = out->len;
    int rc = 0;

    for (; *uri && !rc; uri++) {
        if ((unsigned char)*uri > ' ' && (unsigned char)*uri < 0x7f &&
            !strchr(",;\"<>\\^`{|}", *uri))
            rc = buf_addch(out, *uri);
        else
            rc = str_percent_encode(out, uri, 1);
    }
    if (rc)
        buf_truncate(out, before);
    return rc;
}

#define LINE_BYTES 75 /* without the line end */

/* Before a character, never inside one. */
int text_fold(struct buf *out, const char *line, size_t n)
{
    size_t room = LINE_BYTES;
    int rc = 0;

    while (!rc && n > room) {
        size_t piece = room;

        while (piece > 1 && ((unsigned char)line[piece] & 0xc0) == 0x80)
            piece--;
        rc = buf_add(out, line, piece);
        if (!rc)
            rc = buf_addstr(out, "\r\n ");
        line += piece;
        n -= piece;
        room = LINE_BYTES - 1;
    }
    if (!rc)
        rc = buf_add(out, line, n);
    return rc ? rc : buf_addstr(out, "\r\n");
}

/* What html_text() marks blocks with; a page has no other use for it. */
#define BLOCK '\f'
#define NO_BREAK_SPACE "\xc2\xa0"

/* Bytes of the white space at `p`, and whether a block ends in it. */
static size_t white_space(const char *p, bool *ret_block)
{
    size_t n = 0;

    *ret_block = false;
    while (p[n]) {
        if (str_starts(p + n, NO_BREAK_SPACE))
            n += strlen(NO_BREAK_SPACE);
        else if (strchr(" \t\r\n\f", p[n]))
            *ret_block |= p[n++] == BLOCK;
        else
            break;
    }
    return n;
}

int text_of_html(struct buf *out, const char *html)
{
    SCOPED(buf_release) struct buf raw = BUF_INIT(out->max);
    bool block;

    int rc = html_text(html, BLOCK, &raw);
    for (const char *p = raw.data; *p && !rc;) {
        size_t n = white_space(p, &block);

        p += n;
        if (n && out->len && *p)
            rc = buf_addch(out, block ? '\n' : ' ');
        if (*p && !rc)
            rc = buf_addch(out, *p++);
    }
    return rc;
}

char *text_with_crlf(const char *text)
{
    struct buf out;

    buf_init(&out, 2 * JSON_TEXT_MAX);
    for (; *text; text++) {
        if (*text == '\n')
            buf_addch(&out, '\r');
        buf_addch(&out, *text);
    }
    return buf_detach(&out);
}

bool text_has(const char *text)
{
    size_t left = text ? strlen(text) : 0;

    while (left) {
        size_t length = character(text, left);

        if (length == 0 ||
            (*text != ' ' && *text != '\t' && !ends_line(text) && !is_control(text, length)))
            return true;
        text += length;
        left -= length;
    }
    return false;
}
