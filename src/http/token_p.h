/*
 * token_p.h - what a kind of token source implements. token.c keeps the token and lets one caller
 * at a time renew it.
 *
 * Threads: as the hooks say; everything else any.
 */
#ifndef OUTLOOKFS_HTTP_TOKEN_P_H
#define OUTLOOKFS_HTTP_TOKEN_P_H

#include <outlookfs/http/token.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKEN_MAX ((size_t)64 * 1024)

struct token_fetched {
    struct buf *text;   /* the token as it is written down; white space around it is allowed */
    int64_t renew_at;   /* clock_now() from which it should be renewed; 0: never */
    int64_t expires_at; /* clock_now() from which it is useless; 0: never */
};

struct token_ops {
    /* How long a failure stands before the source is asked again; ns. 0 where asking is cheap. */
    int64_t failure_memory;

    /* A new token is fetched as soon as `stamp` changes, not only when the old one is refused. */
    bool follows;

    /*
     * Called by one thread at a time, without locks. `stale` is the header's value that the service
     * refused, or NULL. 0; -EINTR when cancelled; -EHOSTUNREACH when the login server cannot be
     * reached; or another -errno, with the reason in `err`. Mandatory.
     */
    int (*fetch)(void *state, const char *stale, struct cancel *cancel, struct token_fetched *ret,
                 struct buf *err);

    /* A number that changes when there is another token to fetch; cheap, from any thread. NULL:
     * only fetching tells. */
    uint64_t (*stamp)(void *state);

    void (*destroy)(void *state); /* mandatory */
};

/* `state` is taken: destroyed with the source. */
struct token_source *token_create(const struct token_ops *ops, void *state);

/* How long a refused token is not tried again; ns. REFUSED_FIRST doubles up to REFUSED_MAX. */
#define REFUSED_FIRST (30 * NS_PER_S)
#define REFUSED_MAX (600 * NS_PER_S)

/* token_from_command() with a limit of `limit` ns. */
struct token_source *token_from_command_within(const char *command, int64_t limit);

/* A number that changes with the file; 0: there is none. */
uint64_t token_file_stamp(const char *path);

/* Wipes and releases. */
void token_wipe(struct buf *b);
void token_wipe_string(char *s);

#endif
