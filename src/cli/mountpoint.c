/*
 * mountpoint.c - what is mounted on a directory, from /proc/self/mountinfo, whether it still
 * answers, and whether the directory will do.
 */
#include "cli_p.h"
#include "mountpoint_p.h"
#include "keys_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/str.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MOUNTINFO "/proc/self/mountinfo"
#define MOUNTINFO_MAX ((size_t)16 * 1024 * 1024)
#define OUR_TYPE "fuse.outlookfs"

/* Undoes the kernel's \040 and the like, in place. */
static void unescape(char *s)
{
    char *to = s;

    for (; *s; s++) {
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
            *to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
            s += 3;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

struct line {
    char *path, *type, *source, *options;
};

/* "36 35 98:0 / /mnt rw,noatime shared:1 - ext3 /dev/root rw": the fifth field, and three behind
 * the dash. */
static bool parse_line(char *text, struct line *ret)
{
    char *save = NULL, *field = strtok_r(text, " ", &save);

    for (int i = 1; field && i < 5; i++)
        field = strtok_r(NULL, " ", &save);
    ret->path = field;
    while (field && !str_eq(field, "-"))
        field = strtok_r(NULL, " ", &save);
    ret->type = field ? strtok_r(NULL, " ", &save) : NULL;
    ret->source = ret->type ? strtok_r(NULL, " ", &save) : NULL;
    ret->options = ret->source ? strtok_r(NULL, " ", &save) : NULL;
    if (!ret->options)
        return false;
    unescape(ret->path);
    unescape(ret->source);
    return true;
}

/* `mount` is `path`, or a directory above it. */
static bool covers(const char *mount, const char *path)
{
    size_t len = strlen(mount);

    return str_eq(mount, "/") || (str_starts(path, mount) && (path[len] == '/' || !path[len]));
}

/*
 * What is mounted on the path, or, `above`, on the nearest directory above it, whose path it gets.
 * The last one in the list lies on top.
 */
static int find_mount(struct mountpoint *m, bool above, struct buf *err)
{
    char *save = NULL;
    SCOPED(xfree) char *path = xstrdup("");
    struct line line;
    SCOPED(buf_release) struct buf text = BUF_INIT(MOUNTINFO_MAX);
    int rc = file_read(MOUNTINFO, &text, err);
    for (char *s = rc ? NULL : strtok_r(text.data, "\n", &save); s;
         s = strtok_r(NULL, "\n", &save)) {
        if (!parse_line(s, &line) ||
            !(above ? covers(line.path, m->path) : str_eq(line.path, m->path)))
            continue;
        if (strlen(line.path) < strlen(path))
            continue;
        xstrset(&path, line.path);
        xstrset(&m->type, line.type);
        xstrset(&m->source, line.source);
    }
    if (above && m->type) {
        free(m->path);
        m->path = TAKE(path);
    }
    return rc;
}

/* realpath() that does not need an answer from a mount that is dead: its directory's path and its
 * name. */
static char *resolve(const char *path)
{
    char *whole = realpath(path, NULL);

    if (whole || (errno != ENOTCONN && errno != ECONNABORTED))
        return whole;
    SCOPED(xfree) char *copy = xstrdup(path);
    for (size_t len = strlen(copy); len > 1 && copy[len - 1] == '/'; len--)
        copy[len - 1] = '\0';
    char *slash = strrchr(copy, '/');
    if (slash)
        *slash = '\0';
    SCOPED(xfree) char *dir = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
    if (dir)
        whole = xasprintf("%s/%s", str_eq(dir, "/") ? "" : dir, slash ? slash + 1 : copy);
    return whole;
}

struct look {
    const char *path;
    bool above;
};

/* Whatever may wait for the mount: one string, NUL-terminated, as soon as it is known. */
static int look(void *ctx, int out)
{
    const struct look *l = ctx;
    struct mountpoint m = {.path = resolve(l->path)};
    struct statvfs st; /* the kernel keeps attributes, but not this: only the living answer */

    if (!m.path)
        return -errno;
    int rc = find_mount(&m, l->above, NULL);
    if (rc)
        return rc;
    file_write_all(out, m.path, strlen(m.path) + 1);
    file_write_all(out, m.type ? m.type : "", m.type ? strlen(m.type) + 1 : 1);
    file_write_all(out, m.source ? m.source : "", m.source ? strlen(m.source) + 1 : 1);
    m.dead = m.type && statvfs(m.path, &st) && (errno == ENOTCONN || errno == ECONNABORTED);
    return file_write_all(out, m.dead ? "d" : "l", 1);
}

static char *next_string(const struct buf *text, size_t *at)
{
    char *copy = *at < text->len && text->data[*at] ? xstrdup(text->data + *at) : NULL;

    *at += *at < text->len ? strlen(text->data + *at) + 1 : 0;
    return copy;
}

static int look_bounded(const char *path, bool above, struct mountpoint *ret, struct buf *err)
{
    struct look l = {path, above};
    struct mountpoint m = {0};
    SCOPED(buf_release) struct buf text = BUF_INIT(64 * 1024);
    size_t at = 0;
    int rc = bounded_run(look, &l, MOUNT_LIMIT, &text);
    m.path = next_string(&text, &at);
    m.type = next_string(&text, &at);
    m.source = next_string(&text, &at);
    m.dead = at < text.len && text.data[at] == 'd';
    if (rc == -ETIMEDOUT)
        buf_fail(err, rc, "%s " MOUNT_HANGS, m.path ? m.path : path);
    else if (rc)
        buf_fail(err, rc, "%s: %s", path, strerror(-rc));
    if (rc)
        mountpoint_release(&m);
    else
        *ret = m;
    return rc;
}

int mountpoint_look(const char *path, struct mountpoint *ret, struct buf *err)
{
    return look_bounded(path, false, ret, err);
}

int mountpoint_above(const char *path, struct mountpoint *ret, struct buf *err)
{
    return look_bounded(path, true, ret, err);
}

bool mountpoint_is_ours(const struct mountpoint *m)
{
    return str_eq(m->type, OUR_TYPE);
}

void mountpoint_release(struct mountpoint *m)
{
    free(m->path);
    free(m->type);
    free(m->source);
    *m = (struct mountpoint){0};
}

/* --- all of them --- */

/* "rw,user_id=1000,group_id=1000": who mounted it. */
static bool is_mounted_by(const char *options, uid_t uid)
{
    SCOPED(xfree) char *wanted = xasprintf("user_id=%u", (unsigned)uid);
    size_t len = strlen(wanted);
    bool found = false;

    while (*options && !found) {
        size_t n = strcspn(options, ",");

        found = n == len && !strncmp(options, wanted, len);
        options += n + (options[n] == ',');
    }
    return found;
}

/* Takes the path out of the list, or leaves the list as it is. */
static void forget(char **list, size_t *count, const char *path)
{
    for (size_t i = 0; i < *count; i++) {
        if (!str_eq(list[i], path))
            continue;
        free(list[i]);
        memmove(list + i, list + i + 1, (*count - i) * sizeof(*list)); /* with the NULL */
        (*count)--;
        return;
    }
}

char **mountpoint_parse(char *mountinfo, uid_t uid)
{
    char **list = xcalloc(1, sizeof(*list)), *save = NULL;
    struct line line;
    size_t count = 0;

    for (char *s = strtok_r(mountinfo, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
        if (!parse_line(s, &line))
            continue;
        forget(list, &count, line.path); /* what lies below cannot be seen */
        if (!str_eq(line.type, OUR_TYPE) || !is_mounted_by(line.options, uid))
            continue;
        list = xrealloc(list, (count + 2) * sizeof(*list));
        list[count++] = xstrdup(line.path);
        list[count] = NULL;
    }
    return list;
}

int mountpoint_list(uid_t uid, char ***ret, struct buf *err)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(MOUNTINFO_MAX);
    int rc = file_read(MOUNTINFO, &text, err);
    if (!rc)
        *ret = mountpoint_parse(text.data, uid);
    return rc;
}

/* --- one to mount on --- */

/* 1: empty, 0: not, -errno. */
static int directory_empty(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int empty = 1;

    if (!dir)
        return -errno;
    while (empty && (entry = readdir(dir)))
        empty = str_eq(entry->d_name, ".") || str_eq(entry->d_name, "..");
    closedir(dir);
    return empty;
}

static int check(const struct mountpoint *m, bool nonempty, struct buf *err)
{
    struct stat st;

    if (m->type)
        return buf_fail(err, -EBUSY, "%s is already a mount point, of %s (type %s)", m->path,
                        m->source, m->type);
    if (stat(m->path, &st))
        return buf_fail(err, -errno, "%s: %s", m->path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return buf_fail(err, -ENOTDIR, "%s is not a directory", m->path);
    if (access(m->path, W_OK)) /* what fusermount3 asks of a user */
        return buf_fail(err, -errno, "%s: mount on a directory that you may write to", m->path);
    int rc = nonempty ? 1 : directory_empty(m->path);
    if (rc < 0)
        return buf_fail(err, rc, "%s: %s", m->path, strerror(-rc));
    if (rc == 0)
        return buf_fail(err, -ENOTEMPTY,
                        "%s is not empty: a mount would hide what is in it (-o nonempty does)",
                        m->path);
    return 0;
}

/* The program behind it was killed; whoever starts it again wants the mount, not the ruin. */
static int replace_dead(struct mountpoint *m, struct buf *err)
{
    char *path = m->path;
    int rc;

    while (m->dead && mountpoint_is_ours(m)) {
        rc = unmount(m->path, true, err);
        if (rc)
            return rc;
        complain("%s was a dead mount: replacing it", m->path);
        m->path = NULL;
        mountpoint_release(m);
        rc = mountpoint_look(path, m, err);
        free(path);
        if (rc)
            return rc;
        path = m->path;
    }
    return 0;
}

int mountpoint_check(char **path, bool nonempty, struct buf *err)
{
    SCOPED(mountpoint_release) struct mountpoint m = {0};
    int rc = mountpoint_look(*path, &m, err);

    if (rc == -ENOENT)
        buf_addstr(err, ": make it first (mkdir)");
    if (!rc)
        rc = replace_dead(&m, err);
    if (!rc)
        rc = check(&m, nonempty, err);
    if (!rc) {
        free(*path);
        *path = TAKE(m.path);
    }
    return rc;
}
