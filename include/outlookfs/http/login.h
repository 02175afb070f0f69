/*
 * login.h - logins that are kept: in the Secret Service of the session where there is one, else in
 * a file only its owner can read.
 *
 * A login belongs to (login URL, tenant, client id, resource); whoever has the same shares it. The
 * directory has a file NAME.json for each, which says when the login last changed and where its
 * tokens are, and NAME.lock: who changes one holds its lock, reads it again, and then writes.
 *
 *     struct login_store *store = login_store_open(dir, &key);
 *     rc = login_store_lock(store, cancel, err);      // only to change it
 *     rc = login_store_read(store, cancel, &login, err);
 *     ... login_store_write(store, cancel, &login, err); login_release(&login);
 *     login_store_unlock(store);
 *     login_store_close(store);
 *
 * Threads: a store is its owner's only, but for login_store_stamp(), which any may call.
 */
#ifndef OUTLOOKFS_HTTP_LOGIN_H
#define OUTLOOKFS_HTTP_LOGIN_H

#include <outlookfs/base/buf.h>
#include <stdbool.h>
#include <stdint.h>

struct cancel;
struct login_store;

struct login_key {
    const char *login_url, *tenant, *client_id, *resource;
};

struct login {
    char *access, *refresh;    /* wiped on release; NULL: none */
    int64_t obtained, expires; /* of the access token: s since 1970 */
    char *asked, *granted;     /* scopes; granted: NULL when the server did not say */
    char *who;                 /* an address, or NULL */
    char *dead;                /* why a person must log in again, or NULL */
    bool in_keyring;           /* read: where the tokens are */
};
void login_release(struct login *l); /* zeroed is fine */

/* `dir` need not be there. */
struct login_store *login_store_open(const char *dir, const struct login_key *key);
void login_store_close(struct login_store *store); /* NULL is fine */
const struct login_key *login_store_key(const struct login_store *store);
const char *login_store_path(const struct login_store *store); /* of NAME.json */

/* Waits up to a minute. -ETIMEDOUT, -EINTR, or what making the file answers. */
int login_store_lock(struct login_store *store, struct cancel *cancel, struct buf *err);
void login_store_unlock(struct login_store *store);

/*
 * -ENOENT: nobody is logged in. -EACCES: the file can be read by others, is not a login, or the
 * keyring does not give the tokens; the reason is in `err`. `_peek` reads all but the tokens, and
 * asks no keyring.
 */
int login_store_read(struct login_store *store, struct cancel *cancel, struct login *ret,
                     struct buf *err);
int login_store_peek(struct login_store *store, struct login *ret, struct buf *err);

/* 0, or -errno and the login is as it was. */
int login_store_write(struct login_store *store, struct cancel *cancel, const struct login *l,
                      struct buf *err);
int login_store_remove(struct login_store *store, struct buf *err); /* -ENOENT: there was none */

/* A number that changes when the login does; costs a stat(2). */
uint64_t login_store_stamp(const struct login_store *store);

#endif
