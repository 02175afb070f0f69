/*
 * mountpoint.c - what is mounted on a directory, from /proc/self/mountinfo, whether it still
 * answers, and whether the directory will do.
 */
#include "cli_p.h"

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

#define MOUNTINFO_MAX ((size_t)16 * 1024 * 1024)

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

/* "36 35 98:0 / /mnt rw,noatime shared:1 - ext3 /dev/root rw": the fifth field, and two behind the
 * dash. */
static bool parse_line(char *line, char **ret_path, char **ret_type, char **ret_source)
{
    char *save = NULL, *field = strtok_r(line, " ", &save);

    for (int i = 1; field && i < 5; i++)
        field = strtok_r(NULL, " ", &save);
    *ret_path = field;
    while (field && !str_eq(field, "-"))
        field = strtok_r(NULL, " ", &save);
    *ret_type = field ? strtok_r(NULL, " ", &save) : NULL;
    *ret_source = *ret_type ? strtok_r(NULL, " ", &save) : NULL;
    return *ret_source != NULL;
}

/* The last one in the list lies on top. */
static int find_mount(struct mountpoint *m, struct buf *err)
{
    char *save = NULL, *path, *type, *source;
    struct buf text;
    int rc;

    buf_init(&text, MOUNTINFO_MAX);
    rc = file_read("/proc/self/mountinfo", &text, err);
    for (char *line = rc ? NULL : strtok_r(text.data, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        if (!parse_line(line, &path, &type, &source))
            continue;
        unescape(path);
        if (!str_eq(path, m->path))
            continue;
        unescape(source);
        free(m->type);
        free(m->source);
        m->type = xstrdup(type);
        m->source = xstrdup(source);
    }
    buf_release(&text);
    return rc;
}

/* realpath() that does not need an answer from a mount that is dead: its directory's path and its
 * name. */
static char *resolve(const char *path)
{
    char *whole = realpath(path, NULL), *copy, *slash, *dir;

    if (whole || (errno != ENOTCONN && errno != ECONNABORTED))
        return whole;
    copy = xstrdup(path);
    for (size_t len = strlen(copy); len > 1 && copy[len - 1] == '/'; len--)
        copy[len - 1] = '\0';
    slash = strrchr(copy, '/');
    if (slash)
        *slash = '\0';
    dir = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
    if (dir)
        whole = xasprintf("%s/%s", str_eq(dir, "/") ? "" : dir, slash ? slash + 1 : copy);
    free(dir);
    free(copy);
    return whole;
}

int mountpoint_look(const char *path, struct mountpoint *ret, struct buf *err)
{
    struct mountpoint m = {.path = resolve(path)};
    struct statvfs st; /* the kernel keeps attributes, but not this: only the living answer */
    int rc;

    if (!m.path)
        return buf_fail(err, -errno, "%s: %s", path, strerror(errno));
    rc = find_mount(&m, err);
    if (rc) {
        mountpoint_release(&m);
        return rc;
    }
    m.dead = m.type && statvfs(m.path, &st) && (errno == ENOTCONN || errno == ECONNABORTED);
    *ret = m;
    return 0;
}

bool mountpoint_is_ours(const struct mountpoint *m)
{
    return m->type && str_eq(m->type, "fuse.outlookfs");
}

void mountpoint_release(struct mountpoint *m)
{
    free(m->path);
    free(m->type);
    free(m->source);
    *m = (struct mountpoint){0};
}

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
    int rc;

    if (m->dead && mountpoint_is_ours(m))
        return buf_fail(err, -ENOTCONN, "%s is a dead mount; run: outlookfs umount %s", m->path,
                        m->path);
    if (m->type)
        return buf_fail(err, -EBUSY, "%s is already a mount point, of %s (type %s)", m->path,
                        m->source, m->type);
    if (stat(m->path, &st))
        return buf_fail(err, -errno, "%s: %s", m->path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return buf_fail(err, -ENOTDIR, "%s is not a directory", m->path);
    if (access(m->path, W_OK)) /* what fusermount3 asks of a user */
        return buf_fail(err, -errno, "%s: mount on a directory that you may write to", m->path);
    rc = nonempty ? 1 : directory_empty(m->path);
    if (rc < 0)
        return buf_fail(err, rc, "%s: %s", m->path, strerror(-rc));
    if (rc == 0)
        return buf_fail(err, -ENOTEMPTY,
                        "%s is not empty: a mount would hide what is in it (-o nonempty does)",
                        m->path);
    return 0;
}

int mountpoint_check(char **path, bool nonempty, struct buf *err)
{
    struct mountpoint m = {0};
    int rc = mountpoint_look(*path, &m, err);

    if (!rc)
        rc = check(&m, nonempty, err);
    if (!rc) {
        free(*path);
        *path = m.path;
        m.path = NULL;
    }
    mountpoint_release(&m);
    return rc;
}
