/*
 * path.c - where a record lies, as a path of listed names.
 */
#include "mailbox_p.h"

#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <stdlib.h>

/* The listed names of the folder and those above it, outermost first. */
static int add_folder_path(const struct cache_folders *folders, const char *id, struct buf *out)
{
    for (size_t i = 0; id && i < folders->count; i++) {
        const struct cache_folder *f = &folders->list[i];

        if (str_eq(f->id, id)) {
            int rc = add_folder_path(folders, f->parent, out);
            return rc ? rc : buf_addf(out, "%s/", f->name);
        }
    }
    return id ? buf_addf(out, "%s/", id) : 0;
}

int mailbox_folder_path(struct mailbox *mb, enum kind kind, const char *folder, struct buf *out)
{
    struct cache_folders folders = {0};
    int rc = cache_get_folders(mb->cache, kind, &folders);

    if (!rc)
        rc = buf_addf(out, "%s/", kind_info(kind)->dir);
    if (!rc)
        rc = add_folder_path(&folders, folder, out);
    cache_folders_release(&folders);
    return rc;
}

int mailbox_record_path(struct mailbox *mb, enum kind kind, const char *folder, const char *id,
                        struct buf *out)
{
    struct slot slot = {0};
    int rc = mailbox_folder_path(mb, kind, folder, out);
    bool named = !state_slot_by_record(mb->state, kind, folder, id, &slot);
    char *name = named ? NULL : name_from_id(id);

    if (!rc)
        rc = buf_addstr(out, named ? slot.name : name);
    free(name);
    slot_release(&slot);
    return rc;
}
