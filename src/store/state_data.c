/*
 * state_data.c - data/<ino>: the local bytes of an inode as a file.
 */
#include "state_p.h"

#include <outlookfs/base/alloc.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define NAME_SIZE 24

static void data_name(uint64_t ino, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "%" PRIu64, ino);
}

int state_data_open(struct state *s, uint64_t ino, int flags)
{
    char name[NAME_SIZE];
    int fd;

    data_name(ino, name);
    fd = openat(s->data_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? -errno : fd;
}

int state_data_remove(struct state *s, uint64_t ino)
{
    char name[NAME_SIZE];

    data_name(ino, name);
    return unlinkat(s->data_fd, name, 0) && errno != ENOENT ? -errno : 0;
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
