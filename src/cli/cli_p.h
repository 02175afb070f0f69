/*
 * cli_p.h - what every command is made of. One command a file; what they share:
 *
 *     cli.c           the table of commands
 *     output.c        printing, complaints, usage
 *     arguments.c     reading a command line
 *     settings_p.h    what to mount and how: settings.c, arguments.c, config.c,
 *                     cloud.c, keys.c, options.c
 *     mountpoint_p.h  what is mounted, and talking to it: mountpoint.c, control.c, left.c,
 *                     progress.c, bounded.c, unmount.c
 *     serve_p.h       the process that stays: daemon.c, serve.c, service.c, logins.c, sandbox.c,
 *                     notices.c
 *
 * sendmail_p.h lists the files of outlookfs sendmail, login_p.h those of outlookfs login,
 * doctor_p.h those of outlookfs doctor.
 */
#ifndef OUTLOOKFS_CLI_P_H
#define OUTLOOKFS_CLI_P_H

#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <stdbool.h>
#include <stdio.h>

enum { EXIT_DONE = 0, EXIT_NOT_DONE = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;
    const char *summary;
    const char *usage;                 /* lines behind "outlookfs NAME " */
    unsigned keys;                     /* which of keys_p.h it takes: KEY_MOUNT...; 0: none */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; answers the exit code */
};
extern const struct command mount_command, umount_command, sync_command, status_command,
    wait_command, watch_command, sendmail_command, login_command, logout_command, accounts_command,
    doctor_command, completion_command, template_command, import_command;
const struct command *cli_command(size_t i); /* NULL behind the last one */
const char *template_name(size_t i); /* of what `template` prints; NULL behind the last one */

/* --- output.c --- */

/* Control characters come out as '?': texts of the service and names are not for the terminal to
 * obey. */
void print(FILE *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One line on standard error; answers EXIT_NOT_DONE. */
int complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* getopt_long() has printed what is wrong; answers EXIT_USAGE. */
int usage_error(const struct command *command);
int usage_shown(const struct command *command); /* --help */

/* --- arguments.c --- */

struct option;

/*
 * A command line of options, each with a letter, and of `least` to `most` arguments from argv[optind] on. What an option is
 * given goes to said[its letter], "" where it takes nothing; the last one wins. -1: go on; otherwise the exit code.
 */
#define LETTERS 128
int command_line(const struct command *command, const struct option *options, int argc, char **argv,
                 int least, int most, const char *said[LETTERS]);

#endif
