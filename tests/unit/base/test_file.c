#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BIG ((size_t)300 * 1024)

static char directory[] = "/tmp/outlookfs-test-XXXXXX";
static atomic_bool stop;

static int make_directory(void **state)
{
    (void)state;
    umask(022);
    return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int remove_directory(void **state)
{
    (void)state;
    return chdir("/") || nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int count_entries(const char *path)
{
    DIR *dir = opendir(path);
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2; /* . and .. */
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void assert_content(const char *path, const char *expected)
{
    struct buf out;

    buf_init(&out, 1000);
    assert_int_equal(file_read(path, &out, NULL), 0);
    assert_string_equal(out.data, expected);
    buf_release(&out);
}

static void test_replaces_with_exact_mode(void **state)
{
    (void)state;
    assert_int_equal(file_replace("token", "one", 3, 0600, NULL), 0);
    assert_content("token", "one");
    assert_int_equal(mode_of("token"), 0600);

    umask(077); /* the mode is exact, whatever the umask */
    assert_int_equal(file_replace("token", "two!", 4, 0664, NULL), 0);
    umask(022);
    assert_content("token", "two!");
    assert_int_equal(mode_of("token"), 0664);

    assert_int_equal(file_replace("token", NULL, 0, 0400, NULL), 0);
    assert_content("token", "");
    assert_int_equal(mode_of("token"), 0400);
    assert_int_equal(count_entries("."), 1);
    assert_int_equal(unlink("token"), 0);
}

static void test_replaces_by_absolute_path(void **state)
{
    char *path = xasprintf("%s/%0200d", directory, 7);

    (void)state;
    assert_int_equal(file_replace(path, "text", 4, 0600, NULL), 0);
    assert_content(path, "text");
    assert_int_equal(unlink(path), 0);
    free(path);
}

static void test_failed_replace_leaves_nothing(void **state)
{
    struct buf err;

    (void)state;
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(mkdir("dir", 0700), 0);
    assert_int_equal(file_replace("dir", "x", 1, 0600, &err), -EISDIR);
    assert_string_equal(err.data, "dir: Is a directory");
    assert_int_equal(count_entries("."), 1);
    assert_int_equal(count_entries("dir"), 0);
    assert_int_equal(file_replace("none/file", "x", 1, 0600, &err), -ENOENT);
    assert_string_equal(err.data, "none/file: No such file or directory");
    assert_int_equal(rmdir("dir"), 0);
    buf_release(&err);
}

/* An open descriptor keeps the old file: it was replaced, not written over. */
static void test_old_file_stays_whole(void **state)
{
    struct buf out;
    int fd;

    (void)state;
    assert_int_equal(file_replace("f", "old", 3, 0600, NULL), 0);
    fd = open("f", O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(file_replace("f", "the new", 7, 0600, NULL), 0);
    buf_init(&out, 100);
    assert_int_equal(file_read_fd(fd, &out), 0);
    assert_string_equal(out.data, "old");
    close(fd);
    assert_content("f", "the new");
    assert_int_equal(unlink("f"), 0);
    buf_release(&out);
}

/* Answers how many reads saw something else than one whole version. */
static void *read_often(void *arg)
{
    struct buf out;
    intptr_t wrong = 0;

    (void)arg;
    buf_init(&out, BIG + 1);
    while (!atomic_load(&stop)) {
        buf_clear(&out);
        if (file_read("big", &out, NULL) || out.len != BIG || out.data[0] != out.data[BIG - 1])
            wrong++;
    }
    buf_release(&out);
    return (void *)wrong;
}

static void test_readers_see_old_or_new(void **state)
{
    char *data = xmalloc(BIG);
    pthread_t thread;
    void *wrong;

    (void)state;
    memset(data, 'z', BIG);
    assert_int_equal(file_replace("big", data, BIG, 0600, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, read_often, NULL), 0);
    for (int i = 0; i < 40; i++) {
        memset(data, 'a' + i % 26, BIG);
        assert_int_equal(file_replace("big", data, BIG, 0600, NULL), 0);
    }
    atomic_store(&stop, true);
    pthread_join(thread, &wrong);
    assert_null(wrong);
    assert_int_equal(count_entries("."), 1);
    assert_int_equal(unlink("big"), 0);
    free(data);
}

static void test_reads_bounded(void **state)
{
    char *data = xmalloc(BIG);
    struct buf out, err;
    int fd;

    (void)state;
    for (size_t i = 0; i < BIG; i++)
        data[i] = (char)(i % 251);
    assert_int_equal(file_replace("big", data, BIG, 0600, NULL), 0);
    fd = open("big", O_RDONLY);
    buf_init(&err, BUF_TEXT_MAX);

    buf_init(&out, BIG + 4);
    assert_int_equal(buf_addstr(&out, "kept"), 0);
    assert_int_equal(file_read("big", &out, &err), 0);
    assert_int_equal(out.len, BIG + 4);
    assert_memory_equal(out.data, "kept", 4);
    assert_memory_equal(out.data + 4, data, BIG);
    buf_release(&out);

    buf_init(&out, BIG + 3);
    assert_int_equal(buf_addstr(&out, "kept"), 0);
    assert_int_equal(file_read("big", &out, &err), -EFBIG);
    assert_string_equal(err.data, "big: File too large");
    assert_string_equal(out.data, "kept");
    assert_int_equal(file_read_fd(fd, &out), -EFBIG);
    assert_string_equal(out.data, "kept");
    buf_release(&out);

    close(fd);
    assert_int_equal(unlink("big"), 0);
    buf_release(&err);
    free(data);
}

static void test_reads_a_descriptor_from_its_beginning(void **state)
{
    struct buf out;
    int fd;

    (void)state;
    assert_int_equal(file_replace("f", "0123456789", 10, 0600, NULL), 0);
    fd = open("f", O_RDONLY);
    assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
    buf_init(&out, 100);
    assert_int_equal(file_read_fd(fd, &out), 0);
    assert_string_equal(out.data, "0123456789");
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 5);
    assert_int_equal(file_read_fd(-1, &out), -EBADF);
    close(fd);
    assert_int_equal(unlink("f"), 0);
    buf_release(&out);
}

static void test_read_says_why_not(void **state)
{
    struct buf out, err;

    (void)state;
    buf_init(&out, 100);
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(file_read("none", &out, &err), -ENOENT);
    assert_string_equal(err.data, "none: No such file or directory");
    assert_int_equal(file_read(".", &out, &err), -EISDIR);
    assert_int_equal(out.len, 0);
    buf_release(&err);
    buf_release(&out);
}

static void test_makes_directories(void **state)
{
    struct buf err;
    char *absolute = xasprintf("%s/a/y", directory);

    (void)state;
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(file_mkdirs("a/b//c/", &err), 0);
    assert_int_equal(mode_of("a"), 0700);
    assert_int_equal(mode_of("a/b"), 0700);
    assert_int_equal(mode_of("a/b/c"), 0700);
    assert_int_equal(file_mkdirs("a/b/c", &err), 0);
    assert_int_equal(file_mkdirs("a", &err), 0);
    assert_int_equal(file_mkdirs("/", &err), 0);
    assert_int_equal(file_mkdirs(absolute, &err), 0);
    assert_int_equal(file_mkdirs("", &err), -ENOENT);

    assert_int_equal(file_replace("a/file", "x", 1, 0600, NULL), 0);
    assert_int_equal(file_mkdirs("a/file", &err), -ENOTDIR);
    assert_int_equal(file_mkdirs("a/file/d", &err), -ENOTDIR);
    assert_string_equal(err.data, "a/file/d: Not a directory");
    free(absolute);
    buf_release(&err);
}

static void test_writes_at_an_offset(void **state)
{
    int fd = open("w", O_RDWR | O_CREAT, 0600);

    (void)state;
    assert_int_equal(file_pwrite_all(fd, "abcdef", 6, 0), 0);
    assert_int_equal(file_pwrite_all(fd, "XY", 2, 3), 0);
    assert_int_equal(file_pwrite_all(fd, NULL, 0, 3), 0);
    assert_content("w", "abcXYf");
    close(fd);
    fd = open("w", O_RDONLY);
    assert_int_equal(file_pwrite_all(fd, "a", 1, 0), -EBADF);
    close(fd);
    assert_int_equal(unlink("w"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaces_with_exact_mode),
        cmocka_unit_test(test_replaces_by_absolute_path),
        cmocka_unit_test(test_failed_replace_leaves_nothing),
        cmocka_unit_test(test_old_file_stays_whole),
        cmocka_unit_test(test_readers_see_old_or_new),
        cmocka_unit_test(test_reads_bounded),
        cmocka_unit_test(test_reads_a_descriptor_from_its_beginning),
        cmocka_unit_test(test_read_says_why_not),
        cmocka_unit_test(test_makes_directories),
        cmocka_unit_test(test_writes_at_an_offset),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
