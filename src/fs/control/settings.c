/*
 * settings.c - settings/automatic-replies.json: the mailbox's automaticRepliesSetting, where the
 * service has it.
 */
#include "../records/beside_p.h"
#include "control_p.h"

#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>

#define REPLIES "automatic-replies.json"

static const struct node_ops replies_ops = {
    .name = "automatic replies",
    .type = S_IFREG,
    .flags = NODE_VOLATILE | NODE_WRITABLE,
    .make = value_make,
    .store = value_store,
    .closed = value_closed,
};

static struct node_spec replies_spec(struct node *dir)
{
    return spec_in(dir, &replies_ops, name_ino("settings", REPLIES), REPLIES);
}

static int settings_list(struct fs *, const struct fs_req *, struct node *dir,
                         struct dir_list *list)
{
    dir_add(list, replies_spec(dir), NULL);
    return 0;
}

static bool settings_takes(const char *name, mode_t type)
{
    return S_ISDIR(type) ? name_is_scratch_dir(name) : !name_is_record(name);
}

static int settings_receive(struct fs *fs, const struct fs_req *req, const struct place *from,
                            const struct place *to, struct buf *err)
{
    if (!str_eq(to->name, REPLIES))
        return -ENOSYS;
    struct node *node = tree_obtain(fs, replies_spec(to->dir));
    int rc = value_receive(fs, req, from, node, err);
    tree_put(fs, node);
    return rc;
}

bool settings_are_there(struct fs *fs)
{
    return remote_can(mailbox_remote(fs->mailbox), REMOTE_CAN_VALUES);
}

const struct node_ops settings_root_ops = {
    .name = "settings",
    .type = S_IFDIR,
    .flags = NODE_LOCAL_NAMES,
    .takes = settings_takes,
    .refusal = "settings belong to the service: change the content of a file instead",
    .list = settings_list,
    .receive = settings_receive,
};
