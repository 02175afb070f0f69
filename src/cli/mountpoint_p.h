/*
 * mountpoint_p.h - directories to mount on, what is mounted there, and talking to a mount through
 * its .outlookfs/.
 *
 * Threads: the first one only.
 */
#ifndef OUTLOOKFS_CLI_MOUNTPOINT_P_H
#define OUTLOOKFS_CLI_MOUNTPOINT_P_H

#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/model/kind.h>
#include <sys/types.h>

/* --- bounded.c --- */

/* In the child: writes to `out`; answers 0 or -errno. */
typedef int bounded_fn(void *ctx, int out);
/* What the child wrote is added to `out`; -ETIMEDOUT after `limit` ns, -EFBIG, or its answer. */
int bounded_run(bounded_fn *fn, void *ctx, int64_t limit, struct buf *out);

#define MOUNT_LIMIT (4 * NS_PER_S) /* in which a mount that runs answers */
#define MOUNT_HANGS                                                                                \
    "does not answer: the program behind the mount is stopped or hangs (kill -CONT lets it go "    \
    "on; "                                                                                         \
    "kill -9 ends it, and what was saved waits for the next mount)"

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

/* --- control.c --- */

/* .outlookfs/status.json; the caller cJSON_Delete()s it. `text` (may be NULL): as it is. */
int control_status(const char *mountpoint, struct buf *text, cJSON **ret, struct buf *err);
/* The path of the only entry of an array of status.json that is wanted, for whoever does not say which;
 * NULL with the reason: none, or several. The caller frees. */
char *control_only(const char *mountpoint, const char *list, bool (*wanted)(const cJSON *entry),
                   const char *what, struct buf *err);
/* A line for .outlookfs/control, which may answer late: within `limit`, or -ETIMEDOUT. 0 or -errno. */
int control_command(const char *mountpoint, const char *line, int64_t limit);
/* Sends what waits, as long as something moves, until a time of clock_mono(). 0, -EIO or
 * -EINPROGRESS: something is left. */
int control_sync(const char *mountpoint, int64_t until);

/* The mount a command is about, of which `path` is a part; NULL: the one we are in, or the only one
 * there is. Its path in `ret`, or EXIT_NOT_DONE after a line. A dead one is refused. */
int control_find(const char *path, struct mountpoint *ret);
/* Of the mount the working directory is in, or the only one of this user; without one the
 * connector. */
enum service_id control_service(void);

/* --- left.c --- */

/* What is not on the service. */
struct left {
    int64_t pending, failed, conflicts, held, drafts;
};
struct left left_read(const cJSON *status);
bool left_any(const struct left *left);
void left_describe(const struct left *left, struct buf *out); /* "2 waiting, 1 refused" */

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

/* --- unmount.c --- */

/* -EBUSY with advice in `err`. `lazy` takes it away even so. */
int unmount(const char *path, bool lazy, struct buf *err);

#endif
