/*
 * json_string.c - strings of a JSON text: read, and decoded.
 */
#include "json_reader_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "utf8_p.h"

#define CUT_IN_STRING "the text ends inside a string"
#define HALF_A_PAIR "half of a surrogate pair"

static bool overlap(unsigned a, unsigned b, unsigned low, unsigned high)
{
    return a <= high && b >= low;
}

/* Whether \u with a code in a..b can be one we take: not NUL, and a low surrogate behind a high one
 * only. */
static bool is_possible_code(unsigned a, unsigned b, bool behind_high)
{
    if (behind_high)
        return overlap(a, b, 0xdc00, 0xdfff);
    return overlap(a, b, 0x0001, 0xdbff) || overlap(a, b, 0xe000, 0xffff);
}

/* After each digit: the digits still to come make the code something in a..b. */
static enum step read_hex4(struct json_reader *r, bool behind_high, unsigned *ret_code)
{
    unsigned a = 0x0000;
    unsigned b = 0xffff;

    for (unsigned shift = 16; shift > 0; r->pos++) {
        int digit;

        if (at_end(r))
            return cut(r, CUT_IN_STRING);
        digit = str_hex_value((char)here(r));
        if (digit < 0)
            return bad(r, "expected four hexadecimal digits after \\u");
        shift -= 4;
        a |= (unsigned)digit << shift;
        b = a | ((1u << shift) - 1);
        if (!r->mend && !is_possible_code(a, b, behind_high))
            return bad(r, b == 0 ? "a NUL character (\\u0000) is not supported" : HALF_A_PAIR);
    }
    *ret_code = b;
    return STEP_OK;
}

/* `pos` is behind "\u". Mended, each half of a pair is an escape of its own until it is decoded. */
static enum step read_unicode(struct json_reader *r)
{
    unsigned code;
    enum step step = read_hex4(r, false, &code);
    if (step != STEP_OK || r->mend || code < 0xd800 || code > 0xdbff)
        return step;

    for (const char *p = "\\u"; *p; p++, r->pos++) {
        if (at_end(r))
            return cut(r, CUT_IN_STRING);
        if (r->text[r->pos] != *p)
            return bad(r, HALF_A_PAIR);
    }
    return read_hex4(r, true, &code);
}

/* `pos` is behind the backslash. */
static enum step read_escape(struct json_reader *r)
{
    if (at_end(r))
        return cut(r, CUT_IN_STRING);
    switch (here(r)) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        r->pos++;
        return STEP_OK;
    case 'u':
        r->pos++;
        return read_unicode(r);
    default:
        return bad(r, "unknown escape after \\");
    }
}

static enum step read_utf8(struct json_reader *r)
{
    size_t good;
    size_t length = utf8_step((const unsigned char *)r->text + r->pos, r->len - r->pos, &good);

    if (length > 0) {
        r->pos += length;
        return STEP_OK;
    }
    if (good == r->len - r->pos)
        return cut(r, "the text ends inside a character");
    if (r->mend) {
        r->plain = false;
        r->nwrong++;
        r->pos += good ? good : 1;
        return STEP_OK;
    }
    r->pos += good;
    return bad(r, "not UTF-8");
}

/* How many bytes at `p` are ASCII that stands for itself, eight at a time; up to seven of the last
 * ones are left to the caller. A borrow marks bytes behind a marked one only, so the first mark is
 * right. */
static size_t plain_run(const char *p, size_t n)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    size_t i = 0;

    for (; n - i >= 8; i += 8) {
        uint64_t eight, quote, backslash, marks;

        memcpy(&eight, p + i, 8);
        eight = le64toh(eight);
        quote = eight ^ ones * '"';
        backslash = eight ^ ones * '\\';
        marks = (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
                 (eight - ones * 0x20) | eight) &
                tops;
        if (marks)
            return i + (size_t)__builtin_ctzll(marks) / 8;
    }
    return i;
}

/* `pos` is at the quote. */
enum step read_string(struct json_reader *r)
{
    enum step step = STEP_OK;

    r->start = r->text + ++r->pos;
    r->plain = true;
    r->nwrong = 0;
    while (step == STEP_OK) {
        unsigned char c;

        r->pos += plain_run(r->text + r->pos, r->len - r->pos);
        while (!at_end(r) && here(r) >= 0x20 && here(r) < 0x80 && here(r) != '"' && here(r) != '\\')
            r->pos++;
        if (at_end(r))
            return cut(r, CUT_IN_STRING);
        c = here(r);
        if (c == '"') {
            r->length = (size_t)(r->text + r->pos++ - r->start);
            return STEP_OK;
        }
        if (c >= 0x80) {
            step = read_utf8(r);
        } else if (c == '\\') {
            r->plain = false;
            r->pos++;
            step = read_escape(r);
        } else if (r->mend) {
            r->plain = false;
            r->nwrong += c == '\0';
            r->pos++;
        } else {
            step = bad(r, "a control character in a string must be escaped");
        }
    }
    return step;
}

/* The code of "\uXXXX" at `p`, or -1. */
static int escaped_code(const char *p, const char *end)
{
    int code = 0;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = str_hex_value(p[i]);

        if (digit < 0)
            return -1;
        code = code << 4 | digit;
    }
    return code;
}

static bool is_between(int code, int low, int high)
{
    return code >= low && code <= high;
}

static char *put_utf8(char *out, int code)
{
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *out++ = (char)(0xe0 | code >> 12);
        } else {
            *out++ = (char)(0xf0 | code >> 18);
            *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (code & 0x3f));
    return out;
}

static char *put_replacement(struct json_reader *r, char *out)
{
    r->mended = true;
    return put_utf8(out, 0xfffd);
}

/* `*p` is at the backslash, and is moved behind the escape. */
static char *decode_escape(struct json_reader *r, const char **p, const char *end, char *out)
{
    static const char letters[] = "bfnrt";
    static const char meant[] = "\b\f\n\r\t";
    int code = escaped_code(*p, end);

    if (code < 0) {
        const char *letter = strchr(letters, (*p)[1]);

        *out++ = letter ? meant[letter - letters] : (*p)[1];
        *p += 2;
        return out;
    }
    *p += 6;
    int low = escaped_code(*p, end);
    if (is_between(code, 0xd800, 0xdbff) && is_between(low, 0xdc00, 0xdfff)) {
        *p += 6;
        return put_utf8(out, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
    }
    if (code == 0 || is_between(code, 0xd800, 0xdfff))
        return put_replacement(r, out);
    return put_utf8(out, code);
}

char *json_reader_string(struct json_reader *r)
{
    const char *p = r->start, *end = r->start + r->length;
    char *out;

    if (r->plain)
        return xstrndup(r->start, r->length);
    /* An escape is longer than what it stands for; U+FFFD has two bytes more than a wrong one. */
    char *string = out = xmalloc(r->length + 2 * r->nwrong + 1);
    while (p < end) {
        size_t length = plain_run(p, (size_t)(end - p)), good;

        memcpy(out, p, length);
        out += length;
        p += length;
        if (p == end)
            break;
        if (*p == '\\') {
            out = decode_escape(r, &p, end, out);
        } else if (*p == '\0') {
            out = put_replacement(r, out);
            p++;
        } else if ((length = utf8_step((const unsigned char *)p, (size_t)(end - p), &good)) > 0) {
            memcpy(out, p, length);
            out += length;
            p += length;
        } else {
            out = put_replacement(r, out);
            p += good ? good : 1;
        }
    }
    *out = '\0';
    return string;
}

bool json_reader_decodes_to(struct json_reader *r, const char *string)
{
    SCOPED(xfree) char *decoded = json_reader_string(r);
    return strcmp(decoded, string) == 0;
}
