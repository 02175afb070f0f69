/*
 * header_text.c - encoded words (RFC 2047) and the text around them.
 */
#include "header_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/charset.h>
#include <outlookfs/base/json.h>

#include <stdbool.h>
#include <string.h>

#define WHITE " \t\r\n"

/* RFC 2047, 2 allows 75 bytes; programs that know no limit encode a whole subject. */
#define WORD_BYTES_MAX 4096
#define CHARSET_BYTES_MAX 64

/* Where the parts of "=?charset?B?text?=" lie. */
struct encoded {
    const char *charset, *text;
    size_t charset_len, text_len, len;
    bool base64;
};

/* Language tags behind a '*' (RFC 2231, 5) say nothing about the text. */
static bool find_word(const char *p, struct encoded *ret)
{
    if (p[0] != '=' || p[1] != '?')
        return false;
    p += 2;
    ret->charset = p;
    while (*p && !strchr("?" WHITE, *p) && p - ret->charset < CHARSET_BYTES_MAX)
        p++;
    if (p == ret->charset || p[0] != '?' || !p[1] || !strchr("bBqQ", p[1]) || p[2] != '?')
        return false;
    ret->charset_len = strcspn(ret->charset, "*?");
    ret->base64 = p[1] == 'b' || p[1] == 'B';
    ret->text = p + 3;
    const char *end = memmem(ret->text, strnlen(ret->text, WORD_BYTES_MAX), "?=", 2);
    if (!end)
        return false;
    ret->text_len = (size_t)(end - ret->text);
    ret->len = (size_t)(end + 2 - (ret->charset - 2));
    return true;
}

size_t header_encoded_word(const char *p)
{
    struct encoded word;

    return find_word(p, &word) ? word.len : 0;
}

void header_base64(GByteArray *bytes, const char *text, size_t n)
{
    unsigned bits = 0, have = 0;

    for (size_t i = 0; i < n; i++) {
        static const char digits[] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        guint8 byte;

        if (text[i] == '=')
            have = 0;
        if (!digit)
            continue;
        bits = bits << 6 | (unsigned)(digit - digits);
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        byte = (guint8)(bits >> have);
        g_byte_array_append(bytes, &byte, 1);
    }
}

static void add_quoted(GByteArray *bytes, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        guint8 byte = text[i] == '_' ? ' ' : (guint8)text[i];

        if (text[i] == '=' && i + 2 < n && g_ascii_isxdigit(text[i + 1]) &&
            g_ascii_isxdigit(text[i + 2])) {
            byte = (guint8)(g_ascii_xdigit_value(text[i + 1]) << 4 |
                            g_ascii_xdigit_value(text[i + 2]));
            i += 2;
        }
        g_byte_array_append(bytes, &byte, 1);
    }
}

/* Decodes the words that follow each other at `p` in one charset; answers where they end. */
static const char *decode_words(struct buf *out, const char *p, struct encoded word, int *rc)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autofree char *charset = g_strndup(word.charset, word.charset_len);
    struct encoded next;

    for (;;) {
        (word.base64 ? header_base64 : add_quoted)(bytes, word.text, word.text_len);
        p += word.len;
        if (!find_word(p + strspn(p, WHITE), &next) || next.charset_len != word.charset_len ||
            g_ascii_strncasecmp(next.charset, charset, word.charset_len) != 0)
            break;
        p += strspn(p, WHITE);
        word = next;
    }
    *rc = charset_decode(out, (const char *)bytes->data, bytes->len, charset);
    return p;
}

/* A line end goes, the white space behind it stays. */
static int add_plain(struct buf *out, const char *p, size_t n)
{
    SCOPED(buf_release) struct buf line = BUF_INIT(JSON_TEXT_MAX);
    int rc = 0;

    for (size_t i = 0; i < n && !rc; i++) {
        if (p[i] != '\r' && p[i] != '\n')
            rc = buf_addch(&line, p[i]);
    }
    return rc ? rc : charset_decode(out, line.data, line.len, NULL);
}

/* Bytes before the next encoded word. */
static size_t plain_length(const char *p)
{
    size_t n = 0;

    while (p[n] && !header_encoded_word(p + n))
        n += 1 + strcspn(p + n + 1, "=");
    return n;
}

int header_text(struct buf *out, const char *raw)
{
    size_t before = out->len;
    struct encoded word;
    int rc = 0;

    for (raw += strspn(raw, WHITE); *raw && !rc;) {
        size_t n = plain_length(raw);

        if (!n) {
            find_word(raw, &word);
            raw = decode_words(out, raw, word, &rc);
            n = strspn(raw, WHITE);
            if (header_encoded_word(raw + n))
                raw += n;
            continue;
        }
        rc = add_plain(out, raw, n);
        raw += n;
    }
    while (out->len > before && strchr(WHITE, out->data[out->len - 1]))
        buf_truncate(out, out->len - 1);
    return rc;
}
