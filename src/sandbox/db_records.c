/*
 * db_records.c - folders, records and attachments as rows.
 */
#include "db_p.h"

#include "db_private_p.h"

#include <outlookfs/base/alloc.h>
#include <stdlib.h>
#include <string.h>

/* --- folders ---------------------------------------------------------------------------------- */

#define FOLDER_COLUMNS "SELECT number, id, parent, name FROM folder WHERE kind = ?1 "

static void read_folder(sqlite3_stmt *stmt, struct folder *f)
{
    f->number = (uint32_t)sqlite3_column_int64(stmt, 0);
    f->id = db_text(stmt, 1);
    f->parent = db_text(stmt, 2);
    f->name = db_text(stmt, 3);
}

static bool one_folder(struct db *db, sqlite3_stmt *stmt, struct folder *ret)
{
    bool found = db_step(db, stmt);

    if (found)
        read_folder(stmt, ret);
    sqlite3_finalize(stmt);
    return found;
}

void folder_release(struct folder *f)
{
    free(f->id);
    free(f->parent);
    free(f->name);
    memset(f, 0, sizeof(*f));
}

bool db_folder_by_id(struct db *db, enum record_kind kind, const char *id, struct folder *ret)
{
    return one_folder(db, db_statement(db, FOLDER_COLUMNS "AND id = ?2", "is", (int64_t)kind, id),
                      ret);
}

bool db_folder_by_name(struct db *db, enum record_kind kind, const char *parent, const char *name,
                       struct folder *ret)
{
    const char *sql = FOLDER_COLUMNS "AND parent IS ?2 AND name = ?3 COLLATE NOCASE";

    return one_folder(db, db_statement(db, sql, "iss", (int64_t)kind, parent, name), ret);
}

struct folder *db_folders(struct db *db, enum record_kind kind, const char *parent,
                          size_t *ret_count)
{
    sqlite3_stmt *stmt = db_statement(db, FOLDER_COLUMNS "AND parent IS ?2 ORDER BY position", "is",
                                      (int64_t)kind, parent);
    struct folder *list = NULL;
    size_t count = 0;

    while (db_step(db, stmt)) {
        list = xrealloc(list, (count + 1) * sizeof(*list));
        read_folder(stmt, &list[count++]);
    }
    sqlite3_finalize(stmt);
    *ret_count = count;
    return list;
}

void folders_free(struct folder *folders, size_t count)
{
    for (size_t i = 0; i < count; i++)
        folder_release(&folders[i]);
    free(folders);
}

void db_folder_add(struct db *db, enum record_kind kind, const struct folder *f)
{
    const char *sql = "INSERT INTO folder (kind, number, id, parent, name) VALUES (?, ?, ?, ?, ?)";

    db_run(db, db_statement(db, sql, "iisss", (int64_t)kind, (int64_t)f->number, f->id, f->parent,
                            f->name));
}

/* --- records ---------------------------------------------------------------------------------- */

void record_release(struct record *r)
{
    free(r->id);
    free(r->folder);
    free(r->json);
    memset(r, 0, sizeof(*r));
}

bool db_record_get(struct db *db, enum record_kind kind, const char *id, struct record *ret)
{
    sqlite3_stmt *stmt =
        db_statement(db, "SELECT row, id, folder, json FROM record WHERE id = ? AND kind = ?", "si",
                     id, (int64_t)kind);
    bool found = db_step(db, stmt);

    if (found) {
        ret->row = sqlite3_column_int64(stmt, 0);
        ret->id = db_text(stmt, 1);
        ret->folder = db_text(stmt, 2);
        ret->json = db_text(stmt, 3);
    }
    sqlite3_finalize(stmt);
    return found;
}

int64_t db_record_add(struct db *db, enum record_kind kind, const char *id, const char *folder,
                      const struct record_keys *keys, const char *json)
{
    const char *sql = "INSERT INTO record (kind, id, folder, sort, modified, unread, json) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?)";

    db_run(db, db_statement(db, sql, "issiiis", (int64_t)kind, id, folder, keys->sort,
                            keys->modified, (int64_t)keys->unread, json));
    return sqlite3_last_insert_rowid(db->sql);
}

void db_record_set(struct db *db, int64_t row, const char *id, const char *folder,
                   const struct record_keys *keys, const char *json)
{
    const char *sql = "UPDATE record SET id = ?, folder = ?, sort = ?, modified = ?, unread = ?, "
                      "json = ? WHERE row = ?";

    db_run(db, db_statement(db, sql, "ssiiisi", id, folder, keys->sort, keys->modified,
                            (int64_t)keys->unread, json, row));
}

void db_record_remove(struct db *db, int64_t row)
{
    db_run(db, db_statement(db, "DELETE FROM attachment WHERE message = ?", "i", row));
    db_run(db, db_statement(db, "DELETE FROM moved WHERE row = ?", "i", row));
    db_run(db, db_statement(db, "DELETE FROM record WHERE row = ?", "i", row));
}

void db_record_mark_moved(struct db *db, int64_t row)
{
    db_run(db, db_statement(db, "INSERT OR IGNORE INTO moved (row) VALUES (?)", "i", row));
}

void db_record_count(struct db *db, enum record_kind kind, const char *folder, int64_t *ret_total,
                     int64_t *ret_unread)
{
    sqlite3_stmt *stmt =
        db_statement(db, "SELECT count(*), total(unread) FROM record WHERE kind = ? AND folder = ?",
                     "is", (int64_t)kind, folder);

    db_step(db, stmt);
    *ret_total = sqlite3_column_int64(stmt, 0);
    *ret_unread = sqlite3_column_int64(stmt, 1);
    sqlite3_finalize(stmt);
}

static const char *order_column(enum record_order order)
{
    if (order == ORDER_ARRIVAL)
        return "row";
    return order == ORDER_MODIFIED ? "modified" : "sort";
}

void db_records(struct db *db, const struct record_query *q,
                bool (*each)(void *arg, const struct record_row *row), void *arg)
{
    char *sql = xasprintf(
        "SELECT row, id, folder, json FROM record WHERE kind = ?1 %s %s %s "
        "%s %s ORDER BY %s %s, row %s LIMIT ?3 OFFSET ?4",
        q->folder ? "AND folder = ?2" : "AND ?2 IS NULL", q->unread_only ? "AND unread" : "",
        q->arrived_only ? "AND row NOT IN (SELECT row FROM moved)" : "",
        q->sort_from ? "AND sort >= ?5" : "AND ?5 = 0",
        q->modified_after ? "AND modified > ?6" : "AND ?6 = 0", order_column(q->order),
        q->descending ? "DESC" : "ASC", q->descending ? "DESC" : "ASC");
    sqlite3_stmt *stmt = db_statement(db, sql, "isiiii", (int64_t)q->kind, q->folder, q->top,
                                      q->skip, q->sort_from, q->modified_after);
    bool more = true;

    while (more && db_step(db, stmt)) {
        struct record_row row = {
            .row = sqlite3_column_int64(stmt, 0),
            .id = (const char *)sqlite3_column_text(stmt, 1),
            .folder = (const char *)sqlite3_column_text(stmt, 2),
            .json = (const char *)sqlite3_column_text(stmt, 3),
        };

        more = each(arg, &row);
    }
    sqlite3_finalize(stmt);
    free(sql);
}

/* --- attachments ------------------------------------------------------------------------------ */

void attachment_release(struct attachment *a)
{
    free(a->name);
    free(a->type);
    free(a->content_id);
    free(a->content);
    memset(a, 0, sizeof(*a));
}

void db_attachment_add(struct db *db, int64_t message_row, const struct attachment *a)
{
    const char *sql = "INSERT INTO attachment (message, number, name, type, content_id, inline, "
                      "modified, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

    db_run(db, db_statement(db, sql, "iisssiib", message_row, (int64_t)a->number, a->name, a->type,
                            a->content_id, (int64_t)a->is_inline, a->modified,
                            a->size ? a->content : "", a->size));
}

struct attachment *db_attachments(struct db *db, int64_t message_row, bool content,
                                  size_t *ret_count)
{
    sqlite3_stmt *stmt = db_statement(
        db,
        "SELECT number, name, type, content_id, inline, modified, length(content), "
        "CASE WHEN ?2 THEN content END FROM attachment WHERE message = ?1 ORDER BY position",
        "ii", message_row, (int64_t)content);
    struct attachment *list = NULL;
    size_t count = 0;

    while (db_step(db, stmt)) {
        struct attachment *a;

        list = xrealloc(list, (count + 1) * sizeof(*list));
        a = &list[count++];
        memset(a, 0, sizeof(*a));
        a->number = (uint32_t)sqlite3_column_int64(stmt, 0);
        a->name = db_text(stmt, 1);
        a->type = db_text(stmt, 2);
        a->content_id = db_text(stmt, 3);
        a->is_inline = sqlite3_column_int(stmt, 4);
        a->modified = sqlite3_column_int64(stmt, 5);
        a->size = (size_t)sqlite3_column_int64(stmt, 6);
        if (content) {
            a->content = xmalloc(a->size + 1);
            if (a->size)
                memcpy(a->content, sqlite3_column_blob(stmt, 7), a->size);
        }
    }
    sqlite3_finalize(stmt);
    *ret_count = count;
    return list;
}

void attachments_free(struct attachment *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        attachment_release(&list[i]);
    free(list);
}
