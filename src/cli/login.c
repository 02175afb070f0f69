/*
 * login.c - outlookfs login: lets a person log in, and keeps what the login server gives.
 */
#include "login_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/log.h>
#include <outlookfs/http/login.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define ACCOUNT_DEFAULT "outlook"

static const struct option own_options[] = {
    {"device-code", no_argument, NULL, 'd'},
    {"read-only", no_argument, NULL, 'r'},
    {"config", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {NULL},
};

struct request {
    struct settings settings;
    bool device_code, read_only;
    char *url, *login_url; /* as they were given, or NULL */
};

/* --- what to log in for --- */

static int explain_registration(void)
{
    fputs(
        "outlookfs: an application id is needed, and outlookfs has none of its own. To register "
        "one:\n"
        "  1. https://entra.microsoft.com: App registrations, New registration; any directory and\n"
        "     personal accounts; redirect: \"Public client/native\", http://localhost\n"
        "  2. Authentication: \"Allow public client flows\": Yes\n"
        "  3. API permissions: Microsoft Graph, delegated: User.Read, Mail.ReadWrite, Mail.Send,\n"
        "     Contacts.ReadWrite, Calendars.ReadWrite, MailboxSettings.ReadWrite\n"
        "  4. outlookfs login --client-id ID        (docs/SETUP.md shows each step)\n",
        stderr);
    return EXIT_NOT_DONE;
}

/* Where nothing is said, it is Graph that one logs in for; the connector's URLs have this part. */
static void guess_service(struct settings *s)
{
    struct values *v = &s->values;

    if (!v->service)
        xstrset(&v->service, v->url && strstr(v->url, "/apim/") ? "connector" : "graph");
}

static int name_account(struct settings *s, struct buf *err)
{
    if (!s->account && s->known.len)
        return buf_fail(err, -EINVAL, "which account? There are: %s", s->known.data);
    if (!s->account)
        s->account = xstrdup(ACCOUNT_DEFAULT);
    if (!config_names_account(s->account))
        return buf_fail(err, -EINVAL, "%s: not a valid account name", s->account);
    return 0;
}

static int complete(struct request *r, struct buf *err)
{
    struct settings *s = &r->settings;

    s->for_login = true;
    xstrset(&r->url, s->values.url);
    xstrset(&r->login_url, s->values.login_url);
    int rc = settings_inherit(s, err);
    if (!rc)
        rc = name_account(s, err);
    if (!rc && !s->in_config)
        guess_service(s);
    if (!rc)
        rc = settings_options(s, err);
    if (!rc)
        rc = settings_login(s, err);
    s->options.read_only = s->options.read_only || r->read_only;
    return rc;
}

/* --- how --- */

static bool has_display(void)
{
    const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

    return (x && *x) || (wayland && *wayland);
}

static int log_in(const struct request *r, struct oauth_tokens *tokens, struct buf *err)
{
    const struct values *v = &r->settings.values;
    const struct oauth_client client = {v->login_url, v->tenant, v->client_id,
                                        login_scope(&r->settings)};

    if (r->device_code || !has_display())
        return login_by_device(&client, tokens, err);
    return login_by_browser(&client, tokens, err);
}

/* --- what is kept --- */

static void take_tokens(struct oauth_tokens *tokens, const struct settings *s, struct login *l)
{
    int64_t now = clock_now() / NS_PER_S;

    *l = (struct login){.access = tokens->access,
                        .refresh = tokens->refresh,
                        .granted = tokens->scope,
                        .asked = xstrdup(login_scope(s)),
                        .obtained = now,
                        .expires = now + tokens->life};
    *tokens = (struct oauth_tokens){0};
    l->who = login_who(s, l->access);
}

static int keep(const struct settings *s, const struct login *l, struct buf *err)
{
    struct login_store *store = login_open(s);
    int rc = login_store_lock(store, NULL, err);

    if (!rc)
        rc = login_store_write(store, NULL, l, err);
    login_store_close(store);
    return rc;
}

static void tell(const struct request *r, const struct login *l)
{
    const struct settings *s = &r->settings;

    print(stdout, "Logged in%s%s.\n", l->who ? " as " : "", l->who ? l->who : "");
    if (!l->refresh)
        complain("the login server gave no refresh token: this login ends with its access token");
    if (!s->in_config)
        print(stdout, "Mount it with: outlookfs mount %s MOUNTPOINT\n", s->account);
}

static int run_request(struct request *r, struct buf *err)
{
    struct settings *s = &r->settings;
    SCOPED(oauth_tokens_release) struct oauth_tokens tokens = {0};
    SCOPED(login_release) struct login login = {0};
    int rc = complete(r, err);

    if (rc)
        return complain("%s", err->data);
    if (!s->values.client_id)
        return explain_registration();
    rc = log_in(r, &tokens, err);
    if (!rc) {
        take_tokens(&tokens, s, &login);
        rc = keep(s, &login, err);
    }
    if (!rc && !s->in_config)
        rc = login_section_add(s, r->url, r->login_url, err);
    if (!rc)
        tell(r, &login);
    return rc ? complain("%s", err->data) : EXIT_DONE;
}

/* --- the command line --- */

static bool take_option(void *ctx, int c)
{
    struct request *r = ctx;

    if (c == 'd')
        r->device_code = true;
    else if (c == 'r')
        r->read_only = true;
    return c == 'd' || c == 'r';
}

/* -1: go on; otherwise the exit code. */
static int parse(int argc, char **argv, struct request *r)
{
    static const struct arguments arguments = {
        .command = &login_command,
        .own = own_options,
        .letters = "h",
        .take = take_option,
        .help = "  --device-code             show a code to type in a browser elsewhere\n"
                "  --read-only               ask for permission to read only\n",
    };
    int code = arguments_read(&arguments, argc, argv, &r->settings, r);

    if (code < 0 && argc - optind > 1)
        code = usage_error(&login_command);
    if (code < 0 && optind < argc)
        r->settings.account = xstrdup(argv[optind]);
    return code;
}

/* No token in a core dump, no file that others can read. */
static void harden(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    umask(077);
    signal(SIGPIPE, SIG_IGN);
}

static int run(int argc, char **argv)
{
    struct request request = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    settings_init(&request.settings);
    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_WARN); /* what is said of a connection is for a mount */
    harden();
    int code = parse(argc, argv, &request);
    if (code < 0)
        code = run_request(&request, &err);
    free(request.url);
    free(request.login_url);
    settings_release(&request.settings);
    return code;
}

const struct command login_command = {
    .name = "login",
    .summary = "log in to a mailbox, by the browser or with a code",
    .usage = "[--device-code] [--read-only] [--service SERVICE] [--client-id ID]\n"
             "           [--tenant TENANT] [--login-url URL] [--url URL] [--config FILE] [ACCOUNT]",
    .keys = KEY_LOGIN,
    .run = run,
};
