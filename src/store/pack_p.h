/*
 * pack_p.h - records' texts in fewer bytes: SQL functions pack() and unpack(), described in pack.c.
 */
#ifndef OUTLOOKFS_STORE_PACK_P_H
#define OUTLOOKFS_STORE_PACK_P_H

#include <sqlite3.h>
#include <stddef.h>

#define PACK_SAMPLE_MAX 3840 /* bytes: with the row around it a page of the database */

/* What texts like this one are packed with: the text itself, or its two ends. Answers how many
 * bytes. It must be kept unchanged for as long as a text that was packed with it. */
size_t pack_sample(const char *text, size_t size, char out[PACK_SAMPLE_MAX]);

/* Gives a connection the functions; an SQLite code. */
int pack_functions(sqlite3 *db);

#endif
