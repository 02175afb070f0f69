/*
 * mount.c - outlookfs mount: its options, and the state of the process before anything is opened.
 */
#include "cli_p.h"
#include "mountpoint_p.h"
#include "serve_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

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

static void show_mount_options(void)
{
    puts("\nMount options (man outlookfs explains them):");
    options_print(stdout);
}

static bool take_option(void *ctx, int c)
{
    struct settings *s = ctx;

    if (c == 'f')
        s->foreground = true;
    else if (c == 'o')
        add_options(s, optarg);
    return c == 'f' || c == 'o';
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
    static const struct arguments arguments = {
        .command = &mount_command,
        .own = own_options,
        .letters = "fo:h",
        .take = take_option,
        .help = "  -f                        stay in the foreground, log to standard error\n"
                "  -o OPTION[=VALUE],...     mount options, see below\n",
        .more_help = show_mount_options,
    };
    int code = arguments_read(&arguments, argc, argv, s, s);

    if (code < 0 && !take_words(s, argc - optind, argv + optind))
        code = usage_error(&mount_command);
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
    SCOPED(settings_release) struct settings s = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    settings_init(&s);
    int code = parse(argc, argv, &s);
    if (code >= 0)
        return code;

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
