/*
 * token_p.h - what a kind of token source implements. token.c keeps the token and lets one caller
 * at a time renew it.
 */
#ifndef OUTLOOKFS_HTTP_TOKEN_P_H
#define OUTLOOKFS_HTTP_TOKEN_P_H

#include <outlookfs/http/token.h>

#include <stddef.h>
#include <stdint.h>

#define TOKEN_MAX ((size_t)64 * 1024)

struct token_ops {
    /* How long a failure is remembered instead of trying again; ns. 0 where trying is cheap. */
    int64_t failure_memory;

    /*
     * Appends the token as it is written down, white space around it allowed; called by one thread
     * at a time, without locks. 0, -EINTR when cancelled, or another -errno with the reason in
     * `err`. Mandatory.
     */
    int (*fetch)(void *state, struct cancel *cancel, struct buf *out, struct buf *err);

    /* A number that changes when there is another token to fetch; cheap, from any thread. NULL:
     * only fetching tells. */
    uint64_t (*stamp)(void *state);

    void (*destroy)(void *state); /* mandatory */
};

/* Takes `state` over. */
struct token_source *token_create(const struct token_ops *ops, void *state);

/* token_from_command() with a limit of `limit` ns. */
struct token_source *token_from_command_within(const char *command, int64_t limit);

/* Wipes and releases. */
void token_wipe(struct buf *b);
void token_wipe_string(char *s);

#endif
