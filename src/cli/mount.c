/*
 * mount.c - outlookfs mount: its options, and the state of the process before anything is opened.
 */
#include "cli_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct option long_options[] = {
    {"url", required_argument, NULL, 'u'},
    {"token-file", required_argument, NULL, 't'},
    {"token-command", required_argument, NULL, 'k'},
    {"api", required_argument, NULL, 'a'},
    {"sandbox", no_argument, NULL, 's'},
    {"state-dir", required_argument, NULL, 'S'},
    {"cache-dir", required_argument, NULL, 'C'},
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

/* False: not understood. */
static bool take_option(struct settings *s, int c)
{
    switch (c) {
    case 'f':
        s->foreground = true;
        return true;
    case 'o':
        add_options(s, optarg);
        return true;
    case 'u':
        settings_set(&s->url, optarg);
        return true;
    case 't':
        settings_set(&s->token_file, optarg);
        return true;
    case 'k':
        settings_set(&s->token_command, optarg);
        return true;
    case 'a':
        settings_set(&s->api, optarg);
        return true;
    case 's':
        s->sandbox = true;
        return true;
    case 'S':
        settings_set(&s->state_dir, optarg);
        return true;
    case 'C':
        settings_set(&s->cache_dir, optarg);
        return true;
    case 'c':
        settings_set(&s->config, optarg);
        return true;
    default:
        return false;
    }
}

/* -1: go on; otherwise the exit code. */
static int parse(int argc, char **argv, struct settings *s)
{
    int c;

    while ((c = getopt_long(argc, argv, "fo:h", long_options, NULL)) != -1) {
        if (c == 'h')
            return usage_shown(&mount_command);
        if (!take_option(s, c))
            return usage_error(&mount_command);
    }
    if (argc - optind != 1)
        return usage_error(&mount_command);
    s->mountpoint = xstrdup(argv[optind]);
    return -1;
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
    if (!is_inherited_file(s->token_file))
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
    if (settings_complete(&s, &err) || mountpoint_check(&s.mountpoint, s.options.nonempty, &err))
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
    .usage = "[-f] [--url URL] [--token-file FILE | --token-command COMMAND]\n"
             "           [--api v1] [--sandbox] [--state-dir DIR] [--cache-dir DIR]\n"
             "           [--config FILE] [-o OPTION[=VALUE],...] MOUNTPOINT",
    .run = run,
};
