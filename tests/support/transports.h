/*
 * transports.h - transports for tests: a mailbox in memory, and one that fails on demand.
 *
 *     struct transport *memory = memory_create();
 *     struct transport *faulty = faulty_create(memory);
 *     struct remote *remote = connector_create(faulty);
 *
 * The mailbox follows the contract as the client understands it (destructive PATCH, new ids,
 * paging); the sandbox, written from the contract alone, checks that understanding over HTTP.
 */
#ifndef OUTLOOKFS_TESTS_TRANSPORTS_H
#define OUTLOOKFS_TESTS_TRANSPORTS_H

#include <remote/connector/connector_p.h>

/*
 * An empty mailbox with the folders Calendar, Contacts and Inbox. Tables go by their opaque id or
 * their name. $orderby takes "DateTimeLastModified desc" and "DateTimeCreated desc", anything else
 * and $filter are refused; searchQuery finds text in subject, sender or body; what is sent lies in
 * Sent Items; triggers are refused.
 */
struct transport *memory_create(void);

/*
 * Adds a record behind the client's back; answers its id, which lives as long as the record. `obj`
 * is taken; what it lacks of id, change key and times is filled in. A folder that does not exist is
 * made ("Inbox/Support" too).
 */
const char *memory_add(struct transport *t, enum kind kind, const char *folder, struct cJSON *obj);
/* A message with this member, true, has no Attachments where they are not asked for. */
#define MEMORY_UNNAMED "x-unnamed"
/* Another client's edit: sets the members of `set` (taken). */
void memory_edit(struct transport *t, enum kind kind, const char *id, struct cJSON *set);
void memory_remove(struct transport *t, enum kind kind, const char *id);
/* The record as it is now; belongs to the mailbox, NULL when there is none. */
const struct cJSON *memory_get(struct transport *t, enum kind kind, const char *id);
size_t memory_count(struct transport *t, enum kind kind);
/* Calls of an operation so far (OP_COUNT: of all). */
unsigned memory_calls(struct transport *t, enum operation op);

/* One planned failure: the next `count` calls of `op` (OP_COUNT: any) after `skip` matching ones
 * answer `grade`; `apply`: the inner transport carries the work out first, and the fault says unknown;
 * `unknown`: it says so although nothing was done. A call that one plan fails is not counted by the
 * plans after it. */
struct faulty_plan {
    enum operation op;
    unsigned skip, count;
    enum grade grade;
    int status;
    bool apply, unknown;
};
/* `inner` is taken. */
struct transport *faulty_create(struct transport *inner);
void faulty_plan(struct transport *t, const struct faulty_plan *plan);
void faulty_clear(struct transport *t);
/* Known-offline: every call answers GRADE_OFFLINE at once, and remote_online() is false. */
void faulty_offline(struct transport *t, bool offline);

#endif
