/*
 * sendmail_p.h - outlookfs sendmail: what its pieces share.
 *
 *     sendmail.c          the command: from standard input to an exit code
 *     sendmail_args.c     its command line, which is sendmail's
 *     sendmail_text.c     the text: reading it, what belongs before a body, ~/dead.letter
 *     sendmail_message.c  the text and the envelope become the object that is sent
 *     sendmail_submit.c   into the outbox of a mount, or to the service
 *
 * Exit codes are those of sysexits.h. Threads: the first one only.
 */
#ifndef OUTLOOKFS_CLI_SENDMAIL_P_H
#define OUTLOOKFS_CLI_SENDMAIL_P_H

#include "cli_p.h"
#include "mountpoint_p.h"
#include "serve_p.h"

/* --- sendmail_args.c --- */

/* Texts belong to the command line. */
struct sendmail_args {
    char *const *recipients; /* lists of addresses; NULL-terminated, or NULL: none was given */
    bool header_counts;      /* -t: To, Cc and Bcc name recipients, too */
    bool dot_is_text;        /* -i: a lone "." does not end the message */
    bool verbose;            /* -v */
    bool help;               /* and nothing else counts */
    const char *from;        /* -f, or NULL */
    struct settings *set;    /* where the options that `mount` has, too, go */
};

/* `ret` holds `set` only. -EINVAL: not understood, one line in `err` unless getopt has said it. */
int sendmail_args_parse(int argc, char **argv, struct sendmail_args *ret, struct buf *err);

/* --- sendmail_text.c --- */

/* A message that the service takes (OUTGOING_CONTENT_MAX) is smaller even as base64. */
#define SENDMAIL_TEXT_MAX ((size_t)96 * 1024 * 1024)

/*
 * The message from `fd`: to its end, or to a line with a lone "." where `dot_ends`. On failure
 * (-EFBIG: over the maximum of `out`) `out` has what was read.
 */
int sendmail_read(int fd, bool dot_ends, struct buf *out, struct buf *err);

/* Appends the message to ~/dead.letter in the mbox format; `ret_path` is the caller's, set on
 * failure, too. */
int sendmail_save(const struct buf *text, char **ret_path, struct buf *err);

/* --- sendmail_message.c --- */

/*
 * The object that outbox/send/ takes. `local`: where recipients without a host go, or NULL. Answers
 * an exit code: EX_DATAERR, EX_NOUSER, EX_CONFIG with the reason in `err`; EX_OK: `ret` is the
 * caller's.
 */
int sendmail_message(const struct buf *text, const struct sendmail_args *args, const char *local,
                     struct cJSON **ret, struct buf *err);

/* --- sendmail_submit.c: exit codes, with the reason in `err` --- */

/* The mount to give it to: `named` on the command line, or `configured`; both may be NULL. EX_OK
 * with NULL: there is none. The caller frees it. */
int sendmail_find_mount(const char *named, const char *configured, char **ret, struct buf *err);

/* EX_OK: it is in the mount's journal, under a name that the caller frees. */
int sendmail_queue(const char *mountpoint, const struct cJSON *message, char **ret_name,
                   struct buf *err);

/* EX_OK: the service has accepted it. EX_SOFTWARE: nobody knows. */
int sendmail_direct(struct settings *s, const struct cJSON *message, struct buf *err);

#endif
