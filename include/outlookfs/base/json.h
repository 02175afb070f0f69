/*
 * json.h - what cJSON does not have: telling a half-written text from a wrong one, comparing,
 * getting typed members.
 *
 * Limits, stated: numbers are doubles (as in cJSON). Refused as malformed, although the grammar
 * allows it, is what cJSON would cut or cannot hold: a string with an escaped NUL or half a
 * surrogate pair, a number longer than 63 characters, more than JSON_DEPTH_MAX levels.
 *
 * Threads: any; a cJSON object belongs to one thread at a time.
 */
#ifndef OUTLOOKFS_BASE_JSON_H
#define OUTLOOKFS_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* The largest text we parse: the service takes 49 MB of mail, base64 makes that 66 MB. */
#define JSON_TEXT_MAX ((size_t)80 * 1024 * 1024)

#define JSON_DEPTH_MAX 512

enum json_shape {
    JSON_COMPLETE,  /* one well-formed value */
    JSON_EMPTY,     /* nothing but white space and NUL bytes */
    JSON_PARTIAL,   /* a proper prefix of a well-formed value: more bytes could complete it */
    JSON_MALFORMED, /* no bytes added at the end can ever make it JSON */
};

struct json_where {
    /* 1-based, columns in characters; of the first byte that cannot be, or of the end of a text
     * that goes on. */
    unsigned line, column;
};

/*
 * Looks at a text without building anything. Programs flush files half-written (`cmd > F` flushes
 * an empty one), so a file system must know a draft from a mistake. `where` may be NULL;
 * JSON_COMPLETE leaves it.
 */
enum json_shape json_scan(const char *text, size_t len, struct json_where *where);

/*
 * Parses a complete text into an object. -EINVAL with "line:column: reason" in `err` when it is not
 * complete, not valid UTF-8 or not a JSON object (for json_parse_any: any value will do). The
 * caller cJSON_Delete()s the result.
 */
int json_parse_object(const char *text, size_t len, cJSON **ret, struct buf *err);
int json_parse_any(const char *text, size_t len, cJSON **ret, struct buf *err);

/*
 * As json_parse_any(), for a text that is not ours to correct: an escaped NUL and half a surrogate
 * pair, which no string of ours can hold, become U+FFFD, and `ret_mended` says whether there were
 * any.
 */
int json_parse_mended(const char *text, size_t len, cJSON **ret, bool *ret_mended, struct buf *err);

/* Member of an object, case-sensitive; NULL when absent. */
cJSON *json_get(const cJSON *obj, const char *name);

/*
 * The member as a string, or NULL when it is absent, null or something else. Belongs to the object.
 */
const char *json_str(const cJSON *obj, const char *name);
bool json_bool(const cJSON *obj, const char *name, bool otherwise);
int64_t json_int(const cJSON *obj, const char *name, int64_t otherwise); /* whole numbers only */

/* Equal as JSON: members in any order, arrays in order, numbers by value. NULL equals NULL only. */
bool json_equal(const cJSON *a, const cJSON *b);

#endif
