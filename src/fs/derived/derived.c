/*
 * derived.c - search/, views/ and export/ at their top: a directory for each kind of record, and
 * CACHEDIR.TAG, which says to backup programs that what lies beside it can be had again
 * (https://bford.info/cachedir/).
 */
#include "derived_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <string.h>

#define TAG "CACHEDIR.TAG"
#define TIME (INT64_C(946684800) * NS_PER_S) /* 2000-01-01: a copy of a copy is the same file */

static const char text[] = "Signature: 8a477f597d28d172789f06886806bc55\n"
                           "# What is here is made of mail/, calendars/ and contacts/.\n";

static int tag_make(struct fs *, const struct fs_req *, struct node *, struct content *ret)
{
    ret->text = xstrdup(text);
    ret->len = strlen(text);
    ret->mtime = TIME;
    return 0;
}

static const struct node_ops tag_ops = {
    .name = TAG,
    .type = S_IFREG,
    .flags = NODE_READ_ONLY,
    .make = tag_make,
};

static const struct branch *branch_of(struct fs *fs, const struct node *root)
{
    const struct branch *const *b = fs->branches;

    while (!str_eq((*b)->name, root->name))
        b++;
    return *b;
}

static struct node_spec kind_spec(struct node *root, const struct branch *b, enum kind kind)
{
    return (struct node_spec){.ino = name_ino(b->name, kind_info(kind)->dir),
                              .ops = b->kinds,
                              .parent = root,
                              .name = kind_info(kind)->dir,
                              .kind = kind};
}

int derived_list(struct fs *fs, const struct fs_req *, struct node *root, struct dir_list *list)
{
    const struct branch *b = branch_of(fs, root);

    dir_add(list, spec_in(root, &tag_ops, name_ino(b->name, TAG), TAG), NULL);
    for (int kind = 0; kind < KIND_COUNT; kind++)
        dir_add(list, kind_spec(root, b, (enum kind)kind), NULL);
    return 0;
}
