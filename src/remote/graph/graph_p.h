/*
 * graph_p.h - Microsoft Graph v1.0 behind remote.h.
 *
 *     operations.c  the table
 *     graph.c       the remote; lists of many pages
 *     folders.c     folders of each kind
 *     folder_change.c   ... made, renamed, moved, removed
 *     drafts.c      drafts that are sent, and made of Internet messages
 *     records.c     listing and moving records
 *     changes.c     what changed in a folder; ids and versions of all of it
 *     batch.c       many requests in one, and many objects in few
 *     change_many.c moves and deletions in one request
 *     search.c      searching mail
 *     attachments.c what a message carries, and the message as it travels
 *     send.c        sending and replying: always a draft first, so that a repeat is safe
 *     respond.c     answers to invitations
 *     upload.c      attachments of a draft
 *     agenda.c      what happens in a calendar between two times
 *     series.c      how single events of a series differ from its rule
 *     values.c      photos of contacts, automatic replies
 *     triggers.c    what is new since the last look
 *
 * Every request asks for immutable ids: a message that moves keeps its id (graph contract 5).
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_REMOTE_GRAPH_P_H
#define OUTLOOKFS_REMOTE_GRAPH_P_H

#include "../remote_p.h"
#include "../transport_p.h"
#include "operations_p.h"

#include <outlookfs/base/mutex.h>

#define GRAPH_PAGE_MAX 1000 /* $top at most (graph contract 1.1) */
#define GRAPH_LIST_TOP 250  /* of folders, a page */
/* $select of a list of attachments */
#define GRAPH_ATTACHMENT_NAMES "id,name,contentType,size,isInline"

/* Mail folders that have a name of their own in every mailbox, whatever its language. */
#define GRAPH_WELL_KNOWN 13

struct graph {
    struct remote base;
    const char *base_url;

    struct mutex lock;    /* guards the following */
    pthread_cond_t never; /* nobody signals it: for waits that only time ends */
    const char *account;  /* see remote_account() */
    char *root;           /* id of what all mail folders are below; NULL: not asked yet */
    char *well_known[GRAPH_WELL_KNOWN]; /* ids; NULL: not asked yet; "": the mailbox has none */
    unsigned at_once; /* change_many.c: how many changes the mailbox takes together */
};

/* All pages of a list as one array. */
enum grade graph_list_all(struct remote *r, unsigned op, const struct param *params,
                          struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault);
/* The pages of a list from `link` on, which its first page ended with. */
enum grade graph_list_rest(struct remote *r, const char *link, struct remote_ctx ctx,
                           struct cJSON **ret, struct remote_fault *fault);
/* All of a change feed, from `cursor` on (NULL: from its beginning); `ret_cursor` is where the next call goes
 * on. GRADE_GONE: the service has forgotten the cursor. */
enum grade graph_feed_all(struct remote *r, unsigned op, const struct param *params,
                          const char *cursor, struct remote_ctx ctx, struct cJSON **ret,
                          char **ret_cursor, struct remote_fault *fault);
/* Has the service forgotten the cursor, so that the feed begins anew (graph contract 4.5)? */
bool graph_forgot_cursor(enum grade grade, const struct remote_fault *fault);

/* "2026-11-30T09:14:00Z" */
#define GRAPH_TIME_SIZE sizeof("2026-11-30T09:14:00Z")
void graph_time(int64_t ns, char out[GRAPH_TIME_SIZE]);

/* An OData filter for one Message-ID, of any characters. The caller frees. */
char *graph_message_id_filter(const char *id);

/* Path and query of an operation below the base URL. The caller frees. */
char *graph_path(unsigned op, const struct param *params);

/* --- batch.c --- */

#define GRAPH_BATCH_MAX 20 /* members (graph contract 8.2) */

struct graph_member {
    const char *method;
    const char *path;         /* of graph_path() */
    const struct cJSON *body; /* NULL: none */
    struct cJSON
        *response; /* out: its "status", "headers" and "body", the caller's; NULL: it got none */
};
/* Up to GRAPH_BATCH_MAX requests in one. The grade is that of the batch itself: unless it is GRADE_OK no
 * member has a response, and `fault->unknown` says whether those that write may have been carried out. */
enum grade graph_batch(struct remote *r, struct graph_member *members, size_t count,
                       struct remote_ctx ctx, struct remote_fault *fault);
/* Seconds until the member may be sent again; 0: its response is final. */
int graph_put_off(const struct cJSON *response);
/* GETs many paths, in as many batches as it takes: an object, or the first page of a list, for each, the
 * caller's to delete, or NULL where there is none. Unless the grade is GRADE_OK there are none at all. */
enum grade graph_get_all(struct remote *r, char **paths, size_t count, struct remote_ctx ctx,
                         struct cJSON **ret, struct remote_fault *fault);

/* A link that a list ended with, to be followed byte for byte: GRADE_BROKEN where it leads to
 * another host. NULL is fine. */
enum grade graph_check_link(const struct graph *g, const char *link, struct remote_fault *fault);

/* remote_call.headers that ask for pages of `top` (Prefer: odata.maxpagesize). */
struct graph_page_size {
    char text[48];
    const char *headers[2];
};
void graph_page_size_init(struct graph_page_size *size, unsigned top);

/*
 * Adds a file to a draft: `attachment` is a fileAttachment with contentBytes. Up to 3 MB it takes one
 * request, above that an upload session. upload.c
 */
enum grade graph_upload(struct remote *r, const char *draft, const struct cJSON *attachment,
                        struct remote_ctx ctx, struct remote_fault *fault);

#define DECLARE(function) __typeof__(remote_##function) graph_##function;
REMOTE_FUNCTIONS(DECLARE)
#undef DECLARE
/* A page for a query with `search`. search.c */
enum grade graph_search(struct remote *r, const char *folder, const struct remote_query *query,
                        struct remote_ctx ctx, struct remote_page *ret, struct remote_fault *fault);
/* graph_poll() of new mail. new_mail.c */
enum grade graph_poll_mail(struct remote *r, const struct param *params, const char *cursor,
                           struct remote_ctx ctx, struct remote_news *ret,
                           struct remote_fault *fault);

#endif
