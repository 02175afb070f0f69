/*
 * fs_p.h - what fs.c, branches.c and events.c share: the only files that know every branch.
 *
 *     core/      nodes, attributes, contents, listings, changes: knows no record and no mail
 *     local/     names kept on this machine only
 *     records/   mail/, calendars/, contacts/
 *     outbox/    triggers/    control/ (.outlookfs/)
 *     derived/   search/, views/, export/
 */
#ifndef OUTLOOKFS_FS_P_H
#define OUTLOOKFS_FS_P_H

#include "core/core_p.h"

/* --- branches.c --- */
extern const struct branch *const branches[]; /* NULL-terminated */
extern const struct node_ops root_ops;

/* --- events.c --- */
extern const struct mailbox_events fs_events;

#endif
