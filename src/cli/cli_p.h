/*
 * cli_p.h - the inside of the cli room. One command a file; what they share:
 *
 *     cli.c         the table of commands, usage, printing
 *     settings.c    what to mount and how: command line, environment, configuration file, defaults
 *     config.c      the configuration file
 *     options.c     what follows -o
 *     mountpoint.c  directories to mount on, and what is mounted there
 *     daemon.c      the process that stays, and how it reports
 *     serve.c       what it does: builds the rooms up, waits, takes them down
 *     service.c     the connection to the service
 *     sandbox.c     the sandbox beside it
 *     control.c     talking to a mount through its .outlookfs/
 *     unmount.c     the system call, or fusermount3
 *
 * sendmail_p.h lists the files of outlookfs sendmail.
 */
#ifndef OUTLOOKFS_CLI_P_H
#define OUTLOOKFS_CLI_P_H

#include "options_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* --- cli.c --- */

enum { EXIT_DONE = 0, EXIT_NOT_DONE = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;
    const char *summary;
    const char *usage;                 /* lines behind "outlookfs NAME " */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; answers the exit code */
};
extern const struct command mount_command, umount_command, sync_command, status_command,
    wait_command, watch_command, sendmail_command;

/* Control characters come out as '?': texts of the service and names are not for the terminal to
 * obey. */
void print(FILE *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One line on standard error; answers EXIT_NOT_DONE. */
int complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* getopt_long() has printed what is wrong; answers EXIT_USAGE. */
int usage_error(const struct command *command);
int usage_shown(const struct command *command); /* --help */

/* --- settings.c --- */

struct settings {
    /* as given; afterwards complete: paths absolute, `url` without a trailing '/' */
    char *mountpoint;
    char *config;
    char *url; /* NULL with the sandbox */
    char *api;
    char *state_dir, *cache_dir;
    bool foreground, sandbox;
    /* at most one */
    char *token; /* wiped on release */
    char *token_file, *token_command;
    char *options_given;
    struct options options;
    char **mail_folders; /* NULL-terminated, or NULL */
};

void settings_init(struct settings *s);
void settings_release(struct settings *s);
/* Fills in what the command line left open. One line in `err`. */
int settings_complete(struct settings *s, struct buf *err);
void settings_set(char **field, const char *value);
const char *settings_home(void); /* the home directory */

/* --- config.c --- */

/* What a configuration file says; unset members are NULL. */
struct config {
    char *url, *token_file, *token_command, *api, *state_dir, *cache_dir, *options;
    char *mount, *local_recipient; /* of outlookfs sendmail */
    char **mail_folders;           /* NULL-terminated, or NULL */
};

/* -ENOENT when there is no such file. "file:line: reason" in `err`. */
int config_read(const char *path, struct config *ret, struct buf *err);
/* The one the settings name, or the usual one, which may be missing. */
int settings_config(const struct settings *s, struct config *ret, struct buf *err);
void config_release(struct config *c); /* zeroed is fine */

/* --- mountpoint.c --- */

struct mountpoint {
    char *path; /* absolute, without symbolic links */
    char *type; /* of the file system mounted there; NULL: none */
    char *source;
    bool dead; /* the program behind the mount is gone */
};

/* -ENOENT and the like with the reason in `err`. */
int mountpoint_look(const char *path, struct mountpoint *ret, struct buf *err);
bool mountpoint_is_ours(const struct mountpoint *m);
void mountpoint_release(struct mountpoint *m); /* zeroed is fine */

/* Where mailboxes are mounted by this user: paths, NULL-terminated, all for free(). */
int mountpoint_list(uid_t uid, char ***ret, struct buf *err);
/* The same of the text of /proc/self/mountinfo, which is spoiled. */
char **mountpoint_parse(char *mountinfo, uid_t uid);

/* Can something be mounted there? Replaces *path by the absolute one. */
int mountpoint_check(char **path, bool nonempty, struct buf *err);

/* --- daemon.c --- */

struct report; /* how the process that stays tells the waiting command */

/*
 * Runs serve(s, report) in this process (s->foreground) or in a child of its own, and answers the
 * exit code once it has reported, or ended.
 */
int daemon_run(const struct settings *s, int (*serve)(const struct settings *, struct report *));

/*
 * It works; `note` (NULL: none) is a line for the person. The waiting command ends with 0, standard
 * input and output are closed and the working directory is left. False when nobody waits any more:
 * the command was interrupted.
 */
bool report_ready(struct report *report, const char *note);

/* It does not. serve() answers EXIT_NOT_DONE soon after. */
void report_failed(struct report *report, const char *reason);

/* --- serve.c --- */

int serve(const struct settings *s, struct report *report);

/* --- sandbox.c --- */

struct sandbox {
    pid_t pid; /* 0: not running */
    int in;    /* its standard input: it ends with it */
    char *url;
    char token[33];
};

/* Starts outlookfs-sandbox on `state_dir`/sandbox.db; it ends when this process does, however that
 * happens. */
int sandbox_start(struct sandbox *s, const char *state_dir, struct buf *err);
void sandbox_stop(struct sandbox *s); /* waits until it has ended; zeroed is fine */

/* --- service.c --- */

struct remote;
struct token_source;

/* With the token and limits of complete settings. The tokens outlive the remote; both are the
 * caller's. `sandbox`: the service is this one, where it has a URL. */
int service_connect(const struct settings *s, const struct sandbox *sandbox,
                    struct token_source **ret_tokens, struct remote **ret, struct buf *err);
bool service_traced(const struct settings *s); /* each call shall be logged */

/* --- control.c --- */

/* .outlookfs/status.json; the caller cJSON_Delete()s it. `text` (may be NULL): as it is. */
int control_status(const char *mountpoint, struct buf *text, cJSON **ret, struct buf *err);
/* A line for .outlookfs/control, which may answer late. 0 or -errno. */
int control_command(const char *mountpoint, const char *line);

/* What is not on the service. */
struct left {
    int64_t pending, failed, conflicts, held;
};
struct left left_read(const cJSON *status);
bool left_any(const struct left *left);
void left_describe(const struct left *left, struct buf *out); /* "2 waiting, 1 refused" */

/* The mount a command is about: its path in `ret`, or EXIT_NOT_DONE after a line. A dead one is
 * refused. */
int control_find(const char *path, struct mountpoint *ret);

/* --- unmount.c --- */

/* -EBUSY with advice in `err`. `lazy` takes it away even so. */
int unmount(const char *path, bool lazy, struct buf *err);

#endif
