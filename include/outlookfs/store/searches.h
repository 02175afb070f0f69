/*
 * searches.h - the searches somebody keeps, in state.db: what `ls search/mail/Inbox` shows.
 *
 * A search is kept by the place it is in and by its name as it was typed; what it found is not
 * stored.
 *
 * Ownership, errors, transactions and threads: as in state.h.
 */
#ifndef OUTLOOKFS_STORE_SEARCHES_H
#define OUTLOOKFS_STORE_SEARCHES_H

#include <stdbool.h>
#include <stddef.h>

struct state;

/* `place` is "mail", "calendars", "contacts" or "local", `folder` the service's id, "" in local.
 * -EEXIST. */
int state_add_search(struct state *s, const char *place, const char *folder, const char *name);
int state_remove_search(struct state *s, const char *place, const char *folder, const char *name);
bool state_has_search(struct state *s, const char *place, const char *folder, const char *name);

/* The names kept there, in the order of the alphabet. The caller frees each and the array. */
int state_searches(struct state *s, const char *place, const char *folder, char ***ret,
                   size_t *ret_count);

#endif
