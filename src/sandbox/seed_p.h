/*
 * seed_p.h - the mailbox a fresh database gets: the same one every time.
 *
 * Every date hangs on one fixed moment, SEED_EPOCH, and every choice on a small generator with a
 * fixed start, so two sandboxes with the same counts hold the same records with the same ids.
 *
 * Threads: owner only.
 */
#ifndef SANDBOX_SEED_P_H
#define SANDBOX_SEED_P_H

#include <stdint.h>

struct db;

/* 2026-11-23T08:00:00Z, a Monday, in seconds since 1970. */
#define SEED_EPOCH INT64_C(1795420800)

/*
 * How many records the main folders get: Contacts, Calendar and Inbox. The other folders get a
 * handful each when the count of their kind is not zero.
 */
struct seed_counts {
    unsigned contacts, events, messages;
};

/* Makes folders and records; the database must be empty. Takes the transaction itself. */
void seed_fill(struct db *db, const struct seed_counts *counts);

#endif
