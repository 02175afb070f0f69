/*
 * cli.c - the table of commands, and finding the one that is meant.
 */
#include "cli_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>
#include <outlookfs/cli/cli.h>

#include <stdlib.h>
#include <string.h>

static const struct command *const commands[] = {
    &login_command,    &logout_command,   &accounts_command, &doctor_command,    &mount_command,
    &umount_command,   &sync_command,     &status_command,   &wait_command,      &watch_command,
    &sendmail_command, &template_command, &import_command,   &completion_command};

const struct command *cli_command(size_t i)
{
    return i < ARRAY_SIZE(commands) ? commands[i] : NULL;
}

static void help(FILE *to)
{
    fputs("usage: outlookfs COMMAND ...\n\n", to);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs(
        "\n`outlookfs COMMAND --help` shows a command's options, `man outlookfs` explains them.\n",
        to);
}

/* getopt_long() puts argv[0] before its complaints. */
static int run(const struct command *command, int argc, char **argv)
{
    SCOPED(xfree) char *name = xasprintf("outlookfs %s", command->name);

    argv[0] = name;
    return command->run(argc, argv);
}

/* By a link: for programs that want a path and no arguments. */
static bool is_called(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');

    return str_eq(slash ? slash + 1 : path, name);
}

int cli_main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;

    if (argc > 0 && is_called(argv[0], sendmail_command.name))
        return run(&sendmail_command, argc, argv);
    if (!name) {
        help(stderr);
        return EXIT_USAGE;
    }
    if (str_eq(name, "--help") || str_eq(name, "-h") || str_eq(name, "help")) {
        help(stdout);
        return EXIT_DONE;
    }
    if (str_eq(name, "--version") || str_eq(name, "-V")) {
        puts("outlookfs " OUTLOOKFS_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (str_eq(commands[i]->name, name))
            return run(commands[i], argc - 1, argv + 1);
    }
    complain("unknown command: %s (outlookfs --help lists the commands)", name);
    return EXIT_USAGE;
}
