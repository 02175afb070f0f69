/*
 * doctor.c - outlookfs doctor: looks at the chain from this machine to the mailbox, link by link.
 */
#include "doctor_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct option long_options[] = {{"json", no_argument, NULL, 'j'},
                                             {"config", required_argument, NULL, 'c'},
                                             {"help", no_argument, NULL, 'h'},
                                             {NULL}};

static void add_link(struct doctor *d, const char *link, bool ok, const char *fmt, va_list ap)
{
    cJSON *obj = cJSON_CreateObject();
    SCOPED(buf_release) struct buf text = BUF_INIT(BUF_TEXT_MAX);

    buf_vaddf(&text, fmt, ap);
    cJSON_AddStringToObject(obj, "link", link);
    cJSON_AddBoolToObject(obj, "ok", ok);
    cJSON_AddStringToObject(obj, "text", text.data);
    cJSON_AddItemToArray(d->links, obj);
    d->failed = d->failed || !ok;
    if (!d->as_json) {
        print(stdout, "%-5s %-14s %s\n", ok ? "OK" : "FAIL", link, text.data);
        fflush(stdout);
    }
}

void doctor_ok(struct doctor *d, const char *link, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_link(d, link, true, fmt, ap);
    va_end(ap);
}

void doctor_fail(struct doctor *d, const char *link, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_link(d, link, false, fmt, ap);
    va_end(ap);
}

/* --- which account --- */

/* A mount knows its account; a directory where one is to be mounted may be named in the
 * configuration. */
static void take_mountpoint(struct doctor *d, const char *path)
{
    struct settings *s = &d->settings;
    SCOPED(mountpoint_release) struct mountpoint m = {0};
    SCOPED(json_release) cJSON *status = NULL;

    xstrset(&s->mountpoint, path);
    if (mountpoint_above(path, &m, NULL) == 0 && mountpoint_is_ours(&m)) {
        xstrset(&s->mountpoint, m.path);
        if (control_status(m.path, NULL, &status, NULL) == 0)
            xstrset(&s->account, json_str(status, "account"));
        d->unnamed = status && !s->account;
    }
}

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) ? errno == ENOTCONN /* a dead mount */ : S_ISDIR(st.st_mode);
}

static void take_word(struct doctor *d, const char *word)
{
    struct settings *s = &d->settings;
    SCOPED(config_release) struct config config = {0};

    if (!word)
        return;
    if (settings_config(s, &config, NULL) == 0 && config_find(&config, word))
        xstrset(&s->account, word);
    else if (strchr(word, '/') || is_directory(word) || !config_names_account(word))
        take_mountpoint(d, word);
    else
        xstrset(&s->account, word); /* an unknown one: the configuration says so */
}

/* Neither what is named nor the configuration says which account is meant. */
static void fail_without_account(struct doctor *d)
{
    const struct settings *s = &d->settings;
    SCOPED(buf_release) struct buf advice = BUF_INIT(BUF_TEXT_MAX);

    if (s->known.len)
        buf_addf(&advice, "name an account, one of: %s", s->known.data);
    else
        buf_addstr(&advice, "outlookfs login makes an account");
    if (s->mountpoint)
        doctor_fail(d, "configuration",
                    "no mailbox answers on %s, and no account has it as its mount point: %s",
                    s->mountpoint, advice.data);
    else
        doctor_fail(d, "configuration", "%s: %s",
                    s->known.len ? "there are several accounts" : "there is no account",
                    advice.data);
}

static bool check_configuration(struct doctor *d)
{
    struct settings *s = &d->settings;
    SCOPED(xfree) char *path = settings_config_path(s);
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    int rc = settings_complete(s, &err);
    bool found = !rc && !(d->unnamed && s->account); /* an account that is not the mount's */

    if (!found && d->unnamed)
        doctor_fail(d, "configuration",
                    "%s is mounted by --url or --sandbox, and doctor looks at accounts: ask "
                    "outlookfs status, or log in with outlookfs login",
                    s->mountpoint);
    else if (!found && s->inherited && !s->values.url)
        fail_without_account(d);
    else if (!found)
        doctor_fail(d, "configuration", "%s", err.data);
    else
        doctor_ok(d, "configuration", "%s, %s%s, %s", path, s->account ? "account " : "no account",
                  s->account ? s->account : "",
                  s->service == SERVICE_GRAPH ? "Microsoft Graph" : "connector");
    return found;
}

/* --- the command --- */

static int examine(struct doctor *d)
{
    signal(SIGPIPE, SIG_IGN);
    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_WARN);
    d->links = cJSON_CreateArray();
    if (check_configuration(d)) {
        doctor_local(d);
        doctor_remote(d);
    }
    if (d->as_json) {
        SCOPED(json_release) cJSON *root = cJSON_CreateObject();

        cJSON_AddBoolToObject(root, "ok", !d->failed);
        cJSON_AddItemToObject(root, "links", d->links);
        char *text = cJSON_Print(root);
        puts(text);
        cJSON_free(text);
    } else {
        cJSON_Delete(d->links);
    }
    return d->failed ? EXIT_NOT_DONE : EXIT_DONE;
}

static int run(int argc, char **argv)
{
    const char *said[LETTERS] = {0};
    int code = command_line(&doctor_command, long_options, argc, argv, 0, 1, said);
    struct doctor d = {.as_json = said['j']};

    if (code >= 0)
        return code;
    settings_init(&d.settings);
    d.settings.config = xstrdup(said['c']);
    take_word(&d, argv[optind]);
    code = examine(&d);
    settings_release(&d.settings);
    return code;
}

const struct command doctor_command = {
    .name = "doctor",
    .summary = "look at everything between this machine and the mailbox",
    .usage = "[--json] [--config FILE] [ACCOUNT | MOUNTPOINT]",
    .run = run,
};
