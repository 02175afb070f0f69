/*
 * view.c - folders, lists and messages as the web page wants them.
 */
#include "view_p.h"

#include "answer_p.h"
#include "control_p.h"
#include "db_p.h"
#include "ids_p.h"
#include "message_p.h"
#include "picker_p.h"
#include "request_p.h"
#include "sandbox_p.h"
#include "subscription_p.h"
#include "text_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TOP 50
#define BODY_MAX ((size_t)512 * 1024 * 1024)

/* A mail may bring styles and the images that were put into it; it gets nothing from anywhere, and
 * its links can only lead to this server's pages. */
#define BODY_POLICY                                                                                \
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "           \
    "base-uri 'none'; frame-ancestors 'self'; sandbox allow-forms"
#define FILE_POLICY "default-src 'none'; sandbox"

/* --- folders ---------------------------------------------------------------------------------- */

static void add_folders(struct db *db, const char *parent, int depth, cJSON *list)
{
    size_t count;
    struct folder *folders = db_folders(db, RECORD_MESSAGE, parent, &count);

    for (size_t i = 0; i < count; i++) {
        cJSON *f = cJSON_CreateObject();
        char *path = picker_path(db, folders[i].id);
        int64_t total, unread;

        db_record_count(db, RECORD_MESSAGE, folders[i].id, &total, &unread);
        cJSON_AddStringToObject(f, "id", folders[i].id);
        cJSON_AddStringToObject(f, "name", folders[i].name);
        cJSON_AddStringToObject(f, "path", path);
        cJSON_AddNumberToObject(f, "depth", depth);
        cJSON_AddNumberToObject(f, "total", (double)total);
        cJSON_AddNumberToObject(f, "unread", (double)unread);
        cJSON_AddItemToArray(list, f);
        add_folders(db, folders[i].id, depth + 1, list);
        free(path);
    }
    folders_free(folders, count);
}

void view_folders(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    cJSON *list = cJSON_CreateArray();

    (void)req;
    db_begin(sb->db);
    add_folders(sb->db, NULL, 0, list);
    db_end(sb->db, true);
    answer_json(ans, 200, list);
}

/* --- lists ------------------------------------------------------------------------------------ */

static bool add_line(void *arg, const struct record_row *row)
{
    cJSON *message = json_load(row->json);

    cJSON_DeleteItemFromObjectCaseSensitive(message, "Body");
    cJSON_AddItemToArray(arg, message);
    return true;
}

void view_messages(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const char *id = request_param(req, "folder");
    struct record_query q = {.kind = RECORD_MESSAGE, .descending = true};
    struct folder folder = {.id = NULL};
    int64_t unread, total;
    cJSON *body;
    char *path;

    if (!request_int(req, "top", DEFAULT_TOP, &q.top, ans))
        return;
    db_begin(sb->db);
    if (db_folder_by_id(sb->db, RECORD_MESSAGE, id ? id : "", &folder)) {
        body = cJSON_CreateObject();
        path = picker_path(sb->db, folder.id);
        db_record_count(sb->db, RECORD_MESSAGE, folder.id, &total, &unread);
        cJSON_AddStringToObject(body, "id", folder.id);
        cJSON_AddStringToObject(body, "path", path);
        cJSON_AddNumberToObject(body, "total", (double)total);
        q.folder = folder.id;
        db_records(sb->db, &q, add_line, cJSON_AddArrayToObject(body, "messages"));
        answer_json(ans, 200, body);
        free(path);
    } else {
        control_fail(ans, 404, "no such folder");
    }
    folder_release(&folder);
    db_end(sb->db, true);
}

/* --- a message -------------------------------------------------------------------------------- */

/* The message a parameter names, between db_begin() and db_end(); false after answering 404. */
static bool find(struct db *db, const char *id, struct answer *ans, struct record *ret)
{
    if (id && db_record_get(db, RECORD_MESSAGE, id, ret))
        return true;
    control_fail(ans, 404, "no such message");
    return false;
}

static cJSON *approval_of(struct db *db, int64_t row)
{
    char *text = db_subscription_of_message(db, row), *link;
    cJSON *s, *option;
    int i = 0;

    if (!text)
        return cJSON_CreateNull();
    s = json_load(text);
    cJSON_ArrayForEach(option, json_get(s, "options"))
    {
        link = subscription_link(s, i++);
        cJSON_AddStringToObject(option, "link", link);
        free(link);
    }
    cJSON_ArrayForEach(option, json_get(s, "options"))
    {
        cJSON_DeleteItemFromObjectCaseSensitive(option, "sig");
    }
    free(text);
    return s;
}

void view_message(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    struct record r;
    cJSON *body, *message;
    char *path;

    db_begin(sb->db);
    if (find(sb->db, request_param(req, "id"), ans, &r)) {
        body = cJSON_CreateObject();
        message =
            message_form(sb->db, &(struct record_row){.row = r.row, .id = r.id, .json = r.json},
                         MESSAGE_LISTED, false);
        if (json_bool(message, "IsHtml", true))
            cJSON_DeleteItemFromObjectCaseSensitive(message, "Body");
        path = picker_path(sb->db, r.folder);
        cJSON_AddItemToObject(body, "message", message);
        cJSON_AddStringToObject(body, "folder", r.folder);
        cJSON_AddStringToObject(body, "path", path);
        cJSON_AddItemToObject(body, "approval", approval_of(sb->db, r.row));
        answer_json(ans, 200, body);
        free(path);
        record_release(&r);
    }
    db_end(sb->db, true);
}

/* Puts a file where "cid:<its content id>" stands. */
static void add_image(struct buf *out, const struct attachment *a)
{
    char *bytes = text_base64(a->content, a->size, TEXT_BASE64_STANDARD);

    if (str_starts(a->type, "image/") && !strpbrk(a->type, "\"'<>; "))
        buf_addf(out, "data:%s;base64,%s", a->type, bytes);
    free(bytes);
}

static char *with_images(const char *html, const struct attachment *files, size_t count)
{
    struct buf out;

    buf_init(&out, BODY_MAX);
    while (*html) {
        size_t i = 0, n = 0;

        for (; str_starts(html, "cid:") && i < count; i++) {
            n = files[i].content_id ? strlen(files[i].content_id) : 0;
            if (n && !strncmp(html + 4, files[i].content_id, n))
                break;
        }
        if (str_starts(html, "cid:") && i < count) {
            add_image(&out, &files[i]);
            html += 4 + n;
        } else {
            buf_addch(&out, *html++);
        }
    }
    return buf_detach(&out);
}

void view_body(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    struct attachment *files;
    struct record r;
    cJSON *message;
    char *html;
    size_t count;

    db_begin(sb->db);
    if (find(sb->db, request_param(req, "id"), ans, &r)) {
        message = json_load(r.json);
        files = db_attachments(sb->db, r.row, true, &count);
        html =
            with_images(json_str(message, "Body") ? json_str(message, "Body") : "", files, count);
        answer_html(ans, 200, html, BODY_POLICY);
        free(html);
        attachments_free(files, count);
        cJSON_Delete(message);
        record_release(&r);
    }
    db_end(sb->db, true);
}

/* --- attachments ------------------------------------------------------------------------------ */

static void answer_file(const struct attachment *a, struct answer *ans)
{
    struct buf name;
    char *disposition;

    buf_init(&name, BUF_TEXT_MAX);
    str_percent_encode(&name, a->name, strlen(a->name));
    disposition = xasprintf("attachment; filename*=UTF-8''%s", name.data);
    answer_bytes(ans, a->content, a->size, "application/octet-stream");
    answer_header(ans, "Content-Disposition", disposition);
    answer_header(ans, "Content-Security-Policy", FILE_POLICY);
    answer_header(ans, "X-Content-Type-Options", "nosniff");
    free(disposition);
    buf_release(&name);
}

void view_attachment(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const char *wanted = request_param(req, "attachment");
    struct attachment *files;
    struct record r;
    size_t count;

    db_begin(sb->db);
    if (find(sb->db, request_param(req, "message"), ans, &r)) {
        control_fail(ans, 404, "no such attachment");
        files = db_attachments(sb->db, r.row, true, &count);
        for (size_t i = 0; i < count; i++) {
            char *id = ids_attachment(r.id, files[i].number);

            if (str_eq(id, wanted))
                answer_file(&files[i], ans);
            free(id);
        }
        attachments_free(files, count);
        record_release(&r);
    }
    db_end(sb->db, true);
}
