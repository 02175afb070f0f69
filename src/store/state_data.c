/*
 * state_data.c - data/<ino>: the local bytes of an inode as a file.
 */
#include "state_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/log.h>
#include <outlookfs/model/name.h>

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define NAME_SIZE 24

static void data_name(uint64_t ino, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "%" PRIu64, ino);
}

/* --- steps of a transaction --- */

static void add_step(struct state *s, uint64_t ino, bool made)
{
    size_t count = s->data_step_count;

    s->data_steps = xrealloc(s->data_steps, (count + 1) * sizeof(*s->data_steps));
    s->data_steps[count] = (struct data_step){.ino = ino, .made = made};
    s->data_step_count++;
}

/* What is opened to be written stays, whatever the transaction meant to do with it before. */
static void cancel_removal(struct state *s, uint64_t ino)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->data_step_count; i++) {
        if (s->data_steps[i].ino != ino || s->data_steps[i].made)
            s->data_steps[kept++] = s->data_steps[i];
    }
    s->data_step_count = kept;
}

static int unlink_now(struct state *s, uint64_t ino)
{
    char name[NAME_SIZE];

    data_name(ino, name);
    return unlinkat(s->data_fd, name, 0) && errno != ENOENT ? -errno : 0;
}

/* What cannot be unlinked is swept at the next start. */
void data_steps_carry_out(struct state *s, const struct data_step *steps, size_t count,
                          bool committed)
{
    for (size_t i = 0; i < count; i++) {
        if (steps[i].made != committed)
            unlink_now(s, steps[i].ino);
    }
}

void state_data_adopt(struct state *s, uint64_t ino)
{
    assert(db_is_mine(&s->db));
    add_step(s, ino, true);
}

/* --- one file --- */

static int open_data(struct state *s, uint64_t ino, int flags)
{
    char name[NAME_SIZE];
    int fd;

    data_name(ino, name);
    fd = openat(s->data_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? -errno : fd;
}

int state_data_open(struct state *s, uint64_t ino, int flags)
{
    int fd;

    if (!(flags & O_CREAT) || !db_is_mine(&s->db))
        return open_data(s, ino, flags);
    cancel_removal(s, ino);
    fd = open_data(s, ino, flags | O_EXCL);
    if (fd >= 0)
        add_step(s, ino, true);
    return fd == -EEXIST ? open_data(s, ino, flags) : fd;
}

int state_data_remove(struct state *s, uint64_t ino)
{
    if (!db_is_mine(&s->db))
        return unlink_now(s, ino);
    add_step(s, ino, false);
    return 0;
}

int state_data_read(struct state *s, uint64_t ino, struct buf *out)
{
    int fd = state_data_open(s, ino, O_RDONLY);

    if (fd < 0)
        return fd;
    int rc = file_read_fd(fd, out);
    close(fd);
    return rc;
}

int state_data_write(struct state *s, uint64_t ino, const void *data, size_t len)
{
    int fd = state_data_open(s, ino, O_RDWR | O_CREAT | O_TRUNC);

    if (fd < 0)
        return fd;
    int rc = file_pwrite_all(fd, data, len, 0);
    if (!rc && fdatasync(fd))
        rc = -errno;
    close(fd);
    return rc;
}

int state_forget_local(struct state *s, uint64_t ino)
{
    int rc = state_remove_local(s, ino);

    return rc ? rc : state_data_remove(s, ino);
}

int state_statfs(struct state *s, struct statvfs *ret)
{
    struct statvfs st;

    if (fstatvfs(s->data_fd, &st))
        return -errno;
    *ret = st;
    return 0;
}

/* Through a descriptor of its own: the offset of a directory belongs to the descriptor. */
static DIR *open_dir(struct state *s)
{
    int fd = openat(s->data_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir && fd >= 0)
        close(fd);
    return dir;
}

static bool parse_name(const char *name, uint64_t *ret)
{
    char again[NAME_SIZE];

    *ret = strtoull(name, NULL, 10);
    data_name(*ret, again);
    return !strcmp(name, again);
}

int state_data_list(struct state *s, uint64_t **ret, size_t *ret_count)
{
    DIR *dir = open_dir(s);
    struct dirent *entry;
    uint64_t *list = NULL;
    size_t count = 0;
    uint64_t ino;

    if (!dir)
        return -errno;
    errno = 0;
    while ((entry = readdir(dir))) {
        if (!parse_name(entry->d_name, &ino))
            continue;
        list = xrealloc(list, (count + 1) * sizeof(*list));
        list[count++] = ino;
        errno = 0;
    }
    if (errno) {
        int rc = -errno;

        closedir(dir);
        free(list);
        return rc;
    }
    closedir(dir);
    *ret = list;
    *ret_count = count;
    return 0;
}

/* --- without a database --- */

/* Its number may be a record's: the file gets another. */
static int give_back(struct state *s, uint64_t ino)
{
    struct local l = {.dir = NAME_ROOT_INO, .mode = S_IFREG | 0600};
    char from[NAME_SIZE], to[NAME_SIZE];
    struct stat st;
    int rc;

    data_name(ino, from);
    if (fstatat(s->data_fd, from, &st, AT_SYMLINK_NOFOLLOW))
        return -errno;
    if (!S_ISREG(st.st_mode) || !st.st_size)
        return 0;
    rc = state_new_ino(s, &l.ino);
    if (rc)
        return rc;
    data_name(l.ino, to);
    if (linkat(s->data_fd, from, s->data_fd, to, 0))
        return -errno;
    state_data_adopt(s, l.ino);
    l.name = xasprintf("lost-%s", from);
    rc = state_put_local(s, &l);
    if (!rc)
        rc = state_data_remove(s, ino);
    if (!rc)
        log_warn("data/%s belongs to no state.db: it is %s in the mount", from, l.name);
    free(l.name);
    return rc;
}

int data_give_back(struct state *s, const uint64_t *inos, size_t count)
{
    int rc = 0;

    for (size_t i = 0; i < count && !rc; i++)
        rc = give_back(s, inos[i]);
    return rc;
}
