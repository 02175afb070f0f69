/*
 * connector_p.h - the Office 365 Outlook connector behind remote.h.
 *
 *     operations.c  the table
 *     connector.c   the remote, and the one way to carry out an operation
 *     records.c     listing, reading and changing records
 *     folders.c     folders of each kind; the folder picker for mail
 *     send.c        sending, replying, subscribing
 *     triggers.c    polling
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_REMOTE_CONNECTOR_P_H
#define OUTLOOKFS_REMOTE_CONNECTOR_P_H

#include "../remote_p.h"
#include "../transport_p.h"
#include "operations_p.h"

struct connector {
    struct remote base;
    struct transport *transport;
};

/* Any transport: tests have their own. `transport` is taken. */
struct remote *connector_create(struct transport *transport);

/*
 * Carries out `op` with those of the parameters that its row knows; the rest of `call` is set by the
 * caller. OP_COUNT, which stands for an operation that a kind does not have, is refused.
 */
enum grade connector_call(struct remote *r, enum operation op, const struct param *all,
                          size_t count, struct remote_call *call, struct remote_fault *fault);
/* The same where nothing of the answer is needed. */
enum grade connector_do(struct remote *r, enum operation op, const struct param *all, size_t count,
                        struct remote_call *call, struct remote_fault *fault);

/* remote.h's functions of these names. */
__typeof__(remote_list_folders) connector_list_folders;
__typeof__(remote_find_mail_folder) connector_find_mail_folder;
__typeof__(remote_list) connector_list;
__typeof__(remote_get) connector_get;
__typeof__(remote_create) connector_create_record;
__typeof__(remote_update) connector_update;
__typeof__(remote_delete) connector_remove;
__typeof__(remote_update_policy) connector_update_policy;
__typeof__(remote_describe) connector_describe;
__typeof__(remote_mark_read) connector_mark_read;
__typeof__(remote_attachment) connector_attachment;
__typeof__(remote_attachments) connector_attachments;
__typeof__(remote_message) connector_message;
__typeof__(remote_send) connector_send;
__typeof__(remote_reply) connector_reply;
__typeof__(remote_ask) connector_ask;
__typeof__(remote_unsubscribe) connector_unsubscribe;
__typeof__(remote_poll) connector_poll;

#endif
