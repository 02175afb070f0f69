/*
 * flight_p.h - one question at a time about a thing, and a short memory of "there is none".
 *
 *     rc = flights_enter(f, key, cancel);  // waits while another thread asks about the same key
 *     if (rc)
 *         return rc;
 *     ... look whether the other thread brought the answer, else ask ...
 *     flights_leave(f, key);
 *
 * The question runs in the thread of who asks, so Ctrl-C ends it; then the next waiter asks in its
 * own thread.
 *
 * Threads: any, except create and destroy.
 */
#ifndef OUTLOOKFS_SYNC_FLIGHT_P_H
#define OUTLOOKFS_SYNC_FLIGHT_P_H

#include <stdbool.h>
#include <stdint.h>

struct cancel;
struct flights;

struct flights *flights_create(void);
void flights_destroy(struct flights *f); /* NULL is fine */

/* 0: the key is the caller's until flights_leave(). -EINTR; -ETIMEDOUT after two minutes: a request
 * ends sooner. */
int flights_enter(struct flights *f, const char *key, struct cancel *cancel);
void flights_leave(struct flights *f, const char *key);

/* There is none, and nobody need ask for `ttl` ns. */
void flights_put_absent(struct flights *f, const char *key, int64_t ttl);
bool flights_is_absent(struct flights *f, const char *key);
void flights_forget_absent(struct flights *f, const char *key);

#endif
