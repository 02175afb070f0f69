/*
 * cli_p.h - the inside of the cli room. One command a file; what they share:
 *
 *     cli.c         the table of commands, usage, printing
 *     settings.c    what to mount and how: command line, environment, configuration file, defaults
 *     config.c      the configuration file
 *     keys.c        what may stand in it and on the command line
 *     options.c     what follows -o
 *     cloud.c       login hosts, and the Graph of each
 *     mountpoint.c  directories to mount on, and what is mounted there
 *     bounded.c     steps that may block on a mount, with an end
 *     daemon.c      the process that stays, and how it reports
 *     serve.c       what it does: builds the rooms up, waits, takes them down
 *     notices.c     what a person must know, while nobody asks
 *     service.c     the connection to the service
 *     logins.c      what an account logs in for, and where that is kept
 *     sandbox.c     the sandbox beside it
 *     control.c     talking to a mount through its .outlookfs/
 *     unmount.c     the system call, or fusermount3
 *
 * sendmail_p.h lists the files of outlookfs sendmail, login_p.h those of outlookfs login,
 * doctor_p.h those of outlookfs doctor.
 */
#ifndef OUTLOOKFS_CLI_P_H
#define OUTLOOKFS_CLI_P_H

#include "keys_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/model/kind.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* --- cli.c --- */

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
    /* as the command line says it; afterwards complete: paths absolute, URLs without a trailing '/' */
    struct values values; /* url: NULL with the sandbox */
    char *account;        /* a section of the configuration, or NULL */
    char *mountpoint;
    char *config;
    char *options_given; /* what followed -o */
    bool foreground;
    bool for_login; /* the account may be one that is not there yet */
    /* found out */
    bool in_config;   /* the account is in the configuration */
    bool inherited;   /* settings_inherit() was here */
    struct buf known; /* names of the accounts there are */
    enum service_id service;
    bool sandbox;
    bool login;     /* the token comes from outlookfs login */
    char *token;    /* of the environment; wiped on release */
    char *identity; /* of the mailbox: what a state directory belongs to */
    struct options options;
    char **mail_folders; /* NULL-terminated, or NULL */
};

void settings_init(struct settings *s);
void settings_release(struct settings *s);
/* Fills in what the command line left open. One line in `err`. */
int settings_complete(struct settings *s, struct buf *err);
const char *settings_home(void); /* the home directory */
char *settings_token_dir(void);  /* where logins are kept; the caller frees */

/* Parts of it, for commands that mount nothing. The first reads the configuration, once. */
int settings_inherit(struct settings *s, struct buf *err);
int settings_options(struct settings *s, struct buf *err);
int settings_login(struct settings *s, struct buf *err); /* service, URLs, tenant, identity */

/* --- cloud.c --- */

/* URL, login URL and tenant, where they are not given. */
void cloud_complete(enum service_id service, struct values *v);

/* --- config.c --- */

struct account {
    char *name;
    struct values values;
};
struct config {
    char *path;
    struct values general; /* what stands before the first section */
    struct account *accounts;
    size_t naccounts;
};

/* -ENOENT when there is no such file. "file:line: reason" in `err`. */
int config_read(const char *path, struct config *ret, struct buf *err);
/* The one the settings name, or the usual one, which may be missing. */
int settings_config(const struct settings *s, struct config *ret, struct buf *err);
char *settings_config_path(const struct settings *s); /* the caller frees */
void config_release(struct config *c);                /* zeroed is fine */
const struct account *config_find(const struct config *c, const char *name);
bool config_names_account(const char *name); /* an account can be called that */

/* --- bounded.c --- */

/* In the child: writes to `out`; answers 0 or -errno. */
typedef int bounded_fn(void *ctx, int out);
/* What the child wrote is added to `out`; -ETIMEDOUT after `limit` ns, -EFBIG, or its answer. */
int bounded_run(bounded_fn *fn, void *ctx, int64_t limit, struct buf *out);
int bounded_write(int out, const void *data, size_t len);

#define MOUNT_LIMIT (4 * NS_PER_S) /* in which a mount that runs answers */

/* --- mountpoint.c --- */

struct mountpoint {
    char *path; /* absolute, without symbolic links */
    char *type; /* of the file system mounted there; NULL: none */
    char *source;
    bool dead; /* the program behind the mount is gone */
};

/* -ENOENT and the like with the reason in `err`; -ETIMEDOUT: the mount does not answer. */
int mountpoint_look(const char *path, struct mountpoint *ret, struct buf *err);
/* The mount that `path` is in: its own, or the one above. */
int mountpoint_above(const char *path, struct mountpoint *ret, struct buf *err);
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

/* It is about to end: for the service manager. */
void report_ending(void);

/* It does not. serve() answers EXIT_NOT_DONE soon after. */
void report_failed(struct report *report, const char *reason);

/* --- serve.c --- */

int serve(const struct settings *s, struct report *report);

/* --- notices.c --- */

struct notices;
struct mailbox;

/* `desktop`: by notify-send, too. 0 or -errno. */
int notices_start(struct mailbox *mailbox, bool desktop, struct notices **ret);
void notices_stop(struct notices *n); /* NULL is fine */

/* --- sandbox.c --- */

struct sandbox {
    pid_t pid; /* 0: not running */
    int in;    /* its standard input: it ends with it */
    char *url;
    char token[33];
};

/* Starts outlookfs-sandbox on `state_dir`/sandbox.db; it ends when this process does, however that
 * happens. */
int sandbox_start(struct sandbox *s, enum service_id service, const char *state_dir,
                  struct buf *err);
void sandbox_stop(struct sandbox *s); /* waits until it has ended; zeroed is fine */

/* --- service.c --- */

struct remote;
struct token_source;

/* With the token and limits of complete settings. The tokens outlive the remote; both are the
 * caller's. `sandbox`: the service is this one, where it has a URL. */
int service_connect(const struct settings *s, const struct sandbox *sandbox,
                    struct token_source **ret_tokens, struct remote **ret, struct buf *err);
bool service_traced(const struct settings *s); /* each call shall be logged */

/* --- logins.c --- */

struct login_store;

const char *login_scope(const struct settings *s);
struct login_store *login_open(const struct settings *s); /* login_store_close() */
char *login_advice(const struct settings *s); /* the command that logs in; the caller frees */
/* The address of whom the token is for, or NULL; asks the service. The caller frees. */
char *login_who(const struct settings *s, const char *access);

/* --- progress.c --- */

/* A line that is written over, on a terminal; elsewhere nothing. */
struct progress {
    const char *what;
    int64_t all; /* 0: not known yet */
    bool shown;
};
void progress_show(struct progress *p, const cJSON *status); /* of what waits */
void progress_end(struct progress *p);                       /* takes the line away */
void progress_bar(int64_t done, int64_t all, unsigned width, struct buf *out);

/* --- control.c --- */

/* .outlookfs/status.json; the caller cJSON_Delete()s it. `text` (may be NULL): as it is. */
int control_status(const char *mountpoint, struct buf *text, cJSON **ret, struct buf *err);
/* A line for .outlookfs/control, which may answer late: within `limit`, or -ETIMEDOUT. 0 or -errno. */
int control_command(const char *mountpoint, const char *line, int64_t limit);
/* Sends what waits, as long as something moves. 0, -EIO or -EINPROGRESS: something is left. */
int control_sync(const char *mountpoint);

/* What is not on the service. */
struct left {
    int64_t pending, failed, conflicts, held;
};
struct left left_read(const cJSON *status);
bool left_any(const struct left *left);
void left_describe(const struct left *left, struct buf *out); /* "2 waiting, 1 refused" */

/* The mount a command is about, of which `path` is a part; NULL: the one we are in, or the only one
 * there is. Its path in `ret`, or EXIT_NOT_DONE after a line. A dead one is refused. */
int control_find(const char *path, struct mountpoint *ret);
/* Of the mount the working directory is in, or the only one of this user; without one the
 * connector. */
enum service_id control_service(void);

/* --- unmount.c --- */

/* -EBUSY with advice in `err`. `lazy` takes it away even so. */
int unmount(const char *path, bool lazy, struct buf *err);

#endif
