#include "store_test.h"

#include <outlookfs/store/state.h>

#include <sys/statvfs.h>

static struct state *open_state(const char *dir)
{
    struct state *s;

    assert_int_equal(state_open(dir, &s, NULL), 0);
    return s;
}

static int put(struct state *s, uint64_t ino, uint64_t dir, const char *name)
{
    struct local local = {.ino = ino, .dir = dir, .name = (char *)name, .mode = S_IFREG | 0600};

    return state_put_local(s, &local);
}

static void test_keeps_every_field(void **state)
{
    struct state *s = open_state(*state);
    struct local local = {
        .ino = 100,
        .dir = 7,
        .name = (char *)".#x",
        .mode = S_IFLNK | 0777,
        .mtime = INT64_C(1764000000123456789),
        .target = (char *)"user@host.1",
    };
    struct local got;

    assert_int_equal(state_put_local(s, &local), 0);
    state_close(s);
    s = open_state(*state);
    assert_int_equal(state_get_local(s, 100, &got), 0);
    assert_int_equal(got.ino, 100);
    assert_int_equal(got.dir, 7);
    assert_string_equal(got.name, ".#x");
    assert_int_equal(got.mode, S_IFLNK | 0777);
    assert_int_equal(got.mtime, INT64_C(1764000000123456789));
    assert_string_equal(got.target, "user@host.1");
    local_release(&got);
    assert_null(got.target);
    assert_int_equal(state_get_local(s, 101, &got), -ENOENT);
    state_close(s);
}

static void test_names_are_unique_where_linked(void **state)
{
    struct state *s = open_state(*state);
    struct local got;

    assert_int_equal(put(s, 1, 7, "a"), 0);
    assert_int_equal(put(s, 2, 8, "a"), 0);
    assert_int_equal(put(s, 3, 7, "a"), -EEXIST);
    assert_int_equal(state_find_local(s, 7, "a", &got), 0);
    assert_int_equal(got.ino, 1);
    local_release(&got);

    /* Unlinked but open: any number of them. */
    assert_int_equal(put(s, 1, 0, "a"), 0);
    assert_int_equal(put(s, 4, 0, "a"), 0);
    assert_int_equal(state_find_local(s, 7, "a", &got), -ENOENT);
    assert_int_equal(put(s, 3, 7, "a"), 0);
    assert_int_equal(state_find_local(s, 7, "a", &got), 0);
    assert_int_equal(got.ino, 3);
    local_release(&got);
    assert_int_equal(put(s, 2, 7, "b"), 0);
    assert_int_equal(state_find_local(s, 8, "a", &got), -ENOENT);
    state_close(s);
}

static void assert_list(struct state *s, uint64_t dir, const uint64_t *inos, size_t expected)
{
    struct local *list;
    size_t count;

    assert_int_equal(state_locals(s, dir, &list, &count), 0);
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list[i].ino, inos[i]);
        local_release(&list[i]);
    }
    free(list);
}

static void test_lists_and_removes(void **state)
{
    struct state *s = open_state(*state);

    assert_list(s, 7, NULL, 0);
    assert_int_equal(put(s, 5, 7, "a"), 0);
    assert_int_equal(put(s, 4, 7, "b"), 0);
    assert_int_equal(put(s, 6, 0, "c"), 0);
    assert_list(s, 7, (uint64_t[]){4, 5}, 2);
    assert_int_equal(state_remove_local(s, 4), 0);
    assert_int_equal(state_remove_local(s, 4), 0);
    assert_list(s, 7, (uint64_t[]){5}, 1);
    state_close(s);
}

static void test_data_files(void **state)
{
    struct state *s = open_state(*state);
    char got[8] = "";
    int fd;

    assert_int_equal(state_data_open(s, 100, O_RDWR), -ENOENT);
    fd = state_data_open(s, 100, O_RDWR | O_CREAT | O_EXCL);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "text", 4), 4);
    close(fd);
    assert_int_equal(state_data_open(s, 100, O_RDWR | O_CREAT | O_EXCL), -EEXIST);
    state_close(s);
    s = open_state(*state);
    fd = state_data_open(s, 100, O_RDONLY);
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(state_data_remove(s, 100), 0);
    assert_int_equal(state_data_remove(s, 100), 0);
    assert_int_equal(read(fd, got, 7), 4);
    assert_string_equal(got, "text");
    close(fd);
    assert_int_equal(state_data_open(s, 100, O_RDWR), -ENOENT);
    state_close(s);
}

static void create_data(struct state *s, uint64_t ino)
{
    int fd = state_data_open(s, ino, O_RDWR | O_CREAT);

    assert_true(fd >= 0);
    close(fd);
}

static void test_data_list(void **state)
{
    struct state *s = open_state(*state);
    uint64_t *list;
    size_t count;

    assert_int_equal(state_data_list(s, &list, &count), 0);
    assert_int_equal(count, 0);
    free(list);
    create_data(s, 7);
    create_data(s, UINT64_C(0x1fffffffffffff));
    write_file(*state, "data/stranger", "x", 1);
    write_file(*state, "data/08", "x", 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(state_data_list(s, &list, &count), 0);
        assert_int_equal(count, 2);
        assert_int_equal(list[0] < list[1] ? list[0] : list[1], 7);
        assert_int_equal(list[0] < list[1] ? list[1] : list[0], UINT64_C(0x1fffffffffffff));
        free(list);
    }
    state_close(s);
}

static bool has_data(struct state *s, uint64_t ino)
{
    int fd = state_data_open(s, ino, O_RDONLY);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Files follow the outermost transaction: `outer` and `inner` are what its ends are told. */
static void test_data_follows_the_transaction(void **state)
{
    static const struct {
        int inner, outer;
    } cases[] = {{0, 0}, {0, -EINVAL}, {-EINVAL, 0}};
    struct state *s = open_state(*state);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t ino = 10 * (i + 1), old = ino, new = ino + 1, both = ino + 2, back = ino + 3,
                 adopted = ino + 4;
        bool committed = !cases[i].inner && !cases[i].outer;

        create_data(s, old);
        create_data(s, back);
        create_data(s, adopted);
        state_begin(s);
        state_begin(s);
        assert_int_equal(state_data_remove(s, old), 0);
        create_data(s, new);
        create_data(s, both);
        assert_int_equal(state_data_remove(s, both), 0);
        assert_int_equal(state_data_remove(s, back), 0);
        create_data(s, back); /* it is wanted again */
        state_data_adopt(s, adopted);
        assert_int_equal(state_end(s, cases[i].inner), cases[i].inner);
        assert_true(has_data(s, old));
        assert_true(has_data(s, new));
        assert_int_equal(state_end(s, cases[i].outer), committed ? 0 : -EINVAL);

        assert_int_equal(has_data(s, old), !committed);
        assert_int_equal(has_data(s, new), committed);
        assert_false(has_data(s, both));
        assert_true(has_data(s, back));
        assert_int_equal(has_data(s, adopted), committed);
    }
    state_close(s);
}

static void test_statfs(void **state)
{
    struct state *s = open_state(*state);
    struct statvfs expected;
    struct statvfs got = {0};

    assert_int_equal(statvfs(*state, &expected), 0);
    assert_int_equal(state_statfs(s, &got), 0);
    assert_int_equal(got.f_blocks, expected.f_blocks);
    assert_int_equal(got.f_namemax, expected.f_namemax);
    state_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_keeps_every_field),
        dir_test(test_names_are_unique_where_linked),
        dir_test(test_lists_and_removes),
        dir_test(test_data_files),
        dir_test(test_data_list),
        dir_test(test_data_follows_the_transaction),
        dir_test(test_statfs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
