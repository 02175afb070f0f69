/*
 * odata_order.c - $orderby: "Member [asc|desc], ...".
 */
#include "odata_p.h"

#include "odata_node_p.h"

#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct order_key {
    char *path;
    enum value_type type;
    bool descending;
};

struct odata_order {
    struct order_key *keys;
    size_t count;
};

/* One element of the list; `text` is cut into its words. */
static int parse_key(const struct member *members, char *text, struct order_key *ret,
                     struct buf *err)
{
    char *save, *path = strtok_r(text, " \t", &save);
    char *direction = path ? strtok_r(NULL, " \t", &save) : NULL;
    int rc;

    if (!path || (direction && strtok_r(NULL, " \t", &save)))
        return buf_fail(err, -EINVAL, "Syntax error in the $orderby expression.");
    rc = node_member_type(members, path, &ret->type, err);
    if (rc)
        return rc;
    ret->descending = direction && !strcasecmp(direction, "desc");
    if (direction && !ret->descending && strcasecmp(direction, "asc"))
        return buf_fail(err, -EINVAL, "Syntax error at '%s' in the $orderby expression.",
                        direction);
    ret->path = xstrdup(path);
    return 0;
}

int odata_order_parse(const struct member *members, const char *text, struct odata_order **ret,
                      struct buf *err)
{
    struct odata_order *order = xcalloc(1, sizeof(*order));
    char *copy = xstrdup(text), *rest = copy, *part;
    int rc = 0;

    while (!rc && (part = strsep(&rest, ","))) {
        struct order_key key;

        rc = parse_key(members, part, &key, err);
        if (rc)
            break;
        order->keys = xrealloc(order->keys, (order->count + 1) * sizeof(*order->keys));
        order->keys[order->count++] = key;
    }
    free(copy);
    if (rc) {
        odata_order_free(order);
        return rc;
    }
    *ret = order;
    return 0;
}

void odata_order_free(struct odata_order *order)
{
    if (!order)
        return;
    for (size_t i = 0; i < order->count; i++)
        free(order->keys[i].path);
    free(order->keys);
    free(order);
}

int odata_order_compare(const struct odata_order *order, const cJSON *a, const cJSON *b)
{
    for (size_t i = 0; order && i < order->count; i++) {
        const struct order_key *key = &order->keys[i];
        struct value x = node_member(a, key->path, key->type);
        struct value y = node_member(b, key->path, key->type);
        int c = value_compare(&x, &y);

        if (c)
            return key->descending ? -c : c;
    }
    return 0;
}

const char *odata_order_single(const struct odata_order *order, bool *ret_descending)
{
    if (order->count != 1)
        return NULL;
    *ret_descending = order->keys[0].descending;
    return order->keys[0].path;
}
