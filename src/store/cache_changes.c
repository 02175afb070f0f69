/*
 * cache_changes.c - revisions: what changed in a folder.
 *
 * One counter over the whole file: every insert, change and removal takes the next number, under
 * the write lock, so that what is committed later has a higher one. `gone` remembers removals for
 * those who keep an index in memory: it is emptied at the start, when nobody does.
 */
#include "cache_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/cancel.h>

#include <errno.h>
#include <string.h>

/* Rows handed out under one take of the read lock: other readers wait meanwhile. */
#define CHANGES_AT_ONCE 128

int cache_changes_begin(struct cache *c, struct buf *err)
{
    static const char newest[] =
        "SELECT max(newest, (SELECT coalesce(max(max(words, coalesce("
        "(SELECT max(rev) FROM records WHERE listing = key), 0))), 0) FROM listings))"
        " FROM documents";
    int rc = sql_exec(&c->db.writer, "DELETE FROM gone", err);

    return rc ? rc : sql_exec_int(&c->db.reader, newest, &c->rev, err);
}

int cache_note_gone(struct cache *c, int64_t seq)
{
    struct sql_query q;
    int rc = cache_keep_held(c, seq);

    if (rc)
        return rc;
    db_write(&c->db, &q,
             "REPLACE INTO gone (kind, folder, id, rev) SELECT l.kind, l.folder, r.id, ?"
             " FROM records r JOIN listings l ON l.key = r.listing WHERE r.seq = ?");
    sql_bind_int(&q, ++c->rev);
    sql_bind_int(&q, seq);
    return sql_run(&q);
}

int cache_drop_listings(struct cache *c, enum kind kind)
{
    struct sql_query q;
    int rc = cache_keep_held(c, 0);

    if (rc)
        return rc;
    db_write(&c->db, &q,
             "REPLACE INTO gone (kind, folder, id, rev)"
             " SELECT l.kind, l.folder, r.id, ? + row_number() OVER ()"
             " FROM listings l JOIN records r ON r.listing = l.key WHERE l.kind = ?"
             " AND l.folder NOT IN (SELECT id FROM folders f WHERE f.kind = l.kind)");
    sql_bind_int(&q, c->rev);
    sql_bind_int(&q, kind);
    rc = sql_run(&q);
    if (rc)
        return rc;
    c->rev += db_changes(&c->db);
    db_write(&c->db, &q,
             "DELETE FROM listings WHERE kind = ?1"
             " AND folder NOT IN (SELECT id FROM folders WHERE kind = ?1)");
    sql_bind_int(&q, kind);
    return sql_run(&q);
}

/* One statement, so that what is there and what is gone are of the same moment. Answers how many
 * rows there were, or -errno. */
static int tell_some(struct cache *c, enum kind kind, const char *folder, int64_t *rev,
                     cache_change_fn each, void *ctx)
{
    struct sql_query q;
    int count = 0;

    db_read(&c->db, &q,
            "SELECT r.rev AS rev, r.id, unpack(t.text, r.size, l.sample), t.sum FROM listings l"
            " JOIN records r ON r.listing = l.key AND r.rev > ?3 JOIN texts t USING (seq)"
            " WHERE l.kind = ?1 AND l.folder = ?2"
            " UNION ALL"
            " SELECT g.rev, g.id, NULL, 0 FROM gone g"
            " WHERE g.kind = ?1 AND g.folder = ?2 AND g.rev > ?3 AND NOT EXISTS"
            " (SELECT 1 FROM records r WHERE r.id = g.id AND r.listing ="
            " (SELECT key FROM listings WHERE kind = ?1 AND folder = ?2))"
            " ORDER BY rev LIMIT ?4");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    sql_bind_int(&q, *rev);
    sql_bind_int(&q, CHANGES_AT_ONCE);
    for (; sql_row(&q); count++) {
        const char *text = sql_str(&q, 2);
        int64_t sum = sql_int(&q, 3);

        if (text && sum != cache_sum(text, strlen(text)))
            text = NULL; /* whoever reads it asks for it again */
        each(ctx, sql_str(&q, 1), text);
        *rev = sql_int(&q, 0);
    }
    int rc = sql_end(&q);
    return rc ? rc : count;
}

int cache_since(struct cache *c, enum kind kind, const char *folder, uint64_t *rev,
                struct cancel *cancel, cache_change_fn each, void *ctx)
{
    int64_t at = (int64_t)*rev;
    int count;

    do {
        count = tell_some(c, kind, folder, &at, each, ctx);
        *rev = (uint64_t)at;
        if (count == CHANGES_AT_ONCE && cancel_fired(cancel))
            return -EINTR;
    } while (count == CHANGES_AT_ONCE);
    return count < 0 ? count : 0;
}
