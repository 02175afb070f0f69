/*
 * json_reader.c - the tokens of a text by RFC 8259.
 */
#include "json_reader_p.h"

#include <string.h>

#define EXPECTED_VALUE "expected a value (a string in \" \", a number, true, false, null, { or [)"

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

static bool is_space(unsigned char c)
{
    return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

static bool closes(const struct json_reader *r)
{
    return r->depth > 0 && r->text[r->pos] == r->closing[r->depth - 1];
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
    if (r->len - r->pos >= r->length && !memcmp(r->start, word, r->length)) {
        r->pos += r->length;
        return STEP_OK;
    }
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
        while (!at_end(r) && is_space(here(r)))
            r->pos++;
        if (at_end(r) && r->expect == EXPECT_NOTHING)
            return JSON_END;
        if (at_end(r))
            return token_of(cut(r, "the text is not complete"), JSON_CUT);
        switch ((enum expect)r->expect) {
        case EXPECT_VALUE_OR_END:
            return closes(r) ? close_level(r) : read_value(r);
        case EXPECT_VALUE:
            return read_value(r);
        case EXPECT_NAME_OR_END:
            return closes(r) ? close_level(r) : read_name(r);
        case EXPECT_NAME:
            return read_name(r);
        case EXPECT_NOTHING:
            return token_of(bad(r, "expected nothing more"), JSON_BAD);
        case EXPECT_COMMA_OR_END:
            if (closes(r))
                return close_level(r);
            break;
        case EXPECT_COLON:
            break;
        }
        if (read_separator(r) != STEP_OK)
            return JSON_BAD;
    }
}

bool json_take_name(struct json_reader *r, const char *spelt, size_t len)
{
    bool first = r->expect == EXPECT_NAME_OR_END;

    if (!first && (r->expect != EXPECT_COMMA_OR_END || r->closing[r->depth - 1] != '}'))
        return false;
    if (first) {
        spelt++;
        len--;
    }
    if (r->len - r->pos < len || memcmp(r->text + r->pos, spelt, len))
        return false;
    r->pos += len;
    r->length = len - (first ? 3 : 4);
    r->start = r->text + r->pos - r->length - 2;
    r->plain = true;
    r->nwrong = 0;
    r->expect = EXPECT_VALUE;
    return true;
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
