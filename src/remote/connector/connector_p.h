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

#define DECLARE(function) __typeof__(remote_##function) connector_##function;
REMOTE_FUNCTIONS(DECLARE)
#undef DECLARE

#endif
