/*
 * sandbox_p.h - what the parts of the sandbox share: the mailbox, the request log, the queue of faults.
 *
 *     main.c        options, signals
 *     server.c      libmicrohttpd: connections, raw targets, tokens, rate, latency, the life of a request
 *     request.c     a request decoded             answer.c    an answer, the error shapes
 *     route.c       the table of operations       control.c   the /_sandbox endpoints of tests
 *     log.c         the request log               fault.c     the queue of faults
 *     mail.c        reading and removing mail     send.c      sending, replying
 *     message.c     a message's shapes            picker.c    mail folders
 *     dataset.c     items of calendars and contact folders, over event.c and contact.c
 *     schema.c      members and types of the two  odata.c     $filter and $orderby, odata_eval.c their meaning
 *     db*.c         SQLite                        seed*.c     the mailbox a fresh database gets
 *     ids.c, text.c shapes of ids, dates, bodies
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
