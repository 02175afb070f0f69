/*
 * item_p.h - the members an item is made of, for item.c and items.c.
 */
#ifndef OUTLOOKFS_MODEL_ITEM_P_H
#define OUTLOOKFS_MODEL_ITEM_P_H

#include <outlookfs/base/json.h>
#include <outlookfs/model/item.h>

/* Indentation makes the file longer than the answer it came in. */
#define ITEM_TEXT_MAX (2 * JSON_TEXT_MAX)

enum item_path {
    ITEM_ID,
    ITEM_ID_TOO,
    ITEM_ETAG,
    ITEM_MODIFIED,
    ITEM_ATTACHMENTS,
    ITEM_HAS_ATTACHMENTS,
    ITEM_READ,
    ITEM_IMPORTANCE,
    ITEM_REMOVED,
    ITEM_WHOLE, /* so many of kind_info.whole at most */
    ITEM_WHOLE_END = ITEM_WHOLE + 3,
    ITEM_PATHS = ITEM_WHOLE_END
};

/* Where they are in a record of a kind, as json_walk.h has it; NULL: nowhere. */
void item_paths(enum kind kind, const char *ret[ITEM_PATHS]);

/* One of them as it was met. */
struct item_member {
    enum json_token token; /* JSON_END: it is not there */
    char *string;          /* JSON_STRING; owned by whoever read it */
    bool filled;           /* an object or array that has something in it */
};

/* Does kind_normalise() do more with the record than drop a member? */
bool item_is_odd(enum kind kind, const struct item_member members[ITEM_PATHS]);

/* All of an item but its text; takes strings of `members`. -EBADMSG as item_from_json(). */
int item_identify(enum kind kind, struct item_member members[ITEM_PATHS], struct item *ret,
                  struct buf *err);

#endif
