/*
 * search_p.h - searchQuery: the words of a message listing.
 *
 * Words are separated by blanks, "several words" in double quotes are one; all must occur, without
 * regard to ASCII case, in the subject, the body or the sender; from:, to: and subject: look in
 * that member only.
 *
 * Threads: any; constant once made.
 */
#ifndef SANDBOX_SEARCH_P_H
#define SANDBOX_SEARCH_P_H

#include <stdbool.h>

struct search;

struct search *search_create(const char *query);
void search_destroy(struct search *s);

/* `json`: a stored message. */
bool search_matches(const struct search *s, const char *json);

#endif
