/*
 * value_p.h - when two values of a record are the same, for the files of this layer. merge.h has the
 * rule.
 *
 * Threads: any; the objects belong to one thread at a time.
 */
#ifndef OUTLOOKFS_MODEL_VALUE_P_H
#define OUTLOOKFS_MODEL_VALUE_P_H

#include <stdbool.h>

struct cJSON;

/* False for NULL (absent), null, and an object in which nothing has a value. */
bool value_exists(const struct cJSON *value);

/* Equal as JSON, where null, "", [], an absent value and an object of nothing but these are one. */
bool value_same(const struct cJSON *a, const struct cJSON *b);

/* Takes out what says nothing: members that are objects of nothing but null, "" and [], and such
 * elements of lists, at any depth. */
void value_prune(struct cJSON *value);

/* Adds a copy of `value` as the last member of `obj`, which has none of this name. */
void value_add_copy(struct cJSON *obj, const char *name, const struct cJSON *value);

#endif
