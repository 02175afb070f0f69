/*
 * gate_p.h - what stands before the operations: the bearer token, the call rate, latency and the
 * count of requests in flight.
 *
 * Threads: any.
 */
#ifndef SANDBOX_GATE_P_H
#define SANDBOX_GATE_P_H

#include <stdbool.h>
#include <stdint.h>

struct gate;

/* `token` NULL: any; `rate` 0: no limit. `token` must outlive the gate. */
struct gate *gate_create(const char *token, unsigned rate);
void gate_destroy(struct gate *g);

/* Wakes every wait for good. */
void gate_stop(struct gate *g);

/* A request came: how many are in flight now, it included. */
unsigned gate_enter(struct gate *g);
void gate_leave(struct gate *g);

/* The Authorization header carries the token; compared in constant time. */
bool gate_token_ok(const struct gate *g, const char *authorization);

/* 0, or the seconds after which a call is allowed again. A refused call does not count. */
int gate_rate(struct gate *g);

void gate_wait(struct gate *g, int64_t ns);

/* Waits until `n` requests are in flight at once, at most 10 s. How many were, at most. */
unsigned gate_together(struct gate *g, unsigned n);

#endif
