/*
 * secret_p.h - the Secret Service of the desktop session (GNOME Keyring, KWallet, KeePassXC), by
 * libsecret.
 *
 * https://specifications.freedesktop.org/secret-service. Each call ends after SECRET_LIMIT at the latest,
 * because a locked keyring asks a person, who may not be there.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_HTTP_SECRET_P_H
#define OUTLOOKFS_HTTP_SECRET_P_H

#include <outlookfs/base/clock.h>
#include <outlookfs/http/login.h>

#define SECRET_LIMIT (20 * NS_PER_S)

/* There is a session bus, and libsecret is installed. */
bool secret_available(void);

/* 0 or -errno, with the reason in `err`. -ENOENT: it has no such secret; -EACCES: it refuses, or does not
 * answer. */
int secret_put(const struct login_key *key, const char *text, struct cancel *cancel,
               struct buf *err);
int secret_get(const struct login_key *key, struct cancel *cancel, struct buf *out,
               struct buf *err);
int secret_remove(const struct login_key *key, struct cancel *cancel, struct buf *err);

#endif
