/*
 * trigger_p.h - the polling triggers (connector contract, 4.3).
 *
 * A call without a cursor answers 202 and sets the baseline. A call with one answers 200 and what
 * is new, at most TRIGGER_BATCH at once, or 202; both give the cursor of the next call in the query
 * of Location. A cursor holds everything: nothing about a client is kept here, and the same cursor
 * over the same data gives the same answer.
 *
 * Threads: between db_begin() and db_end().
 */
#ifndef SANDBOX_TRIGGER_P_H
#define SANDBOX_TRIGGER_P_H

#include <cjson/cJSON.h>
#include <stdbool.h>

struct answer;
struct request;
struct sandbox;

#define TRIGGER_BATCH 10

/* Set by options and by tests. */
struct trigger_settings {
    int retry_after;  /* seconds */
    bool bare_arrays; /* [...] instead of {"value": [...]} */
    bool empty_lists; /* 200 with nothing in the list instead of 202 */
};

/* The operations. */
void trigger_new_email(struct sandbox *sb, const struct request *req, struct answer *ans);
void trigger_upcoming_events(struct sandbox *sb, const struct request *req, struct answer *ans);
void trigger_new_items(struct sandbox *sb, const struct request *req, struct answer *ans);
void trigger_updated_items(struct sandbox *sb, const struct request *req, struct answer *ans);

/* --- what they share: trigger.c --------------------------------------------------------------- */

/* The header "x-ms-operation-context: simulate": answer the newest there is, without a cursor. */
bool trigger_simulated(const struct request *req);
void trigger_answer_simulated(const struct sandbox *sb, struct answer *ans, cJSON *take_list);

/*
 * Answers with the list and the cursor of the next call, the query parameter `name`. `baseline`:
 * there was none in this call.
 */
void trigger_answer(const struct sandbox *sb, const struct request *req, struct answer *ans,
                    bool baseline, const char *name, const char *cursor, cJSON *take_list);

#endif
