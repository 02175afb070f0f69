/*
 * json_scan.c - the shape of a text by RFC 8259, without building anything and without recursion.
 *
 * The scanner reads byte by byte and never looks back. Each scan_*() function starts at the first
 * byte of its thing, leaves `pos` behind it, and answers
 *
 *     STEP_OK   it is there
 *     STEP_CUT  the text ended inside it: more bytes could complete it
 *     STEP_BAD  the byte at `pos` cannot be there
 */
#include "json_p.h"
#include "utf8_p.h"

/* What cJSON takes of a number: the size of its conversion buffer without the NUL. */
#define NUMBER_MAX 63

enum step { STEP_OK, STEP_CUT, STEP_BAD };

/* What may come next between the values. */
enum expect {
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END, /* behind '[' */
    EXPECT_NAME,         /* behind ',' in an object */
    EXPECT_NAME_OR_END,  /* behind '{' */
    EXPECT_COLON,
    EXPECT_COMMA_OR_END,
};

struct scanner {
    const unsigned char *text;
    size_t len;
    size_t pos;
    const char *reason; /* set with STEP_CUT and STEP_BAD */

    enum expect expect;
    size_t depth;
    char closing[JSON_DEPTH_MAX]; /* '}' or ']' of each open level */
};

static enum step bad(struct scanner *s, const char *reason)
{
    s->reason = reason;
    return STEP_BAD;
}

static enum step cut(struct scanner *s, const char *reason)
{
    s->pos = s->len;
    s->reason = reason;
    return STEP_CUT;
}

static bool at_end(const struct scanner *s)
{
    return s->pos == s->len;
}

static bool is_space(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static void skip_space(struct scanner *s)
{
    while (!at_end(s) && is_space(s->text[s->pos]))
        s->pos++;
}

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
static enum step scan_hex4(struct scanner *s, bool behind_high, unsigned *ret_code)
{
    unsigned a = 0x0000;
    unsigned b = 0xffff;

    for (unsigned shift = 16; shift > 0; s->pos++) {
        int digit;

        if (at_end(s))
            return cut(s, "the text ends inside a string");
        digit = hex_value(s->text[s->pos]);
        if (digit < 0)
            return bad(s, "expected four hexadecimal digits after \\u");
        shift -= 4;
        a |= (unsigned)digit << shift;
        b = a | ((1u << shift) - 1);
        if (!is_possible_code(a, b, behind_high))
            return bad(s, b == 0 ? "a NUL character (\\u0000) is not supported"
                                 : "half of a surrogate pair");
    }
    *ret_code = b;
    return STEP_OK;
}

/* `pos` is behind "\u". */
static enum step scan_unicode(struct scanner *s)
{
    enum step step;
    unsigned code;

    step = scan_hex4(s, false, &code);
    if (step != STEP_OK || code < 0xd800 || code > 0xdbff)
        return step;

    for (const char *p = "\\u"; *p; p++, s->pos++) {
        if (at_end(s))
            return cut(s, "the text ends inside a string");
        if (s->text[s->pos] != (unsigned char)*p)
            return bad(s, "half of a surrogate pair");
    }
    return scan_hex4(s, true, &code);
}

/* `pos` is behind the backslash. */
static enum step scan_escape(struct scanner *s)
{
    if (at_end(s))
        return cut(s, "the text ends inside a string");
    switch (s->text[s->pos]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        s->pos++;
        return STEP_OK;
    case 'u':
        s->pos++;
        return scan_unicode(s);
    default:
        return bad(s, "unknown escape after \\");
    }
}

static enum step scan_utf8(struct scanner *s)
{
    size_t good;
    size_t length = utf8_step(s->text + s->pos, s->len - s->pos, &good);

    if (length == 0 && good == s->len - s->pos)
        return cut(s, "the text ends inside a character");
    s->pos += good;
    return length ? STEP_OK : bad(s, "not UTF-8");
}

static enum step scan_string(struct scanner *s)
{
    s->pos++; /* the quote */
    while (!at_end(s)) {
        unsigned char c = s->text[s->pos];
        enum step step = STEP_OK;

        if (c == '"') {
            s->pos++;
            return STEP_OK;
        }
        if (c < 0x20)
            return bad(s, "a control character in a string must be escaped");
        if (c == '\\') {
            s->pos++;
            step = scan_escape(s);
        } else if (c >= 0x80) {
            step = scan_utf8(s);
        } else {
            s->pos++;
        }
        if (step != STEP_OK)
            return step;
    }
    return cut(s, "the text ends inside a string");
}

/* One digit or more. */
static enum step scan_digits(struct scanner *s)
{
    if (at_end(s))
        return cut(s, "the text ends inside a number");
    if (!is_digit(s->text[s->pos]))
        return bad(s, "expected a digit");
    while (!at_end(s) && is_digit(s->text[s->pos]))
        s->pos++;
    return STEP_OK;
}

static enum step scan_number_parts(struct scanner *s)
{
    enum step step;

    if (s->text[s->pos] == '-')
        s->pos++;
    if (!at_end(s) && s->text[s->pos] == '0') {
        s->pos++;
        if (!at_end(s) && is_digit(s->text[s->pos]))
            return bad(s, "a number has no leading zeros");
    } else {
        step = scan_digits(s);
        if (step != STEP_OK)
            return step;
    }
    if (!at_end(s) && s->text[s->pos] == '.') {
        s->pos++;
        step = scan_digits(s);
        if (step != STEP_OK)
            return step;
    }
    if (!at_end(s) && (s->text[s->pos] == 'e' || s->text[s->pos] == 'E')) {
        s->pos++;
        if (!at_end(s) && (s->text[s->pos] == '+' || s->text[s->pos] == '-'))
            s->pos++;
        return scan_digits(s);
    }
    return STEP_OK;
}

static enum step scan_number(struct scanner *s)
{
    size_t start = s->pos;
    enum step step = scan_number_parts(s);

    /* A number at the limit that is cut can only get longer: it is wrong at the byte that is
     * missing. */
    if (s->pos - start > NUMBER_MAX || (step == STEP_CUT && s->pos - start == NUMBER_MAX)) {
        s->pos = start + NUMBER_MAX;
        return bad(s, "a number longer than 63 characters is not supported");
    }
    return step;
}

static enum step scan_literal(struct scanner *s, const char *word)
{
    for (; *word; word++, s->pos++) {
        if (at_end(s))
            return cut(s, "the text ends inside true, false or null");
        if (s->text[s->pos] != (unsigned char)*word)
            return bad(s,
                       "expected a value (a string in \" \", a number, true, false, null, { or [)");
    }
    return STEP_OK;
}

static enum step open_level(struct scanner *s, char closing, enum expect expect)
{
    if (s->depth == JSON_DEPTH_MAX)
        return bad(s, "nested deeper than 512 levels");
    s->closing[s->depth++] = closing;
    s->expect = expect;
    s->pos++;
    return STEP_OK;
}

static enum step close_level(struct scanner *s)
{
    s->depth--;
    s->expect = EXPECT_COMMA_OR_END;
    s->pos++;
    return STEP_OK;
}

static enum step scan_value(struct scanner *s)
{
    unsigned char c = s->text[s->pos];

    s->expect = EXPECT_COMMA_OR_END;
    switch (c) {
    case '{':
        return open_level(s, '}', EXPECT_NAME_OR_END);
    case '[':
        return open_level(s, ']', EXPECT_VALUE_OR_END);
    case '"':
        return scan_string(s);
    case 't':
        return scan_literal(s, "true");
    case 'f':
        return scan_literal(s, "false");
    case 'n':
        return scan_literal(s, "null");
    default:
        if (c == '-' || is_digit(c))
            return scan_number(s);
        return bad(s, "expected a value (a string in \" \", a number, true, false, null, { or [)");
    }
}

static enum step scan_name(struct scanner *s)
{
    if (s->text[s->pos] != '"')
        return bad(s, "expected a member name in \" \"");
    s->expect = EXPECT_COLON;
    return scan_string(s);
}

static enum step scan_comma(struct scanner *s)
{
    bool object = s->closing[s->depth - 1] == '}';

    if (s->text[s->pos] != ',')
        return bad(s, object ? "expected a comma or }" : "expected a comma or ]");
    s->expect = object ? EXPECT_NAME : EXPECT_VALUE;
    s->pos++;
    return STEP_OK;
}

/* One thing, of which the first byte is there. */
static enum step scan_next(struct scanner *s)
{
    unsigned char c = s->text[s->pos];
    bool closes = s->depth > 0 && c == (unsigned char)s->closing[s->depth - 1];

    switch (s->expect) {
    case EXPECT_VALUE_OR_END:
        return closes ? close_level(s) : scan_value(s);
    case EXPECT_NAME_OR_END:
        return closes ? close_level(s) : scan_name(s);
    case EXPECT_COMMA_OR_END:
        return closes ? close_level(s) : scan_comma(s);
    case EXPECT_NAME:
        return scan_name(s);
    case EXPECT_COLON:
        if (c != ':')
            return bad(s, "expected a colon");
        s->expect = EXPECT_VALUE;
        s->pos++;
        return STEP_OK;
    case EXPECT_VALUE:
        break;
    }
    return scan_value(s);
}

static enum step scan_text(struct scanner *s)
{
    do {
        enum step step;

        skip_space(s);
        if (at_end(s))
            return cut(s, "the text is not complete");
        step = scan_next(s);
        if (step != STEP_OK)
            return step;
    } while (s->depth > 0);

    skip_space(s);
    return at_end(s) ? STEP_OK : bad(s, "expected nothing more");
}

static bool is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\0' && !is_space((unsigned char)text[i]))
            return false;
    }
    return true;
}

static struct json_where locate(const char *text, size_t pos)
{
    struct json_where where = {.line = 1, .column = 1};

    for (size_t i = 0; i < pos; i++) {
        if (text[i] == '\n') {
            where.line++;
            where.column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            where.column++;
        }
    }
    return where;
}

enum json_shape json_scan_reason(const char *text, size_t len, struct json_where *ret_where,
                                 const char **ret_reason)
{
    static const enum json_shape shapes[] = {
        [STEP_OK] = JSON_COMPLETE,
        [STEP_CUT] = JSON_PARTIAL,
        [STEP_BAD] = JSON_MALFORMED,
    };
    struct scanner s;
    enum step step;

    if (is_blank(text, len)) {
        if (ret_where)
            *ret_where = locate(text, len);
        *ret_reason = "the text is empty";
        return JSON_EMPTY;
    }

    s.text = (const unsigned char *)text;
    s.len = len;
    s.pos = 0;
    s.reason = "";
    s.expect = EXPECT_VALUE;
    s.depth = 0;
    step = scan_text(&s);

    if (ret_where && step != STEP_OK)
        *ret_where = locate(text, s.pos);
    *ret_reason = s.reason;
    return shapes[step];
}

enum json_shape json_scan(const char *text, size_t len, struct json_where *where)
{
    const char *reason;

    return json_scan_reason(text, len, where, &reason);
}
