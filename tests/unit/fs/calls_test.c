/*
 * calls_test.c - the calls of fs_test.h, by path.
 */
#include "fs_test.h"

static const struct fs_req nobody = {.cancel = NULL};

/* --- paths ------------------------------------------------------------------------------------ */

static uint64_t step(struct rig *t, uint64_t parent, const char *name, int *rc)
{
    struct fs_entry entry;

    *rc = fs_lookup(t->fs, &nobody, parent, name, &entry);
    return *rc ? 0 : entry.ino;
}

/* The directory above the last part of the path, with a reference unless it is the root. */
static int walk(struct rig *t, const char *path, uint64_t *ret_dir, const char **ret_name)
{
    uint64_t dir = FS_ROOT;
    const char *slash;

    while ((slash = strchr(path, '/'))) {
        char *name = xstrndup(path, (size_t)(slash - path));
        int rc;
        uint64_t next = step(t, dir, name, &rc);

        free(name);
        fs_forget(t->fs, dir, 1);
        if (rc)
            return rc;
        dir = next;
        path = slash + 1;
    }
    *ret_dir = dir;
    *ret_name = path;
    return 0;
}

int rig_lookup(struct rig *t, const char *path, struct fs_entry *ret)
{
    const char *name;
    uint64_t dir;
    int rc = walk(t, path, &dir, &name);

    if (rc)
        return rc;
    rc = fs_lookup(t->fs, &nobody, dir, name, ret);
    fs_forget(t->fs, dir, 1);
    return rc;
}

void rig_forget(struct rig *t, const struct fs_entry *entry)
{
    fs_forget(t->fs, entry->ino, 1);
}

int rig_stat(struct rig *t, const char *path, struct stat *ret)
{
    struct fs_entry entry;
    int rc = rig_lookup(t, path, &entry);

    if (rc)
        return rc;
    *ret = entry.attr;
    rig_forget(t, &entry);
    return 0;
}

uint64_t rig_ino(struct rig *t, const char *path)
{
    struct stat st = {0};

    assert_int_equal(rig_stat(t, path, &st), 0);
    return st.st_ino;
}

bool rig_exists(struct rig *t, const char *path)
{
    struct stat st;

    return !rig_stat(t, path, &st);
}

off_t rig_size(struct rig *t, const char *path)
{
    struct stat st;

    return rig_stat(t, path, &st) ? -1 : st.st_size;
}

/* --- calls ------------------------------------------------------------------------------------ */

static void remember(struct rig *t, struct fs_handle *old, struct fs_handle *new)
{
    size_t i = 0;

    while (i < ARRAY_SIZE(t->open) && t->open[i] != old)
        i++;
    assert_true(i < ARRAY_SIZE(t->open));
    t->open[i] = new;
}

int rig_open(struct rig *t, const char *path, int flags, struct fs_handle **ret)
{
    struct fs_entry entry;
    struct fs_open open;
    int rc = rig_lookup(t, path, &entry);

    if (rc)
        return rc;
    rc = fs_open(t->fs, &nobody, entry.ino, flags, &open);
    rig_forget(t, &entry);
    if (rc)
        return rc;
    remember(t, NULL, open.handle);
    *ret = open.handle;
    return 0;
}

int rig_create(struct rig *t, const char *path, int flags, mode_t mode, struct fs_handle **ret)
{
    struct fs_entry entry;
    struct fs_open open;
    const char *name;
    uint64_t dir;
    int rc = walk(t, path, &dir, &name);

    if (rc)
        return rc;
    rc = fs_create(t->fs, &nobody, dir, name, mode, flags | O_CREAT, &entry, &open);
    fs_forget(t->fs, dir, 1);
    if (rc)
        return rc;
    rig_forget(t, &entry);
    remember(t, NULL, open.handle);
    *ret = open.handle;
    return 0;
}

ssize_t rig_write(struct rig *t, struct fs_handle *h, const char *text, off_t offset)
{
    return fs_write(t->fs, &nobody, h, text, strlen(text), offset);
}

int rig_flush(struct rig *t, struct fs_handle *h)
{
    return fs_flush(t->fs, &nobody, h);
}

int rig_fsync(struct rig *t, struct fs_handle *h)
{
    return fs_fsync(t->fs, &nobody, h);
}

int rig_close(struct rig *t, struct fs_handle *h)
{
    int rc = rig_flush(t, h);

    rig_release(t, h);
    return rc;
}

void rig_release(struct rig *t, struct fs_handle *h)
{
    remember(t, h, NULL);
    fs_release(t->fs, h);
}

int rig_unlink(struct rig *t, const char *path)
{
    const char *name;
    uint64_t dir;
    int rc = walk(t, path, &dir, &name);

    if (rc)
        return rc;
    rc = fs_unlink(t->fs, &nobody, dir, name);
    fs_forget(t->fs, dir, 1);
    return rc;
}

int rig_rename(struct rig *t, const char *from, const char *to, unsigned flags)
{
    const char *name, *newname;
    uint64_t dir, newdir;
    int rc = walk(t, from, &dir, &name);

    if (rc)
        return rc;
    rc = walk(t, to, &newdir, &newname);
    if (!rc) {
        rc = fs_rename(t->fs, &nobody, dir, name, newdir, newname, flags);
        fs_forget(t->fs, newdir, 1);
    }
    fs_forget(t->fs, dir, 1);
    return rc;
}

int rig_mkdir(struct rig *t, const char *path)
{
    struct fs_entry entry;
    const char *name;
    uint64_t dir;
    int rc = walk(t, path, &dir, &name);

    if (rc)
        return rc;
    rc = fs_mkdir(t->fs, &nobody, dir, name, 0700, &entry);
    fs_forget(t->fs, dir, 1);
    if (!rc)
        rig_forget(t, &entry);
    return rc;
}

int rig_rmdir(struct rig *t, const char *path)
{
    const char *name;
    uint64_t dir;
    int rc = walk(t, path, &dir, &name);

    if (rc)
        return rc;
    rc = fs_rmdir(t->fs, &nobody, dir, name);
    fs_forget(t->fs, dir, 1);
    return rc;
}

int rig_symlink(struct rig *t, const char *target, const char *path)
{
    struct fs_entry entry;
    const char *name;
    uint64_t dir;
    int rc = walk(t, path, &dir, &name);

    if (rc)
        return rc;
    rc = fs_symlink(t->fs, &nobody, target, dir, name, &entry);
    fs_forget(t->fs, dir, 1);
    if (!rc)
        rig_forget(t, &entry);
    return rc;
}

static int set_attr(struct rig *t, const char *path, const struct stat *attr, unsigned set)
{
    struct fs_entry entry;
    struct stat now;
    int rc = rig_lookup(t, path, &entry);

    if (rc)
        return rc;
    rc = fs_setattr(t->fs, &nobody, entry.ino, NULL, attr, set, &now);
    rig_forget(t, &entry);
    return rc;
}

int rig_truncate(struct rig *t, const char *path, off_t size)
{
    return set_attr(t, path, &(struct stat){.st_size = size}, FS_SET_SIZE);
}

int rig_chmod(struct rig *t, const char *path, mode_t mode)
{
    return set_attr(t, path, &(struct stat){.st_mode = mode}, FS_SET_MODE);
}

int rig_utimens(struct rig *t, const char *path, int64_t mtime)
{
    struct stat attr = {.st_mtim = {.tv_sec = mtime / NS_PER_S, .tv_nsec = mtime % NS_PER_S}};

    return set_attr(t, path, &attr, mtime ? FS_SET_MTIME : FS_SET_MTIME_NOW);
}

/* --- made of calls ---------------------------------------------------------------------------- */

int rig_save(struct rig *t, const char *path, const char *text)
{
    struct fs_handle *h;
    int rc = rig_open(t, path, O_WRONLY | O_TRUNC, &h);

    if (rc == -ENOENT)
        rc = rig_create(t, path, O_WRONLY, 0644, &h);
    if (rc)
        return rc;
    ssize_t n = rig_write(t, h, text, 0);
    rc = rig_close(t, h);
    return n < 0 ? (int)n : rc;
}

char *rig_read_handle(struct rig *t, struct fs_handle *h)
{
    struct buf out;
    char piece[4096];
    ssize_t n;

    buf_init(&out, JSON_TEXT_MAX);
    while ((n = fs_read(t->fs, &nobody, h, piece, sizeof(piece), (off_t)out.len)) > 0)
        buf_add(&out, piece, (size_t)n);
    assert_int_equal(n, 0);
    char *text = buf_detach(&out);
    buf_release(&out);
    return text;
}

char *rig_read(struct rig *t, const char *path)
{
    struct fs_handle *h;

    if (rig_open(t, path, O_RDONLY, &h))
        return NULL;
    char *text = rig_read_handle(t, h);
    rig_release(t, h);
    return text;
}

char *rig_xattr(struct rig *t, const char *path, const char *name)
{
    char *full = xasprintf("user.outlook.%s", name);
    struct fs_entry entry;
    struct buf out;

    buf_init(&out, BUF_TEXT_MAX);
    assert_int_equal(rig_lookup(t, path, &entry), 0);
    int rc = fs_getxattr(t->fs, entry.ino, full, &out);
    assert_true(rc == 0 || rc == -ENODATA);
    rig_forget(t, &entry);
    free(full);
    char *value = buf_detach(&out);
    buf_release(&out);
    return value;
}

char *rig_list(struct rig *t, const char *path)
{
    struct fs_dirent dirent;
    struct fs_entry entry;
    struct fs_dir *dir;
    struct buf out;
    int rc;

    buf_init(&out, JSON_TEXT_MAX);
    buf_addch(&out, '\n');
    assert_int_equal(rig_lookup(t, path, &entry), 0);
    assert_int_equal(fs_opendir(t->fs, &nobody, entry.ino, &dir), 0);
    for (uint64_t at = 0; (rc = fs_readdir(t->fs, &nobody, dir, at, &dirent)) == 1;
         at = dirent.next) {
        if (at >= 2)
            buf_addf(&out, "%s\n", dirent.name);
    }
    assert_int_equal(rc, 0);
    fs_releasedir(t->fs, dir);
    rig_forget(t, &entry);
    char *text = buf_detach(&out);
    buf_release(&out);
    return text;
}

bool rig_lists(struct rig *t, const char *dir, const char *name)
{
    char *list = rig_list(t, dir), *line = xasprintf("\n%s\n", name);
    bool found = strstr(list, line);

    free(line);
    free(list);
    return found;
}

char *rig_find(struct rig *t, const char *dir, const char *suffix)
{
    char *list = rig_list(t, dir), *rest = NULL, *found = NULL;

    for (char *name = strtok_r(list, "\n", &rest); name && !found;
         name = strtok_r(NULL, "\n", &rest)) {
        if (str_ends(name, suffix))
            found = xasprintf("%s/%s", dir, name);
    }
    free(list);
    return found;
}
