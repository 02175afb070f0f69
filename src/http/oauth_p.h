/*
 * oauth_p.h - the error numbers of the Microsoft identity platform, and what a person can do about each.
 *
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 *
 * Threads: any (constant data).
 */
#ifndef OUTLOOKFS_HTTP_OAUTH_P_H
#define OUTLOOKFS_HTTP_OAUTH_P_H

#include <outlookfs/http/oauth.h>

struct aadsts {
    int number;
    enum oauth_result result; /* OAUTH_OK: what the OAuth error beside it means */
    const char *what, *todo;  /* for a person */
};
const struct aadsts *aadsts_find(int number); /* NULL: not in the table */
/* The number in "AADSTS70008: ...", wherever it is; 0: none. */
int aadsts_number(const char *text);

#endif
