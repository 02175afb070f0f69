/*
 * json.h - cJSON trees: built from a text, compared, written, looked into.
 *
 * A tree of ours comes from these functions, not from cJSON_Parse(), and is written by them, not by
 * cJSON_Print(): so a number keeps the text it came in (1.10, -0, 9007199254740993, 1e400), from an
 * answer into the file and into what is sent. A cJSON_Number of ours has that text as its
 * `valuestring`; `valuedouble` is the nearest double. One without a text (cJSON_CreateNumber()) is
 * written as its double. cJSON_Duplicate() copies the text; cJSON_SetNumberValue() would leave the
 * old one and must not be used.
 *
 * Of members with the same name in one object the last one counts, at the place of the first, as
 * with most readers of JSON. Refused as malformed is what json_reader.h says, and more than
 * JSON_DEPTH_MAX levels.
 *
 * Threads: any; a cJSON object belongs to one thread at a time.
 */
#ifndef OUTLOOKFS_BASE_JSON_H
#define OUTLOOKFS_BASE_JSON_H

#include <cjson/cJSON.h>
#include <outlookfs/base/json_reader.h>
#include <outlookfs/base/map.h>
#include <outlookfs/base/scope.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* The largest text we parse: the service takes 49 MB of mail, base64 makes that 66 MB. */
#define JSON_TEXT_MAX ((size_t)80 * 1024 * 1024)

/* --- reading --- */

enum json_shape {
    JSON_COMPLETE,  /* one well-formed value */
    JSON_EMPTY,     /* nothing but white space and NUL bytes */
    JSON_PARTIAL,   /* a proper prefix of a well-formed value: more bytes could complete it */
    JSON_MALFORMED, /* no bytes added at the end can ever make it JSON */
};

/*
 * Looks at a text without building anything. Programs flush files half-written (`cmd > F` flushes
 * an empty one), so a file system must know a draft from a mistake. `where`, of the first byte that
 * cannot be or of the end of a text that goes on, may be NULL; JSON_COMPLETE leaves it.
 */
enum json_shape json_scan(const char *text, size_t len, struct json_where *where);

/*
 * The shape of a text and, with JSON_COMPLETE, its tree, in one pass. An object is asked for: another value is
 * JSON_MALFORMED. "line:column: reason" in `err` otherwise. The caller cJSON_Delete()s the result.
 */
enum json_shape json_read_object(const char *text, size_t len, cJSON **ret, struct buf *err);

/* As json_read_object(), -EINVAL for every shape but JSON_COMPLETE; json_parse_any() takes any value. */
int json_parse_object(const char *text, size_t len, cJSON **ret, struct buf *err);
int json_parse_any(const char *text, size_t len, cJSON **ret, struct buf *err);

/*
 * As json_parse_any(), for a text that is not ours to correct: what no string of ours can hold
 * becomes U+FFFD (json_reader.h), and `ret_mended` says whether there was anything.
 */
int json_parse_mended(const char *text, size_t len, cJSON **ret, bool *ret_mended, struct buf *err);

/* Of a text that we wrote or know to be JSON; NULL where it is not, or NULL. */
cJSON *json_load(const char *text);

void json_release(cJSON **value); /* cJSON_Delete(), for SCOPED() */

/* --- writing --- */

/* Without white space; the caller frees. NULL over twice JSON_TEXT_MAX. */
char *json_print(const cJSON *value);

/* --- members --- */

/* Member of an object, case-sensitive; NULL when absent. */
cJSON *json_get(const cJSON *obj, const char *name);

/*
 * The member as a string, or NULL when it is absent, null or something else. Belongs to the object.
 */
const char *json_str(const cJSON *obj, const char *name);
bool json_bool(const cJSON *obj, const char *name, bool otherwise);
int64_t json_int(const cJSON *obj, const char *name, int64_t otherwise); /* whole numbers only */

/*
 * json_get() for many members of one object: in order it is a step each, and what is out of order is
 * looked up in an index, so that walking two objects takes time in proportion to their members.
 *
 *     struct json_finder find;
 *     json_finder_init(&find, b);
 *     cJSON_ArrayForEach(member, a)
 *         other = json_find(&find, member->string);
 *     json_finder_release(&find);
 */
struct json_finder {
    const cJSON *obj;
    const cJSON *next; /* behind the one found last */
    struct map index;  /* of large objects, from the first member that is out of order */
};
void json_finder_init(struct json_finder *f, const cJSON *obj); /* NULL: finds nothing */
cJSON *json_find(struct json_finder *f, const char *name);
void json_finder_release(struct json_finder *f);

/* Equal as JSON: members in any order, arrays in order, numbers by their exact value (1.10 is 1.1,
 * 9007199254740993 is not 9007199254740992). NULL equals NULL only. */
bool json_equal(const cJSON *a, const cJSON *b);

#endif
