/*
 * token_string.c - the token as it was given; a renewal finds nothing else.
 */
#include "token_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>

#include <errno.h>

static int string_fetch(void *state, const char *, struct cancel *, struct token_fetched *ret,
                        struct buf *err)
{
    if (buf_addstr(ret->text, state))
        return buf_fail(err, -EACCES, "the token is too long");
    return 0;
}

static void string_destroy(void *state)
{
    token_wipe_string(state);
}

static const struct token_ops string_ops = {
    .fetch = string_fetch,
    .destroy = string_destroy,
};

struct token_source *token_from_string(const char *token)
{
    return token_create(&string_ops, xstrdup(token));
}
