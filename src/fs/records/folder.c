/*
 * folder.c - mail/, calendars/ and contacts/: the folders of the service as directories, and what
 * is listed in them.
 */
#include "../outbox/outbox_p.h"
#include "beside_p.h"
#include "records_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/map.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>
#include <outlookfs/model/outgoing.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint64_t folder_ino(enum kind kind, const char *folder)
{
    return name_ino(kind_info(kind)->dir, folder);
}

static const struct node_ops folder_ops, mail_folder_ops, drafts_folder_ops, contact_folder_ops,
    read_only_folder_ops;

static const struct node_ops *folder_class(const struct cache_folder *f)
{
    if (f->flags & FOLDER_READ_ONLY)
        return &read_only_folder_ops;
    if (f->flags & FOLDER_DRAFTS)
        return &drafts_folder_ops;
    if (f->kind == KIND_MESSAGE)
        return &mail_folder_ops;
    return f->kind == KIND_CONTACT ? &contact_folder_ops : &folder_ops;
}

static struct node_spec folder_spec(struct fs *fs, struct node *dir, const struct cache_folder *f,
                                    const char *name)
{
    (void)name;
    return (struct node_spec){.ino = folder_ino(f->kind, f->id),
                              .ops = folder_class(f),
                              .parent = dir,
                              .name = f->name,
                              .kind = f->kind,
                              .folder = tree_intern(fs, f->id)};
}

int folders_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                   struct node **ret)
{
    SCOPED(mailbox_folder_release) struct cache_folder f = {0};
    int rc = mailbox_find_folder(fs->mailbox, dir->kind, dir->folder, name, req->cancel, &f);

    if (rc)
        return rc;
    *ret = tree_obtain(fs, tree_ops(fs, dir)->folder(fs, dir, &f, name));
    return 0;
}

int folders_list(struct fs *fs, const struct fs_req *req, struct node *dir, struct dir_list *list)
{
    const struct node_ops *ops = tree_ops(fs, dir);
    SCOPED(cache_folders_release) struct cache_folders folders = {0};
    int rc = mailbox_folders(fs->mailbox, dir->kind, req->cancel, &folders);

    if (rc)
        return rc;
    for (size_t i = 0; i < folders.count; i++) {
        struct cache_folder *f = &folders.list[i];
        struct node_spec spec = ops->folder(fs, dir, f, NULL);

        if (str_eq(f->parent, dir->folder) && spec.name)
            dir_add(list, spec, NULL);
    }
    return 0;
}

#define FOLDERS_REFUSAL                                                                            \
    "this service has no operation for such folders: make, rename and remove them in Outlook; a "  \
    "directory whose name begins with "                                                            \
    ". or ~ is kept on this machine, and a record is a regular file"
#define MAIL_REFUSAL                                                                               \
    "no message is made of a file here: outbox/send/ sends it; folders are made, renamed and "     \
    "removed in Outlook, a directory whose name begins with . or ~ is kept on this machine, and "  \
    "a record is a regular file"

const struct node_ops kind_root_ops = {
    .name = "folders",
    .type = S_IFDIR,
    .refusal = FOLDERS_REFUSAL,
    .flags = NODE_LOCAL_NAMES,
    .lookup = folders_lookup,
    .list = folders_list,
    .folder = folder_spec,
    .mkdir = folder_mkdir,
    .rmdir = folder_rmdir,
};

/* --- one folder --- */

static int folder_lookup(struct fs *fs, const struct fs_req *req, struct node *dir,
                         const char *name, struct node **ret)
{
    if (name_is_record(name))
        return record_lookup(fs, req, dir, name, ret);
    if (dir->kind == KIND_CONTACT && photo_is_name(name))
        return photo_lookup(fs, req, dir, name, ret);
    if (kind_info(dir->kind)->caps & KIND_NESTS) {
        int rc = dir->kind == KIND_MESSAGE ? attachments_lookup(fs, req, dir, name, ret) : -ENOENT;
        if (rc != -ENOENT)
            return rc;
        rc = folders_lookup(fs, req, dir, name, ret);
        return rc == -EHOSTUNREACH ? -ENOENT : rc; /* temporary files are made offline, too */
    }
    return -ENOENT;
}

static bool is_cached(struct fs *fs, const struct slot *slot)
{
    return cache_get(fs->cache, slot->kind, slot->folder, slot->record, false, NULL) != -ENOENT;
}

/*
 * Has the record gone from a folder that is listed whole while nobody looked (the cache was deleted,
 * and with it the memory of it)? A record of ours is in the cache before its operation ends, so the
 * last look is behind that.
 */
static bool is_lost(struct fs *fs, const struct slot *slot)
{
    return slot->record && !(slot->flags & SLOT_DRAFT) && !is_cached(fs, slot) &&
           state_get_op_head(fs->state, slot->id, NULL) == -ENOENT && !is_cached(fs, slot);
}

/*
 * What dir_seen() says of a string: it is a name that was given here, or the id of the record behind
 * one, which is not listed a second time. An id may be called as a name is.
 */
enum seen { SEEN_NAME = 1, SEEN_RECORD = 2 };

/* In place of an id: a slot's record is being created, so that listed ids may turn out to be a
 * slot's. */
#define CREATING ""

static bool is_seen(struct dir_list *list, const char *string, enum seen what)
{
    const uint8_t *seen = map_get(dir_seen(list), string);

    return seen && (*seen & what);
}

static void set_seen(struct dir_list *list, const char *string, enum seen what)
{
    static const uint8_t values[] = {0, 1, 2, 3};
    const uint8_t *before = map_get(dir_seen(list), string);

    map_set(dir_seen(list), string, (void *)&values[what | (before ? *before : 0)]);
}

/* The names given here. */
static int list_slots(struct fs *fs, struct node *dir, struct dir_list *list)
{
    struct cache_listing listing = {0};
    SCOPED(xfree) struct slot *slots = NULL;
    size_t count = 0;
    bool whole = !cache_get_listing(fs->cache, dir->kind, dir->folder, &listing) &&
                 listing.complete && !listing.truncated;
    int rc = state_slots(fs->state, dir->kind, dir->folder, &slots, &count);

    for (size_t i = 0; i < count; i++) {
        struct slot *s = &slots[i];

        set_seen(list, s->record ? s->record : CREATING, SEEN_RECORD);
        set_seen(list, s->name, SEEN_NAME);
        if (whole && is_lost(fs, s))
            fs->events->record_changed(fs, s->kind, s->folder, s->record, MAILBOX_GONE);
        else if (!(s->flags & SLOT_VACANT))
            dir_add(list, record_spec(fs, dir, s->name, s->ino), NULL);
        slot_release(s);
    }
    return rc;
}

static void add_record(struct fs *fs, struct node *dir, const struct cache_record *r,
                       struct dir_list *list)
{
    char *name = name_from_id(r->id);
    bool taken = is_seen(list, name, SEEN_NAME);

    if (taken) {
        free(name);
        name = mailbox_record_name(fs->mailbox, dir->kind, dir->folder, r->id);
    }
    struct node_spec spec = record_spec(fs, dir, name, record_ino(dir->kind, dir->folder, r->id));

    dir_add(
        list, spec,
        &(struct dir_attr){.size = r->size,
                           .mtime = r->mtime,
                           .seq = r->seq,
                           .keeps_name = !taken && !(kind_info(dir->kind)->caps & KIND_CAN_MOVE)});
    free(name);
}

/* Is the record listed by a name given here? */
static bool has_slot(struct fs *fs, struct node *dir, const char *id, struct dir_list *list)
{
    return is_seen(list, id, SEEN_RECORD) ||
           (is_seen(list, CREATING, SEEN_RECORD) &&
            !state_slot_by_record(fs->state, dir->kind, dir->folder, id, NULL));
}

/* The next records behind the cursor: 1 when there were some. */
static int list_records(struct fs *fs, const struct fs_req *req, struct node *dir,
                        struct dir_list *list, uint64_t *after)
{
    SCOPED(xfree) struct cache_record *r = xcalloc(LIST_BATCH, sizeof(*r));
    int n = mailbox_each(fs->mailbox, dir->kind, dir->folder, *after, req->cancel, r, LIST_BATCH);

    for (int i = 0; i < n; i++) {
        if (!has_slot(fs, dir, r[i].id, list))
            add_record(fs, dir, &r[i], list);
        if (r[i].attachments)
            attachments_add(dir, r[i].id, list);
        *after = r[i].seq;
        cache_record_release(&r[i]);
    }
    return n > 0 ? 1 : n;
}

int folder_refresh(struct fs *fs, enum kind kind, const char *folder, struct cancel *cancel)
{
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    struct buf path;
    int rc = mailbox_list(fs->mailbox, kind, folder, cancel, &err);
    if (rc && rc != -EINTR) {
        buf_init(&path, BUF_TEXT_MAX);
        mailbox_folder_path(fs->mailbox, kind, folder, &path);
        log_warn("%s: cannot be listed: %s", path.data, err.data);
        buf_release(&path);
    }
    return rc;
}

static int folder_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                       struct dir_list *list)
{
    uint64_t *cursor = dir_cursor(list); /* 0: nothing listed; else the last seq + 1 */

    if (*cursor) {
        uint64_t after = *cursor - 1;
        int rc = list_records(fs, req, dir, list, &after);
        *cursor = after + 1;
        return rc;
    }

    int rc = folder_refresh(fs, dir->kind, dir->folder, req->cancel);
    if (!rc && (kind_info(dir->kind)->caps & KIND_NESTS))
        rc = folders_list(fs, req, dir, list);
    /* What was made here is listed whatever the service says. */
    int slots = list_slots(fs, dir, list);
    *cursor = 1;
    if (rc || slots)
        return rc ? rc : slots;
    return 1;
}

/*
 * readdir(3) takes ENOENT for the end: that the service does not know the folder must be said
 * before, at the first look. The kernel then looks the name up once more, and does not find it.
 */
static int folder_prepare(struct fs *fs, const struct fs_req *req, struct node *dir)
{
    struct cache_listing listing = {0};

    if (cache_get_listing(fs->cache, dir->kind, dir->folder, &listing) || listing.fresh_at ||
        listing.count)
        return 0;
    return folder_refresh(fs, dir->kind, dir->folder, req->cancel) == -ENOENT ? -ENOENT : 0;
}

int folder_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out)
{
    struct cache_listing listing = {0};

    if (str_eq(name, "id"))
        return buf_addstr(out, node->folder);
    if (!str_eq(name, "truncated"))
        return -ENODATA;
    int rc = cache_get_listing(fs->cache, node->kind, node->folder, &listing);
    if (rc)
        return rc;
    return listing.truncated ? buf_addstr(out, "1") : -ENODATA;
}

static bool folder_takes(const char *name, mode_t type)
{
    return S_ISDIR(type) ? name_is_scratch_dir(name) : !name_is_record(name);
}

const char *folder_stray(const char *, const char *name)
{
    size_t len = strlen(name);

    if (strchr(".~#", *name) || len <= 4 ||
        (strcasecmp(name + len - 4, ".vcf") && strcasecmp(name + len - 4, ".ics")))
        return NULL;
    return "kept on this machine, no record is made of it: outlookfs import FILE DIRECTORY does "
           "that";
}

/* A message that is copied here would stay on this machine, where nobody expects it. */
static bool mail_takes(const char *name, mode_t type)
{
    return folder_takes(name, type) && !outgoing_is_eml(OUTGOING_MIME, name);
}

/* What the folders one may write into have in common. */
#define WRITABLE_FOLDER                                                                            \
    .type = S_IFDIR, .flags = NODE_LOCAL_NAMES, .lookup = folder_lookup,                           \
    .prepare = folder_prepare, .list = folder_list, .folder = folder_spec, .stray = folder_stray,  \
    .files_only = true, .rename = record_rename, .mkdir = folder_mkdir, .rmdir = folder_rmdir,     \
    .relocate = folder_relocate, .getxattr = folder_getxattr

static const struct node_ops folder_ops = {
    .name = "folder",
    WRITABLE_FOLDER,
    .refusal = FOLDERS_REFUSAL,
    .takes = folder_takes,
    .owns = name_is_record,
    .create = slot_create,
    .remove = slot_unlink,
};

static const struct node_ops mail_folder_ops = {
    .name = "mail folder",
    WRITABLE_FOLDER,
    .refusal = MAIL_REFUSAL,
    .takes = mail_takes,
    .owns = name_is_record,
    .create = slot_create,
    .remove = slot_unlink,
};

/* ... where local files may be Internet messages. */
static const struct node_ops drafts_folder_ops = {
    .name = "drafts",
    WRITABLE_FOLDER,
    .refusal = FOLDERS_REFUSAL,
    .takes = folder_takes,
    .names = &draft_names,
    .owns = name_is_record,
    .create = slot_create,
    .remove = slot_unlink,
};

/* --- a folder of contacts: photos, too --- */

static bool contact_owns(const char *name)
{
    return name_is_record(name) || photo_is_name(name);
}

static int contact_create(struct fs *fs, struct node *dir, const char *name, mode_t mode,
                          struct node **ret)
{
    return photo_is_name(name) ? photo_create(fs, dir, name, mode, ret)
                               : slot_create(fs, dir, name, mode, ret);
}

static int contact_remove(struct fs *fs, struct node *dir, const char *name)
{
    return photo_is_name(name) ? photo_remove(fs, dir, name) : slot_unlink(fs, dir, name);
}

static const struct node_ops contact_folder_ops = {
    .name = "contact folder",
    WRITABLE_FOLDER,
    .refusal = FOLDERS_REFUSAL,
    .takes = folder_takes,
    .owns = contact_owns,
    .create = contact_create,
    .remove = contact_remove,
    .receive = photo_receive,
};

static const struct node_ops read_only_folder_ops = {
    .name = "read-only folder",
    .type = S_IFDIR,
    .flags = NODE_READ_ONLY,
    .lookup = folder_lookup,
    .prepare = folder_prepare,
    .list = folder_list,
    .folder = folder_spec,
    .owns = name_is_record,
    .getxattr = folder_getxattr,
};

bool folder_takes_folders(struct fs *fs, struct node *dir)
{
    const struct node_ops *ops = tree_ops(fs, dir);

    return ops == &folder_ops || ops == &mail_folder_ops || ops == &drafts_folder_ops ||
           ops == &contact_folder_ops || ops == &kind_root_ops;
}
