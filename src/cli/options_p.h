/*
 * options_p.h - what follows -o: a table of names, and what they set.
 *
 * Pure: no I/O. Threads: owner only.
 */
#ifndef OUTLOOKFS_CLI_OPTIONS_P_H
#define OUTLOOKFS_CLI_OPTIONS_P_H

#include <outlookfs/base/buf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct options {
    bool read_only, allow_other, nonempty, debug, fsync_local;
    unsigned uid, gid, umask;
    unsigned mail_limit, delete_guard, rate;       /* 0: no limit; rate: the service's own */
    unsigned delete_share;                         /* percent of a folder; 0: no limit */
    int64_t writeback_delay, list_ttl, trash_keep; /* ns */
    size_t trash_max, attachments_max;
    int64_t create_settle;      /* ns */
    int64_t poll_min, poll_max; /* ns */
    size_t stream_max;
    int64_t send_delay;               /* ns */
    char *send_root;                  /* NULL: the home directory */
    char *notify_listen, *notify_url; /* NULL: the defaults */
    bool notify_desktop;
    struct buf pass; /* for libfuse and mount(8), comma separated */
};

/* The defaults; files belong to the user and group given. */
void options_init(struct options *o, unsigned uid, unsigned gid);
void options_release(struct options *o);

/*
 * Sets one option; a later one wins. A flag takes no value or yes/no. -EINVAL with one line in `err`
 * that names the option: unknown, its value missing or out of range.
 */
/* yes, no and the words for them: 0 or -EINVAL. */
int options_parse_flag(const char *s, bool *ret);

int options_set(struct options *o, const char *name, const char *value, struct buf *err);

/* The same of a comma separated list, where flags take no value. `o` may have taken the options
 * before the wrong one. */
int options_parse(struct options *o, const char *list, struct buf *err);

void options_print(FILE *to); /* a line an option, for --help */

/* How it is spelt: for completion and the configuration. NULL behind the last one. */
const char *options_name(size_t i);
bool options_is_flag(const char *name); /* it takes no value after -o */
bool options_is_known(const char *name);

#endif
