/*
 * connector_p.h - the Office 365 Outlook connector behind remote.h.
 *
 *     operations.c  the table
 *     connector.c   the remote
 *     records.c     listing; what messages carry
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

/* Any transport: tests have their own. `transport` is taken. */
struct remote *connector_create(struct transport *transport);

/* remote.h's functions of these names. */
__typeof__(remote_list_folders) connector_list_folders;
__typeof__(remote_find_mail_folder) connector_find_mail_folder;
__typeof__(remote_list) connector_list;
__typeof__(remote_attachment) connector_attachment;
__typeof__(remote_attachments) connector_attachments;
__typeof__(remote_message) connector_message;
__typeof__(remote_send) connector_send;
__typeof__(remote_reply) connector_reply;
__typeof__(remote_ask) connector_ask;
__typeof__(remote_unsubscribe) connector_unsubscribe;
__typeof__(remote_poll) connector_poll;

#endif
