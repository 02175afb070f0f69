/*
 * oauth.h - the messages of OAuth 2.0 as the Microsoft identity platform speaks it: device code
 * (RFC 8628), authorization code with PKCE (RFC 7636), refresh. For public clients: there is no
 * secret.
 *
 *     POST {login-url}/{tenant}/oauth2/v2.0/devicecode, /token        GET .../authorize
 *     https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code
 *     https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
 *
 * Each call is one request of 30 s at most. Texts in `err` are for a person and hold no secret.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_HTTP_OAUTH_H
#define OUTLOOKFS_HTTP_OAUTH_H

#include <outlookfs/base/buf.h>
#include <stdbool.h>
#include <stdint.h>

struct cancel;

struct oauth_client {
    const char *login_url, *tenant, *client_id; /* login_url without a trailing '/' */
    const char *scope;                          /* of one resource, separated by blanks */
};

enum oauth_result {
    OAUTH_OK,
    OAUTH_PENDING,   /* the person has not answered yet */
    OAUTH_SLOW_DOWN, /* ask less often: 5 s more between two calls (RFC 8628, 3.5) */
    OAUTH_DECLINED,  /* the person said no */
    OAUTH_EXPIRED,   /* of a device code: begin again */
    OAUTH_DEAD,      /* of a refresh token or code: a person must log in again */
    OAUTH_REFUSED,   /* something is wrong with the registration, the tenant or the request */
    OAUTH_OFFLINE,   /* no answer, or one that says nothing: try again */
    OAUTH_CANCELLED,
};

struct oauth_tokens {
    char *access, *refresh; /* refresh: NULL when there is none (another one) */
    char *scope;            /* what was granted, or NULL */
    int64_t life;           /* s */
};
void oauth_tokens_release(struct oauth_tokens *t); /* wipes; zeroed is fine */

struct oauth_device {
    char *user_code, *uri;  /* for the person */
    char *device_code;      /* wiped on release */
    int64_t life, interval; /* s */
};
void oauth_device_release(struct oauth_device *d);

enum oauth_result oauth_device_begin(const struct oauth_client *client, struct cancel *cancel,
                                     struct oauth_device *ret, struct buf *err);
enum oauth_result oauth_device_poll(const struct oauth_client *client,
                                    const struct oauth_device *device, struct cancel *cancel,
                                    struct oauth_tokens *ret, struct buf *err);

/* The address for the browser, appended to `out`. `challenge`: of oauth_challenge(). */
void oauth_authorize_url(const struct oauth_client *client, const char *redirect_uri,
                         const char *state, const char *challenge, struct buf *out);
/* 43 random characters: a state, or a PKCE verifier. -EIO without randomness. */
int oauth_random(char out[44]);
void oauth_challenge(const char *verifier, char out[44]); /* S256 */

enum oauth_result oauth_redeem(const struct oauth_client *client, const char *redirect_uri,
                               const char *code, const char *verifier, struct cancel *cancel,
                               struct oauth_tokens *ret, struct buf *err);
enum oauth_result oauth_refresh(const struct oauth_client *client, const char *refresh_token,
                                struct cancel *cancel, struct oauth_tokens *ret, struct buf *err);

/*
 * What an error of the login server means, as "AADSTS53003: <what>; <what to do>", appended to `out`;
 * `description` begins with the number, or has none. Also for error answers to the browser.
 */
enum oauth_result oauth_explain(const char *error, const char *description, struct buf *out);

#endif
