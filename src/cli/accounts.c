/*
 * accounts.c - outlookfs accounts: a line an account: name, service, who, where it is mounted, state
 * of its token.
 */
#include "cli_p.h"
#include "mountpoint_p.h"
#include "serve_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/http/login.h>

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {NULL}};

/* The mounts of this user, and the state directory of each, which is what tells them apart. */
struct mounts {
    char **paths;     /* NULL-terminated */
    char **state_dir; /* NULL where one does not answer */
};

static void look_at_mounts(struct mounts *ret)
{
    size_t count = 0;

    *ret = (struct mounts){0};
    if (mountpoint_list(getuid(), &ret->paths, NULL))
        ret->paths = xcalloc(1, sizeof(*ret->paths));
    while (ret->paths[count])
        count++;
    ret->state_dir = xcalloc(count + 1, sizeof(*ret->state_dir));
    for (size_t i = 0; i < count; i++) {
        SCOPED(json_release) cJSON *status = NULL;

        if (control_status(ret->paths[i], NULL, &status, NULL) == 0)
            xstrset(&ret->state_dir[i], json_str(status, "state_dir"));
    }
}

static void mounts_release(struct mounts *m)
{
    for (size_t i = 0; m->paths[i]; i++) {
        free(m->paths[i]);
        free(m->state_dir[i]);
    }
    free(m->paths);
    free(m->state_dir);
}

static const char *mounted_where(const struct mounts *m, const char *state_dir)
{
    for (size_t i = 0; m->paths[i]; i++) {
        if (str_eq(m->state_dir[i], state_dir))
            return m->paths[i];
    }
    return NULL;
}

static void describe_login(const struct settings *s, const struct login *l, int rc,
                           struct buf *state)
{
    SCOPED(xfree) char *advice = login_advice(s);

    if (rc == -ENOENT)
        buf_addf(state, "not logged in: %s", advice);
    else if (rc)
        buf_addf(state, "not readable: %s", advice);
    else if (l->dead)
        buf_addf(state, "login required: %s (%s)", advice, l->dead);
    else
        buf_addf(state, "logged in%s", l->in_keyring ? ", tokens in the keyring" : "");
}

/* The state of its token, and who it is for where that is known. */
static char *describe_token(const struct settings *s, struct buf *state)
{
    const struct values *v = &s->values;
    SCOPED(login_release) struct login login = {0};

    if (v->token_file) {
        buf_addf(state, "token file%s", access(v->token_file, R_OK) ? " missing" : "");
    } else if (v->token_command) {
        buf_addstr(state, "token command");
    } else if (s->login) {
        struct login_store *store = login_open(s);
        int rc = login_store_peek(store, &login, NULL);

        describe_login(s, &login, rc, state);
        login_store_close(store);
    } else {
        buf_addstr(state, s->sandbox ? "needs none" : "no token");
    }
    return xstrdup(login.who);
}

/* An account that cannot be mounted is listed, too, with the reason. */
static void show(const struct account *account, const char *config, const struct mounts *mounts)
{
    const char *where = NULL;
    SCOPED(settings_release) struct settings s = {0};
    SCOPED(buf_release) struct buf state = BUF_INIT(BUF_TEXT_MAX);
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    SCOPED(xfree) char *who = NULL;

    settings_init(&s);
    s.account = xstrdup(account->name);
    s.config = xstrdup(config);
    if (settings_complete(&s, &err)) {
        buf_addstr(&state, err.data);
    } else {
        who = describe_token(&s, &state);
        where = mounted_where(mounts, s.values.state_dir);
    }
    print(stdout, "%-12s  %-9s  %-24s  %-20s  %s\n", account->name, service_name(s.service),
          who ? who : "-", where ? where : "not mounted", state.data);
}

static int show_all(const struct settings *s)
{
    SCOPED(config_release) struct config config = {0};
    struct mounts mounts;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    int code = EXIT_DONE;

    if (settings_config(s, &config, &err)) {
        code = complain("%s", err.data);
    } else {
        look_at_mounts(&mounts);
        for (size_t i = 0; i < config.naccounts; i++)
            show(&config.accounts[i], config.path, &mounts);
        mounts_release(&mounts);
    }
    return code;
}

static int run(int argc, char **argv)
{
    const char *said[LETTERS] = {0};
    int code = command_line(&accounts_command, long_options, argc, argv, 0, 0, said);
    SCOPED(settings_release) struct settings s = {0};

    if (code >= 0)
        return code;
    settings_init(&s);
    s.config = xstrdup(said['c']);
    return show_all(&s);
}

const struct command accounts_command = {
    .name = "accounts",
    .summary = "list the accounts of the configuration",
    .usage = "[--config FILE]",
    .run = run,
};
