/*
 * cache_listings.c - listings: one row a folder, and its key in the other tables.
 */
#include "cache_p.h"

#include <stdlib.h>

static int find_key(struct cache *c, enum kind kind, const char *folder, int64_t *ret, bool *found)
{
    struct sql_query q;

    *found = false;
    db_write(&c->db, &q, "SELECT key FROM listings WHERE kind = ? AND folder = ?");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    if (sql_row(&q)) {
        *found = true;
        *ret = sql_int(&q, 0);
    }
    return sql_end(&q);
}

int cache_listing_key(struct cache *c, enum kind kind, const char *folder, int64_t *ret)
{
    struct sql_query q;
    bool found;
    int rc = find_key(c, kind, folder, ret, &found);

    if (rc || found)
        return rc;
    db_write(&c->db, &q, "INSERT INTO listings (kind, folder) VALUES (?, ?)");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    rc = sql_run(&q);
    if (!rc)
        *ret = db_last_id(&c->db);
    return rc;
}

int cache_listing_count(struct cache *c, int64_t listing, int64_t records, int64_t bytes)
{
    struct sql_query q;

    if (!records && !bytes)
        return 0;
    db_write(&c->db, &q,
             "UPDATE listings SET records = records + ?, bytes = bytes + ? WHERE key = ?");
    sql_bind_int(&q, records);
    sql_bind_int(&q, bytes);
    sql_bind_int(&q, listing);
    return sql_run(&q);
}

int cache_get_listing(struct cache *c, enum kind kind, const char *folder,
                      struct cache_listing *ret)
{
    struct cache_listing listing = {0};
    struct sql_query q;

    db_read(&c->db, &q,
            "SELECT complete, full_at, fresh_at, next_skip, run, records, truncated, asked_at,"
            " changed_at, compared_at"
            " FROM listings WHERE kind = ? AND folder = ?");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    if (sql_row(&q)) {
        listing.complete = sql_int(&q, 0);
        listing.full_at = sql_int(&q, 1);
        listing.fresh_at = sql_int(&q, 2);
        listing.next_skip = (unsigned)sql_int(&q, 3);
        listing.run = (uint64_t)sql_int(&q, 4);
        listing.count = (uint64_t)sql_int(&q, 5);
        listing.truncated = sql_int(&q, 6);
        listing.asked_at = sql_int(&q, 7);
        listing.changed_at = sql_int(&q, 8);
        listing.compared_at = sql_int(&q, 9);
    }
    int rc = sql_end(&q);
    if (!rc)
        *ret = listing;
    return rc;
}

int cache_put_listing(struct cache *c, enum kind kind, const char *folder,
                      const struct cache_listing *listing)
{
    struct sql_query q;

    db_begin(&c->db);
    db_write(&c->db, &q,
             "INSERT INTO listings (kind, folder, complete, full_at, fresh_at, next_skip, run,"
             " truncated, asked_at, compared_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
             " ON CONFLICT (kind, folder) DO UPDATE SET"
             " complete = excluded.complete, full_at = excluded.full_at,"
             " fresh_at = excluded.fresh_at, next_skip = excluded.next_skip, run = excluded.run,"
             " truncated = excluded.truncated, asked_at = excluded.asked_at,"
             " compared_at = excluded.compared_at");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    sql_bind_int(&q, listing->complete);
    sql_bind_int(&q, listing->full_at);
    sql_bind_int(&q, listing->fresh_at);
    sql_bind_int(&q, listing->next_skip);
    sql_bind_int(&q, (int64_t)listing->run);
    sql_bind_int(&q, listing->truncated);
    sql_bind_int(&q, listing->asked_at);
    sql_bind_int(&q, listing->compared_at);
    return db_end(&c->db, sql_run(&q));
}

int cache_get_cursor(struct cache *c, enum kind kind, const char *folder, char **ret)
{
    struct sql_query q;
    char *cursor = NULL;

    db_read(&c->db, &q, "SELECT cursor FROM listings WHERE kind = ? AND folder = ?");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    if (sql_row(&q))
        cursor = sql_dup(&q, 0);
    int rc = sql_end(&q);
    if (rc)
        free(cursor);
    else
        *ret = cursor;
    return rc;
}

int cache_put_cursor(struct cache *c, enum kind kind, const char *folder, const char *cursor)
{
    struct sql_query q;

    db_begin(&c->db);
    db_write(&c->db, &q, "UPDATE listings SET cursor = ? WHERE kind = ? AND folder = ?");
    sql_bind_str(&q, cursor);
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    return db_end(&c->db, sql_run(&q));
}

int cache_age(struct cache *c, enum kind kind, const char *folder)
{
    struct sql_query q;

    db_begin(&c->db);
    db_write(&c->db, &q, "UPDATE listings SET fresh_at = 0 WHERE kind = ? AND folder = ?");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    return db_end(&c->db, sql_run(&q));
}

static int note_changes_locked(struct cache *c, enum kind kind, const char *const *folders,
                               size_t count, int64_t trusted, int64_t asked, int64_t answered)
{
    struct sql_query q;

    db_write(&c->db, &q,
             "UPDATE listings SET fresh_at = max(fresh_at, ?)"
             " WHERE kind = ? AND complete AND asked_at >= ?");
    sql_bind_int(&q, asked);
    sql_bind_int(&q, kind);
    sql_bind_int(&q, trusted);
    int rc = sql_run(&q);
    for (size_t i = 0; !rc && i < count; i++) {
        db_write(&c->db, &q, "UPDATE listings SET changed_at = ? WHERE kind = ? AND folder = ?");
        sql_bind_int(&q, answered);
        sql_bind_int(&q, kind);
        sql_bind_str(&q, folders[i]);
        rc = sql_run(&q);
    }
    return rc;
}

int cache_note_changes(struct cache *c, enum kind kind, const char *const *folders, size_t count,
                       int64_t trusted, int64_t asked, int64_t answered)
{
    db_begin(&c->db);
    return db_end(&c->db, note_changes_locked(c, kind, folders, count, trusted, asked, answered));
}
