/*
 * control_edit.c - records as tests see them, and the other client they play.
 */
#include "control_edit_p.h"

#include "answer_p.h"
#include "control_p.h"
#include "dataset_p.h"
#include "db_p.h"
#include "message_p.h"
#include "picker_p.h"
#include "request_p.h"
#include "sandbox_p.h"

#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>

/* --- kinds ------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    enum record_kind kind;
    const struct dataset *dataset; /* NULL: messages */
} kinds[] = {{"contact", RECORD_CONTACT, &dataset_contacts},
             {"event", RECORD_EVENT, &dataset_calendars},
             {"message", RECORD_MESSAGE, NULL}};

/* An index into kinds; -1 after answering 400. */
static int kind_of(const char *name, struct answer *ans)
{
    for (size_t i = 0; name && i < ARRAY_SIZE(kinds); i++) {
        if (!strcmp(kinds[i].name, name))
            return (int)i;
    }
    control_fail(ans, 400, "kind: \"contact\", \"event\" or \"message\" is required");
    return -1;
}

/* A table id, its alias or, for messages, a folder path. */
static bool folder_of(struct db *db, int kind, const char *table, struct folder *ret)
{
    if (kinds[kind].dataset)
        return dataset_folder(db, kinds[kind].dataset, table ? table : kinds[kind].dataset->alias,
                              ret);
    return picker_folder(db, table ? table : "Inbox", ret) ||
           (table && db_folder_by_id(db, RECORD_MESSAGE, table, ret));
}

/*
 * The record as tests see it: as stored; a message with its attachments and the path of its folder.
 */
static cJSON *raw_record(struct db *db, int kind, const struct record_row *row)
{
    cJSON *record;
    char *path;

    if (kinds[kind].dataset)
        return json_load(row->json);
    record = message_form(db, row, MESSAGE_SINGLE, false);
    path = picker_path(db, row->folder);
    cJSON_AddStringToObject(record, "Folder", path);
    free(path);
    return record;
}

static void answer_record(struct db *db, int kind, const char *id, struct answer *ans)
{
    struct record r;

    if (!db_record_get(db, kinds[kind].kind, id, &r)) {
        control_fail(ans, 404, "no such record");
        return;
    }
    answer_json(ans, 200,
                raw_record(db, kind,
                           &(struct record_row){
                               .row = r.row, .id = r.id, .folder = r.folder, .json = r.json}));
    record_release(&r);
}

/* --- edits ------------------------------------------------------------------------------------ */

static void merge(cJSON *record, const cJSON *set)
{
    const cJSON *m;

    cJSON_ArrayForEach(m, set)
    {
        if (!strcmp(m->string, "Id") || !strcmp(m->string, "Attachments"))
            continue;
        if (json_get(record, m->string))
            cJSON_ReplaceItemInObjectCaseSensitive(record, m->string, cJSON_Duplicate(m, true));
        else
            cJSON_AddItemToObject(record, m->string, cJSON_Duplicate(m, true));
    }
}

static void set_members(struct db *db, int kind, const struct record *r, const cJSON *set)
{
    const struct dataset *d = kinds[kind].dataset;
    cJSON *record = json_load(r->json);

    if (d) {
        dataset_touch(db, d, record);
        merge(record, set);
        dataset_store(db, d, r, record);
    } else {
        merge(record, set);
        message_store(db, r->row, r->folder, record);
    }
    cJSON_Delete(record);
}

static void edit_existing(struct db *db, int kind, const cJSON *body, struct answer *ans)
{
    const char *id = json_str(body, "id"), *to = json_str(body, "move");
    const cJSON *set = json_get(body, "set");
    struct folder folder;
    struct record r;
    char *moved;

    if (!id || !db_record_get(db, kinds[kind].kind, id, &r)) {
        control_fail(ans, 404, "no such record");
        return;
    }
    if (json_bool(body, "delete", false)) {
        db_record_remove(db, r.row);
        answer_json(ans, 200, cJSON_CreateObject());
    } else if (to && !kinds[kind].dataset && picker_folder(db, to, &folder)) {
        moved = message_move(db, &r, &folder);
        folder_release(&folder);
        answer_record(db, kind, moved, ans);
        free(moved);
    } else if (cJSON_IsObject(set)) {
        set_members(db, kind, &r, set);
        answer_record(db, kind, id, ans);
    } else {
        control_fail(ans, 400,
                     "one of set, delete, create, move (a message to a folder) is required");
    }
    record_release(&r);
}

/* --- creations -------------------------------------------------------------------------------- */

static void create_item(struct db *db, int kind, const struct folder *folder, const cJSON *create,
                        struct answer *ans)
{
    cJSON *made, *body = cJSON_Duplicate(create, true);
    struct buf err;

    if (kinds[kind].kind == RECORD_CONTACT && !json_get(body, "HomePhones"))
        cJSON_AddArrayToObject(body, "HomePhones");
    buf_init(&err, BUF_TEXT_MAX);
    made = dataset_create(db, kinds[kind].dataset, folder, body, &err);
    if (made)
        answer_json(ans, 200, made);
    else
        control_fail(ans, 400, err.data);
    cJSON_Delete(body);
    buf_release(&err);
}

static const char *string_or(const cJSON *object, const char *name, const char *otherwise)
{
    const char *value = json_str(object, name);

    return value ? value : otherwise;
}

static int importance_of(const cJSON *create)
{
    const char *word = json_str(create, "Importance");

    return word ? message_importance(word) : (int)json_int(create, "Importance", 1);
}

static void create_message(struct db *db, int kind, const struct folder *folder,
                           const cJSON *create, struct answer *ans)
{
    struct message_draft d = {
        .from = string_or(create, "From", "someone@fabrikam.com"),
        .to = string_or(create, "To", OWNER_ADDRESS),
        .cc = json_str(create, "Cc"),
        .bcc = json_str(create, "Bcc"),
        .reply_to = json_str(create, "ReplyTo"),
        .subject = string_or(create, "Subject", ""),
        .body = string_or(create, "Body", ""),
        .html = json_bool(create, "IsHtml", true),
        .importance = importance_of(create),
        .read = json_bool(create, "IsRead", false),
        .conversation = json_str(create, "ConversationId"),
        .internet_id = json_str(create, "InternetMessageId"),
    };
    const char *received = json_str(create, "DateTimeReceived");
    struct attachment *files = NULL;
    struct buf err;
    cJSON *made;

    buf_init(&err, BUF_TEXT_MAX);
    if (d.importance < 0 || (received && str_parse_time(received, &d.received))) {
        control_fail(ans, 400, "Importance or DateTimeReceived is not valid");
    } else if (message_files(json_get(create, "Attachments"), &files, &d.nfiles, &err)) {
        control_fail(ans, 400, err.data);
    } else {
        d.files = files;
        made = message_add(db, folder, &d);
        answer_record(db, kind, json_str(made, "Id"), ans);
        cJSON_Delete(made);
        attachments_free(files, d.nfiles);
    }
    buf_release(&err);
}

void control_edit(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const cJSON *body = req->json, *create = json_get(body, "create");
    int kind = kind_of(json_str(body, "kind"), ans);
    const char *table =
        json_str(body, "table") ? json_str(body, "table") : json_str(body, "folder");
    struct folder folder;

    if (kind < 0)
        return;
    db_begin(sb->db);
    if (!create) {
        edit_existing(sb->db, kind, body, ans);
    } else if (!folder_of(sb->db, kind, table, &folder)) {
        control_fail(ans, 404, "no such table or folder");
    } else {
        if (kinds[kind].dataset)
            create_item(sb->db, kind, &folder, create, ans);
        else
            create_message(sb->db, kind, &folder, create, ans);
        folder_release(&folder);
    }
    db_end(sb->db, ans->status < 400);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct dump {
    struct db *db;
    int kind;
    cJSON *list;
};

static bool dump_row(void *arg, const struct record_row *row)
{
    struct dump *d = arg;

    cJSON_AddItemToArray(d->list, raw_record(d->db, d->kind, row));
    return true;
}

void control_records(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const char *table = request_param(req, "table");
    struct dump dump = {.db = sb->db, .kind = kind_of(request_param(req, "kind"), ans)};
    struct record_query q = {.top = -1};
    struct folder folder = {.id = NULL};

    if (dump.kind < 0)
        return;
    db_begin(sb->db);
    if (table && !folder_of(sb->db, dump.kind, table, &folder)) {
        control_fail(ans, 404, "no such table or folder");
    } else {
        q.kind = kinds[dump.kind].kind;
        q.folder = folder.id;
        dump.list = cJSON_CreateArray();
        db_records(sb->db, &q, dump_row, &dump);
        answer_json(ans, 200, dump.list);
    }
    folder_release(&folder);
    db_end(sb->db, true);
}

void control_record(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    int kind = kind_of(request_param(req, "kind"), ans);
    const char *id = request_param(req, "id");

    if (kind < 0)
        return;
    db_begin(sb->db);
    answer_record(sb->db, kind, id ? id : "", ans);
    db_end(sb->db, true);
}
