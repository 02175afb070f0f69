/*
 * doctor_local.c - what a mount needs of this machine.
 */
#include "doctor_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ROOM_MIN ((uint64_t)64 * 1024 * 1024)

static void check_device(struct doctor *d)
{
    if (access("/dev/fuse", R_OK | W_OK) == 0)
        doctor_ok(d, "/dev/fuse", "there");
    else if (errno == ENOENT)
        doctor_fail(d, "/dev/fuse",
                    "is missing: run modprobe fuse; in a container, add --device /dev/fuse");
    else
        doctor_fail(d, "/dev/fuse", "%s: this user may not open it", strerror(errno));
}

/* In PATH. The caller frees; NULL: it is not there. */
static char *find_program(const char *name)
{
    const char *env = getenv("PATH");
    SCOPED(xfree) char *path = xstrdup(env ? env : "/usr/bin:/bin");
    char *rest = path, *dir, *found = NULL;

    while (!found && (dir = strsep(&rest, ":"))) {
        found = xasprintf("%s/%s", *dir ? dir : ".", name);
        if (access(found, X_OK)) {
            xstrset(&found, NULL);
        }
    }
    return found;
}

static void check_helper(struct doctor *d)
{
    SCOPED(xfree) char *path = find_program("fusermount3");
    struct stat st;

    if (!path && geteuid() == 0)
        doctor_ok(d, "fusermount3", "is missing; root does not need it");
    else if (!path)
        doctor_fail(d, "fusermount3", "is missing: install the package fuse3");
    else if (geteuid() != 0 && (stat(path, &st) || !(st.st_mode & S_ISUID)))
        doctor_fail(d, "fusermount3", "%s is not set-user-ID root: reinstall fuse3", path);
    else
        doctor_ok(d, "fusermount3", "%s", path);
}

/* Mounted already, or fit for it. */
static void check_mountpoint(struct doctor *d)
{
    SCOPED(xfree) char *path = xstrdup(d->settings.mountpoint);
    SCOPED(mountpoint_release) struct mountpoint m = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (!path)
        return;
    if (mountpoint_look(path, &m, &err))
        doctor_fail(d, "mount point", "%s", err.data);
    else if (m.dead)
        doctor_fail(d, "mount point", "%s is a dead mount: outlookfs mount replaces it", m.path);
    else if (mountpoint_is_ours(&m))
        doctor_ok(d, "mount point", "%s is mounted", m.path);
    else if (mountpoint_check(&path, d->settings.options.nonempty, &err))
        doctor_fail(d, "mount point", "%s", err.data);
    else
        doctor_ok(d, "mount point", "%s is empty", path);
}

/* The directory, or the nearest above it that is there, where it would be made. */
static char *nearest(const char *path)
{
    char *copy = xstrdup(path), *slash;

    while (access(copy, F_OK) && (slash = strrchr(copy, '/')) && slash != copy)
        *slash = '\0';
    return copy;
}

static void check_directory(struct doctor *d, const char *link, const char *path)
{
    SCOPED(xfree) char *there = nearest(path);
    struct statvfs fs;
    struct stat st;

    if (stat(there, &st) || !S_ISDIR(st.st_mode))
        doctor_fail(d, link, "%s is not a directory", there);
    else if (access(there, W_OK))
        doctor_fail(d, link, "%s: %s", there, strerror(errno));
    else if (str_eq(there, path) && st.st_uid != geteuid())
        doctor_fail(d, link, "%s belongs to somebody else", path);
    else if (statvfs(there, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < ROOM_MIN)
        doctor_fail(d, link, "%s: less than 64 MB are free: free some space", path);
    else
        doctor_ok(d, link, "%s%s", path, str_eq(there, path) ? "" : ", made at the first mount");
}

/* One mount at a time uses a state directory. */
static void check_others(struct doctor *d)
{
    const char *here = d->settings.mountpoint;
    char **mounts = NULL;
    SCOPED(xfree) char *other = NULL;

    if (mountpoint_list(getuid(), &mounts, NULL))
        return;
    for (size_t i = 0; mounts[i]; i++) {
        SCOPED(json_release) cJSON *status = NULL;

        if (!other && !str_eq(mounts[i], here) &&
            control_status(mounts[i], NULL, &status, NULL) == 0 &&
            str_eq(json_str(status, "state_dir"), d->settings.values.state_dir))
            other = xstrdup(mounts[i]);
    }
    xstrvfree(mounts);
    if (other && here)
        doctor_fail(d, "other mounts", "the account is mounted on %s: unmount it there first",
                    other);
    else if (other)
        doctor_ok(d, "other mounts", "the account is mounted on %s", other);
    else
        doctor_ok(d, "other mounts", "none of this account");
}

void doctor_local(struct doctor *d)
{
    check_device(d);
    check_helper(d);
    check_mountpoint(d);
    check_directory(d, "state", d->settings.values.state_dir);
    check_directory(d, "cache", d->settings.values.cache_dir);
    check_others(d);
}
