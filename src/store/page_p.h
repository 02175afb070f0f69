/*
 * page_p.h - records that are to be stored, as a table that statements read: one statement takes a
 * whole page, which costs a third less than one for each record.
 *
 *     struct page page = {items, sums, count, rev + 1};
 *
 *     db_write(db, &q, "INSERT INTO ... SELECT seq, id, text FROM page(?)");
 *     sql_bind_pointer(&q, &page, PAGE_POINTER);
 *     rc = sql_run(&q);
 *
 * Columns, a row for each item, in their order: seq (page.first and on), id, etag, mtime, size,
 * attachments, read, sum, tag (name_tag() of the id), text. The page stays as it is until sql_end().
 *
 * https://sqlite.org/vtab.html (an eponymous table), https://sqlite.org/bindptr.html
 */
#ifndef OUTLOOKFS_STORE_PAGE_P_H
#define OUTLOOKFS_STORE_PAGE_P_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_POINTER "outlookfs page" /* the type of the pointer that is bound */

struct item;

struct page {
    const struct item *items;
    const int64_t *sums; /* cache_sum() of each text */
    size_t count;
    int64_t first; /* the seq of the first */
};

/* Gives a connection the table; an SQLite code. */
int page_table(sqlite3 *db);

#endif
