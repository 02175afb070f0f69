/*
 * members.h - the members a record may have, and their types, from each service's
 * specification (connector contract section 3, Graph's metadata): what a person may write.
 *
 * The connector's message has no table: nothing of it can be written (kind_check_update()).
 *
 * Threads: any (constant data).
 */
#ifndef OUTLOOKFS_MODEL_MEMBERS_H
#define OUTLOOKFS_MODEL_MEMBERS_H

#include <outlookfs/model/kind.h>

enum member_type {
    TYPE_TEXT,
    TYPE_BOOL,
    TYPE_NUMBER,
    TYPE_WHOLE, /* a number without fraction */
    TYPE_OBJECT,
    TYPE_TEXTS,   /* an array of these */
    TYPE_OBJECTS, /* ... and of these */
};

struct member {
    const char *name; /* NULL ends a list */
    enum member_type type;
    const struct member *members; /* TYPE_OBJECT, TYPE_OBJECTS */
};

/* NULL: nothing can be written. */
const struct member *members_of(enum kind kind);

/* Can a record of the kind have this member? */
bool members_has(enum kind kind, const char *name);

/*
 * Is every member that `mine` changes one that the service knows, and of its type? -EINVAL with the
 * member and, where there is one, the known member that was meant in `err`. What `base` has (NULL:
 * a new record) is known, too, and stays as it is; null is of any type; managed members (kind.h) are
 * not looked at. A new record with an id is a copy of one of the service, which may have members we
 * do not know: there only a name that stands in place of a known one is refused.
 */
int members_check(enum kind kind, const struct cJSON *base, const struct cJSON *mine,
                  struct buf *err);

#endif
