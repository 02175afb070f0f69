/*
 * outgoing.h - what a user may put into outbox/: the kinds, and the members of each, as a table.
 *
 * A file of the outbox is the JSON object that the operation takes (contract sections 3,
 * ClientSendMessage, MessageWithOptions, ApprovalMessage), with a few members of our own that are
 * never sent: "Path" of an attachment or of the record it is about, and "Wait"; or an Internet
 * message, from which that object is made. Forwards and responses to invitations, which the
 * specification does not have, are in the same style. Pure: no I/O, no locks.
 *
 * Threads: any (constant data).
 */
#ifndef OUTLOOKFS_MODEL_OUTGOING_H
#define OUTLOOKFS_MODEL_OUTGOING_H

#include <outlookfs/model/kind.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct cJSON;

/* The numbers are in databases. */
enum outgoing {
    OUTGOING_SEND,
    OUTGOING_REPLY,
    OUTGOING_OPTIONS,
    OUTGOING_APPROVAL,
    OUTGOING_FORWARD,
    OUTGOING_RESPOND,
    OUTGOING_COUNT,      /* of those that are directories of outbox/ */
    OUTGOING_DRAFT = 64, /* a draft of the mailbox that was moved to outbox/send/ */
    OUTGOING_MIME = 65,  /* an Internet message that becomes a draft, in a mail folder */
};

/* The service takes this much of one mail (contract 4.6). */
#define OUTGOING_CONTENT_MAX ((size_t)49 * 1024 * 1024)
/* ... and this many options of one question. */
#define OUTGOING_OPTIONS_MAX 100

#define OUTGOING_SENT_DIR "sent"

struct outgoing_info {
    const char *dir;     /* below outbox/ */
    const char *path;    /* "outbox/send": for a person */
    bool question;       /* an answer comes back */
    const char *subject; /* the member that names the record it is about, "MessageId"; NULL: none.
                            "Path" stands for it, too */
    enum kind kind;      /* of that record; KIND_COUNT: none */
};
const struct outgoing_info *outgoing_info(enum outgoing what);

/* The inode number of outbox/<dir>. */
uint64_t outgoing_dir_ino(const char *dir);

/*
 * A file of this name in the directory of `what` is sent: a record name (model/name.h), but not the
 * name of an answer; or a mail's, below.
 */
bool outgoing_is_name(enum outgoing what, const char *name);

/* A file of this name is an Internet message (formats/eml.h): "x.eml" in outbox/send/, by the same
 * whitelist as a record name. */
bool outgoing_is_eml(enum outgoing what, const char *name);

/* "x.json" -> "x.answer.json". The caller frees it. */
char *outgoing_answer_name(const char *name);

/*
 * May this be sent? -EINVAL with the member named in `err`: missing, unknown, of the wrong type, or
 * out of its range. Members with the value null count as absent, and so do those with "" that may be left out.
 */
int outgoing_check(enum outgoing what, const struct cJSON *obj, struct buf *err);

/* Takes out what the service does not get, members of our own and those that say nothing, and adds what it must
 * be told: IsHtml, false where a mail does not say. False: the text `obj` came from can be sent as it
 * is. */
bool outgoing_complete(enum outgoing what, struct cJSON *obj);

/* Every member with what it is where nothing is said, to fill in. Owned by the caller. */
struct cJSON *outgoing_template(enum outgoing what);

/* Does this question want an answer? "Wait": false says no. */
bool outgoing_waits(enum outgoing what, const struct cJSON *obj);

/* The number of the option `selected` in the question's list, compared without case and white
 * space around; -1 when it is none of them. */
int outgoing_option_index(const char *options, const char *selected);

#endif
