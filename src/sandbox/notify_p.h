/*
 * notify_p.h - tells subscribers what was chosen: a POST to their NotificationUrl.
 *
 * The database is the queue: what is pending there goes out, oldest first, on one thread, after a
 * restart too. A notification is tried so many times, one second apart; the result is kept with the
 * subscription. One slow subscriber holds up the others: it is a test service.
 *
 *     notifier = notifier_start(db, NOTIFY_TRIES);
 *     notifier_wake(notifier);        // something is pending, or will be when db_end() returns
 *     notifier_stop(notifier);        // at once; what was not delivered stays pending
 *
 * Threads: any may wake; the owner starts and stops.
 */
#ifndef SANDBOX_NOTIFY_P_H
#define SANDBOX_NOTIFY_P_H

struct db;
struct notifier;

#define NOTIFY_TRIES 3 /* unless asked otherwise */

struct notifier *notifier_start(struct db *db, unsigned tries);
void notifier_wake(struct notifier *n);
void notifier_stop(struct notifier *n); /* NULL is fine */

#endif
