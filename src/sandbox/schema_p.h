/*
 * schema_p.h - members and types of events and contacts, as the specification lists them, in the
 * order the service answers them.
 *
 * Threads: any; the tables are constant.
 */
#ifndef SANDBOX_SCHEMA_P_H
#define SANDBOX_SCHEMA_P_H

#include <cjson/cJSON.h>

struct buf;

enum member_type {
    MEMBER_STRING,
    MEMBER_BOOL,
    MEMBER_INT,
    MEMBER_NUMBER,
    MEMBER_TIME,
    MEMBER_ENUM,
    MEMBER_OBJECT,
    MEMBER_STRINGS, /* array of strings */
    MEMBER_ENUMS,   /* array of enumeration values */
    MEMBER_OBJECTS, /* array of objects */
};

enum member_flags {
    MEMBER_REQUIRED = 1 << 0, /* absent or null in a body: 400 */
    MEMBER_MANAGED = 1 << 1,  /* the service's own; ignored in a body, whatever it holds */
    MEMBER_NULLABLE =
        1 << 2, /* an object that is null, not an object of nulls, when there is none */
    MEMBER_BLANKED = 1 << 3, /* a contact's string that becomes "" when a PATCH leaves it out */
};

struct member {
    const char *name;
    enum member_type type;
    unsigned flags;
    const char *const *values;    /* of an enumeration; NULL-terminated */
    const struct member *members; /* of objects; ends with a NULL name */
};

extern const struct member schema_event[];
extern const struct member schema_contact[];

/* NULL when there is no such member. */
const struct member *schema_find(const struct member *members, const char *name);

/*
 * Checks a request body: required members, types, enumerations; unknown and managed members are
 * ignored. -EINVAL with the text for the client in `err`.
 */
int schema_check(const struct member *members, const cJSON *body, struct buf *err);

/*
 * The value with every member of its type in order and nothing else: what is missing becomes null,
 * [] or an object of nulls. `value` NULL: all of it is missing.
 */
cJSON *schema_shape(const struct member *m, const cJSON *value);

#endif
