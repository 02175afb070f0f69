/*
 * folders.c - the folders of a mailbox, of each kind.
 *
 * Folder ids are constant. Display names are in the mailbox's language; the folders every mailbox
 * has are called by their English names here, which takes one look at each (graph contract 3).
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>
#include <string.h>

#include "../remote_p.h"

#define FOLDERS_TOP "250"

static const struct {
    const char *name; /* in place of an id */
    const char *display;
    unsigned flags; /* beside FOLDER_FIXED */
} well_known[GRAPH_WELL_KNOWN] = {
    {"inbox", "Inbox", 0},
    {"drafts", "Drafts", FOLDER_DRAFTS},
    {"sentitems", "Sent Items", FOLDER_SENT},
    {"deleteditems", "Deleted Items", FOLDER_TRASH},
    {"archive", "Archive", 0},
    {"junkemail", "Junk Email", 0},
    {"outbox", "Outbox", 0},
    {"conversationhistory", "Conversation History", 0},
    {"clutter", "Clutter", 0},
    {"syncissues", "Sync Issues", 0},
    {"conflicts", "Conflicts", 0},
    {"localfailures", "Local Failures", 0},
    {"serverfailures", "Server Failures", 0},
};
#define INBOX 0
#define NAMES_ONLY 6 /* from here on */

static void add_change(struct remote_folders *f, const char *id, const char *display,
                       const char *parent, unsigned flags, bool gone)
{
    f->list = xrealloc(f->list, (f->count + 1) * sizeof(*f->list));
    f->list[f->count++] = (struct remote_folder){
        .id = xstrdup(id),
        .display = display && *display ? xstrdup(display) : NULL,
        .parent = xstrdup(parent),
        .flags = flags,
        .gone = gone,
    };
}

static void add(struct remote_folders *f, const char *id, const char *display, const char *parent,
                unsigned flags)
{
    add_change(f, id, display && *display ? display : id, parent, flags, false);
}

/* --- mail ------------------------------------------------------------------------------------- */

/* In one request; a mailbox without an archive has no such folder. */
static enum grade ask_well_known(struct graph *g, size_t from, size_t to, bool *ret_english,
                                 struct remote_ctx ctx, struct remote_fault *fault)
{
    char *paths[GRAPH_WELL_KNOWN];
    cJSON *folders[GRAPH_WELL_KNOWN];

    for (size_t i = from; i < to; i++) {
        paths[i] =
            graph_path(GRAPH_GET_MAIL_FOLDER, PARAMS({"folder", well_known[i].name},
                                                     {"$select", "id,displayName,parentFolderId"}));
    }
    enum grade grade = graph_get_all(&g->base, paths + from, to - from, ctx, folders + from, fault);
    LOCKED(&g->lock);
    for (size_t i = from; i < to; i++) {
        const char *id = json_str(folders[i], "id");

        if (grade == GRADE_OK) {
            xstrset(&g->well_known[i], id ? id : "");
        }
        if (grade == GRADE_OK && i == INBOX) {
            const char *parent = json_str(folders[i], "parentFolderId");

            xstrset(&g->root, parent ? parent : "");
            *ret_english = str_eq(json_str(folders[i], "displayName"), well_known[INBOX].display);
        }
        cJSON_Delete(folders[i]);
        free(paths[i]);
    }
    return grade;
}

/* Once. Those of which nothing but the name matters are not asked for where it is English anyway. */
static enum grade know_well_known(struct graph *g, struct remote_ctx ctx,
                                  struct remote_fault *fault)
{
    bool english = true;

    mutex_lock(&g->lock);
    bool known = g->well_known[INBOX];
    mutex_unlock(&g->lock);
    if (known)
        return GRADE_OK;

    enum grade grade = ask_well_known(g, INBOX, NAMES_ONLY, &english, ctx, fault);
    if (grade == GRADE_OK && !english)
        grade = ask_well_known(g, NAMES_ONLY, GRAPH_WELL_KNOWN, &english, ctx, fault);
    if (grade != GRADE_OK) { /* all is asked again */
        mutex_lock(&g->lock);
        xstrset(&g->well_known[INBOX], NULL);
        mutex_unlock(&g->lock);
    }
    return grade;
}

/* Its index in `well_known`, or GRAPH_WELL_KNOWN. What was not asked for is known by its name. */
static size_t well_known_index(struct graph *g, const cJSON *folder)
{
    const char *id = json_str(folder, "id"), *name = json_str(folder, "displayName");
    size_t found = GRAPH_WELL_KNOWN;

    LOCKED(&g->lock);
    bool top = str_eq(json_str(folder, "parentFolderId"), g->root);
    for (size_t i = 0; id && i < GRAPH_WELL_KNOWN; i++) {
        if (g->well_known[i] ? str_eq(g->well_known[i], id)
                             : top && str_eq(name, well_known[i].display))
            found = i;
    }
    return found;
}

/* What the Inbox is in. */
static bool is_root(struct graph *g, const char *id)
{
    LOCKED(&g->lock);
    return str_eq(g->root, id);
}

static bool is_shown(const cJSON *folder)
{
    const char *type = json_str(folder, "@odata.type");

    return json_str(folder, "id") && !json_get(folder, "@removed") &&
           !json_bool(folder, "isHidden", false) && !(type && strstr(type, "mailSearchFolder"));
}

static const cJSON *with_id(const cJSON *folders, const char *id)
{
    const cJSON *folder;

    cJSON_ArrayForEach(folder, folders)
    {
        if (str_eq(json_str(folder, "id"), id))
            return folder;
    }
    return NULL;
}

static enum grade list_mail_folders(struct graph *g, struct remote_ctx ctx,
                                    struct remote_folders *ret, struct remote_fault *fault)
{
    SCOPED(json_release) cJSON *all = NULL;
    enum grade grade = graph_feed_all(&g->base, GRAPH_LIST_MAIL_FOLDERS, NULL, NULL, ctx, &all,
                                      &ret->cursor, fault);

    if (grade == GRADE_OK)
        grade = know_well_known(g, ctx, fault);
    const cJSON *folder;
    cJSON_ArrayForEach(folder, all)
    {
        const char *id = json_str(folder, "id"), *parent = json_str(folder, "parentFolderId");
        const cJSON *above = parent ? with_id(all, parent) : NULL;
        size_t known = well_known_index(g, folder);

        if (grade != GRADE_OK || !is_shown(folder) || is_root(g, id))
            continue;
        parent = above && is_shown(above) ? parent : NULL;
        if (known < GRAPH_WELL_KNOWN)
            add(ret, id, well_known[known].display, parent, FOLDER_FIXED | well_known[known].flags);
        else
            add(ret, id, json_str(folder, "displayName"), parent, 0);
        ret->list[ret->count - 1].expected = json_int(folder, "totalItemCount", 0);
    }
    return grade;
}

/* Entries may have only what changed. A contact folder cannot be moved, and its entry says nothing of
 * the contacts in it. */
enum grade graph_folder_changes(struct remote *r, enum kind kind, const char *cursor,
                                struct remote_ctx ctx, struct remote_folders *ret,
                                struct remote_fault *fault)
{
    struct graph *g = (struct graph *)r;
    struct remote_folders found = {0};
    cJSON *list = NULL;

    bool mail = kind == KIND_MESSAGE;

    found.contents = mail;
    enum grade grade =
        graph_feed_all(r, mail ? GRAPH_LIST_MAIL_FOLDERS : GRAPH_CONTACT_FOLDER_CHANGES, NULL,
                       cursor, ctx, &list, &found.cursor, fault);
    if (grade == GRADE_GONE) {
        remote_fault_release(fault);
        *ret = (struct remote_folders){.start_over = true};
        return GRADE_OK;
    }
    if (grade == GRADE_OK && mail && list->child)
        grade = know_well_known(g, ctx, fault);
    const cJSON *folder;
    cJSON_ArrayForEach(folder, list)
    {
        const char *id = json_str(folder, "id"), *parent = json_str(folder, "parentFolderId");
        size_t known = well_known_index(g, folder);

        if (id && json_get(folder, "@removed"))
            add_change(&found, id, NULL, NULL, 0, true);
        else if (is_shown(folder) && !is_root(g, id))
            add_change(&found, id,
                       known < GRAPH_WELL_KNOWN ? well_known[known].display
                                                : json_str(folder, "displayName"),
                       !mail                          ? NULL
                       : parent && is_root(g, parent) ? ""
                                                      : parent,
                       0, false);
    }
    cJSON_Delete(list);
    if (grade == GRADE_OK)
        *ret = found;
    else
        remote_folders_release(&found);
    return grade;
}

/* --- contacts --------------------------------------------------------------------------------- */

/* Lists and objects by their path, each asked for once. False: not yet; null: there is none. */
static void want(cJSON *answers, char *path)
{
    if (!json_get(answers, path))
        cJSON_AddFalseToObject(answers, path);
    free(path);
}

static enum grade ask_wanted(struct remote *r, cJSON *answers, struct remote_ctx ctx,
                             struct remote_fault *fault)
{
    size_t room = (size_t)cJSON_GetArraySize(answers), count = 0;
    char **paths = xcalloc(room + 1, sizeof(*paths));
    cJSON **found = xcalloc(room + 1, sizeof(*found));
    const cJSON *answer;

    cJSON_ArrayForEach(answer, answers)
    {
        if (cJSON_IsFalse(answer))
            paths[count++] = xstrdup(answer->string);
    }
    enum grade grade = graph_get_all(r, paths, count, ctx, found, fault);
    for (size_t i = 0; grade == GRADE_OK && i < count; i++)
        cJSON_ReplaceItemInObjectCaseSensitive(answers, paths[i],
                                               found[i] ? found[i] : cJSON_CreateNull());
    xstrfree(paths, count);
    free(found);
    return grade;
}

static char *path_below(const char *id)
{
    return graph_path(GRAPH_LIST_CONTACT_SUBFOLDERS, PARAMS({"folder", id}, {"$top", FOLDERS_TOP}));
}

/* Adds the folders of a list, of which `page` is the first page; null: what they are below has gone. */
static enum grade add_contact_list(struct remote *r, const cJSON *page, const char *parent,
                                   struct remote_ctx ctx, struct remote_folders *ret,
                                   struct remote_fault *fault)
{
    const char *link = json_str(page, "@odata.nextLink");
    const cJSON *lists[] = {json_get(page, "value"), NULL};
    SCOPED(json_release) cJSON *rest = NULL;
    enum grade grade = link ? graph_list_rest(r, link, ctx, &rest, fault) : GRADE_OK;

    lists[1] = rest;
    for (size_t i = 0; grade == GRADE_OK && i < ARRAY_SIZE(lists); i++) {
        const cJSON *folder;

        cJSON_ArrayForEach(folder, lists[i])
        {
            const char *id = json_str(folder, "id");

            if (id && !str_eq(id, ret->list[0].id))
                add(ret, id, json_str(folder, "displayName"), parent, 0);
        }
    }
    return grade;
}

/* The default folder, which is in no list, and the others beside it; what `feed` names is asked about
 * in the same request. */
static enum grade add_contact_roots(struct remote *r, const cJSON *feed, cJSON *answers,
                                    struct remote_ctx ctx, struct remote_folders *ret,
                                    struct remote_fault *fault)
{
    SCOPED(xfree) char *first = graph_path(GRAPH_GET_DEFAULT_CONTACT_FOLDER, NULL);
    SCOPED(xfree) char *top = graph_path(GRAPH_LIST_CONTACT_FOLDERS, PARAMS({"$top", FOLDERS_TOP}));
    const cJSON *folder;

    want(answers, xstrdup(first));
    want(answers, xstrdup(top));
    cJSON_ArrayForEach(folder, feed)
    {
        const char *id = json_str(folder, "id");

        if (id)
            want(answers, path_below(id));
    }
    enum grade grade = ask_wanted(r, answers, ctx, fault);
    if (grade != GRADE_OK)
        return grade;
    folder = json_get(answers, first);
    const char *id = json_str(folder, "id");
    if (!id)
        return remote_fail(fault, GRADE_BROKEN, "the default contact folder has no id");
    add(ret, id, json_str(folder, "displayName"), NULL, FOLDER_FIXED);
    return add_contact_list(r, json_get(answers, top), NULL, ctx, ret, fault);
}

/* Adds what is below the folders from `from` on. */
static enum grade add_contact_subfolders(struct remote *r, size_t from, cJSON *answers,
                                         struct remote_ctx ctx, struct remote_folders *ret,
                                         struct remote_fault *fault)
{
    size_t to = ret->count;

    for (size_t i = from; i < to; i++)
        want(answers, path_below(ret->list[i].id));
    enum grade grade = ask_wanted(r, answers, ctx, fault);
    for (size_t i = from; grade == GRADE_OK && i < to; i++) {
        SCOPED(xfree) char *path = path_below(ret->list[i].id);

        grade = add_contact_list(r, json_get(answers, path), ret->list[i].id, ctx, ret, fault);
    }
    return grade;
}

/* The default folder has no folders below it that a list would show (contract 10). Whether the feed of
 * contact folders has nested ones is not documented: it is where changes are counted from, and tells
 * early what to ask about. */
static enum grade list_contact_folders(struct remote *r, struct remote_ctx ctx,
                                       struct remote_folders *ret, struct remote_fault *fault)
{
    SCOPED(json_release) cJSON *feed = NULL;
    SCOPED(json_release) cJSON *answers = cJSON_CreateObject();
    enum grade grade = graph_feed_all(r, GRAPH_CONTACT_FOLDER_CHANGES, NULL, NULL, ctx, &feed,
                                      &ret->cursor, fault);

    if (grade == GRADE_OK)
        grade = add_contact_roots(r, feed, answers, ctx, ret, fault);
    for (size_t from = 1, to; grade == GRADE_OK && from < ret->count; from = to) {
        to = ret->count;
        grade = add_contact_subfolders(r, from, answers, ctx, ret, fault);
    }
    return grade;
}

/* --- calendars -------------------------------------------------------------------------------- */

static enum grade list_calendars(struct remote *r, struct remote_ctx ctx,
                                 struct remote_folders *ret, struct remote_fault *fault)
{
    SCOPED(json_release) cJSON *list = NULL;
    enum grade grade =
        graph_list_all(r, GRAPH_LIST_CALENDARS, PARAMS({"$top", FOLDERS_TOP}), ctx, &list, fault);

    const cJSON *calendar;
    cJSON_ArrayForEach(calendar, list)
    {
        const char *id = json_str(calendar, "id");

        if (id)
            add(ret, id, json_str(calendar, "name"), NULL,
                FOLDER_FIXED | (json_bool(calendar, "canEdit", true) ? 0 : FOLDER_READ_ONLY));
    }
    return grade;
}

enum grade graph_list_folders(struct remote *r, enum kind kind, struct remote_ctx ctx,
                              struct remote_folders *ret, struct remote_fault *fault)
{
    struct remote_folders found = {0};
    enum grade grade;

    if (kind == KIND_MESSAGE)
        grade = list_mail_folders((struct graph *)r, ctx, &found, fault);
    else if (kind == KIND_CONTACT)
        grade = list_contact_folders(r, ctx, &found, fault);
    else
        grade = list_calendars(r, ctx, &found, fault);

    if (grade == GRADE_OK)
        *ret = found;
    else
        remote_folders_release(&found);
    return grade;
}

/* The list has them all. */
enum grade graph_find_mail_folder(struct remote *r, const char *path, struct remote_ctx ctx,
                                  struct remote_fault *fault)
{
    (void)r;
    (void)ctx;
    return remote_fail(fault, GRADE_GONE, "%s: there is no such folder", path);
}
