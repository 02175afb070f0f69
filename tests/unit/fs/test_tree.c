/*
 * test_tree.c - names and ids of nodes, whose beginnings are shared.
 */
#include "fs_test.h"

#include "fs/core/core_p.h"

#define NODES 3000 /* more than there may be beginnings */

static int no_target(struct fs *fs, struct node *node, struct buf *out)
{
    (void)fs;
    (void)node;
    return buf_addstr(out, "nowhere");
}

static const struct node_ops link_ops = {.name = "link", .type = S_IFLNK, .readlink = no_target};

/* Of all lengths, each with a beginning of its own or one of a few. */
static char *long_name(int i)
{
    return xasprintf("%0*d-%0*d.json", i % 117 + 1, i % 2 ? i : i % 10, i % 101 + 1, i);
}

static void test_every_name_is_whole(void **state)
{
    struct rig *t = *state;
    struct node *root = tree_get(t->fs, FS_ROOT), *nodes[NODES];

    for (int i = 0; i < NODES; i++) {
        char *name = long_name(i);

        nodes[i] = tree_obtain(
            t->fs, (struct node_spec){
                       .ino = (uint64_t)i + 1000, .ops = &link_ops, .parent = root, .name = name});
        free(name);
    }
    for (int i = 0; i < NODES; i++) {
        char *name = long_name(i), *is = tree_name(t->fs, nodes[i]);

        assert_string_equal(is, name);
        free(is);
        free(name);
        tree_put(t->fs, nodes[i]);
    }
    tree_put(t->fs, root);
}

static void test_every_id_is_whole(void **state)
{
    struct rig *t = *state;

    for (int i = 0; i < NODES; i++) {
        char *id = long_name(i), *is;
        const char *rest, *start = tree_share(t->fs, id, &rest);

        is = xasprintf("%s%s", start ? start : "", rest);
        assert_string_equal(is, id);
        free(is);
        free(id);
    }
}

/* One name after the other: no part of the old one stays. */
static void test_renamed(void **state)
{
    struct rig *t = *state;
    struct node *root = tree_get(t->fs, FS_ROOT);
    struct node *node = tree_obtain(
        t->fs, (struct node_spec){.ino = 1000, .ops = &link_ops, .parent = root, .name = "short"});

    for (int i = 0; i < 300; i++) {
        char *name = long_name(i), *is;

        tree_move(t->fs, node, root, name, NULL);
        is = tree_name(t->fs, node);
        assert_string_equal(is, name);
        free(is);
        free(name);
    }
    tree_move(t->fs, node, NULL, NULL, NULL);
    char *none = tree_name(t->fs, node);
    assert_string_equal(none, "");
    free(none);
    tree_put(t->fs, node);
    tree_put(t->fs, root);
}

/* --- the kernel is asked to forget --- */

#define FIRST 1000  /* inode */
#define MANY 250000 /* more than are kept */

struct asked {
    struct fs *fs;
    uint64_t last;
    size_t count;
};

/* Oldest first, each once; and the kernel does as it is told. */
static void forget(void *ctx, const uint64_t *inos, size_t count)
{
    struct asked *asked = ctx;

    for (size_t i = 0; i < count; i++) {
        assert_true(inos[i] > asked->last);
        asked->last = inos[i];
        tree_forget(asked->fs, inos[i], 1);
        assert_null(tree_get(asked->fs, inos[i]));
    }
    asked->count += count;
}

static void told_nothing(void *ctx, uint64_t ino)
{
    (void)ctx;
    (void)ino;
}

/* As a listing does. */
static void list_file(struct rig *t, struct node *root, uint64_t ino, const struct node_ops *ops)
{
    struct node_spec spec = {.ino = ino, .ops = ops, .parent = root, .name = "name"};
    struct stat attr = {0};

    assert_true(tree_list(t->fs, &spec, &attr, (struct cache_version){0}, t->fs->attr_changes));
}

static const struct node_ops directory_ops = {.name = "directory", .type = S_IFDIR};

static void test_old_nodes_are_forgotten(void **state)
{
    static const struct fs_notify notify = {.inode = told_nothing, .prune = forget};
    struct rig *t = *state;
    struct node *root = tree_get(t->fs, FS_ROOT), *refused, *opened, *held;
    struct asked asked = {.fs = t->fs, .last = FIRST + 3};

    t->fs->config.notify = &notify;
    t->fs->config.notify_ctx = &asked;
    list_file(t, root, FIRST, &directory_ops);
    list_file(t, root, FIRST + 1, &link_ops);
    list_file(t, root, FIRST + 2, &link_ops);
    list_file(t, root, FIRST + 3, &link_ops);
    refused = tree_get(t->fs, FIRST + 1);
    tree_set_refusal(t->fs, refused, "asked for later");
    tree_put(t->fs, refused);
    opened = tree_get(t->fs, FIRST + 2);
    opened->opened = true;
    tree_put(t->fs, opened);
    held = tree_get(t->fs, FIRST + 3);
    for (uint64_t ino = FIRST + 4; ino < FIRST + MANY; ino++)
        list_file(t, root, ino, &link_ops);
    assert_in_range(asked.count, MANY / 2, MANY - 1);
    assert_int_equal(asked.last, FIRST + 3 + asked.count);
    for (uint64_t ino = FIRST; ino < FIRST + 4; ino++) {
        struct node *kept = tree_get(t->fs, ino);

        assert_non_null(kept);
        tree_put(t->fs, kept);
    }
    tree_put(t->fs, held);
    tree_put(t->fs, root);
    t->fs->config.notify = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_name_is_whole, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_every_id_is_whole, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_renamed, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_old_nodes_are_forgotten, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
