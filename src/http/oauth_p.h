/*
 * oauth_p.h - the numbers of the Microsoft identity platform, with what a person can do.
 */
#ifndef OUTLOOKFS_HTTP_OAUTH_P_H
#define OUTLOOKFS_HTTP_OAUTH_P_H

#include <outlookfs/http/oauth.h>

struct aadsts {
    int number;
    enum oauth_result result; /* OAUTH_OK: the error's own */
    const char *what, *todo;
};
const struct aadsts *aadsts_find(int number); /* NULL: not in the table */
/* The number in "AADSTS70008: ...", wherever it is; 0: none. */
int aadsts_number(const char *text);

#endif
