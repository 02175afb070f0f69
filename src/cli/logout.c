/*
 * logout.c - outlookfs logout: forgets the tokens of an account, and leaves its section.
 */
#include "cli_p.h"
#include "serve_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/http/login.h>

#include <errno.h>
#include <getopt.h>

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {NULL}};

static int forget(struct settings *s, struct buf *err)
{
    int rc = settings_inherit(s, err);

    if (!rc && !s->account && s->known.len)
        rc = buf_fail(err, -EINVAL, "which account? There are: %s", s->known.data);
    if (!rc)
        rc = settings_login(s, err);
    if (!rc && !s->values.client_id)
        rc = buf_fail(err, -ENOENT, "not logged in: there is no client-id");
    if (rc)
        return rc;
    struct login_store *store = login_open(s);
    if (login_store_stamp(store) == 0)
        rc = buf_fail(err, -ENOENT, "not logged in");
    if (!rc)
        rc = login_store_lock(store, NULL, err);
    if (!rc)
        rc = login_store_remove(store, err);
    login_store_close(store);
    return rc;
}

static int run(int argc, char **argv)
{
    const char *said[LETTERS] = {0};
    int code = command_line(&logout_command, long_options, argc, argv, 0, 1, said);
    SCOPED(settings_release) struct settings s = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (code >= 0)
        return code;
    settings_init(&s);
    s.config = xstrdup(said['c']);
    s.account = xstrdup(argv[optind]);
    return forget(&s, &err) ? complain("%s", err.data) : EXIT_DONE;
}

const struct command logout_command = {
    .name = "logout",
    .summary = "forget an account's login",
    .usage = "[--config FILE] [ACCOUNT]",
    .run = run,
};
