/*
 * sandbox_p.h - what the parts of the sandbox share: mailbox, request log, faults.
 *
 *     main.c       options, signals
 *     server.c     libmicrohttpd: connections, raw targets, the life of a request
 *     gate.c       token, rate, latency, requests in flight
 *     request.c    a request decoded
 *     answer.c     an answer, the error shapes
 *     route.c      the table of operations
 *     control.c    the /_sandbox endpoints of tests
 *     log.c        the request log
 *     fault.c      the queue of faults
 *     mail.c       reading, marking and removing messages
 *     send.c       sending, replying
 *     message.c    a message's shapes
 *     search.c     searchQuery
 *     picker.c     mail folders
 *     dataset.c    the operations on items, over event.c and contact.c
 *     schema.c     members and types of events and contacts
 *     odata*.c     $filter and $orderby
 *     db*.c        SQLite
 *     seed*.c      the mailbox a fresh database gets
 *     ids.c        identifiers
 *     text.c       base64, dates, bodies, address lists
 */
#ifndef SANDBOX_SANDBOX_P_H
#define SANDBOX_SANDBOX_P_H

#include <stdbool.h>

struct db;
struct faults;
struct reqlog;

/* The person whose mailbox it is. */
#define OWNER_NAME "Robin Berger"
#define OWNER_ADDRESS "robin.berger@contoso.com"

struct sandbox {
    struct db *db;
    struct reqlog *log;
    struct faults *faults;
    bool no_picker; /* the folder picker answers 404 */
};

#endif
