/*
 * cachedir.c - CACHEDIR.TAG: says to backup programs that what lies beside it can be had again
 * (https://bford.info/cachedir/). It is in the top-level directories that show the records of
 * other ones (branch.derived).
 */
#include "fs_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <string.h>

#define NAME "CACHEDIR.TAG"
#define TIME (INT64_C(946684800) * NS_PER_S) /* 2000-01-01: a copy of a copy is the same file */

static const char text[] = "Signature: 8a477f597d28d172789f06886806bc55\n"
                           "# What is here is made of mail/, calendars/ and contacts/.\n";

static int tag_getattr(struct fs *fs, const struct fs_req *req, struct node *node, struct stat *ret)
{
    (void)fs;
    (void)req;
    (void)node;
    ret->st_size = (off_t)strlen(text);
    attr_set_mtime(ret, TIME);
    return 0;
}

static int tag_load(struct fs *fs, struct node *node, struct content *ret)
{
    (void)fs;
    (void)node;
    ret->text = xstrdup(text);
    ret->len = strlen(text);
    ret->mtime = TIME;
    return 0;
}

static const struct node_ops tag_ops = {
    .name = NAME,
    .type = S_IFREG,
    .flags = NODE_READ_ONLY,
    .getattr = tag_getattr,
    .load = tag_load,
};

static const struct branch *derived_branch(const struct node_ops *dir_ops)
{
    for (const struct branch *const *b = branches; *b; b++) {
        if ((*b)->root == dir_ops && (*b)->derived)
            return *b;
    }
    return NULL;
}

static struct node_spec tag_spec(struct node *dir, const struct branch *b)
{
    const char *parts[] = {b->name, NAME};

    return (struct node_spec){.ino = name_ino(parts, ARRAY_SIZE(parts)),
                              .ops = &tag_ops,
                              .parent = dir,
                              .name = NAME,
                              .kind = KIND_COUNT};
}

bool cachedir_has(const struct node_ops *dir_ops, const char *name)
{
    return str_eq(name, NAME) && derived_branch(dir_ops);
}

int cachedir_lookup(struct fs *fs, struct node *dir, const char *name, struct node **ret)
{
    const struct node_ops *ops = tree_ops(fs, dir);

    if (!cachedir_has(ops, name))
        return -ENOENT;
    struct node_spec spec = tag_spec(dir, derived_branch(ops));
    *ret = tree_obtain(fs, &spec);
    return 0;
}

int cachedir_list(struct fs *fs, struct node *dir, struct dir_list *list)
{
    const struct branch *b = derived_branch(tree_ops(fs, dir));

    if (!b)
        return 0;
    struct node_spec spec = tag_spec(dir, b);
    return dir_add(list, &spec, NULL);
}
