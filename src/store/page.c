/*
 * page.c - records that are to be stored, as a table that statements read.
 */
#include "page_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/model/item.h>
#include <outlookfs/model/name.h>

#include <stdlib.h>

/* In the order of page_columns. */
enum column { SEQ, ID, ETAG, MTIME, SIZE, ATTACHMENTS, READ, SUM, TAG, TEXT, PAGE };

static const char page_columns[] =
    "CREATE TABLE page (seq INTEGER, id TEXT, etag TEXT, mtime INTEGER, size INTEGER,"
    " attachments INTEGER, read INTEGER, sum INTEGER, tag INTEGER, text TEXT, page HIDDEN)";

struct cursor {
    sqlite3_vtab_cursor base; /* first: SQLite knows a cursor by it */
    const struct page *page;  /* NULL: a table without rows */
    size_t at;
};

static int page_connect(sqlite3 *db, void *, int, const char *const *, sqlite3_vtab **ret, char **)
{
    int code = sqlite3_declare_vtab(db, page_columns);

    if (code == SQLITE_OK)
        code = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    if (code == SQLITE_OK)
        *ret = xcalloc(1, sizeof(**ret));
    return code;
}

static int page_disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

/* The page is the table's argument: nothing else narrows it down. */
static int page_best_index(sqlite3_vtab *, sqlite3_index_info *info)
{
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].iColumn == PAGE && info->aConstraint[i].usable) {
            info->aConstraintUsage[i].argvIndex = 1;
            info->aConstraintUsage[i].omit = 1;
            return SQLITE_OK;
        }
    }
    return SQLITE_CONSTRAINT;
}

static int page_open(sqlite3_vtab *, sqlite3_vtab_cursor **ret)
{
    struct cursor *c = xcalloc(1, sizeof(*c));

    *ret = &c->base;
    return SQLITE_OK;
}

static int page_close(sqlite3_vtab_cursor *cursor)
{
    free(cursor);
    return SQLITE_OK;
}

static int page_filter(sqlite3_vtab_cursor *cursor, int, const char *, int, sqlite3_value **values)
{
    struct cursor *c = (struct cursor *)cursor;

    c->page = sqlite3_value_pointer(values[0], PAGE_POINTER);
    c->at = 0;
    return SQLITE_OK;
}

static int page_next(sqlite3_vtab_cursor *cursor)
{
    ((struct cursor *)cursor)->at++;
    return SQLITE_OK;
}

static int page_eof(sqlite3_vtab_cursor *cursor)
{
    const struct cursor *c = (struct cursor *)cursor;

    return !c->page || c->at >= c->page->count;
}

static int page_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
    const struct cursor *c = (struct cursor *)cursor;
    const struct item *item = &c->page->items[c->at];

    switch ((enum column)column) {
    case SEQ:
        sqlite3_result_int64(context, c->page->first + (int64_t)c->at);
        break;
    case ID:
        sqlite3_result_text(context, item->id, -1, SQLITE_STATIC);
        break;
    case ETAG:
        sqlite3_result_text(context, item->etag ? item->etag : "", -1, SQLITE_STATIC);
        break;
    case MTIME:
        sqlite3_result_int64(context, item->mtime);
        break;
    case SIZE:
        sqlite3_result_int64(context, (sqlite3_int64)item->size);
        break;
    case ATTACHMENTS:
        sqlite3_result_int(context, item->attachments);
        break;
    case READ:
        sqlite3_result_int(context, item->read);
        break;
    case SUM:
        sqlite3_result_int64(context, c->page->sums[c->at]);
        break;
    case TAG:
        sqlite3_result_int64(context, (sqlite3_int64)name_tag(item->id));
        break;
    case TEXT:
        sqlite3_result_text64(context, item->text, item->size, SQLITE_STATIC, SQLITE_UTF8);
        break;
    case PAGE:
        break;
    }
    return SQLITE_OK;
}

static int page_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *ret)
{
    *ret = (sqlite3_int64)((struct cursor *)cursor)->at;
    return SQLITE_OK;
}

/* Without xCreate it is there by its name and can be made under no other. */
static const sqlite3_module module = {
    .xConnect = page_connect,
    .xDisconnect = page_disconnect,
    .xBestIndex = page_best_index,
    .xOpen = page_open,
    .xClose = page_close,
    .xFilter = page_filter,
    .xNext = page_next,
    .xEof = page_eof,
    .xColumn = page_column,
    .xRowid = page_rowid,
};

int page_table(sqlite3 *db)
{
    return sqlite3_create_module(db, "page", &module, NULL);
}
