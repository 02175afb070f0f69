/*
 * path.c - where a record lies, as a path of listed names, and which record a name means.
 */
#include "mailbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
    SCOPED(cache_folders_release) struct cache_folders folders = {0};
    int rc = cache_get_folders(mb->cache, kind, &folders);

    if (!rc)
        rc = buf_addf(out, "%s/", kind_info(kind)->dir);
    return rc ? rc : add_folder_path(&folders, folder, out);
}

char *mailbox_record_name(struct mailbox *mb, enum kind kind, const char *folder, const char *id)
{
    struct slot slot = {0};

    if (!state_slot_by_record(mb->state, kind, folder, id, &slot)) {
        char *given = slot.name;
        slot.name = NULL;
        slot_release(&slot);
        return given;
    }
    for (size_t spelt = 0;; spelt++) {
        char *name = name_of_id(id, NAME_RECORD_SUFFIX, spelt);

        if (spelt == strlen(id) ||
            state_slot_by_name(mb->state, kind, folder, name, &slot) == -ENOENT)
            return name;
        slot_release(&slot);
        free(name);
    }
}

int mailbox_record_path(struct mailbox *mb, enum kind kind, const char *folder, const char *id,
                        struct buf *out)
{
    int rc = mailbox_folder_path(mb, kind, folder, out);
    SCOPED(xfree) char *name = mailbox_record_name(mb, kind, folder, id);

    return rc ? rc : buf_addstr(out, name);
}

/* Cut names are known by what is cached. */
char *mailbox_spelt_id(struct mailbox *mb, const char *name, const char *suffix)
{
    uint64_t tag = 0;
    char *id = NULL;

    if (name_read_id(name, suffix, &id, &tag) && !id && cache_id_of_tag(mb->cache, tag, &id))
        return NULL;
    return id;
}

static bool is_plain(const char *name, const char *id, const char *suffix)
{
    SCOPED(xfree) char *plain = name_of_id(id, suffix, 0);

    return str_eq(plain, name);
}

int mailbox_id_of_name(struct mailbox *mb, const char *name, const char *suffix, char **ret)
{
    char *id = mailbox_spelt_id(mb, name, suffix);

    if (!id || !is_plain(name, id, suffix)) {
        free(id);
        return -ENOENT;
    }
    *ret = id;
    return 0;
}

int mailbox_record_id(struct mailbox *mb, enum kind kind, const char *folder, const char *name,
                      char **ret)
{
    char *id = mailbox_spelt_id(mb, name, NAME_RECORD_SUFFIX);
    SCOPED(xfree) char *listed = NULL;
    bool found = id && is_plain(name, id, NAME_RECORD_SUFFIX);

    if (id && !found) {
        listed = mailbox_record_name(mb, kind, folder, id);
        found = str_eq(listed, name);
    }
    if (!found) {
        free(id);
        return -ENOENT;
    }
    *ret = id;
    return 0;
}
