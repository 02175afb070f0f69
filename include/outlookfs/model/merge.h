/*
 * merge.h - what changed between two versions of a record, and the three-way merge.
 *
 * `base` is what the user had before the change, `mine` what the user wrote, `theirs` what the
 * service has now. Changed on one side only: take it. Changed on both sides to the same value: take
 * it. Changed on both to different values: a conflict. Objects merge member by member, arrays as a
 * whole. Managed members (kind.h) are never the user's: they come from `theirs`. A member the user
 * took away is a change like any other (see merge_body()).
 *
 * Absent, null, "", [] and an object of nothing but these are one and the same value, "none", in
 * every comparison here: the service writes null for what has no value (contract, section 1), takes
 * only "" or [] to empty a member (merge_body()) and answers with that, and a program that leaves
 * such members out has changed nothing. Where the two sides differ in nothing else, theirs'
 * spelling stays.
 *
 * Pure. Threads: any; the objects belong to one thread at a time.
 */
#ifndef OUTLOOKFS_MODEL_MERGE_H
#define OUTLOOKFS_MODEL_MERGE_H

#include <outlookfs/model/kind.h>
#include <stdbool.h>

struct buf;
struct cJSON;

/* How an update must be sent; a column of the operations table (src/remote/operation_p.h). */
enum merge_policy {
    MERGE_WHOLE,   /* the operation resets what it is not sent: the whole writable object */
    MERGE_CHANGES, /* a true merge: only the members that change */
};

/* Equal in every member that is not managed. */
bool merge_same(enum kind kind, const struct cJSON *a, const struct cJSON *b);

/*
 * The merged object in theirs' property order (new members behind), owned by the caller. On
 * conflict NULL, and the paths of the members in conflict ("MobilePhone1, HomeAddress/City") in
 * `conflicts` (may be NULL).
 */
struct cJSON *merge_three(enum kind kind, const struct cJSON *base, const struct cJSON *mine,
                          const struct cJSON *theirs, struct buf *conflicts);

/*
 * The base of a change that was made on top of our own write, before its answer was seen: the user
 * had `seen` and wrote `mine`, while the service had made `had` of it. A member the user left alone
 * is measured against `seen`, so that it becomes theirs; one the user changed against `had`, so
 * that only somebody else's change is in conflict with it. Owned by the caller.
 */
struct cJSON *merge_rebase(const struct cJSON *seen, const struct cJSON *had,
                           const struct cJSON *mine);

/*
 * The body of an update that turns `theirs` into `merged`: no managed members; the whole of
 * `merged` or the members that differ. A member that has a value in theirs and none in merged is
 * sent emptied, because leaving it out means "keep" to one operation and "reset" to another
 * (contract 2.15, 2.21): the value kind_complete_new() gives it, or in the type it had "" for a
 * string, [] for a list, null for a time and anything else. A changed object is sent as a whole,
 * its members treated alike. Owned by the caller.
 */
struct cJSON *merge_body(enum kind kind, enum merge_policy policy, const struct cJSON *theirs,
                         const struct cJSON *merged);

/* The body of a create: `mine` without managed members and objects that say nothing, completed by
 * kind_complete_new(). Owned by the caller. */
struct cJSON *merge_new_body(enum kind kind, const struct cJSON *mine);

/*
 * Is every member of `sent` in `record` with an equal value? For finding a record whose creation
 * was not answered. Strings that both parse as times compare as times: the service writes them in
 * its own form. Objects compare as subsets, arrays by position. "", null, [] and objects of these
 * equal each other and an absent member: the service fills them in its own way. A time in another
 * zone than UTC equals the same moment in UTC; in a zone that nobody here knows, any moment it may be
 * (see merge_settle()). Managed and rewritten members (kind.h) are left out.
 */
bool merge_contains(enum kind kind, const struct cJSON *record, const struct cJSON *sent);

/*
 * A copy of `sent`, which `record` contains, with the record's times and zones where those of `sent`
 * are in another zone than UTC: all of them, as the service spells them; or only those that
 * merge_contains() took for granted, so that whoever goes on from the copy sends them once more and
 * they are right whatever the zone is. Owned by the caller; NULL: there are none.
 */
enum merge_times { MERGE_TIMES_ALL, MERGE_TIMES_UNKNOWN };
struct cJSON *merge_settle(enum kind kind, const struct cJSON *record, const struct cJSON *sent,
                           enum merge_times times);

/*
 * The members that change from base to mine, as an object {"Member": {"from": .., "to": ..}} for
 * people: what `.outlookfs/queue/` shows. Owned by the caller.
 */
struct cJSON *merge_describe(enum kind kind, const struct cJSON *base, const struct cJSON *mine);

#endif
