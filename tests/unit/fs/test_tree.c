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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_name_is_whole, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_every_id_is_whole, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_renamed, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
