/*
 * login_p.h - outlookfs login: what its pieces share.
 *
 *     login.c           the command: the account, its flow, what is kept of the answer
 *     login_device.c    a code that the person types elsewhere (RFC 8628)
 *     login_browser.c   the browser on this machine
 *     login_listener.c  where the browser brings the answer
 *     login_section.c   the account's section of the configuration
 *
 * Both flows answer 0, or -EACCES with one line in `err`. Threads: the first one only.
 */
#ifndef OUTLOOKFS_CLI_LOGIN_P_H
#define OUTLOOKFS_CLI_LOGIN_P_H

#include "cli_p.h"
#include "serve_p.h"

#include <outlookfs/http/oauth.h>

int login_by_device(const struct oauth_client *client, struct oauth_tokens *ret, struct buf *err);
int login_by_browser(const struct oauth_client *client, struct oauth_tokens *ret, struct buf *err);

/* --- login_listener.c --- */

struct login_listener;

/* Listens on localhost, for both of its addresses where there are both; `state` is what an answer
 * must bring. */
int login_listener_start(const char *state, struct login_listener **ret, struct buf *err);
unsigned login_listener_port(const struct login_listener *l);
/* 0 with the code, -EACCES with the server's refusal in `err`, -ETIMEDOUT. */
int login_listener_wait(struct login_listener *l, int64_t until, struct buf *code, struct buf *err);
void login_listener_stop(struct login_listener *l); /* NULL is fine */

/* --- login_section.c --- */

/* Appends the section of a new account. `url` and `login_url`: as they were given, or NULL. */
int login_section_add(const struct settings *s, const char *url, const char *login_url,
                      struct buf *err);

#endif
