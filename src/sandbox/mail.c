/*
 * mail.c - reading, marking and removing messages.
 */
#include "mail_p.h"

#include "answer_p.h"
#include "db_p.h"
#include "ids_p.h"
#include "message_p.h"
#include "picker_p.h"
#include "request_p.h"
#include "sandbox_p.h"
#include "search_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TOP 10

struct listing {
    struct db *db;
    struct answer *ans;
    struct search *search; /* NULL: every message */
    bool content;
    int64_t skip, top; /* of the search's hits */
    size_t shown;
};

static bool show_row(void *arg, const struct record_row *row)
{
    struct listing *l = arg;
    cJSON *message;
    char *text;

    if (l->search && !search_matches(l->search, row->json))
        return true;
    if (l->search && l->skip-- > 0)
        return true;
    if (l->search && (int64_t)l->shown >= l->top)
        return false;
    message = message_form(l->db, row, MESSAGE_LISTED, l->content);
    text = json_print(message);
    if (l->shown++)
        buf_addch(&l->ans->body, ',');
    buf_addstr(&l->ans->body, text);
    cJSON_free(text);
    cJSON_Delete(message);
    return true;
}

static void list(struct listing *l, const char *folder, bool unread_only)
{
    struct record_query q = {
        .kind = RECORD_MESSAGE,
        .folder = folder,
        .unread_only = unread_only,
        .descending = true,
        .skip = l->search ? 0 : l->skip,
        .top = l->search ? -1 : l->top,
    };

    answer_text(l->ans, 200);
    buf_addch(&l->ans->body, '[');
    db_records(l->db, &q, show_row, l);
    buf_addch(&l->ans->body, ']');
}

void mail_list(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const char *path = request_param(req, "folderPath"), *query = request_param(req, "searchQuery");
    struct listing l = {.db = sb->db, .ans = ans};
    struct folder folder;
    bool unread_only;

    if (!request_bool(req, "fetchOnlyUnread", true, &unread_only, ans) ||
        !request_bool(req, "includeAttachments", false, &l.content, ans) ||
        !request_int(req, "top", DEFAULT_TOP, &l.top, ans) ||
        !request_int(req, "skip", 0, &l.skip, ans))
        return;
    if (!picker_folder(sb->db, path && *path ? path : "Inbox", &folder)) {
        answer_error(ans, 404, "ErrorItemNotFound",
                     "The specified folder could not be found in the store.");
        return;
    }
    l.search = query && *query ? search_create(query) : NULL;
    list(&l, folder.id, unread_only);
    search_destroy(l.search);
    folder_release(&folder);
}

/* The message the path names; false after answering 404. */
static bool find(struct sandbox *sb, const struct request *req, struct answer *ans,
                 struct record *ret)
{
    if (db_record_get(sb->db, RECORD_MESSAGE, req->id, ret))
        return true;
    answer_not_found(ans);
    return false;
}

void mail_get(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    struct record row;
    bool content;

    if (!request_bool(req, "includeAttachments", false, &content, ans) || !find(sb, req, ans, &row))
        return;
    answer_json(ans, 200,
                message_form(sb->db,
                             &(struct record_row){.row = row.row, .id = row.id, .json = row.json},
                             MESSAGE_SINGLE, content));
    record_release(&row);
}

void mail_delete(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    struct folder deleted;
    struct record row;

    if (!find(sb, req, ans, &row))
        return;
    if (!picker_folder(sb->db, "DeletedItems", &deleted)) {
        db_record_remove(sb->db, row.row);
    } else {
        if (!strcmp(row.folder, deleted.id))
            db_record_remove(sb->db, row.row);
        else
            free(message_move(sb->db, &row, &deleted));
        folder_release(&deleted);
    }
    answer_empty(ans, 200);
    record_release(&row);
}

void mail_mark_read(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    struct record row;
    cJSON *message;

    if (!find(sb, req, ans, &row))
        return;
    message = json_load(row.json);
    cJSON_ReplaceItemInObjectCaseSensitive(message, "IsRead", cJSON_CreateTrue());
    message_store(sb->db, row.row, row.folder, message);
    cJSON_Delete(message);
    answer_empty(ans, 200);
    record_release(&row);
}

void mail_attachment(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    struct record row;
    struct attachment *files;
    size_t count;

    if (!find(sb, req, ans, &row))
        return;
    answer_not_found(ans);
    files = db_attachments(sb->db, row.row, true, &count);
    for (size_t i = 0; i < count; i++) {
        char *id = ids_attachment(row.id, files[i].number);

        if (!strcmp(id, req->attachment))
            answer_bytes(ans, files[i].content, files[i].size, files[i].type);
        free(id);
    }
    attachments_free(files, count);
    record_release(&row);
}
