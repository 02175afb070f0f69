/*
 * sandbox_p.h - what the parts of the sandbox share: mailbox, request log, faults.
 *
 *     main.c           options, signals
 *     server.c         libmicrohttpd: connections, raw targets, the life of a request
 *     gate.c           token, rate, latency, requests in flight
 *     request.c        a request decoded
 *     answer.c         an answer, the error shapes
 *     route.c          the table of operations
 *     control*.c       the /_sandbox endpoints of tests
 *     log.c            the request log
 *     fault.c          the queue of faults
 *     mail.c           reading, marking and removing messages
 *     send.c           sending, replying
 *     message.c        a message's shapes
 *     take.c           members of the mails in request bodies
 *     subscription.c   mails with options: subscribing, unsubscribing
 *     response.c       mails with options: the links people answer with
 *     notify.c         telling the subscriber; post.c: one POST over a loopback socket
 *     trigger*.c       the polling triggers: what they share, mail, events
 *     page.c           the web page's files (page/); view.c: the data it shows
 *     search.c         searchQuery
 *     picker.c         mail folders
 *     dataset.c        the operations on items, over event.c and contact.c
 *     schema.c         members and types of events and contacts
 *     odata*.c         $filter and $orderby
 *     db*.c            SQLite
 *     seed*.c          the mailbox a fresh database gets
 *     ids.c            identifiers
 *     text.c           base64, dates, bodies, address lists
 */
#ifndef SANDBOX_SANDBOX_P_H
#define SANDBOX_SANDBOX_P_H

#include <stdbool.h>

struct db;
struct faults;
struct notifier;
struct reqlog;
struct trigger_settings;

/* The person whose mailbox it is. */
#define OWNER_NAME "Robin Berger"
#define OWNER_ADDRESS "robin.berger@contoso.com"
#define OWNER_ID "6b0f4c1e-52a7-4d39-9c1b-8e5d27a4f013"
#define OWNER_TENANT "c7e1d6a0-3f84-4b7a-b5d2-19a06e4c8f35"

/* Where the operations are, below the origin. */
#define BASE_PATH "/apim/office365/0f3c9d51d1ffc9f77572e4a86b20c13d"

/*
 * The base in the URLs the service gives out (Location, resource): the connection under its old,
 * managed name. A client has to map host and path to the base it was given.
 */
#define MANAGED_BASE                                                                               \
    "https://logic-apis-sandbox.azure-apim.net/apim/office365/d84e61b3a9c04f52b7f03e16c8a5920d"

struct sandbox {
    struct db *db;
    struct reqlog *log;
    struct faults *faults;
    struct notifier *notifier;
    struct trigger_settings *triggers; /* used between db_begin() and db_end() */
    bool no_picker;                    /* the folder picker answers 404 */
};

#endif
