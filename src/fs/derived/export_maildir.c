/*
 * export_maildir.c - cur/, new/ and tmp/, which make a mail folder of export/ a Maildir.
 *
 * They are found by name and not listed, so that whoever walks the tree meets each message once. In
 * cur/ a message is called "<id>:2,S", or "<id>:2," while it is not read: the same file as
 * "<id>.eml". A name with other flags means it, too: a reader that has listed the directory finds
 * the message although somebody else has read it meanwhile.
 *
 * A reader that stays open looks at the time of cur/ to learn of new mail, and lists nothing until
 * it moves. So a look at it makes a listing that is there fresh, as a look into it does, and it is
 * the time something last happened to any message.
 */
#include "export_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FLAGS ":2," /* what follows are flags */
#define SEEN FLAGS "S"

static char *message_name(enum kind, const struct cache_record *r)
{
    return name_of_id(r->id, r->read ? SEEN : FLAGS, 0);
}

static int cur_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                      struct node **ret)
{
    const char *flags = NULL;
    SCOPED(xfree) char *id = NULL;

    for (const char *at = name; (at = strstr(at, FLAGS)); at++)
        flags = at;
    int rc = flags ? mailbox_id_of_name(fs->mailbox, name, flags, &id) : -ENOENT;
    return rc ? rc : export_lookup_record(fs, req, dir, id, name, ret);
}

static int cur_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                    struct dir_list *list)
{
    return export_list_records(fs, req, dir, message_name, list);
}

/* Who only probes for a Maildir where nobody has looked yet, asks the service for nothing; and
 * every open of a message looks the directory up. */
static bool is_due(const struct cache_listing *listing)
{
    int64_t age = clock_steady() - listing->fresh_at;

    return listing->complete && (age < 0 || age >= NS_PER_S);
}

static int cur_getattr(struct fs *fs, const struct fs_req *req, struct node *dir, struct stat *ret)
{
    struct cache_listing listing = {0};
    int rc = cache_get_listing(fs->cache, dir->kind, dir->folder, &listing);

    if (!rc && is_due(&listing))
        folder_refresh(fs, dir->kind, dir->folder, req->cancel); /* what is known is shown */
    if (!rc)
        attr_set_mtime(ret, fs->mail_changed);
    return rc;
}

static const struct node_ops cur_ops = {
    .name = "messages of a Maildir",
    .type = S_IFDIR,
    .refusal = EXPORT_REFUSAL,
    .flags = NODE_READ_ONLY | NODE_VOLATILE,
    .getattr = cur_getattr,
    .lookup = cur_lookup,
    .list = cur_list,
};

static const struct node_ops empty_ops = {
    .name = "empty part of a Maildir",
    .type = S_IFDIR,
    .refusal = EXPORT_REFUSAL,
    .flags = NODE_READ_ONLY,
};

/* A folder of the service may have that name. */
static bool is_folder(struct fs *fs, const struct node *dir, const char *name)
{
    SCOPED(cache_folders_release) struct cache_folders folders = {0};
    bool found = false;

    cache_get_folders(fs->cache, dir->kind, &folders);
    for (size_t i = 0; i < folders.count && !found; i++)
        found = str_eq(folders.list[i].parent, dir->folder) && str_eq(folders.list[i].name, name);
    return found;
}

int maildir_lookup(struct fs *fs, struct node *dir, const char *name, struct node **ret)
{
    bool cur = str_eq(name, "cur");

    if (!cur && !str_eq(name, "new") && !str_eq(name, "tmp"))
        return -ENOENT;
    if (is_folder(fs, dir, name))
        return -ENOENT;
    *ret = tree_obtain(
        fs, spec_in(dir, cur ? &cur_ops : &empty_ops,
                    name_ino("export", kind_info(dir->kind)->dir, dir->folder, "", name), name));
    return 0;
}
