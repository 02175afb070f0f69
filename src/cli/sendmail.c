/*
 * sendmail.c - outlookfs sendmail: sends the message on standard input as sendmail(8) does, for
 * programs that know no other way. Success means that it is in the journal of a mount, or was
 * accepted by the service.
 */
#include "sendmail_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* Answers EX_OK with the line for -v in `note`, or another exit code with the reason in `err`. */
static int deliver(const struct sendmail_args *args, const struct buf *text, struct buf *note,
                   struct buf *err)
{
    struct values *v = &args->set->values;
    SCOPED(json_release) struct cJSON *message = NULL;
    SCOPED(xfree) char *named = xstrdup(v->mount);
    SCOPED(xfree) char *mountpoint = NULL;
    SCOPED(xfree) char *name = NULL;
    int code = settings_inherit(args->set, err) ? EX_CONFIG : EX_OK;

    if (!code)
        code = sendmail_message(text, args, v->local_recipient, &message, err);
    if (!code)
        code = sendmail_find_mount(named, v->mount, &mountpoint, err);
    if (!code && mountpoint) {
        code = sendmail_queue(mountpoint, message, &name, err);
        buf_addf(note, "waiting to be sent: %s/outbox/send/%s", mountpoint, name ? name : "");
    } else if (!code) {
        code = sendmail_direct(args->set, message, err);
        buf_addf(note, "accepted by %s", v->url ? v->url : "");
    }
    return code;
}

/* Nobody reads twice from standard input: what is not sent is kept, and said so. */
static void keep(const struct buf *text)
{
    SCOPED(xfree) char *path = NULL;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (sendmail_save(text, &path, &err))
        complain("the message is not saved: %s", err.data);
    else
        complain("the message is saved in %s", path);
}

static int send_input(const struct sendmail_args *args)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(SENDMAIL_TEXT_MAX);
    SCOPED(buf_release) struct buf note = BUF_INIT(BUF_TEXT_MAX);
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    int code = EX_OK;
    int rc = sendmail_read(STDIN_FILENO, !args->dot_is_text, &text, &err);
    if (!rc && text.len == 0)
        rc = buf_fail(&err, -EINVAL, "no message on standard input");
    if (rc)
        code = rc == -EFBIG || rc == -EINVAL ? EX_DATAERR : EX_IOERR;
    else
        code = deliver(args, &text, &note, &err);
    if (code)
        complain("%s", err.data);
    else if (args->verbose)
        print(stdout, "%s\n", note.data);
    if (code && text.len)
        keep(&text);
    return code;
}

static int run(int argc, char **argv)
{
    SCOPED(settings_release) struct settings settings = {0};
    struct sendmail_args args = {.set = &settings};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    int code;

    signal(SIGPIPE, SIG_IGN); /* the exit code counts, whoever reads what we say */
    settings_init(&settings);
    if (sendmail_args_parse(argc, argv, &args, &err)) {
        if (err.len)
            complain("%s", err.data);
        usage_error(&sendmail_command);
        code = EX_USAGE;
    } else {
        code = args.help ? usage_shown(&sendmail_command) : send_input(&args);
    }
    return code;
}

const struct command sendmail_command = {
    .name = "sendmail",
    .summary = "send the message on standard input, as sendmail does",
    .usage = "[-t] [-i] [-v] [-f ADDRESS] [--mount DIR]\n"
             "           [--url URL] [--token-file FILE | --token-command COMMAND]\n"
             "           [--config FILE] [RECIPIENT...]",
    .keys = KEY_SENDMAIL,
    .run = run,
};
