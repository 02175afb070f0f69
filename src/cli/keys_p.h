/*
 * keys_p.h - what may be said about an account, by a long option or by a line of the configuration:
 * one table for the command lines, the configuration, the completions and the manual's check.
 *
 * Pure: no I/O. Threads: owner only.
 */
#ifndef OUTLOOKFS_CLI_KEYS_P_H
#define OUTLOOKFS_CLI_KEYS_P_H

#include "options_p.h"

#include <getopt.h>

/* Unset members are NULL. */
struct values {
    char *service, *url, *api;
    char *login_url, *client_id, *tenant;
    char *token_file, *token_command;
    char *state_dir, *cache_dir;
    char *sandbox;      /* "yes" or "no" */
    char *mail_folders; /* comma separated */
    char *mount, *local_recipient;
    struct said_option *options; /* -o options, in their order */
    size_t noptions;
};
struct said_option {
    char *name, *value; /* `options` with a whole list is one, too */
};

void values_release(struct values *v); /* zeroed is fine */
/* Takes from `from` what `v` leaves open, and its options before its own. */
void values_inherit(struct values *v, const struct values *from);

/* Where a key may be given. */
enum { KEY_MOUNT = 1, KEY_LOGIN = 2, KEY_SENDMAIL = 4, KEY_FILE = 8 };

struct key {
    const char *name;
    const char *argument; /* for help and completion; NULL: a flag */
    unsigned where;
    size_t offset;                                    /* of a string in struct values */
    bool several;                                     /* another one is added, with a comma */
    bool path;                                        /* may begin with ~/ in the file */
    int (*check)(const char *value, struct buf *err); /* NULL: any text */
    const char *help;
};
const struct key *keys_at(size_t i); /* NULL behind the last one */
const struct key *keys_find(const char *name, unsigned where);

/* A value for a key that may be given once. -EINVAL with one line in `err`, without the key's name. */
int keys_set(const struct key *key, struct values *v, const char *value, struct buf *err);

/*
 * The command line: for getopt_long(), the keys of `where` and the options of `own`, which end with
 * a zeroed one; the caller frees the list.
 */
struct option *keys_long_options(unsigned where, const struct option *own);
#define KEYS_FIRST 1000 /* what getopt_long() answers for the first key; own ones are below */
/* `c` is an answer of getopt_long(); the last one wins. -ENOENT: none of a key. */
int keys_take(struct values *v, int c, const char *argument, struct buf *err);
/* A line an option, for --help. */
void keys_help(unsigned where, struct buf *out);

#endif
