/*
 * search_p.h - searches, inside.
 *
 *     search.c       results: kept in memory, shared, dropped; searches somebody keeps
 *     agenda.c       one day's agenda
 *     search_ask.c   one search: its pages, or the cache's words
 */
#ifndef OUTLOOKFS_SYNC_SEARCH_P_H
#define OUTLOOKFS_SYNC_SEARCH_P_H

#include <outlookfs/remote/remote.h>
#include <outlookfs/sync/search.h>

struct searches;

struct searches *searches_create(void);
void searches_destroy(struct searches *s); /* NULL is fine */

/* Asks. 0 with a result, which may be a refusal; -errno with the reason in `err`: no answer. */
int search_ask(struct mailbox *mb, const struct search *what, struct cancel *cancel,
               struct search_result **ret, struct buf *err);

/* Fills the items of `ret`. agenda.c */
int search_ask_agenda(struct mailbox *mb, const struct search *what, struct remote_ctx ctx,
                      struct search_result *ret, struct buf *err);

/* A result nobody refers to. */
void search_result_free(struct search_result *r);

#endif
