/*
 * remote.h - a mailbox service, in terms of mailboxes: the interface the rest of the program talks
 * to.
 *
 *     src/remote/connector   the Office 365 Outlook connector
 *     src/remote/graph       Microsoft Graph v1.0
 *
 * What a service does not have is GRADE_REFUSED.
 *
 * Ownership: what a call gives belongs to the caller unless said otherwise.
 * Errors: every function answers the grade of the outcome and fills `fault`, which is zeroed or an
 * earlier call's: that is released.
 * Threads: all functions from any thread, except create and destroy.
 */
#ifndef OUTLOOKFS_REMOTE_REMOTE_H
#define OUTLOOKFS_REMOTE_REMOTE_H

#include <outlookfs/base/buf.h>
#include <outlookfs/base/grade.h>
#include <outlookfs/http/http.h>
#include <outlookfs/model/items.h>
#include <outlookfs/model/merge.h>
#include <stdint.h>

struct cJSON;
struct cancel;
struct remote;

/* How a caller wants to be served. */
struct remote_ctx {
    struct cancel *cancel;
    enum http_priority priority;
};

/* What went wrong, beside the grade. */
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

/* A parameter, unencoded, under the name it has in the service's specification. A list ends with one
 * that has no name. */
struct param {
    const char *name;
    const char *value; /* NULL: not sent */
};
#define PARAMS(...) ((const struct param[]){__VA_ARGS__, {NULL, NULL}})

void remote_destroy(struct remote *r); /* NULL is fine */

/* What only some services have. */
enum remote_ability {
    REMOTE_CAN_ASK,
    REMOTE_CAN_FORWARD,
    REMOTE_CAN_RESPOND,
    REMOTE_CAN_MIME,
    REMOTE_CAN_LIST_CONTENTS, /* remote_query.attachments: messages with the contents they carry */
    REMOTE_CAN_LIST_NAMES,    /* ... and with their lists alone, which other listings lack */
    REMOTE_CAN_AGENDA,
    REMOTE_CAN_SERIES,
    REMOTE_CAN_DRAFT,
    REMOTE_CAN_VALUES,
};
bool remote_can(struct remote *r, enum remote_ability ability);
/* "Microsoft Graph": for a person. */
const char *remote_title(struct remote *r);

bool remote_online(struct remote *r); /* http_online() */
/* After GRADE_AUTH: note remote_token_read(), and try again once remote_token_there() differs from it
 * (token.h). */
uint64_t remote_token_read(struct remote *r);
uint64_t remote_token_there(struct remote *r);
void remote_stats(struct remote *r, struct http_stats *ret);

/* --- folders ---------------------------------------------------------------------------------- */

struct remote_folder {
    char *id;         /* calendars, contacts: the table id. mail: the picker's Id; where there is no
                         picker, or the folder was found by its name, the display path */
    char *display;    /* what a person reads */
    char *parent;     /* id of the parent folder, or NULL */
    unsigned flags;   /* enum folder_flags */
    bool gone;        /* remote_folder_changes(): it was removed */
    int64_t expected; /* remote_list_folders(): how many records it has; 0 where that is not said */
};
struct remote_folders {
    struct remote_folder *list;
    size_t count;
    bool partial; /* mail: more may exist. The picker is refused (these are the well-known folders
                     that answered), one of its folders cannot be browsed, or the bounds were met:
                     10 levels, 10,000 folders */
    char *cursor; /* for remote_folder_changes(); NULL: the service cannot say what changes */
    bool start_over; /* see remote_changes */
    bool contents;   /* remote_folder_changes(): also names folders in which something changed */
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
 * The folders of a kind that changed since `cursor` or, with `contents`, in which anything did; folders
 * that remote_list_folders() would not show are left out. `display` and `parent` are NULL where the
 * service does not mention them; the `parent` of a folder at the top is "".
 */
enum grade remote_folder_changes(struct remote *r, enum kind kind, const char *cursor,
                                 struct remote_ctx ctx, struct remote_folders *ret,
                                 struct remote_fault *fault);

/* GRADE_OK: the service knows the mail folder of this display path; GRADE_GONE: it does not. */
enum grade remote_find_mail_folder(struct remote *r, const char *path, struct remote_ctx ctx,
                                   struct remote_fault *fault);

/*
 * Folders are made, renamed, moved and removed where the kind's capabilities (KIND_CAN_FOLD,
 * KIND_CAN_MOVE) say so. `parent` NULL: the top. GRADE_CONFLICT: the name is taken, or the folder to be
 * removed is not empty. If the answer to remote_make_folder() is lost, it looks for the folder itself.
 */
enum grade remote_make_folder(struct remote *r, enum kind kind, const char *parent,
                              const char *display, struct remote_ctx ctx, char **ret_id,
                              struct remote_fault *fault);
enum grade remote_rename_folder(struct remote *r, enum kind kind, const char *id,
                                const char *display, struct remote_ctx ctx,
                                struct remote_fault *fault);
enum grade remote_move_folder(struct remote *r, enum kind kind, const char *id, const char *parent,
                              struct remote_ctx ctx, struct remote_fault *fault);
enum grade remote_remove_folder(struct remote *r, enum kind kind, const char *id,
                                struct remote_ctx ctx, struct remote_fault *fault);

/* --- records ---------------------------------------------------------------------------------- */

enum remote_attachments {
    REMOTE_AS_LISTED,
    REMOTE_NAMES,   /* the message itself may consist of its id only */
    REMOTE_CONTENTS /* likewise */
};
struct remote_query {
    unsigned skip, top;  /* top 0 is not allowed */
    const char *filter;  /* OData, or NULL */
    const char *orderby; /* OData, or NULL */
    const char *search;  /* mail: searchQuery, or NULL */
    bool only_unread;    /* mail: fetchOnlyUnread; always sent, the service's default is true */
    enum remote_attachments attachments; /* mail */
};
struct remote_page {
    struct items items; /* the caller's to release */
    size_t bytes;       /* of the answer: for sizing the next page */
    bool cut;           /* a search: the service gives no more, and there may be more */
    bool last; /* fewer than `top` came and there is no next link, or nothing came at all */
};
enum grade remote_list(struct remote *r, enum kind kind, const char *folder,
                       const struct remote_query *query, struct remote_ctx ctx,
                       struct remote_page *ret, struct remote_fault *fault);

/*
 * What has changed in a folder since `cursor`; NULL: everything is new. Each answer's cursor is where the
 * next call goes on: at once while there is `more`, otherwise whenever somebody wants to know. A cursor
 * may be kept for any length of time. If the service has forgotten it, the answer is `start_over`, which
 * says nothing about any record: begin again with NULL, and once that feed has come to its end, a record
 * it did not name is not in the folder.
 */
struct remote_changes {
    struct items items; /* the caller's to release, with those that are gone */
    char *cursor;       /* the caller's to free */
    bool more;
    bool start_over; /* nothing else is set */
    size_t bytes;    /* of the answer: for sizing the next page */
};
bool remote_has_changes(struct remote *r, enum kind kind);
/* `top`: how many entries an answer should have at most; the service may send more. */
enum grade remote_changes(struct remote *r, enum kind kind, const char *folder, const char *cursor,
                          unsigned top, struct remote_ctx ctx, struct remote_changes *ret,
                          struct remote_fault *fault);

/* The ids and versions of all records of a folder, without anything else. */
struct remote_version {
    char *id;
    char *etag;
};
struct remote_versions {
    struct remote_version *list;
    size_t count;
};
void remote_versions_release(struct remote_versions *v);
enum grade remote_list_versions(struct remote *r, enum kind kind, const char *folder,
                                struct remote_ctx ctx, struct remote_versions *ret,
                                struct remote_fault *fault);

/*
 * Many records at once, in as few requests as the service allows: `ret[i]` is the record of `ids[i]`,
 * the caller's to delete, or NULL where the folder has none. Without GRADE_OK there is none at all.
 */
enum grade remote_get_many(struct remote *r, enum kind kind, const char *folder,
                           const char *const *ids, size_t count, struct remote_ctx ctx,
                           struct cJSON **ret, struct remote_fault *fault);

/*
 * One record. `folder` is ignored for messages. `body` is of merge_new_body() or merge_body(); `ret`, the
 * record as the service has it, is the caller's to delete. GRADE_GONE: there is no such record.
 */
enum grade remote_get(struct remote *r, enum kind kind, const char *folder, const char *id,
                      struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault);
/* The record if it lies in `folder`, as far as the service tells: not of messages. */
enum grade remote_find(struct remote *r, enum kind kind, const char *folder, const char *id,
                       struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault);
enum grade remote_create(struct remote *r, enum kind kind, const char *folder,
                         const struct cJSON *body, struct remote_ctx ctx, struct cJSON **ret,
                         struct remote_fault *fault);
/* GRADE_CONFLICT: the record has another `version`, where the service can tell; NULL: any will do. */
enum grade remote_update(struct remote *r, enum kind kind, const char *folder, const char *id,
                         const struct cJSON *body, const char *version, struct remote_ctx ctx,
                         struct cJSON **ret, struct remote_fault *fault);
enum grade remote_delete(struct remote *r, enum kind kind, const char *folder, const char *id,
                         struct remote_ctx ctx, struct remote_fault *fault);
/* To another folder of the kind (KIND_CAN_MOVE). Nothing happens if the record is there already. */
enum grade remote_move(struct remote *r, enum kind kind, const char *id, const char *folder,
                       struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault);
/* What the body of an update must hold. */
enum merge_policy remote_update_policy(struct remote *r, enum kind kind);

/* One of several changes made together. Each has an outcome of its own, as after remote_move() or
 * remote_delete(). */
struct remote_request {
    bool move; /* else a deletion */
    enum kind kind;
    const char *folder; /* a move: where to */
    const char *id;
    struct cJSON *record;      /* out, of a move: remote_move()'s `ret` */
    struct remote_fault fault; /* out: its grade is the outcome */
};
/* How many changes are best made together at the moment; 1: the service takes each by itself. */
unsigned remote_at_once(struct remote *r);
/* `count` is remote_at_once() at most. */
void remote_change_many(struct remote *r, struct remote_request *const *requests, size_t count,
                        struct remote_ctx ctx);

enum remote_change { REMOTE_CREATE, REMOTE_UPDATE, REMOTE_DELETE, REMOTE_MARK_READ };
/* The request that makes the change, for a person: "PATCH /datasets/contacts/tables/...". The caller
 * frees. */
char *remote_describe(struct remote *r, enum remote_change change, enum kind kind,
                      const char *folder, const char *id);

/* --- mail ------------------------------------------------------------------------------------- */

enum grade remote_mark_read(struct remote *r, const char *id, struct remote_ctx ctx,
                            struct remote_fault *fault);

/* The attachment's bytes, to `sink` as they come. */
enum grade remote_attachment(struct remote *r, const char *message, const char *attachment,
                             const struct http_sink *sink, struct remote_ctx ctx,
                             struct remote_fault *fault);

/* What a message carries, as its listing would name it: an array without contents, in the service's
 * own words. What the bytes of an attached item are, its content type says: message/rfc822,
 * text/calendar or text/vcard. */
enum grade remote_attachments(struct remote *r, const char *message, struct remote_ctx ctx,
                              struct cJSON **ret, struct remote_fault *fault);

/* The JSON text of the whole message, with the contents of its attachments. Nobody has checked that it is
 * one: that is for the reader of what `sink` got. */
enum grade remote_message(struct remote *r, const char *id, const struct http_sink *sink,
                          struct remote_ctx ctx, struct remote_fault *fault);

/* The message as it travels (RFC 5322), byte for byte. REMOTE_CAN_MIME. */
enum grade remote_mime(struct remote *r, const char *id, const struct http_sink *sink,
                       struct remote_ctx ctx, struct remote_fault *fault);

/* --- sending ---------------------------------------------------------------------------------- */

/*
 * May sending and replying be repeated after an unknown outcome? If so, a call with the same `key` finds
 * out what the earlier attempt did, and sends nothing twice. If not, only a person may decide to repeat
 * one, and `key` is ignored.
 */
bool remote_resends(struct remote *r);

/* Removes the draft that attempts with `key` left on the service; GRADE_OK if there is none.
 * `*ret_sent`: one of them sent the mail after all. remote_resends(). */
enum grade remote_take_back(struct remote *r, const char *key, struct remote_ctx ctx,
                            bool *ret_sent, struct remote_fault *fault);

/* Sends a draft of the mailbox. May be repeated: one that was sent already is left alone.
 * REMOTE_CAN_DRAFT. */
enum grade remote_send_draft(struct remote *r, const char *id, struct remote_ctx ctx,
                             struct remote_fault *fault);

/*
 * Makes a draft in a mail folder from an Internet message, byte for byte; `ret` is its record.
 * `repeated`: an earlier attempt may have made it, so it is looked for first. REMOTE_CAN_DRAFT.
 */
enum grade remote_import(struct remote *r, const char *folder, const struct buf *mime,
                         bool repeated, struct remote_ctx ctx, struct cJSON **ret,
                         struct remote_fault *fault);

/* `message` is the text of a JSON object; `key`: letters, digits and '-', of this mail alone. */
enum grade remote_send(struct remote *r, const char *message, const char *key,
                       struct remote_ctx ctx, struct remote_fault *fault);

/* `comment` is plain text, as long as a mail may be. */
enum grade remote_reply(struct remote *r, const char *id, const char *comment, bool all,
                        const char *key, struct remote_ctx ctx, struct remote_fault *fault);

/* `to` as in a mail of the outbox: addresses separated by semicolons; `comment` plain text, or NULL. */
enum grade remote_forward(struct remote *r, const char *id, const char *to, const char *comment,
                          const char *key, struct remote_ctx ctx, struct remote_fault *fault);

enum remote_response { REMOTE_ACCEPT, REMOTE_TENTATIVE, REMOTE_DECLINE };

/*
 * Answers an invitation. The organizer is told if `send` is set and the invitation asks for responses;
 * `comment` is plain text, or NULL. `again`: an earlier attempt may have answered, so that is looked up
 * first.
 */
enum grade remote_respond(struct remote *r, const char *event, enum remote_response response,
                          const char *comment, bool send, bool again, struct remote_ctx ctx,
                          struct remote_fault *fault);

enum remote_question { REMOTE_OPTIONS, REMOTE_APPROVAL };

/*
 * Sends a mail that asks for a choice; the answer is POSTed to `url`. `body` is remote_ask_head(url),
 * which the caller frees, then the message's text, then REMOTE_ASK_TAIL: so a large message is in memory
 * only once. `ret_location` is the address that ends the subscription (remote_unsubscribe()); the caller
 * frees it.
 */
enum grade remote_ask(struct remote *r, enum remote_question question, const char *body,
                      struct remote_ctx ctx, char **ret_location, struct remote_fault *fault);
char *remote_ask_head(const char *url);
#define REMOTE_ASK_TAIL "}"
enum grade remote_unsubscribe(struct remote *r, const char *location, struct remote_ctx ctx,
                              struct remote_fault *fault);

/* --- calendars -------------------------------------------------------------------------------- */

/* What happens in a calendar in [from, to), ns since 1970: an array of events, with an entry for each
 * occurrence of a series. REMOTE_CAN_AGENDA. */
enum grade remote_agenda(struct remote *r, const char *calendar, int64_t from, int64_t to,
                         struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault);

/*
 * How single events of series differ from their rules: for each id an object with
 * "cancelledOccurrences" ["OID.<id>.2026-11-30"] and "exceptionOccurrences" [events]; NULL: the
 * series is gone. The caller deletes them. REMOTE_CAN_SERIES.
 */
enum grade remote_series(struct remote *r, const char *const *ids, size_t count,
                         struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault);

/* --- values ----------------------------------------------------------------------------------- */

/* What a mailbox has beside records. REMOTE_CAN_VALUES. */
enum remote_value {
    REMOTE_AUTOMATIC_REPLIES, /* a JSON object, rendered as a record is; `id` NULL */
    REMOTE_PHOTO,             /* a JPEG; `id` is the contact's */
};
#define REMOTE_PHOTO_MAX (4 << 20)
/* GRADE_GONE: there is none. */
enum grade remote_read_value(struct remote *r, enum remote_value what, const char *id,
                             struct remote_ctx ctx, struct buf *out, struct remote_fault *fault);
enum grade remote_write_value(struct remote *r, enum remote_value what, const char *id,
                              const void *data, size_t len, struct remote_ctx ctx,
                              struct remote_fault *fault);

/* --- triggers --------------------------------------------------------------------------------- */

enum remote_trigger {
    REMOTE_ON_NEW_EMAIL,
    REMOTE_ON_UPCOMING_EVENTS,
    REMOTE_ON_NEW_ITEMS,
    REMOTE_ON_UPDATED_ITEMS,
};
#define REMOTE_TRIGGER_PARAMS 10

struct remote_news {
    struct cJSON
        *items;      /* array; empty: nothing new (200 with an empty list and 202 are the same) */
    char *cursor;    /* the whole query of the answer's Location; NULL: it had none */
    int retry_after; /* s; 0: not said */
};

/*
 * Asks a trigger what is new. `cursor` NULL: the first call, which sets the baseline with `params`;
 * otherwise the `cursor` of the previous answer, which stands for all parameters but those of the path.
 * The same cursor gives the same answer again. The host of a Location is not ours and its path may be
 * the backend's: only its query counts (contract 4.3).
 */
enum grade remote_poll(struct remote *r, enum remote_trigger trigger, const struct param *params,
                       const char *cursor, struct remote_ctx ctx, struct remote_news *ret,
                       struct remote_fault *fault);
void remote_news_release(struct remote_news *news);

/* The cheapest request that shows whether the service accepts the token and has a mailbox. */
enum grade remote_test(struct remote *r, struct remote_ctx ctx, struct remote_fault *fault);
/* The sort of account, for a person: "a personal account"; NULL before remote_test(), and where the
 * service does not tell. Constant. */
const char *remote_account(struct remote *r);

/* --- services --------------------------------------------------------------------------------- */

/* `http` is taken: destroyed with the remote. `trace`: each call is logged, bodies left out. */
struct remote *remote_connector_create(struct http *http, bool trace);
struct remote *remote_graph_create(struct http *http, bool trace);

#endif
