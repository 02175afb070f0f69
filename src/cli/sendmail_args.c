/*
 * sendmail_args.c - the command line of sendmail(8), as programs use it, and our own long options.
 *
 * Options end at the first recipient: an address that begins with '-' is never taken for one.
 */
#include "sendmail_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct option own_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'H'},
    {NULL},
};

/* Letters without a case in take() say nothing to us: a body is 8 bits wide, notices and
 * priorities are the service's affair, and the name of -F is the one the service knows. */
#define SHORT_OPTIONS "+A:B:F:GL:N:O:R:UV:X:b:d::e:f:h:imno:p:q::r:tv"

/* --- options --- */

static int refuse_mode(const char *mode, struct buf *err)
{
    static const struct {
        char letter;
        const char *why;
    } modes[] = {
        {'s', "SMTP is not spoken; give the message on standard input"},
        {'d', "this is not a mail server"},
        {'D', "this is not a mail server"},
        {'p', "there is no queue but the mount's: outlookfs status MOUNTPOINT shows it"},
        {'i', "there are no aliases but local-recipient in the configuration"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        if (*mode == modes[i].letter)
            return buf_fail(err, -EINVAL, "-b%s: %s", mode, modes[i].why);
    }
    return buf_fail(err, -EINVAL, "-b%s: only -bm, sending one message, is known", mode);
}

static int take(struct sendmail_args *args, int c, struct buf *err)
{
    struct settings *s = args->set;

    switch (c) {
    case 't':
        args->header_counts = true;
        return 0;
    case 'i':
        args->dot_is_text = true;
        return 0;
    case 'o':
        args->dot_is_text = args->dot_is_text || str_eq(optarg, "i");
        return 0;
    case 'v':
        args->verbose = true;
        return 0;
    case 'f':
    case 'r':
        args->from = optarg;
        return 0;
    case 'b':
        return str_eq(optarg, "m") ? 0 : refuse_mode(optarg, err);
    case 'q':
        return buf_fail(err, -EINVAL, "-q: the mount sends what is waiting: outlookfs sync");
    case 'c':
        xstrset(&s->config, optarg);
        return 0;
    case '?':
        return -EINVAL;
    default:
        return keys_take(&s->values, c, optarg, err) == -EINVAL ? -EINVAL : 0;
    }
}

int sendmail_args_parse(int argc, char **argv, struct sendmail_args *ret, struct buf *err)
{
    SCOPED(xfree) struct option *long_options = keys_long_options(KEY_SENDMAIL, own_options);
    int c, rc = 0;

    while (!rc && (c = getopt_long(argc, argv, SHORT_OPTIONS, long_options, NULL)) != -1) {
        ret->help = ret->help || c == 'H';
        rc = take(ret, c, err);
    }
    if (rc || ret->help)
        return rc;
    if (optind < argc)
        ret->recipients = argv + optind;
    if (!ret->recipients && !ret->header_counts)
        return buf_fail(err, -EINVAL, "no recipient: name one, or give -t to take the message's");
    return 0;
}
