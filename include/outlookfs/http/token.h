/*
 * token.h - where bearer tokens come from.
 *
 * One vtable, several sources. Renewal is one at a time: while one caller renews, the others wait
 * and get the new token. Tokens live in memory only, are never logged, and are wiped on release.
 *
 * Threads: all functions from any thread, except create and destroy.
 */
#ifndef OUTLOOKFS_HTTP_TOKEN_H
#define OUTLOOKFS_HTTP_TOKEN_H

#include <stdint.h>

struct buf;
struct cancel;
struct token_source;

/*
 * A token that never changes. With "Key " in front of it, it is sent as "Authorization: Key ..."
 * (contract 4.1), else as Bearer. `token` is copied.
 */
struct token_source *token_from_string(const char *token);

/*
 * The first line of a file, read again when a renewal is asked for. The file should be 0600: a
 * laxer mode is reported in `err` by token_get() as -EACCES with the chmod command that mends it.
 */
struct token_source *token_from_file(const char *path);

/*
 * The first line that `sh -c command` prints; run again for a renewal, at most 30 s, no terminal.
 */
struct token_source *token_from_command(const char *command);

/*
 * The login that `outlookfs login` keeps in `store`, which the source takes over; renewed some
 * minutes before it expires, and after a 401. `advice` is the command that mends a dead one.
 * token_get() also answers -EHOSTUNREACH: the login server cannot be asked.
 */
struct login_store;
struct token_source *token_from_login(struct login_store *store, const char *advice);

void token_destroy(struct token_source *source);

/*
 * Appends the Authorization header's value ("Bearer ...") to `out`. `stale` is the value that was
 * answered with 401, or NULL: a source that already has another one gives that without renewing
 * again. -EACCES: there is none to be had, and the reason is in `err`; -EINTR: cancelled.
 */
int token_get(struct token_source *source, const char *stale, struct cancel *cancel,
              struct buf *out, struct buf *err);

/*
 * token_refuse(): the service has refused `value`, although it is the newest. It is not handed out again
 * until there is another one, or for half a minute, which doubles up to ten. token_accept(): the service
 * has accepted the token it was sent.
 */
void token_refuse(struct token_source *source, const char *value);
void token_accept(struct token_source *source);

/*
 * Numbers that differ when the tokens do: of the token read last, and of the token that could be read
 * now. Costs at most a stat(2); 0: the source would have to fetch a token to know.
 */
uint64_t token_read_last(struct token_source *source);
uint64_t token_there(struct token_source *source);

#endif
