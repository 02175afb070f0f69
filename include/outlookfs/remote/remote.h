/*
 * remote.h - a mailbox service: the interface the rest of the program talks to.
 *
 * An implementation provides one thing, carrying out an operation of the table; the typed functions
 * below are written over it once. So a wrapper (trace, faulty) or a test double (memory) is one
 * function long.
 *
 *     connector.c   the service over HTTP
 *     memory.c      a mailbox in memory, for tests of the rooms above
 *     trace.c       logs each call of the remote it wraps, bodies left out
 *     faulty.c      answers some calls of the remote it wraps with an error, for tests
 *
 * Ownership: what a call gives belongs to the caller unless said otherwise.
 * Errors: every function answers the grade of the outcome and fills `fault`, which is initialised
 * by the function.
 * Threads: all functions from any thread, except create and destroy.
 */
#ifndef OUTLOOKFS_REMOTE_REMOTE_H
#define OUTLOOKFS_REMOTE_REMOTE_H

#include <outlookfs/base/buf.h>
#include <outlookfs/base/grade.h>
#include <outlookfs/http/http.h>
#include <outlookfs/remote/operations.h>
#include <stdint.h>

struct cJSON;
struct cancel;
struct remote;

/* How a caller wants to be served; passed along unchanged. */
struct remote_ctx {
    struct cancel *cancel;
    enum http_priority priority;
};

/* What went wrong, beside the grade. Zeroed is fine; remote_fault_release() it. */
struct remote_fault {
    enum grade grade;
    bool unknown;    /* it may have been done: see http_answer.unknown */
    int status;      /* HTTP status; 0: none */
    int retry_after; /* s; 0: none (also set on success: a trigger's pace) */
    int64_t date;    /* the service's clock at the answer, ns; 0: unknown (also set on success) */
    bool mended;     /* on success: the answer has characters no text of ours can hold, and U+FFFD
                        stands for them */
    char *reason;    /* for a person; NULL on success */
};
void remote_fault_release(struct remote_fault *fault);

/* One call, as an implementation sees it. */
struct remote_call {
    enum operation op;
    const struct param *params;
    size_t nparams;
    const char *query;        /* NULL: made of the parameters; else sent as it is in their place (a
                                 trigger's cursor); those of the path still apply */
    const struct cJSON *body; /* BODY_JSON, unless there is `text` */
    const char *text;         /* the body's JSON as a text, for one too large to be there twice */
    const char *at; /* instead of path and parameters (OP_UNSUBSCRIBE): a Location, whole, as the
                       service gave it; its path and query are asked for below our own base */
    struct remote_ctx ctx;
    http_sink_fn sink; /* ANSWER_BYTES; ANSWER_OBJECT: NULL, or the object's text goes there as it
                          comes, and whether it is one is the caller's to see */
    http_restart_fn restart; /* as in http.h */
    void *sink_ctx;          /* of both */
    /* out */
    struct cJSON *answer; /* ANSWER_OBJECT without `sink`: the object. ANSWER_LIST: the array. Else
                             NULL */
    char *next_link;      /* "@odata.nextLink" of a list, or NULL */
    char *location;       /* header, or NULL */
    size_t bytes;         /* length of the answer's body */
};

struct remote_impl {
    const char *name;
    enum grade (*call)(struct remote *r, struct remote_call *call,
                       struct remote_fault *fault); /* mandatory */
    void (*destroy)(struct remote *r);              /* mandatory */
    bool (*online)(struct remote *r);               /* NULL: always true */
    void (*stats)(struct remote *r,
                  struct http_stats *ret); /* NULL: all zero, online and authorised */
};

/* First member of every implementation. */
struct remote {
    const struct remote_impl *impl;
    enum api_version version;
};

void remote_destroy(struct remote *r); /* NULL is fine */
bool remote_online(struct remote *r);
/* For who was refused (GRADE_AUTH): remember the first, and try again when the other differs. */
uint64_t remote_token_read(struct remote *r);
uint64_t remote_token_there(struct remote *r);
void remote_stats(struct remote *r, struct http_stats *ret);
/* The out members are set on success only. */
enum grade remote_call(struct remote *r, struct remote_call *call, struct remote_fault *fault);
void remote_call_release(struct remote_call *call); /* the out members */

/* --- folders ---------------------------------------------------------------------------------- */

struct remote_folder {
    char *id;      /* calendars, contacts: the table id. mail: the display path, "Inbox/Support", or
                      "Id::<id>" where the name has a '/' */
    char *display; /* what a person reads */
    char *parent;  /* id of the parent folder, or NULL */
};
struct remote_folders {
    struct remote_folder *list;
    size_t count;
    bool partial; /* mail: more may exist. The picker is refused (these are the well-known folders
                     that answered), one of its folders cannot be browsed, or the bounds were met:
                     10 levels, 10,000 folders */
};
void remote_folders_release(struct remote_folders *f);

/*
 * All folders of a kind. Mail: the folder picker with its sub-folders; where it is refused (any
 * 4xx) or answers what we cannot read, the well-known folders that answer GetEmails with top=1:
 * Inbox, Drafts, Sent Items, Deleted Items, Archive, Junk Email (contract 4.9).
 */
enum grade remote_list_folders(struct remote *r, enum kind kind, struct remote_ctx ctx,
                               struct remote_folders *ret, struct remote_fault *fault);

/*
 * Does the service know the mail folder of this display path? GRADE_OK or GRADE_GONE, or an error.
 */
enum grade remote_find_mail_folder(struct remote *r, const char *path, struct remote_ctx ctx,
                                   struct remote_fault *fault);

/* --- records ---------------------------------------------------------------------------------- */

struct remote_query {
    unsigned skip, top;  /* top 0 is not allowed */
    const char *filter;  /* OData, or NULL */
    const char *orderby; /* OData, or NULL */
    const char *search;  /* mail: searchQuery, or NULL */
    bool only_unread;    /* mail: fetchOnlyUnread; always sent, the service's default is true */
    bool attachments;    /* mail: includeAttachments */
};
struct remote_page {
    struct cJSON *items; /* array */
    size_t bytes;        /* of the answer: for sizing the next page */
    bool last; /* fewer than `top` came and there is no next link, or nothing came at all */
};
enum grade remote_list(struct remote *r, enum kind kind, const char *folder,
                       const struct remote_query *query, struct remote_ctx ctx,
                       struct remote_page *ret, struct remote_fault *fault);

/* `folder` is ignored for messages. */
enum grade remote_get(struct remote *r, enum kind kind, const char *folder, const char *id,
                      struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault);
enum grade remote_create(struct remote *r, enum kind kind, const char *folder,
                         const struct cJSON *body, struct remote_ctx ctx, struct cJSON **ret,
                         struct remote_fault *fault);
enum grade remote_update(struct remote *r, enum kind kind, const char *folder, const char *id,
                         const struct cJSON *body, struct remote_ctx ctx, struct cJSON **ret,
                         struct remote_fault *fault);
enum grade remote_delete(struct remote *r, enum kind kind, const char *folder, const char *id,
                         struct remote_ctx ctx, struct remote_fault *fault);
enum merge_policy remote_update_policy(struct remote *r, enum kind kind);

/* --- mail ------------------------------------------------------------------------------------- */

enum grade remote_mark_read(struct remote *r, const char *id, struct remote_ctx ctx,
                            struct remote_fault *fault);

/* The attachment's bytes, to `sink` as they come; `restart` as in http.h. */
enum grade remote_attachment(struct remote *r, const char *message, const char *attachment,
                             struct remote_ctx ctx, http_sink_fn sink, http_restart_fn restart,
                             void *sink_ctx, struct remote_fault *fault);

/* --- sending: none of these may be repeated by itself ----------------------------------------- */

/* `message` is the text of a JSON object. */
enum grade remote_send(struct remote *r, const char *message, struct remote_ctx ctx,
                       struct remote_fault *fault);

/* `comment` is plain text, as long as a mail may be. */
enum grade remote_reply(struct remote *r, const char *id, const char *comment, bool all,
                        struct remote_ctx ctx, struct remote_fault *fault);

/*
 * Sends a mail that asks for a choice: `op` is OP_SEND_MAIL_WITH_OPTIONS or OP_SEND_APPROVAL_MAIL,
 * the answer is POSTed to `url`. `body` is remote_ask_head(url), which the caller frees, the
 * message's text and REMOTE_ASK_TAIL: the message is large, and so in memory only once.
 * `ret_location`: where the subscription is ended, whole; the caller frees it.
 */
enum grade remote_ask(struct remote *r, enum operation op, const char *body, struct remote_ctx ctx,
                      char **ret_location, struct remote_fault *fault);
char *remote_ask_head(const char *url);
#define REMOTE_ASK_TAIL "}"
enum grade remote_unsubscribe(struct remote *r, const char *location, struct remote_ctx ctx,
                              struct remote_fault *fault);

/* --- triggers --------------------------------------------------------------------------------- */

struct remote_news {
    struct cJSON
        *items;      /* array; empty: nothing new (200 with an empty list and 202 are the same) */
    char *cursor;    /* the whole query of the answer's Location; NULL: it had none */
    int retry_after; /* s; 0: not said */
};

/*
 * Asks a trigger (OP_ON_*, OP_CALENDAR_ON_*) what is new. `cursor` NULL: the first call, which sets
 * the baseline with `params`; else the `cursor` of the answer before, which stands for all
 * parameters but those of the path. The same cursor gives the same answer again. A Location's host
 * is not ours and its path may be the backend's: only its query counts (contract 4.3).
 */
enum grade remote_poll(struct remote *r, enum operation op, const struct param *params,
                       size_t count, const char *cursor, struct remote_ctx ctx,
                       struct remote_news *ret, struct remote_fault *fault);
void remote_news_release(struct remote_news *news);

enum grade remote_test(struct remote *r, struct remote_ctx ctx, struct remote_fault *fault);

/* --- implementations -------------------------------------------------------------------------- */

/* `http` is taken: destroyed with the remote. */
struct remote *remote_connector_create(struct http *http, enum api_version version);
/* `inner` is taken. */
struct remote *remote_trace_create(struct remote *inner);

#endif
