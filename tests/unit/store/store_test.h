/* What the tests of this layer share: a directory of their own, records to store, ways to look at
 * files. */
#ifndef OUTLOOKFS_TESTS_STORE_TEST_H
#define OUTLOOKFS_TESTS_STORE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/log.h>
#include <outlookfs/model/item.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline char *dir_make(void)
{
    const char *base = getenv("TMPDIR");
    char *dir = xasprintf("%s/outlookfs-store-XXXXXX", base ? base : "/tmp");

    assert_non_null(mkdtemp(dir));
    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_DEBUG);
    return dir;
}

static inline int dir_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void dir_remove(char *dir)
{
    nftw(dir, dir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(dir);
}

/* The test's directory; each test has one. */
static inline int setup_dir(void **state)
{
    *state = dir_make();
    return 0;
}

static inline int teardown_dir(void **state)
{
    dir_remove(*state);
    return 0;
}

static inline char *path_in(const char *dir, const char *name)
{
    return xasprintf("%s/%s", dir, name);
}

/* The permission bits, or 0 when it is not there. */
static inline unsigned mode_of(const char *dir, const char *name)
{
    char *path = path_in(dir, name);
    struct stat st;
    unsigned mode = stat(path, &st) ? 0 : st.st_mode & 07777;

    free(path);
    return mode;
}

static inline void write_file(const char *dir, const char *name, const char *text, size_t size)
{
    char *path = path_in(dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    close(fd);
    free(path);
}

/* Points at the caller's strings: not to be released. */
static inline struct item item_of(enum kind kind, const char *id, int64_t mtime, const char *text)
{
    return (struct item){
        .kind = kind,
        .id = (char *)id,
        .etag = (char *)"W/1",
        .mtime = mtime,
        .text = (char *)text,
        .size = strlen(text),
    };
}

#define dir_test(f) cmocka_unit_test_setup_teardown(f, setup_dir, teardown_dir)

#endif
