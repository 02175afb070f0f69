/*
 * token_login.c - the access token of a login that is kept; renewed by whoever needs it first.
 */
#include "token_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>
#include <outlookfs/http/login.h>
#include <outlookfs/http/oauth.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FAILURE_MEMORY (5 * NS_PER_S)
#define RENEW_BEFORE 300            /* s before it expires; a quarter of a short life */
#define RETRY_AFTER (30 * NS_PER_S) /* the old one goes on while the login server is away */

struct login_source {
    struct login_store *store;
    char *advice;
    struct login unsaved; /* renewed, but there was no room to keep it */
    bool has_unsaved;
};

static int64_t now_s(void)
{
    return clock_now() / NS_PER_S;
}

static int64_t margin(const struct login *l)
{
    int64_t quarter = (l->expires - l->obtained) / 4;

    return quarter < RENEW_BEFORE ? quarter : RENEW_BEFORE;
}

/* `stale` is the header's value. */
static bool is_refused(const struct login *l, const char *stale)
{
    return stale && str_starts(stale, "Bearer ") && str_eq(stale + strlen("Bearer "), l->access);
}

static bool is_valid(const struct login *l, const char *stale)
{
    return l->access && !is_refused(l, stale) && now_s() < l->expires;
}

static bool is_fresh(const struct login *l, const char *stale)
{
    return is_valid(l, stale) && now_s() < l->expires - margin(l);
}

static int give(const struct login *l, struct token_fetched *ret)
{
    ret->renew_at = (l->expires - margin(l)) * NS_PER_S;
    ret->expires_at = l->expires * NS_PER_S;
    if (ret->renew_at <= clock_now())
        ret->renew_at = clock_now() + RETRY_AFTER;
    return buf_addstr(ret->text, l->access);
}

static int want_login(const struct login_source *s, const char *why, struct buf *err)
{
    return buf_fail(err, -EACCES, "%s: run: %s", why, s->advice);
}

/* --- renewal; the store is locked --- */

static void take_tokens(struct login *l, struct oauth_tokens *tokens)
{
    char **from[] = {&tokens->access, &tokens->refresh, &tokens->scope};
    char **to[] = {&l->access, &l->refresh, &l->granted};

    for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
        if (!*from[i])
            continue; /* as before */
        token_wipe_string(*to[i]);
        *to[i] = *from[i];
        *from[i] = NULL;
    }
    l->obtained = now_s();
    l->expires = l->obtained + tokens->life;
}

/* The new refresh token is on the disk before anything is done with the access token: some servers
 * end a login whose old one is shown again. */
static int keep(struct login_source *s, struct login *l, struct cancel *cancel, struct buf *err)
{
    SCOPED(buf_release) struct buf why = BUF_INIT(BUF_TEXT_MAX);
    int rc = login_store_write(s->store, cancel, l, &why);
    if (rc) {
        s->unsaved = *l;
        s->has_unsaved = true;
        *l = (struct login){0};
        buf_fail(err, 0, "the renewed login cannot be kept: %s", why.data);
    }
    return rc ? -EHOSTUNREACH : 0;
}

static int bury(struct login_source *s, struct login *l, const char *why, struct cancel *cancel,
                struct buf *err)
{
    l->dead = xstrdup(why);
    login_store_write(s->store, cancel, l, NULL); /* else it is asked again, and refused again */
    return want_login(s, why, err);
}

static int renew(struct login_source *s, struct login *l, const char *stale, struct cancel *cancel,
                 struct token_fetched *ret, struct buf *err)
{
    const struct login_key *key = login_store_key(s->store);
    const struct oauth_client client = {key->login_url, key->tenant, key->client_id,
                                        l->asked ? l->asked : ""};
    SCOPED(oauth_tokens_release) struct oauth_tokens tokens = {0};
    SCOPED(buf_release) struct buf why = BUF_INIT(BUF_TEXT_MAX);
    int rc;

    if (!l->refresh)
        return want_login(s, "the login has expired and cannot be renewed", err);
    switch (oauth_refresh(&client, l->refresh, cancel, &tokens, &why)) {
    case OAUTH_OK:
        take_tokens(l, &tokens);
        rc = keep(s, l, cancel, err);
        if (!rc)
            rc = give(l, ret);
        break;
    case OAUTH_CANCELLED:
        rc = -EINTR;
        break;
    case OAUTH_OFFLINE:
    case OAUTH_PENDING:
    case OAUTH_SLOW_DOWN:
        rc = is_valid(l, stale)
                 ? give(l, ret)
                 : buf_fail(err, -EHOSTUNREACH, "the login cannot be renewed: %s", why.data);
        break;
    default:
        rc = bury(s, l, why.data, cancel, err);
        break;
    }
    return rc;
}

static int save_unsaved(struct login_source *s, struct cancel *cancel, struct buf *err)
{
    if (!s->has_unsaved)
        return 0;
    SCOPED(login_release) struct login l = s->unsaved;
    s->unsaved = (struct login){0};
    s->has_unsaved = false;
    return keep(s, &l, cancel, err);
}

static int fetch_locked(struct login_source *s, const char *stale, struct cancel *cancel,
                        struct token_fetched *ret, struct buf *err)
{
    SCOPED(login_release) struct login login = {0};
    SCOPED(buf_release) struct buf why = BUF_INIT(BUF_TEXT_MAX);
    int rc = save_unsaved(s, cancel, err);

    if (rc)
        return rc;
    rc = login_store_read(s->store, cancel, &login, &why);
    if (rc == -ENOENT)
        rc = want_login(s, "not logged in", err);
    else if (rc && rc != -EINTR)
        rc = want_login(s, why.data, err);
    else if (!rc && login.dead)
        rc = want_login(s, login.dead, err);
    else if (!rc)
        rc =
            is_fresh(&login, stale) ? give(&login, ret) : renew(s, &login, stale, cancel, ret, err);
    return rc;
}

/* --- the source --- */

/* Without a login there is nothing to lock, and no directory is made for it. */
static bool is_there(const struct login_source *s)
{
    return login_store_stamp(s->store) != 0;
}

static int login_fetch(void *state, const char *stale, struct cancel *cancel,
                       struct token_fetched *ret, struct buf *err)
{
    struct login_source *s = state;

    if (!is_there(s))
        return want_login(s, "not logged in", err);
    int rc = login_store_lock(s->store, cancel, err);
    if (rc)
        return rc == -EINTR ? rc : -EHOSTUNREACH;
    rc = fetch_locked(s, stale, cancel, ret, err);
    login_store_unlock(s->store);
    return rc;
}

static uint64_t login_stamp(void *state)
{
    const struct login_source *s = state;

    return login_store_stamp(s->store);
}

static void login_destroy(void *state)
{
    struct login_source *s = state;

    login_store_close(s->store);
    login_release(&s->unsaved);
    free(s->advice);
    free(s);
}

static const struct token_ops login_ops = {
    .failure_memory = FAILURE_MEMORY,
    .follows = true,
    .fetch = login_fetch,
    .stamp = login_stamp,
    .destroy = login_destroy,
};

struct token_source *token_from_login(struct login_store *store, const char *advice)
{
    struct login_source *s = xcalloc(1, sizeof(*s));

    s->store = store;
    s->advice = xstrdup(advice);
    return token_create(&login_ops, s);
}
