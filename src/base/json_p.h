/*
 * json_p.h - building a tree from a text, for json.c and json_file.c.
 */
#ifndef OUTLOOKFS_BASE_JSON_P_H
#define OUTLOOKFS_BASE_JSON_P_H

#include <outlookfs/base/json.h>

#define JSON_NOT_OBJECT "1:1: expected an object: { \"name\": value, ... }"

struct json_build {
    bool mend;
    /* Called for every name and string in the order of the text; may put another string, of
     * malloc(), into the slot. NULL: none. Not 0 ends the reading with that. */
    int (*string)(void *ctx, char **slot);
    void *ctx;

    /* out */
    struct json_where where; /* unless JSON_COMPLETE */
    const char *reason;
    bool mended;
    int error; /* of `string`: the shape is JSON_COMPLETE and the tree NULL */
};

/* `ret` NULL: nothing is built. */
enum json_shape json_build(struct json_build *b, const char *text, size_t len, cJSON **ret);

#endif
