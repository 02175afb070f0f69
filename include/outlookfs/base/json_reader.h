/*
 * json_reader.h - JSON (RFC 8259) token by token, without building anything and without recursion.
 *
 *     struct json_reader r;
 *     json_reader_init(&r, text, len);
 *     while ((token = json_next(&r)) < JSON_END)
 *         ...                           // r.start and r.length: the token as it stands in the text
 *     if (token != JSON_END)
 *         ...                           // r.reason, and json_reader_where(&r)
 *
 * The reader goes over each byte once and never looks back. Strings stay in the text;
 * json_reader_string() decodes one. A number is its text, of any length.
 *
 * Refused as wrong, although the grammar allows it, is what no string of ours can hold: an escaped
 * NUL and half a surrogate pair. With `mend` set they are taken, and so are bytes that are not UTF-8
 * and control characters that are not escaped: a text of the service is not ours to correct, and one
 * wrong byte must not hide a page of records. U+FFFD stands for what cannot be held, and `mended`
 * says that there was such a thing.
 *
 * Threads: owner only. Nothing is allocated.
 */
#ifndef OUTLOOKFS_BASE_JSON_READER_H
#define OUTLOOKFS_BASE_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Levels of a text that is worked on. */
#define JSON_DEPTH_MAX 512

/* A page of records may have as many below its own, and one that has too many can be stepped over. */
#define JSON_READER_DEPTH (JSON_DEPTH_MAX + 8)

enum json_token {
    JSON_OBJECT,
    JSON_OBJECT_END,
    JSON_ARRAY,
    JSON_ARRAY_END,
    JSON_NAME, /* of a member; its value is next */
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
    JSON_END, /* the value was whole, and nothing is behind it */
    JSON_CUT, /* the text ended too early: more bytes could complete it */
    JSON_BAD, /* the byte at `pos` cannot be there */
};

struct json_where {
    unsigned line, column; /* 1-based, columns in characters */
};

struct json_reader {
    const char *text;
    size_t len;
    size_t pos;
    size_t max_depth; /* at most JSON_READER_DEPTH; JSON_DEPTH_MAX unless set */
    bool mend;

    /* the token read last */
    const char *start; /* of a string: behind the quote */
    size_t length;
    bool plain;         /* a string: its bytes are its characters */
    size_t nwrong;      /* a string: bytes in it that are not UTF-8 */
    const char *reason; /* JSON_CUT, JSON_BAD: for a person */

    bool mended;
    size_t depth; /* levels that are open */
    int expect;
    char closing[JSON_READER_DEPTH]; /* '}' or ']' of each open level */
};

void json_reader_init(struct json_reader *r, const char *text, size_t len);

enum json_token json_next(struct json_reader *r);

/*
 * json_next() for whoever guesses that a name is next: true when it is, written without white space.
 * `spelt` is ,"name": with nothing in the name to escape, also where it is an object's first.
 */
bool json_take_name(struct json_reader *r, const char *spelt, size_t len);

/*
 * After JSON_OBJECT or JSON_ARRAY: goes behind its end, however deep it is, and makes the whole
 * value the token. Strings are read, brackets counted; the rest is not looked at. JSON_OBJECT,
 * JSON_CUT or JSON_BAD.
 */
enum json_token json_skip(struct json_reader *r);

/* The string or name read last, decoded and with a NUL behind it; the caller frees. */
char *json_reader_string(struct json_reader *r);

/* Is the string or name read last this one? Without decoding it where it has no escapes. */
bool json_reader_decodes_to(struct json_reader *r, const char *string);
static inline bool json_reader_is(struct json_reader *r, const char *string)
{
    return r->plain ? r->length == strlen(string) && !memcmp(r->start, string, r->length)
                    : json_reader_decodes_to(r, string);
}

/* Where `pos` is. */
struct json_where json_reader_where(const struct json_reader *r);

#endif
