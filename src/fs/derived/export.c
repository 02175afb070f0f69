/*
 * export.c - export/: the mailbox in the formats of other programs, to read.
 *
 *     export/mail/<folder>[/<sub>...]/<id>.eml    a Maildir, too (export_maildir.c)
 *     export/contacts/<folder>/<id>.vcf           export/contacts/<folder>.vcf: all of them
 *     export/calendars/<calendar>/<id>.ics        export/calendars/<calendar>.ics: all of them
 *
 * Laid out as mail/, contacts/ and calendars/. It shows what the service has: what waits here to be
 * sent is not in it, and a name that a record was given here is not its name here, so that a copy
 * looks the same on every machine.
 */
#include "export_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct node_ops folder_ops_of_export;

/* --- all records of a folder, beside it --- */

/* "Contacts.vcf". The caller frees it. */
static char *whole_name(const struct cache_folder *f)
{
    const char *suffix = export_suffix(f->kind);
    size_t room = NAME_BYTES_MAX - strlen(suffix);
    SCOPED(xfree) char *stem = strlen(f->name) > room ? name_safe(f->name, room) : xstrdup(f->name);

    return xasprintf("%s%s", stem, suffix);
}

static struct node_spec whole_spec(struct fs *fs, struct node *dir, const struct cache_folder *f,
                                   const char *name)
{
    return (struct node_spec){.ino =
                                  name_ino("export", kind_info(f->kind)->dir, f->id, "", "whole"),
                              .ops = &export_whole_ops,
                              .parent = dir,
                              .name = name,
                              .kind = f->kind,
                              .folder = tree_intern(fs, f->id)};
}

/* A folder may have such a name. */
static bool is_folder(const struct cache_folders *folders, const char *parent, const char *name)
{
    for (size_t i = 0; i < folders->count; i++) {
        const struct cache_folder *f = &folders->list[i];

        if (str_eq(f->parent, parent) && str_eq(f->name, name))
            return true;
    }
    return false;
}

/* By the name of the folder, or its id. */
static int find_whole(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                      struct node **ret)
{
    SCOPED(cache_folders_release) struct cache_folders folders = {0};
    int rc = mailbox_folders(fs->mailbox, dir->kind, req->cancel, &folders);
    bool found = false, taken = is_folder(&folders, dir->folder, name);

    for (size_t i = 0; i < folders.count && !found && !taken; i++) {
        const struct cache_folder *f = &folders.list[i];
        SCOPED(xfree) char *by_name = whole_name(f);
        SCOPED(xfree) char *by_id = xasprintf("%s%s", f->id, export_suffix(f->kind));

        found = str_eq(f->parent, dir->folder) && (str_eq(by_name, name) || str_eq(by_id, name));
        if (found)
            *ret = tree_obtain(fs, whole_spec(fs, dir, f, name));
    }
    return rc || found ? rc : -ENOENT;
}

static int list_whole(struct fs *fs, const struct fs_req *req, struct node *dir,
                      struct dir_list *list)
{
    SCOPED(cache_folders_release) struct cache_folders folders = {0};
    int rc = mailbox_folders(fs->mailbox, dir->kind, req->cancel, &folders);

    for (size_t i = 0; i < folders.count && !rc; i++) {
        const struct cache_folder *f = &folders.list[i];
        SCOPED(xfree) char *name = whole_name(f);

        if (str_eq(f->parent, dir->folder) && !is_folder(&folders, dir->folder, name))
            dir_add(list, whole_spec(fs, dir, f, name), NULL);
    }
    return rc;
}

/* --- a folder --- */

static struct node_spec folder_spec(struct fs *fs, struct node *dir, const struct cache_folder *f,
                                    const char *name)
{
    (void)name;
    return (struct node_spec){.ino = name_ino("export", kind_info(f->kind)->dir, f->id),
                              .ops = &folder_ops_of_export,
                              .parent = dir,
                              .name = f->name,
                              .kind = f->kind,
                              .folder = tree_intern(fs, f->id)};
}

static struct node_spec file_spec(struct node *dir, const char *id, const char *name)
{
    struct node_spec spec =
        spec_in(dir, &export_file_ops, export_ino(dir->kind, dir->folder, id), name);

    spec.id = id;
    return spec;
}

int export_lookup_record(struct fs *fs, const struct fs_req *req, struct node *dir, const char *id,
                         const char *name, struct node **ret)
{
    int rc = record_exists(fs, req, dir, id);

    if (!rc)
        *ret = tree_obtain(fs, file_spec(dir, id, name));
    return rc;
}

/* A sub-folder, or all of one. */
static int sub_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                      struct node **ret)
{
    int rc = dir->kind == KIND_MESSAGE ? -ENOENT : find_whole(fs, req, dir, name, ret);

    return rc == -ENOENT ? folders_lookup(fs, req, dir, name, ret) : rc;
}

static int sub_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                    struct dir_list *list)
{
    int rc = folders_list(fs, req, dir, list);

    return rc || dir->kind == KIND_MESSAGE ? rc : list_whole(fs, req, dir, list);
}

static int folder_lookup(struct fs *fs, const struct fs_req *req, struct node *dir,
                         const char *name, struct node **ret)
{
    const char *suffix = export_suffix(dir->kind);
    bool nests = kind_info(dir->kind)->caps & KIND_NESTS;
    int rc = -ENOENT;

    if (str_ends(name, suffix)) {
        SCOPED(xfree) char *id = NULL;
        rc = mailbox_id_of_name(fs->mailbox, name, suffix, &id);
        if (!rc)
            rc = export_lookup_record(fs, req, dir, id, name, ret);
        nests = nests && dir->kind != KIND_MESSAGE;
    } else if (dir->kind == KIND_MESSAGE) {
        rc = maildir_lookup(fs, dir, name, ret);
    }
    return rc == -ENOENT && nests ? sub_lookup(fs, req, dir, name, ret) : rc;
}

int export_list_records(struct fs *fs, const struct fs_req *req, struct node *dir,
                        export_name_fn name_of, struct dir_list *list)
{
    uint64_t *cursor = dir_cursor(list); /* 0: nothing listed; else the last seq + 1 */
    uint64_t after = *cursor ? *cursor - 1 : 0;
    int rc = *cursor ? 0 : folder_refresh(fs, dir->kind, dir->folder, req->cancel);

    if (rc)
        return rc;
    SCOPED(xfree) struct cache_record *r = xcalloc(LIST_BATCH, sizeof(*r));
    int n = mailbox_each(fs->mailbox, dir->kind, dir->folder, after, req->cancel, r, LIST_BATCH);
    for (int i = 0; i < n; i++) {
        const struct dir_attr attr = {.size = (uint64_t)r[i].exported, .mtime = r[i].mtime};
        SCOPED(xfree) char *name = name_of(dir->kind, &r[i]);

        dir_add(list, file_spec(dir, r[i].id, name), r[i].exported < 0 ? NULL : &attr);
        after = r[i].seq;
        cache_record_release(&r[i]);
    }
    *cursor = after + 1;
    return n > 0 ? 1 : n;
}

static char *file_name(enum kind kind, const struct cache_record *r)
{
    return name_of_id(r->id, export_suffix(kind), 0);
}

static int folder_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                       struct dir_list *list)
{
    int rc = 0;

    if (kind_info(dir->kind)->caps & KIND_NESTS && !*dir_cursor(list))
        rc = sub_list(fs, req, dir, list);
    return rc ? rc : export_list_records(fs, req, dir, file_name, list);
}

static const struct node_ops folder_ops_of_export = {
    .name = "export folder",
    .type = S_IFDIR,
    .refusal = EXPORT_REFUSAL,
    .flags = NODE_READ_ONLY,
    .lookup = folder_lookup,
    .list = folder_list,
    .folder = folder_spec,
    .getxattr = folder_getxattr,
};

/* --- export/contacts, ... --- */

const struct node_ops export_kind_ops = {
    .name = "export folders",
    .type = S_IFDIR,
    .refusal = EXPORT_REFUSAL,
    .flags = NODE_READ_ONLY,
    .lookup = sub_lookup,
    .list = sub_list,
    .folder = folder_spec,
};

const struct node_ops export_root_ops = {
    .name = "export",
    .type = S_IFDIR,
    .refusal = EXPORT_REFUSAL,
    .flags = NODE_READ_ONLY,
    .list = derived_list,
};
