/*
 * arguments.c - reading a command line: of a command's own options, or with keys (keys_p.h) beside them.
 */
#include "cli_p.h"
#include "settings_p.h"

#include <outlookfs/base/alloc.h>
#include <stdlib.h>

static int help(const struct arguments *a)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(BUF_TEXT_MAX);

    usage_shown(a->command);
    keys_help(a->command->keys, &text);
    printf("\n%s  --config FILE             another configuration file\n%s", a->help, text.data);
    if (a->more_help)
        a->more_help();
    return EXIT_DONE;
}

int arguments_read(const struct arguments *a, int argc, char **argv, struct settings *s, void *ctx)
{
    SCOPED(xfree) struct option *long_options = keys_long_options(a->command->keys, a->own);
    int c, code = -1;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    while (code < 0 && (c = getopt_long(argc, argv, a->letters, long_options, NULL)) != -1) {
        if (c == 'h')
            code = help(a);
        else if (c == 'c')
            xstrset(&s->config, optarg);
        else if (!a->take(ctx, c) && keys_take(&s->values, c, optarg, &err))
            code = err.len ? complain("%s", err.data) : usage_error(a->command);
    }
    return code;
}

int command_line(const struct command *command, const struct option *options, int argc, char **argv,
                 int least, int most, const char *said[LETTERS])
{
    int c;

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c == 'h')
            return usage_shown(command);
        if (c == '?')
            return usage_error(command);
        said[c] = optarg ? optarg : "";
    }
    return argc - optind < least || argc - optind > most ? usage_error(command) : -1;
}
