/*
 * branches.c - the top-level directories, and the root that shows them. A new one is a folder with
 * its classes and a line here.
 */
#include "fs_p.h"

#include "control/control_p.h"
#include "derived/derived_p.h"
#include "outbox/outbox_p.h"
#include "records/records_p.h"
#include "triggers/triggers_p.h"

#include <outlookfs/model/name.h>

static const struct branch all[] = {
    {"mail", &kind_root_ops, KIND_MESSAGE, .expire = slots_expire}, /* of all three */
    {"calendars", &kind_root_ops, KIND_EVENT},
    {"contacts", &kind_root_ops, KIND_CONTACT},
    {"outbox", &outbox_root_ops, KIND_COUNT},
    {"triggers", &triggers_root_ops, KIND_COUNT},
    {"search", &search_root_ops, KIND_COUNT, &search_kind_ops},
    {"views", &views_root_ops, KIND_COUNT, &view_kind_ops, views_init, views_release, views_expire},
    {"export", &export_root_ops, KIND_COUNT, &export_kind_ops, renderings_init, renderings_release},
    {"settings", &settings_root_ops, KIND_COUNT, .there = settings_are_there},
    {".outlookfs", &control_root_ops, KIND_COUNT},
};

const struct branch *const branches[] = {&all[0], &all[1], &all[2], &all[3], &all[4], &all[5],
                                         &all[6], &all[7], &all[8], &all[9], NULL};

static struct node_spec branch_spec(struct node *root, const struct branch *b)
{
    return (struct node_spec){
        .ino = name_ino(b->name), .ops = b->root, .parent = root, .name = b->name, .kind = b->kind};
}

static int root_list(struct fs *fs, const struct fs_req *, struct node *root, struct dir_list *list)
{
    for (const struct branch *const *b = fs->branches; *b; b++) {
        if (!(*b)->there || (*b)->there(fs))
            dir_add(list, branch_spec(root, *b), NULL);
    }
    return 0;
}

const struct node_ops root_ops = {
    .name = "root",
    .type = S_IFDIR,
    .refusal = "the top-level directories are fixed: put files of your own below them",
    .flags = NODE_LOCAL_NAMES,
    .list = root_list,
};
