/*
 * kind.h - the three kinds of record and what is special about each, as tables.
 *
 * Everything that depends on "contact or event or message" and on the service is a column here;
 * other code asks and does not switch. Pure: no I/O, no locks. Facts: connector contract
 * sections 2.1-2.21 and 3, graph contract sections 2, 10 and 11.
 *
 * A process serves one mailbox of one service, so the service is said once, by kind_use_service(),
 * and everything below is about its records.
 *
 * Threads: any, after kind_use_service().
 */
#ifndef OUTLOOKFS_MODEL_KIND_H
#define OUTLOOKFS_MODEL_KIND_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct cJSON;

enum service_id { SERVICE_CONNECTOR, SERVICE_GRAPH, SERVICE_COUNT };

/* Before any other thread runs. Without a call it is the connector. */
void kind_use_service(enum service_id service);
enum service_id kind_service(void);

/* "connector", "graph" */
const char *service_name(enum service_id id);
bool service_by_name(const char *name, enum service_id *ret);

enum kind { KIND_MESSAGE, KIND_EVENT, KIND_CONTACT, KIND_COUNT };

/* What somebody may do with a record of a kind. */
enum kind_caps {
    KIND_CAN_CREATE = 1 << 0, /* a new file becomes a new record: where records may be drafts, in a
                                 folder of drafts only */
    KIND_CAN_EDIT =
        1
        << 1, /* any writable member may change; without it only what kind_check_update() allows */
    KIND_CAN_DELETE = 1 << 2,
    KIND_CAN_FILTER = 1 << 3, /* lists take $filter and $orderby */
    KIND_CAN_MOVE = 1 << 4, /* to another folder of the kind, where it keeps its id; folders, too */
    KIND_CAN_FOLD = 1 << 5, /* folders can be made, renamed and removed */
    KIND_NESTS = 1 << 6,    /* folders have folders below them */
};

/* What is special about a folder. */
enum folder_flags {
    FOLDER_FIXED = 1 << 0,     /* the service neither renames, moves nor removes it */
    FOLDER_READ_ONLY = 1 << 1, /* nothing in it can be changed */
    FOLDER_TRASH = 1 << 2,     /* where records go that are removed from other folders */
    FOLDER_DRAFTS = 1 << 3,    /* where new messages are written */
    FOLDER_SENT = 1 << 4,      /* what the owner of the mailbox sent */
};

struct kind_info {
    const char *name; /* "contact": for logs, status files and keys in databases */
    const char *dir;  /* "contacts": the top-level directory */
    unsigned caps;    /* enum kind_caps */
    const char *type; /* "@odata.type" that some operations say of every record, or NULL */
    const char *id; /* member with the id; "ItemInternalId" is the fallback (contract section 5) */
    const char *etag;     /* member that changes with every change, or NULL (messages have none) */
    const char *modified; /* member with the time that becomes mtime */
    const char *created;  /* member with the time of creation, or NULL */
    /* Members of every whole record; an entry of a change feed that lacks one has only what changed.
     * NULL: the service has no such entries. */
    const char *const *whole;
    /* Members only the service writes: shown, ignored in what the user wrote, never sent.
     * NULL-terminated. "@odata." names are managed for every kind without being listed, and so are
     * annotations of a member ("Start@odata.type"). */
    const char *const *managed;
    /* The only members that may change, NULL-terminated; NULL: all that are not managed. A draft
     * changes as a whole. */
    const char *const *changeable;
    /* ... and the managed ones that stay what they are for good, so that a text where one differs
     * is refused: it is not an older version of the record. NULL-terminated, or NULL. */
    const char *const *settled;
    const char *draft;           /* member that is true for a draft, or NULL */
    const char *given;           /* managed member that a create may set, or NULL */
    const char *parent;          /* member with the id of the folder it lies in, or NULL */
    const char *read;            /* a message's: member that is true once it was read */
    const char *attachments;     /* a message's: the list of what it carries */
    const char *has_attachments; /* ... and whether there is any, where the list may be left out */
    const char *all_day;         /* an event's: it has dates and no times; else NULL */
    const char *invited;         /* an event's: who is written to at every change; else NULL */
    const char
        *once; /* with the same UUID in it a create that is sent again makes no second record, and
                         one with that of another record makes none at all (graph contract 11); or NULL */
    const char *const *name_parts; /* a contact's: given, middle and last name, title, generation;
                                      NULL-terminated; else NULL */
    const char *const *full_names; /* ... and what is made of them */
    const char *follows_parts; /* ... which the service makes anew where a part is sent without it;
                                      else NULL */
    /* Members that always have a value, words of a list and the like: taking one out of a text changes
     * nothing. NULL-terminated, or NULL. */
    const char *const *kept;
    const char *const *required; /* members a create must have; NULL-terminated */
    /* Members whose value comes back from a create in another form than it was sent
     * (contract 2.12). NULL-terminated. */
    const char *const *rewritten;
    /* Members that say nothing to a person, at any depth: ids, versions, times of bookkeeping, and
     * doubles of another member. Not searched for words. NULL-terminated; "@odata." names go
     * without saying. */
    const char *const *opaque;
};

const struct kind_info *kind_info(enum kind kind);

/* KIND_COUNT when `dir` ("contacts") names none. */
enum kind kind_by_dir(const char *dir);

bool kind_is_managed(enum kind kind, const char *member);
bool kind_is_kept(enum kind kind, const char *member);
bool kind_is_opaque(enum kind kind, const char *member);

/* The record's id; NULL when the object has none. Belongs to `obj`. */
const char *kind_id(enum kind kind, const struct cJSON *obj);

/*
 * Brings an object from any operation into the one form we keep: drops "@odata.context" and a type that says nothing; a message
 * with a numeric Importance (GetEmail, OnNewEmail) gets the word and the order of members that the
 * list gives (contract 2.1, 2.2), so that the same message renders to the same bytes whichever
 * operation it came from.
 */
void kind_normalise(enum kind kind, struct cJSON *obj);

/*
 * Adds what a create should say explicitly because the service's own defaults are not what a person
 * means: events get Importance Normal, ShowAs Busy, StartTimeZone and EndTimeZone UTC; contacts get
 * HomePhones [] (contract 2.12, 2.18). Graph's are.
 */
void kind_complete_new(enum kind kind, struct cJSON *obj);

/*
 * May `mine` become a new record? -EINVAL with the missing, unknown (members.h) or wrongly typed
 * member named in `err`; -EPERM for kinds without create.
 */
int kind_check_new(enum kind kind, const struct cJSON *mine, struct buf *err);

/*
 * May `base` become `mine`? -EPERM with the reason where the service cannot do it (a message:
 * anything but IsRead false to true), -EINVAL where a required member that `base` has is missing: a
 * contact that came without a GivenName stays editable. -EINVAL also for a member that is unknown or
 * of the wrong type.
 */
int kind_check_update(enum kind kind, const struct cJSON *base, const struct cJSON *mine,
                      struct buf *err);

#endif
