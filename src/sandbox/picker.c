/*
 * picker.c - mail folders by path and by id.
 *
 * The picker's Id is the form folderPath takes, "Id::<folder id>"; browsing takes it with and
 * without the prefix.
 */
#include "picker_p.h"

#include "answer_p.h"
#include "db_p.h"
#include "request_p.h"
#include "sandbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ID_PREFIX "Id::"
#define DEFAULT_TOP 100

static const struct {
    const char *well_known, *name;
} aliases[] = {
    {"SentItems", "Sent Items"}, {"DeletedItems", "Deleted Items"}, {"JunkEmail", "Junk Email"}};

static const char *display_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
        if (!strcasecmp(aliases[i].well_known, name))
            return aliases[i].name;
    }
    return name;
}

bool picker_folder(struct db *db, const char *path, struct folder *ret)
{
    struct folder at = {.id = NULL}, next;
    const char *p = path;

    if (str_starts(path, ID_PREFIX))
        return db_folder_by_id(db, RECORD_MESSAGE, path + strlen(ID_PREFIX), ret);
    for (;;) {
        size_t n = strcspn(p, "/");
        char *name = xstrndup(p, n);
        bool found =
            db_folder_by_name(db, RECORD_MESSAGE, at.id, at.id ? name : display_name(name), &next);

        free(name);
        folder_release(&at);
        if (!found)
            return false;
        at = next;
        if (!p[n])
            break;
        p += n + 1;
    }
    *ret = at;
    return true;
}

char *picker_path(struct db *db, const char *folder_id)
{
    struct folder f;
    char *parent, *path;

    if (!db_folder_by_id(db, RECORD_MESSAGE, folder_id, &f))
        return xstrdup("");
    parent = f.parent ? picker_path(db, f.parent) : NULL;
    path = parent ? xasprintf("%s/%s", parent, f.name) : xstrdup(f.name);
    free(parent);
    folder_release(&f);
    return path;
}

static cJSON *entry(struct db *db, const struct folder *f)
{
    cJSON *e = cJSON_CreateObject();
    char *id = xasprintf(ID_PREFIX "%s", f->id), *path = picker_path(db, f->id);

    cJSON_AddStringToObject(e, "Id", id);
    cJSON_AddStringToObject(e, "DisplayName", f->name);
    cJSON_AddTrueToObject(e, "IsFolder");
    cJSON_AddStringToObject(e, "Path", path);
    free(path);
    free(id);
    return e;
}

static void answer_children(struct sandbox *sb, const struct request *req, struct answer *ans,
                            const char *parent)
{
    struct folder *folders;
    int64_t skip, top;
    size_t count;
    cJSON *body, *value;

    if (!request_int(req, "top", DEFAULT_TOP, &top, ans) ||
        !request_int(req, "skip", 0, &skip, ans))
        return;
    body = cJSON_CreateObject();
    value = cJSON_AddArrayToObject(body, "value");
    folders = db_folders(sb->db, RECORD_MESSAGE, parent, &count);
    for (size_t i = 0; i < count; i++) {
        if ((int64_t)i >= skip && (int64_t)i < skip + top)
            cJSON_AddItemToArray(value, entry(sb->db, &folders[i]));
    }
    folders_free(folders, count);
    answer_json(ans, 200, body);
}

/* False after answering 400: the picker serves other pickers at the service, only mail folders
 * here. */
static bool check_operation(const struct request *req, struct answer *ans)
{
    const char *operation = request_param(req, "operation");

    if (str_eq(operation, "MailFolders"))
        return true;
    answer_error(ans, 400, "ErrorInvalidRequest", "The operation '%s' is not supported.",
                 operation ? operation : "");
    return false;
}

void picker_open(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    if (check_operation(req, ans))
        answer_children(sb, req, ans, NULL);
}

void picker_browse(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const char *id = request_param(req, "id");
    struct folder f;

    if (!check_operation(req, ans))
        return;
    if (!id || !*id) {
        answer_error(ans, 400, "ErrorInvalidRequest", "The parameter 'id' is required.");
        return;
    }
    if (str_starts(id, ID_PREFIX))
        id += strlen(ID_PREFIX);
    if (!db_folder_by_id(sb->db, RECORD_MESSAGE, id, &f)) {
        answer_not_found(ans);
        return;
    }
    answer_children(sb, req, ans, f.id);
    folder_release(&f);
}
