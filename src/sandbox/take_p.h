/*
 * take_p.h - members of the mails in request bodies: taken with their type checked.
 *
 * Each answers false after filling `err` with the text for the client. A member that is absent or
 * null is NULL, false or Normal, unless it is required. Strings belong to the body.
 *
 * Threads: any.
 */
#ifndef SANDBOX_TAKE_P_H
#define SANDBOX_TAKE_P_H

#include <cjson/cJSON.h>
#include <stdbool.h>

struct buf;

bool take_string(const cJSON *body, const char *name, bool required, const char **ret,
                 struct buf *err);
bool take_bool(const cJSON *body, const char *name, bool *ret, struct buf *err);

/* A list of addresses; a required one holds at least one. */
bool take_addresses(const cJSON *body, const char *name, bool required, const char **ret,
                    struct buf *err);

/* "Importance" as 0, 1, 2. */
bool take_importance(const cJSON *body, int *ret, struct buf *err);

#endif
