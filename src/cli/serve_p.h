/*
 * serve_p.h - the process that stays while a mailbox is mounted, and what it connects to.
 */
#ifndef OUTLOOKFS_CLI_SERVE_P_H
#define OUTLOOKFS_CLI_SERVE_P_H

#include "settings_p.h"

#include <outlookfs/base/clock.h>
#include <outlookfs/base/grade.h>
#include <sys/types.h>

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
struct remote_fault;
struct token_source;

/* With the token and limits of complete settings. The tokens outlive the remote; both are the
 * caller's. `sandbox`: the service is this one, where it has a URL. */
int service_connect(const struct settings *s, const struct sandbox *sandbox,
                    struct token_source **ret_tokens, struct remote **ret, struct buf *err);
bool service_traced(const struct settings *s); /* each call shall be logged */

/* Every command ends within 10 s where the service says nothing. */
#define ANSWER_LIMIT (6 * NS_PER_S)
/* remote_test() within ANSWER_LIMIT; GRADE_OFFLINE where it has no answer by then. */
enum grade service_ask(struct remote *remote, struct remote_fault *fault);

/* --- logins.c --- */

struct login_store;

const char *login_scope(const struct settings *s);
struct login_store *login_open(const struct settings *s); /* login_store_close() */
char *login_advice(const struct settings *s); /* the command that logs in; the caller frees */
/* The address of whom the token is for, or NULL; asks the service. The caller frees. */
char *login_who(const struct settings *s, const char *access);

#endif
