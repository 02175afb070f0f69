/*
 * json_reader.c - the tokens of a text by RFC 8259.
 *
 * Each read_*() function starts at the first byte of its thing, leaves `pos` behind it, and answers
 *
 *     STEP_OK   it is there
 *     STEP_CUT  the text ended inside it: more bytes could complete it
 *     STEP_BAD  the byte at `pos` cannot be there
 */
#include <outlookfs/base/json_reader.h>

#include <outlookfs/base/alloc.h>

#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "utf8_p.h"

#define EXPECTED_VALUE "expected a value (a string in \" \", a number, true, false, null, { or [)"
#define CUT_IN_STRING "the text ends inside a string"
#define HALF_A_PAIR "half of a surrogate pair"

enum step { STEP_OK, STEP_CUT, STEP_BAD };

/* What may come next between the values. */
enum expect {
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END, /* behind '[' */
    EXPECT_NAME,         /* behind ',' in an object */
    EXPECT_NAME_OR_END,  /* behind '{' */
    EXPECT_COLON,
    EXPECT_COMMA_OR_END,
    EXPECT_NOTHING, /* behind the outermost value */
};

void json_reader_init(struct json_reader *r, const char *text, size_t len)
{
    r->text = text;
    r->len = len;
    r->pos = 0;
    r->max_depth = JSON_DEPTH_MAX;
    r->mend = false;
    r->start = text;
    r->length = 0;
    r->plain = true;
    r->nwrong = 0;
    r->reason = "";
    r->mended = false;
    r->depth = 0;
    r->expect = EXPECT_VALUE;
}

static enum step bad(struct json_reader *r, const char *reason)
{
    r->reason = reason;
    return STEP_BAD;
}

static enum step cut(struct json_reader *r, const char *reason)
{
    r->pos = r->len;
    r->reason = reason;
    return STEP_CUT;
}

static bool at_end(const struct json_reader *r)
{
    return r->pos == r->len;
}

static unsigned char here(const struct json_reader *r)
{
    return (unsigned char)r->text[r->pos];
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static void skip_space(struct json_reader *r)
{
    while (!at_end(r) && (here(r) == ' ' || here(r) == '\n' || here(r) == '\r' || here(r) == '\t'))
        r->pos++;
}

/* --- strings --------------------------------------------------------------------------------- */

static int hex_value(unsigned char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

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
        digit = hex_value(here(r));
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
    enum step step;
    unsigned code;

    step = read_hex4(r, false, &code);
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
static enum step read_string(struct json_reader *r)
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
        int digit = hex_value((unsigned char)p[i]);

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
    int code = escaped_code(*p, end), low;

    if (code < 0) {
        const char *letter = strchr(letters, (*p)[1]);

        *out++ = letter ? meant[letter - letters] : (*p)[1];
        *p += 2;
        return out;
    }
    *p += 6;
    low = escaped_code(*p, end);
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
    char *string, *out;

    if (r->plain)
        return xstrndup(r->start, r->length);
    /* An escape is longer than what it stands for; U+FFFD has two bytes more than a wrong one. */
    string = out = xmalloc(r->length + 2 * r->nwrong + 1);
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

bool json_reader_is(struct json_reader *r, const char *string)
{
    char *decoded;
    bool is;

    if (r->plain)
        return strncmp(r->start, string, r->length) == 0 && string[r->length] == '\0';
    decoded = json_reader_string(r);
    is = strcmp(decoded, string) == 0;
    free(decoded);
    return is;
}

/* --- the other values ------------------------------------------------------------------------ */

/* One digit or more. */
static enum step read_digits(struct json_reader *r)
{
    if (at_end(r))
        return cut(r, "the text ends inside a number");
    if (!is_digit(here(r)))
        return bad(r, "expected a digit");
    while (!at_end(r) && is_digit(here(r)))
        r->pos++;
    return STEP_OK;
}

static enum step read_number_parts(struct json_reader *r)
{
    enum step step;

    if (here(r) == '-')
        r->pos++;
    if (!at_end(r) && here(r) == '0') {
        r->pos++;
        if (!at_end(r) && is_digit(here(r)))
            return bad(r, "a number has no leading zeros");
    } else {
        step = read_digits(r);
        if (step != STEP_OK)
            return step;
    }
    if (!at_end(r) && here(r) == '.') {
        r->pos++;
        step = read_digits(r);
        if (step != STEP_OK)
            return step;
    }
    if (!at_end(r) && (here(r) == 'e' || here(r) == 'E')) {
        r->pos++;
        if (!at_end(r) && (here(r) == '+' || here(r) == '-'))
            r->pos++;
        return read_digits(r);
    }
    return STEP_OK;
}

static enum step read_number(struct json_reader *r)
{
    enum step step;

    r->start = r->text + r->pos;
    step = read_number_parts(r);
    r->length = (size_t)(r->text + r->pos - r->start);
    return step;
}

static enum step read_literal(struct json_reader *r, const char *word)
{
    r->start = r->text + r->pos;
    r->length = strlen(word);
    for (; *word; word++, r->pos++) {
        if (at_end(r))
            return cut(r, "the text ends inside true, false or null");
        if (r->text[r->pos] != *word)
            return bad(r, EXPECTED_VALUE);
    }
    return STEP_OK;
}

static void value_ended(struct json_reader *r)
{
    r->expect = r->depth ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
}

static enum step open_level(struct json_reader *r, char closing, enum expect expect)
{
    if (r->depth == r->max_depth)
        return bad(r, "nested deeper than 512 levels");
    r->closing[r->depth++] = closing;
    r->start = r->text + r->pos++;
    r->length = 1;
    r->expect = expect;
    return STEP_OK;
}

static enum json_token close_level(struct json_reader *r)
{
    r->depth--;
    r->start = r->text + r->pos++;
    r->length = 1;
    value_ended(r);
    return r->closing[r->depth] == '}' ? JSON_OBJECT_END : JSON_ARRAY_END;
}

static enum json_token token_of(enum step step, enum json_token token)
{
    return step == STEP_OK ? token : step == STEP_CUT ? JSON_CUT : JSON_BAD;
}

static enum json_token read_value(struct json_reader *r)
{
    unsigned char c = here(r);

    value_ended(r);
    switch (c) {
    case '{':
        return token_of(open_level(r, '}', EXPECT_NAME_OR_END), JSON_OBJECT);
    case '[':
        return token_of(open_level(r, ']', EXPECT_VALUE_OR_END), JSON_ARRAY);
    case '"':
        return token_of(read_string(r), JSON_STRING);
    case 't':
        return token_of(read_literal(r, "true"), JSON_TRUE);
    case 'f':
        return token_of(read_literal(r, "false"), JSON_FALSE);
    case 'n':
        return token_of(read_literal(r, "null"), JSON_NULL);
    default:
        if (c == '-' || is_digit(c))
            return token_of(read_number(r), JSON_NUMBER);
        return token_of(bad(r, EXPECTED_VALUE), JSON_BAD);
    }
}

static enum json_token read_name(struct json_reader *r)
{
    if (here(r) != '"')
        return token_of(bad(r, "expected a member name in \" \""), JSON_BAD);
    r->expect = EXPECT_COLON;
    return token_of(read_string(r), JSON_NAME);
}

/* --- tokens ---------------------------------------------------------------------------------- */

/* The colon or comma that is due; what must stand behind it is `expect` then. */
static enum step read_separator(struct json_reader *r)
{
    bool object = r->depth > 0 && r->closing[r->depth - 1] == '}';

    if (r->expect == EXPECT_COLON) {
        if (here(r) != ':')
            return bad(r, "expected a colon");
        r->expect = EXPECT_VALUE;
    } else {
        if (here(r) != ',')
            return bad(r, object ? "expected a comma or }" : "expected a comma or ]");
        r->expect = object ? EXPECT_NAME : EXPECT_VALUE;
    }
    r->pos++;
    return STEP_OK;
}

enum json_token json_next(struct json_reader *r)
{
    for (;;) {
        bool closes;

        skip_space(r);
        if (at_end(r) && r->expect == EXPECT_NOTHING)
            return JSON_END;
        if (at_end(r))
            return token_of(cut(r, "the text is not complete"), JSON_CUT);
        closes = r->depth > 0 && r->text[r->pos] == r->closing[r->depth - 1];

        switch ((enum expect)r->expect) {
        case EXPECT_VALUE_OR_END:
            return closes ? close_level(r) : read_value(r);
        case EXPECT_VALUE:
            return read_value(r);
        case EXPECT_NAME_OR_END:
            return closes ? close_level(r) : read_name(r);
        case EXPECT_NAME:
            return read_name(r);
        case EXPECT_NOTHING:
            return token_of(bad(r, "expected nothing more"), JSON_BAD);
        case EXPECT_COMMA_OR_END:
            if (closes)
                return close_level(r);
            break;
        case EXPECT_COLON:
            break;
        }
        if (read_separator(r) != STEP_OK)
            return JSON_BAD;
    }
}

enum json_token json_skip(struct json_reader *r)
{
    const char *start = r->start;

    for (size_t open = 1; open > 0;) {
        unsigned char c;

        if (at_end(r))
            return token_of(cut(r, "the text is not complete"), JSON_CUT);
        c = here(r);
        if (c == '"') {
            enum step step = read_string(r);

            if (step != STEP_OK)
                return token_of(step, JSON_BAD);
            continue;
        }
        if (c == '{' || c == '[')
            open++;
        else if (c == '}' || c == ']')
            open--;
        r->pos++;
    }
    r->start = start;
    r->length = (size_t)(r->text + r->pos - start);
    r->depth--;
    value_ended(r);
    return JSON_OBJECT;
}

struct json_where json_reader_where(const struct json_reader *r)
{
    struct json_where where = {.line = 1, .column = 1};

    for (size_t i = 0; i < r->pos; i++) {
        if (r->text[i] == '\n') {
            where.line++;
            where.column = 1;
        } else if (((unsigned char)r->text[i] & 0xc0) != 0x80) {
            where.column++;
        }
    }
    return where;
}
