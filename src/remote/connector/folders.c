/*
 * folders.c - the folders of a kind: two lists of tables, and a walk through the folder picker for
 * mail.
 */
#include "connector_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/map.h>
#include <outlookfs/base/str.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICKER_TOP 100
#define FOLDERS_MAX 10000
#define DEPTH_MAX 10

/* Contract 4.9; asked one by one where the picker is refused. */
static const char *const well_known[] = {
    "Inbox", "Drafts", "Sent Items", "Deleted Items", "Archive", "Junk Email",
};

/* The service says of no folder what it is for: known by its English name, or not at all. */
static unsigned flags_of(const struct remote_folder *folder)
{
    if (folder->parent)
        return 0;
    return str_eq(folder->display, "Sent Items")      ? FOLDER_SENT
           : str_eq(folder->display, "Deleted Items") ? FOLDER_TRASH
                                                      : 0;
}

/* Takes the members of `folder`. */
static void add_folder(struct remote_folders *f, struct remote_folder folder)
{
    folder.flags = flags_of(&folder);
    f->list = xgrow(f->list, f->count, sizeof(*f->list));
    f->list[f->count++] = folder;
}

/* --- calendars and contact folders ------------------------------------------------------------ */

static enum grade list_tables(struct remote *r, enum kind kind, struct remote_ctx ctx,
                              struct remote_folders *ret, struct remote_fault *fault)
{
    struct remote_call call = {.ctx = ctx};
    struct remote_folders found = {0};

    enum grade grade = service_call(r, connector_by_kind[kind].folders, &call, fault);
    if (grade != GRADE_OK)
        return grade;
    const cJSON *table;
    cJSON_ArrayForEach(table, call.answer)
    {
        const char *id = json_str(table, "Name");
        const char *display = json_str(table, "DisplayName");
        if (id && *id)
            add_folder(&found, (struct remote_folder){
                                   .id = xstrdup(id),
                                   .display = xstrdup(display && *display ? display : id),
                               });
    }
    remote_call_release(&call);
    *ret = found;
    return GRADE_OK;
}

/* --- mail: the picker ------------------------------------------------------------------------- */

struct walk {
    struct remote *r;
    struct remote_ctx ctx;
    struct remote_folders found;
    unsigned *depths; /* parallel to found.list */
    struct map seen;  /* picker ids: a folder comes once, whatever the service answers */
};

static void walk_release(struct walk *w)
{
    free(w->depths);
    remote_folders_release(&w->found);
    map_release(&w->seen);
}

/*
 * GetEmails is told of a folder by the Id the picker gave, as the service's own clients do: names
 * are in the mailbox's language, and may have a '/' of their own. True when `entry` is a folder not
 * seen before.
 */
static bool add_picked(struct walk *w, const cJSON *entry, const char *parent, unsigned depth)
{
    const char *id = json_str(entry, "Id");
    const char *display = json_str(entry, "DisplayName");

    if (!id || !*id || !display || !*display || !json_bool(entry, "IsFolder", true))
        return false;
    if (map_set(&w->seen, id, w))
        return false;
    w->depths = xgrow(w->depths, w->found.count, sizeof(*w->depths));
    w->depths[w->found.count] = depth;
    add_folder(&w->found, (struct remote_folder){
                              .id = xstrdup(id),
                              .display = xstrdup(display),
                              .parent = xstrdup(parent),
                          });
    return true;
}

/* One page of the roots (`id` NULL) or of a folder's children. */
static enum grade pick_page(struct walk *w, const char *id, unsigned offset, struct cJSON **ret,
                            struct remote_fault *fault)
{
    char top[16], skip[16];
    struct remote_call call = {
        .params = PARAMS({"operation", "MailFolders"}, {"top", top}, {"skip", skip}, {"id", id}),
        .ctx = w->ctx};

    snprintf(top, sizeof(top), "%d", PICKER_TOP);
    snprintf(skip, sizeof(skip), "%u", offset);
    return service_object(w->r, id ? OP_PICKER_BROWSE : OP_PICKER_OPEN, &call, ret, fault);
}

static enum grade pick_all(struct walk *w, const char *id, unsigned depth,
                           struct remote_fault *fault)
{
    for (unsigned offset = 0;;) {
        struct cJSON *entries;
        enum grade grade = pick_page(w, id, offset, &entries, fault);
        if (grade != GRADE_OK)
            return grade;

        unsigned count = 0;
        bool progress = false;
        const cJSON *entry;
        cJSON_ArrayForEach(entry, entries)
        {
            count++;
            if (w->found.count < FOLDERS_MAX)
                progress |= add_picked(w, entry, id, depth);
        }
        cJSON_Delete(entries);
        if (count < PICKER_TOP || !progress)
            return GRADE_OK;
        offset += count;
    }
}

/* The service has understood and does not want: asking again will not help. */
static bool is_refusal(enum grade grade)
{
    return grade == GRADE_REFUSED || grade == GRADE_DENIED || grade == GRADE_GONE ||
           grade == GRADE_CONFLICT || grade == GRADE_TOO_BIG;
}

/*
 * Breadth first; walk.found.list is its own queue. The picker does not say who has children, so
 * each folder is one request: a listing of folders is rare, and cached above.
 */
static enum grade walk_picker(struct walk *w, struct remote_fault *fault)
{
    enum grade grade = pick_all(w, NULL, 0, fault);

    for (size_t i = 0; grade == GRADE_OK && i < w->found.count; i++) {
        unsigned depth = w->depths[i] + 1;
        if (depth >= DEPTH_MAX || w->found.count >= FOLDERS_MAX) {
            w->found.partial = true;
            break; /* breadth first: what follows is as deep or deeper */
        }
        /* The list may move while it grows, the strings do not. */
        const char *id = w->found.list[i].id;
        grade = pick_all(w, id, depth, fault);
        if (!is_refusal(grade))
            continue;
        w->found.partial |= grade != GRADE_GONE;
        grade = GRADE_OK;
    }
    if (grade == GRADE_OK) {
        int64_t date = fault->date;
        remote_fault_release(fault);
        fault->date = date;
    }
    return grade;
}

/* --- mail: without the picker ----------------------------------------------------------------- */

enum grade connector_find_mail_folder(struct remote *r, const char *path, struct remote_ctx ctx,
                                      struct remote_fault *fault)
{
    const struct remote_query query = {.top = 1};
    struct remote_page page;

    enum grade grade = connector_list(r, KIND_MESSAGE, path, &query, ctx, &page, fault);
    if (grade == GRADE_OK)
        items_release(&page.items);
    return grade;
}

static enum grade list_well_known(struct remote *r, struct remote_ctx ctx,
                                  struct remote_folders *ret, struct remote_fault *fault)
{
    struct remote_folders found = {.partial = true};

    for (size_t i = 0; i < ARRAY_SIZE(well_known); i++) {
        enum grade grade = connector_find_mail_folder(r, well_known[i], ctx, fault);
        if (grade == GRADE_OK) {
            add_folder(&found, (struct remote_folder){.id = xstrdup(well_known[i]),
                                                      .display = xstrdup(well_known[i])});
        } else if (grade != GRADE_GONE && grade != GRADE_REFUSED) {
            remote_folders_release(&found);
            return grade;
        }
    }
    int64_t date = fault->date;
    remote_fault_release(fault);
    fault->date = date;
    *ret = found;
    return GRADE_OK;
}

/* The picker is not in the recordings: an answer we cannot read is not a reason to show no mail at
 * all. */
static bool is_unreadable(const struct remote_fault *fault)
{
    return fault->grade == GRADE_BROKEN && fault->status >= 200 && fault->status < 300;
}

static enum grade list_mail(struct remote *r, struct remote_ctx ctx, struct remote_folders *ret,
                            struct remote_fault *fault)
{
    struct walk w = {.r = r, .ctx = ctx};

    map_init(&w.seen);
    enum grade grade = walk_picker(&w, fault);
    if (grade == GRADE_OK) {
        *ret = w.found;
        w.found = (struct remote_folders){0};
    }
    walk_release(&w);
    if (is_refusal(grade) || (grade != GRADE_OK && is_unreadable(fault)))
        return list_well_known(r, ctx, ret, fault);
    return grade;
}

enum grade connector_list_folders(struct remote *r, enum kind kind, struct remote_ctx ctx,
                                  struct remote_folders *ret, struct remote_fault *fault)
{
    if (!connector_by_kind[kind].folders)
        return list_mail(r, ctx, ret, fault);
    return list_tables(r, kind, ctx, ret, fault);
}
