/*
 * strays.c - local files that look as if something were expected of them, for status.json.
 */
#include "../outbox/outbox_p.h"
#include "../records/records_p.h"
#include "control_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>
#include <outlookfs/model/outgoing.h>

#include <sys/stat.h>

/* Those of one directory; `path` ends with '/'. */
static void add_directory(struct fs *fs, struct cJSON *list, uint64_t dir, const char *id,
                          const char *path, const char *(*stray)(const char *dir, const char *name))
{
    SCOPED(xfree) struct local *locals = NULL;
    size_t count = 0;

    state_locals(fs->state, dir, &locals, &count);
    for (size_t i = 0; i < count; i++) {
        const char *advice = S_ISREG(locals[i].mode) ? stray(id, locals[i].name) : NULL;
        SCOPED(buf_release) struct buf name = BUF_INIT(BUF_TEXT_MAX);

        if (advice && !buf_addf(&name, "%s%s", path, locals[i].name)) {
            struct cJSON *obj = cJSON_CreateObject();

            cJSON_AddStringToObject(obj, "path", name.data);
            cJSON_AddStringToObject(obj, "next", advice);
            cJSON_AddItemToArray(list, obj);
        }
        local_release(&locals[i]);
    }
}

static void add_folders(struct fs *fs, struct cJSON *list, enum kind kind)
{
    SCOPED(cache_folders_release) struct cache_folders folders = {0};

    if (cache_get_folders(fs->cache, kind, &folders))
        return;
    for (size_t i = 0; i < folders.count; i++) {
        const char *id = folders.list[i].id;
        SCOPED(buf_release) struct buf path = BUF_INIT(BUF_TEXT_MAX);

        if (!mailbox_folder_path(fs->mailbox, kind, id, &path))
            add_directory(fs, list, folder_ino(kind, id), id, path.data, folder_stray);
    }
}

/* What a lost state.db leaves behind: see state_data.c. */
static const char *lost_stray(const char *, const char *name)
{
    return str_starts(name, "lost-") ? "was saved and perhaps not sent, and nothing says where it "
                                       "belongs: copy it there, "
                                       "then remove it"
                                     : NULL;
}

void strays_add(struct fs *fs, struct cJSON *root)
{
    struct cJSON *list = cJSON_AddArrayToObject(root, "strays");

    add_directory(fs, list, NAME_ROOT_INO, "", "", lost_stray);
    add_folders(fs, list, KIND_CONTACT);
    add_folders(fs, list, KIND_EVENT);
    for (enum outgoing what = 0; what < OUTGOING_COUNT; what++) {
        const char *dir = outgoing_info(what)->dir;
        SCOPED(buf_release) struct buf path = BUF_INIT(BUF_TEXT_MAX);

        if (!buf_addf(&path, "outbox/%s/", dir))
            add_directory(fs, list, outgoing_dir_ino(dir), dir, path.data, outbox_stray);
    }
}
