/*
 * testing.h - remotes for tests: a mailbox in memory, and one that fails on demand.
 *
 * The memory remote follows the contract as the client understands it (destructive PATCH, new ids,
 * paging); the sandbox, written from the contract alone, checks that understanding over HTTP.
 */
#ifndef OUTLOOKFS_REMOTE_TESTING_H
#define OUTLOOKFS_REMOTE_TESTING_H

#include <outlookfs/remote/remote.h>

/*
 * An empty mailbox with the folders Calendar, Contacts and Inbox. Tables go by their opaque id or
 * their name. $orderby takes "DateTimeLastModified desc" and "DateTimeCreated desc", anything else
 * and $filter are refused; searchQuery finds text in subject, sender or body; what is sent lies in
 * Sent Items; triggers are refused.
 */
struct remote *remote_memory_create(void);

/*
 * Adds a record behind the client's back; answers its id, which lives as long as the record. `obj`
 * is taken; what it lacks of id, change key and times is filled in. A folder that does not exist is
 * made ("Inbox/Support" too).
 */
const char *remote_memory_add(struct remote *r, enum kind kind, const char *folder,
                              struct cJSON *obj);
/* Another client's edit: sets the members of `set` (taken). */
void remote_memory_edit(struct remote *r, enum kind kind, const char *id, struct cJSON *set);
void remote_memory_remove(struct remote *r, enum kind kind, const char *id);
/* The record as it is now; belongs to the remote, NULL when there is none. */
const struct cJSON *remote_memory_get(struct remote *r, enum kind kind, const char *id);
size_t remote_memory_count(struct remote *r, enum kind kind);
/* Calls of an operation so far (OP_COUNT: of all). */
unsigned remote_memory_calls(struct remote *r, enum operation op);

/* One planned failure: the next `count` calls of `op` (OP_COUNT: any) after `skip` matching ones
 * answer `grade`; `apply`: the inner remote carries the work out first, and the fault says unknown;
 * `unknown`: it says so although nothing was done. A call that one plan fails is not counted by the
 * plans after it. */
struct remote_plan {
    enum operation op;
    unsigned skip, count;
    enum grade grade;
    int status;
    bool apply, unknown;
};
/* `inner` is taken. */
struct remote *remote_faulty_create(struct remote *inner);
void remote_faulty_plan(struct remote *r, const struct remote_plan *plan);
void remote_faulty_clear(struct remote *r);
/* Known-offline: every call answers GRADE_OFFLINE at once, and remote_online() is false. */
void remote_faulty_offline(struct remote *r, bool offline);

#endif
