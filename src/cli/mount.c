/*
 * mount.c - outlookfs mount: its options, and the state of the process before anything is opened.
 */
#include "cli_p.h"
#include "mountpoint_p.h"
#include "serve_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct option own_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {NULL},
};

/* -o may come more than once. */
static void add_options(struct settings *s, const char *list)
{
    char *whole = s->options_given ? xasprintf("%s,%s", s->options_given, list) : xstrdup(list);

    free(s->options_given);
    s->options_given = whole;
}

static int help(void)
{
    struct buf text;

    buf_init(&text, BUF_TEXT_MAX);
    usage_shown(&mount_command);
    keys_help(KEY_MOUNT, &text);
    printf("\n"
           "  -f                        stay in the foreground, log to standard error\n"
           "  -o OPTION[=VALUE],...     mount options, see below\n"
           "  --config FILE             another configuration file\n"
           "%s\nMount options (man outlookfs explains them):\n",
           text.data);
    options_print(stdout);
    buf_release(&text);
    return EXIT_DONE;
}

/* 0, or -EINVAL: not understood. */
static int take_option(struct settings *s, int c, struct buf *err)
{
    switch (c) {
    case 'f':
        s->foreground = true;
        return 0;
    case 'o':
        add_options(s, optarg);
        return 0;
    case 'c':
        values_set(&s->config, optarg);
        return 0;
    default:
        return keys_take(&s->values, c, optarg, err) ? -EINVAL : 0;
    }
}

/* [ACCOUNT] MOUNTPOINT */
static bool take_words(struct settings *s, int count, char **words)
{
    if (count > 2)
        return false;
    if (count == 2)
        s->account = xstrdup(words[0]);
    if (count)
        s->mountpoint = xstrdup(words[count - 1]);
    return true;
}

/* -1: go on; otherwise the exit code. */
static int parse(int argc, char **argv, struct settings *s)
{
    struct option *long_options = keys_long_options(KEY_MOUNT, own_options);
    int c, code = -1;
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    while (code < 0 && (c = getopt_long(argc, argv, "fo:h", long_options, NULL)) != -1) {
        if (c == 'h')
            code = help();
        else if (take_option(s, c, &err))
            code = err.len ? complain("%s", err.data) : usage_error(&mount_command);
    }
    if (code < 0 && !take_words(s, argc - optind, argv + optind))
        code = usage_error(&mount_command);
    buf_release(&err);
    free(long_options);
    return code;
}

static bool is_inherited_file(const char *path)
{
    return path && (str_starts(path, "/dev/fd/") || str_starts(path, "/proc/self/fd/"));
}

/* Files of ours on the places of the standard ones would be closed with them. */
static void fill_standard_files(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/*
 * What the caller has open shall not stay open as long as the mount does: a shell's lock file, the
 * pipe of a test. Tokens shall not land in a core dump.
 */
static void harden(const struct settings *s)
{
    const struct rlimit none = {0, 0};

    fill_standard_files();
    if (!is_inherited_file(s->values.token_file))
        close_range(STDERR_FILENO + 1, ~0U, 0);
    setrlimit(RLIMIT_CORE, &none);
}

static int run(int argc, char **argv)
{
    struct settings s;
    struct buf err;
    int code;

    settings_init(&s);
    buf_init(&err, BUF_TEXT_MAX);
    code = parse(argc, argv, &s);
    if (code >= 0)
        goto out;

    harden(&s);
    code = EXIT_NOT_DONE;
    if (settings_inherit(&s, &err))
        complain("%s", err.data);
    else if (!s.mountpoint)
        code = usage_error(&mount_command);
    else if (settings_complete(&s, &err) ||
             mountpoint_check(&s.mountpoint, s.options.nonempty, &err))
        complain("%s", err.data);
    else
        code = daemon_run(&s, serve);
out:
    buf_release(&err);
    settings_release(&s);
    return code;
}

const struct command mount_command = {
    .name = "mount",
    .summary = "mount a mailbox on a directory",
    .usage = "[-f] [--service SERVICE] [--url URL] [--token-file FILE | --token-command COMMAND]\n"
             "           [--sandbox] [--config FILE] [-o OPTION[=VALUE],...] [ACCOUNT] MOUNTPOINT",
    .keys = KEY_MOUNT,
    .run = run,
};
