/*
 * aadsts.c - the error numbers people meet.
 *
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes. Numbers may change:
 * what the protocol's own `error` says counts, these refine it.
 */
#include "oauth_p.h"

#include <outlookfs/base/alloc.h>

#include <stdlib.h>
#include <string.h>

#define AGAIN "log in again"
#define BROWSER "log in with the browser (without --device-code), or ask the administrator"
#define ADMIN                                                                                      \
    "an administrator must consent: "                                                              \
    "https://login.microsoftonline.com/TENANT/adminconsent?client_id=CLIENT-ID"
#define TENANT "give the right --tenant"
#define OURS "a mistake of this program: please report it"

static const struct aadsts rows[] = {
    {70016, OAUTH_PENDING, "the person has not answered yet", "wait"},
    {70018, OAUTH_EXPIRED, "the code is wrong", AGAIN},
    {70019, OAUTH_EXPIRED, "the code has expired", AGAIN},
    {70020, OAUTH_EXPIRED, "the code has expired", AGAIN},
    {65001, OAUTH_DEAD, "nobody has consented to this application and these permissions",
     AGAIN "; where that does not help, an administrator must consent"},
    {65004, OAUTH_DECLINED, "consent was declined", AGAIN " and accept"},
    {65002, OAUTH_REFUSED, "this application id belongs to Microsoft and may not ask for mail",
     "register an application of your own"},
    {90094, OAUTH_REFUSED, "an administrator's consent is required", ADMIN},
    {90095, OAUTH_REFUSED, "an administrator's consent is required", ADMIN},
    {50076, OAUTH_DEAD, "a second factor is needed", AGAIN},
    {50079, OAUTH_DEAD, "a second factor must be set up", AGAIN},
    {50158, OAUTH_DEAD, "a further check is needed", AGAIN},
    {53000, OAUTH_DEAD, "the device does not comply with the rules", BROWSER},
    {53001, OAUTH_DEAD, "the device is not joined to the organization", BROWSER},
    {53003, OAUTH_DEAD, "conditional access blocks this way of logging in", BROWSER},
    {530032, OAUTH_DEAD, "security defaults block this way of logging in", BROWSER},
    {530035, OAUTH_DEAD, "security defaults block this way of logging in", BROWSER},
    {50105, OAUTH_REFUSED, "this person is not assigned to the application",
     "ask the administrator to assign it"},
    {700016, OAUTH_REFUSED, "the application is unknown in this tenant",
     "give the right --client-id and --tenant"},
    {650051, OAUTH_REFUSED, "the application is unknown in this tenant", ADMIN},
    {650052, OAUTH_REFUSED, "the organization has no access to this service",
     "ask the administrator to enable it"},
    {650057, OAUTH_REFUSED, "the registration does not name this service",
     "add its permissions to the registration"},
    {500011, OAUTH_REFUSED, "the service is unknown in this tenant", TENANT},
    {50194, OAUTH_REFUSED, "the application is for one tenant only", TENANT},
    {9002331, OAUTH_REFUSED, "the application is for personal accounts only",
     "give --tenant consumers"},
    {9002332, OAUTH_REFUSED, "the application is for work and school accounts only",
     "give --tenant organizations"},
    {7000218, OAUTH_REFUSED, "the registration does not allow public client flows",
     "set \"Allow public client flows\" to Yes in the registration"},
    {700025, OAUTH_REFUSED, "a public client has sent a secret", OURS},
    {700082, OAUTH_DEAD, "the login has expired: it was not used for too long", AGAIN},
    {70008, OAUTH_DEAD, "the login has expired", AGAIN},
    {70043, OAUTH_DEAD, "the login has expired by the organization's rules", AGAIN},
    {50173, OAUTH_DEAD, "the login was revoked, as by a new password", AGAIN},
    {50078, OAUTH_DEAD, "the second factor has expired", AGAIN},
    {70000, OAUTH_DEAD, "the login is not valid any more", AGAIN},
    {50020, OAUTH_REFUSED, "this is an account of another directory", TENANT},
    {70011, OAUTH_REFUSED, "the permissions asked for are not valid", OURS},
    {28002, OAUTH_REFUSED, "the permissions asked for are of several services", OURS},
    {700022, OAUTH_REFUSED, "the permissions asked for are of several services", OURS},
    {50011, OAUTH_REFUSED, "the registration lacks the redirect address",
     "add http://localhost under \"Mobile and desktop applications\""},
    {50196, OAUTH_REFUSED, "too many requests of the same kind", "wait some minutes"},
    {90055, OAUTH_OFFLINE, "the login server has too much to do", "wait"},
};

const struct aadsts *aadsts_find(int number)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].number == number)
            return &rows[i];
    }
    return NULL;
}

int aadsts_number(const char *text)
{
    const char *at = text ? strstr(text, "AADSTS") : NULL;
    long number = at ? strtol(at + 6, NULL, 10) : 0;

    return number > 0 && number < 100000000 ? (int)number : 0;
}
