/*
 * cache_attachments.c - attachments/<n>: bytes in files, the least recently used ones removed
 * first.
 */
#include "cache_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files to unlink once the transaction that forgot them is committed. */
struct removals {
    int64_t *files;
    size_t count;
};

static void remove_later(struct removals *removals, int64_t file)
{
    removals->files = xrealloc(removals->files, (removals->count + 1) * sizeof(*removals->files));
    removals->files[removals->count++] = file;
}

static char *file_path(const struct cache *c, int64_t file)
{
    return xasprintf("%s/attachments/%lld", c->dir, (long long)file);
}

static void unlink_file(const struct cache *c, int64_t file)
{
    char *path = file_path(c, file);

    unlink(path);
    free(path);
}

static int forget_locked(struct cache *c, int64_t file)
{
    struct sql_query q;

    db_write(&c->db, &q, "DELETE FROM attachments WHERE file = ?");
    sql_bind_int(&q, file);
    return sql_run(&q);
}

/* Without waiting: the order of use may be a little wrong, a reader may not be slow. */
static void touch(struct cache *c, int64_t file)
{
    struct sql_query q;

    if (!db_try_begin(&c->db))
        return;
    db_write(
        &c->db, &q,
        "UPDATE attachments SET used = 1 + (SELECT max(used) FROM attachments) WHERE file = ?");
    sql_bind_int(&q, file);
    db_end(&c->db, sql_run(&q));
}

static int find(struct cache *c, const char *message, const char *attachment, int64_t *file,
                int64_t *size)
{
    struct sql_query q;

    *file = 0;
    db_read(&c->db, &q, "SELECT file, size FROM attachments WHERE message = ? AND attachment = ?");
    sql_bind_str(&q, message);
    sql_bind_str(&q, attachment);
    if (sql_row(&q)) {
        *file = sql_int(&q, 0);
        *size = sql_int(&q, 1);
    }
    return sql_end(&q);
}

bool cache_attachment_is_there(struct cache *c, const char *message, const char *attachment)
{
    int64_t file, size;

    return !find(c, message, attachment, &file, &size) && file;
}

/* A descriptor, or -ENOENT when the file is not what its row says. */
static int open_file(struct cache *c, int64_t file, int64_t size)
{
    char *path = file_path(c, file);
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : fd;

    free(path);
    if (fd >= 0 && (fstat(fd, &st) || st.st_size != size)) {
        close(fd);
        rc = -ENOENT;
    }
    return rc;
}

int cache_attachment_open(struct cache *c, const char *message, const char *attachment,
                          size_t *ret_size)
{
    int64_t file;
    int64_t size = 0;
    int fd;
    int rc = find(c, message, attachment, &file, &size);

    if (rc)
        return rc;
    if (!file)
        return -ENOENT;
    fd = open_file(c, file, size);
    if (fd == -ENOENT) {
        db_begin(&c->db);
        rc = db_end(&c->db, forget_locked(c, file));
        unlink_file(c, file);
        return rc ? rc : -ENOENT;
    }
    if (fd < 0)
        return fd;
    touch(c, file);
    *ret_size = (size_t)size;
    return fd;
}

int cache_attachment_begin(struct cache *c, char **ret_temp)
{
    char *dir = xasprintf("%s/attachments", c->dir);
    char *temp = xasprintf("%s/new-XXXXXX", dir);
    int fd = mkostemp(temp, O_CLOEXEC);

    /* The user may empty the cache at any time. */
    if (fd < 0 && errno == ENOENT && !file_mkdirs(dir, NULL)) {
        free(temp);
        temp = xasprintf("%s/new-XXXXXX", dir);
        fd = mkostemp(temp, O_CLOEXEC);
    }
    int rc = fd < 0 ? -errno : fd;
    free(dir);
    if (rc < 0)
        free(temp);
    else
        *ret_temp = temp;
    return rc;
}

/* On disk before its row is: a file of the right size full of zeros would be believed. */
static int sync_file(const char *path, int64_t *ret_size)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0)
        return -errno;
    if (fdatasync(fd) || fstat(fd, &st))
        rc = -errno;
    else
        *ret_size = st.st_size;
    close(fd);
    return rc;
}

static int insert_locked(struct cache *c, const char *message, const char *attachment, int64_t size,
                         int64_t *ret_file)
{
    struct sql_query q;
    int rc;

    db_write(&c->db, &q,
             "INSERT INTO attachments (message, attachment, size, used) VALUES (?, ?, ?,"
             " 1 + coalesce((SELECT max(used) FROM attachments), 0))");
    sql_bind_str(&q, message);
    sql_bind_str(&q, attachment);
    sql_bind_int(&q, size);
    rc = sql_run(&q);
    if (!rc)
        *ret_file = db_last_id(&c->db);
    return rc;
}

static int total_locked(struct cache *c, int64_t *ret)
{
    struct sql_query q;

    db_write(&c->db, &q, "SELECT coalesce(sum(size), 0) FROM attachments");
    if (sql_row(&q))
        *ret = sql_int(&q, 0);
    return sql_end(&q);
}

static int evict_locked(struct cache *c, int64_t keep, size_t limit, struct removals *removals)
{
    size_t first = removals->count;
    struct sql_query q;
    int64_t total = 0;
    int rc = total_locked(c, &total);

    if (rc)
        return rc;
    db_write(&c->db, &q, "SELECT file, size FROM attachments WHERE file <> ? ORDER BY used");
    sql_bind_int(&q, keep);
    while (total > 0 && (uint64_t)total > limit && sql_row(&q)) {
        remove_later(removals, sql_int(&q, 0));
        total -= sql_int(&q, 1);
    }
    rc = sql_end(&q);
    for (size_t i = first; !rc && i < removals->count; i++)
        rc = forget_locked(c, removals->files[i]);
    return rc;
}

/* The file has its name before the row is committed: a crash between leaves a file that tidying
 * removes. */
static int replace_locked(struct cache *c, const char *message, const char *attachment,
                          const char *temp, int64_t size, int64_t *ret_file,
                          struct removals *removals)
{
    int64_t old;
    int64_t old_size;
    char *path;
    int rc = find(c, message, attachment, &old, &old_size);

    if (!rc && old) {
        remove_later(removals, old);
        rc = forget_locked(c, old);
    }
    if (!rc)
        rc = insert_locked(c, message, attachment, size, ret_file);
    if (rc)
        return rc;
    path = file_path(c, *ret_file);
    if (rename(temp, path))
        rc = -errno;
    free(path);
    return rc;
}

int cache_attachment_end(struct cache *c, const char *message, const char *attachment, char *temp,
                         bool ok, size_t limit)
{
    struct removals removals = {0};
    int64_t file = 0;
    int64_t size = 0;
    int rc = ok ? sync_file(temp, &size) : 0;

    if (ok && !rc) {
        db_begin(&c->db);
        rc = replace_locked(c, message, attachment, temp, size, &file, &removals);
        if (!rc)
            rc = evict_locked(c, file, limit, &removals);
        rc = db_end(&c->db, rc);
    }
    if (!ok || rc)
        unlink(temp);
    if (rc && file)
        unlink_file(c, file);
    for (size_t i = 0; !rc && i < removals.count; i++)
        unlink_file(c, removals.files[i]);
    free(removals.files);
    free(temp);
    return rc;
}

static int is_known(struct cache *c, const char *name, bool *ret)
{
    struct sql_query q;
    char *end;
    long long file = strtoll(name, &end, 10);

    *ret = false;
    if (*end)
        return 0;
    db_read(&c->db, &q, "SELECT 1 FROM attachments WHERE file = ?");
    sql_bind_int(&q, file);
    *ret = sql_row(&q);
    return sql_end(&q);
}

static int tidy_dir(struct cache *c, DIR *dir)
{
    struct dirent *entry;
    bool known;
    int rc = 0;

    while (!rc && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        rc = is_known(c, entry->d_name, &known);
        if (!rc && !known)
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    return rc;
}

int cache_attachments_tidy(struct cache *c, struct buf *err)
{
    char *path = xasprintf("%s/attachments", c->dir);
    DIR *dir = NULL;
    int rc = file_mkdirs(path, err);

    if (rc)
        goto done;
    dir = opendir(path);
    if (!dir) {
        rc = buf_fail(err, -errno, "%s: %s", path, strerror(errno));
        goto done;
    }
    rc = tidy_dir(c, dir);
    if (rc)
        buf_fail(err, rc, "%s: %s", c->path, strerror(-rc));
done:
    if (dir)
        closedir(dir);
    free(path);
    return rc;
}
