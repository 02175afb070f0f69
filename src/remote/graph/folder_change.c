/*
 * folder_change.c - making, renaming, moving and removing folders of mail and contacts.
 *
 * Graph moves mail folders only, and removes folders with all that is in them: whether a folder is
 * empty is asked before.
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include "../remote_p.h"

static const struct {
    enum graph_operation make, make_below, list_below, update, remove;
    const char *top; /* in place of the id of the folder above; NULL: none has this */
} operations[KIND_COUNT] = {
    [KIND_MESSAGE] = {GRAPH_CREATE_MAIL_FOLDER, GRAPH_CREATE_MAIL_SUBFOLDER,
                      GRAPH_LIST_MAIL_SUBFOLDERS, GRAPH_UPDATE_MAIL_FOLDER,
                      GRAPH_DELETE_MAIL_FOLDER, "msgfolderroot"},
    [KIND_CONTACT] = {GRAPH_CREATE_CONTACT_FOLDER, GRAPH_CREATE_CONTACT_SUBFOLDER,
                      GRAPH_LIST_CONTACT_SUBFOLDERS, GRAPH_UPDATE_CONTACT_FOLDER,
                      GRAPH_DELETE_CONTACT_FOLDER, NULL},
};

static cJSON *body_of(const char *name, const char *value)
{
    cJSON *body = cJSON_CreateObject();

    cJSON_AddStringToObject(body, name, value);
    return body;
}

/* --- making ----------------------------------------------------------------------------------- */

/* The folder of this name below another: what an attempt of unknown outcome may have made. */
static enum grade find_made(struct remote *r, enum kind kind, const char *parent,
                            const char *display, struct remote_ctx ctx, char **ret_id,
                            struct remote_fault *fault)
{
    enum graph_operation op =
        !parent && kind == KIND_CONTACT ? GRAPH_LIST_CONTACT_FOLDERS : operations[kind].list_below;
    SCOPED(json_release) cJSON *list = NULL;
    const cJSON *folder;

    enum grade grade = graph_list_all(
        r, op, PARAMS({"folder", parent ? parent : operations[kind].top}, {"$top", "250"}), ctx,
        &list, fault);
    cJSON_ArrayForEach(folder, list)
    {
        const char *id = json_str(folder, "id");

        if (id && !*ret_id && str_eq(json_str(folder, "displayName"), display))
            *ret_id = xstrdup(id);
    }
    return grade;
}

enum grade graph_make_folder(struct remote *r, enum kind kind, const char *parent,
                             const char *display, struct remote_ctx ctx, char **ret_id,
                             struct remote_fault *fault)
{
    cJSON *body = body_of("displayName", display);
    SCOPED(json_release) cJSON *answer = NULL;
    struct remote_call call = {.params = PARAMS({"folder", parent}), .body = body, .ctx = ctx};
    enum grade grade = service_object(
        r, parent ? operations[kind].make_below : operations[kind].make, &call, &answer, fault);

    cJSON_Delete(body);
    *ret_id = NULL;
    if (grade == GRADE_OK) {
        *ret_id = xstrdup(json_str(answer, "id"));
    } else if (fault->unknown) {
        struct remote_fault look = {0};

        if (find_made(r, kind, parent, display, ctx, ret_id, &look) == GRADE_OK && *ret_id) {
            remote_fault_release(fault);
            grade = GRADE_OK;
        }
        remote_fault_release(&look);
    }
    return grade;
}

/* --- renaming and moving ---------------------------------------------------------------------- */

enum grade graph_rename_folder(struct remote *r, enum kind kind, const char *id,
                               const char *display, struct remote_ctx ctx,
                               struct remote_fault *fault)
{
    SCOPED(json_release) cJSON *body = body_of("displayName", display);
    struct remote_call call = {.params = PARAMS({"folder", id}), .body = body, .ctx = ctx};

    return service_do(r, operations[kind].update, &call, fault);
}

enum grade graph_move_folder(struct remote *r, enum kind kind, const char *id, const char *parent,
                             struct remote_ctx ctx, struct remote_fault *fault)
{
    if (kind != KIND_MESSAGE)
        return remote_fail(fault, GRADE_REFUSED, "Graph moves mail folders only");
    SCOPED(json_release)
    cJSON *body = body_of("destinationId", parent ? parent : operations[kind].top);
    struct remote_call call = {.params = PARAMS({"folder", id}), .body = body, .ctx = ctx};

    return service_do(r, GRAPH_MOVE_MAIL_FOLDER, &call, fault);
}

/* --- removing --------------------------------------------------------------------------------- */

static enum grade is_empty(struct remote *r, unsigned list, const char *id, struct remote_ctx ctx,
                           struct remote_fault *fault)
{
    SCOPED(remote_call_release)
    struct remote_call call = {.params = PARAMS({"folder", id}, {"$top", "1"}), .ctx = ctx};
    enum grade grade = service_call(r, list, &call, fault);

    if (grade == GRADE_OK && cJSON_GetArraySize(call.answer))
        grade = remote_fail(fault, GRADE_CONFLICT, "the folder is not empty");
    return grade;
}

enum grade graph_remove_folder(struct remote *r, enum kind kind, const char *id,
                               struct remote_ctx ctx, struct remote_fault *fault)
{
    struct remote_call call = {.params = PARAMS({"folder", id}), .ctx = ctx};
    enum grade grade = is_empty(r, graph_by_kind[kind].list, id, ctx, fault);

    if (grade == GRADE_OK)
        grade = is_empty(r, operations[kind].list_below, id, ctx, fault);
    return grade == GRADE_OK ? service_do(r, operations[kind].remove, &call, fault) : grade;
}
