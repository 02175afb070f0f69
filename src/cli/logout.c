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
    struct login_store *store;
    int rc = settings_inherit(s, err);

    if (!rc && !s->account && s->known.len)
        rc = buf_fail(err, -EINVAL, "which account? There are: %s", s->known.data);
    if (!rc)
        rc = settings_login(s, err);
    if (!rc && !s->values.client_id)
        rc = buf_fail(err, -ENOENT, "nobody is logged in: there is no client-id");
    if (rc)
        return rc;
    store = login_open(s);
    if (login_store_stamp(store) == 0)
        rc = buf_fail(err, -ENOENT, "nobody is logged in");
    if (!rc)
        rc = login_store_lock(store, NULL, err);
    if (!rc)
        rc = login_store_remove(store, err);
    login_store_close(store);
    return rc;
}

static int run(int argc, char **argv)
{
    struct settings s;
    struct buf err;
    int c, code = -1;

    settings_init(&s);
    buf_init(&err, BUF_TEXT_MAX);
    while (code < 0 && (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (c == 'c')
            xstrset(&s.config, optarg);
        else
            code = c == 'h' ? usage_shown(&logout_command) : usage_error(&logout_command);
    }
    if (code < 0 && argc - optind > 1)
        code = usage_error(&logout_command);
    if (code < 0) {
        s.account = optind < argc ? xstrdup(argv[optind]) : NULL;
        code = forget(&s, &err) ? complain("%s", err.data) : EXIT_DONE;
    }
    buf_release(&err);
    settings_release(&s);
    return code;
}

const struct command logout_command = {
    .name = "logout",
    .summary = "forget an account's login",
    .usage = "[--config FILE] [ACCOUNT]",
    .run = run,
};
