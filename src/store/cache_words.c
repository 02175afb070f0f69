/*
 * cache_words.c - the index of words, and searching it.
 *
 * Listings do nothing for it. A search first brings it up to date: records behind their listing's
 * mark (listings.words, a revision) are read, taken apart and stored some at a time, so that nobody
 * waits long.
 *
 * The index has no copy of the text (FTS5, content = ''), and so a document cannot be taken out of
 * it: that needs the text it was made of. A document's number is the revision of its record, which
 * nothing else ever has. One whose record has changed or gone is dead: no row says that it is
 * searched as that revision, so that it is never found. When most are dead all go, and the index is
 * made anew.
 */
#include "cache_p.h"
#include "row_p.h"
#include "words_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/json.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One transaction: what is stored while others wait to write. */
#define DOCUMENTS_AT_ONCE 64
#define BYTES_AT_ONCE ((size_t)1024 * 1024)
#define DEAD_SPARE 256 /* dead documents that no index is made anew for */

#define QUERY_MAX ((size_t)64 * 1024)

struct document {
    int64_t seq;
    int64_t rev;
    int64_t listing;
    char *text;
};

struct batch {
    struct document list[DOCUMENTS_AT_ONCE];
    size_t count;
};

static void release_batch(struct batch *b)
{
    while (b->count)
        free(b->list[--b->count].text);
}

static void take_document(struct sql_query *q, struct document *ret)
{
    struct buf text;

    buf_init(&text, JSON_TEXT_MAX);
    words_of_record((enum kind)sql_int(q, 3), sql_str(q, 4), &text);
    *ret = (struct document){.seq = sql_int(q, 0), .rev = sql_int(q, 1), .listing = sql_int(q, 2)};
    ret->text = buf_detach(&text);
}

/* Records behind their listing's mark, in the order of their revisions: the mark can follow. */
static int read_batch(struct cache *c, int64_t newest, struct batch *b)
{
    size_t bytes = 0;
    struct sql_query q;

    db_read(&c->db, &q,
            "SELECT r.seq, r.rev, r.listing, l.kind,"
            " coalesce(unpack(t.text, r.size, l.sample), '') FROM listings l"
            " CROSS JOIN records r ON r.listing = l.key AND r.rev > l.words AND r.rev <= ?"
            " CROSS JOIN texts t ON t.seq = r.seq ORDER BY l.key, r.rev LIMIT ?");
    sql_bind_int(&q, newest);
    sql_bind_int(&q, DOCUMENTS_AT_ONCE);
    while (b->count < DOCUMENTS_AT_ONCE && bytes < BYTES_AT_ONCE && sql_row(&q)) {
        take_document(&q, &b->list[b->count]);
        bytes += strlen(b->list[b->count++].text);
    }
    return sql_end(&q);
}

/* The row by its number: an UPDATE that could meet several makes a savepoint, and at each of those
 * FTS5 writes out what it has gathered, which takes as long as all the rest. */
static int count_document(struct cache *c, const struct document *d)
{
    struct sql_query q;

    db_write(&c->db, &q,
             "UPDATE documents SET newest = max(newest, ?), count = count + 1 WHERE rowid = 1");
    sql_bind_int(&q, d->rev);
    return sql_run(&q);
}

/* A record that changed or went since it was read is met again under its new revision, or never;
 * another search may have stored it. */
static int store_document(struct cache *c, const struct document *d)
{
    struct sql_query q;

    db_write(&c->db, &q,
             "UPDATE records SET searched = rev WHERE seq = ? AND rev = ? AND searched <> rev");
    sql_bind_int(&q, d->seq);
    sql_bind_int(&q, d->rev);
    int rc = sql_run(&q);
    if (rc || !db_changes(&c->db))
        return rc;
    db_write(&c->db, &q, "INSERT INTO words (rowid, text) VALUES (?, ?)");
    sql_bind_int(&q, d->rev);
    sql_bind_str(&q, d->text);
    rc = sql_run(&q);
    return rc ? rc : count_document(c, d);
}

static int move_mark(struct cache *c, const struct document *d)
{
    struct sql_query q;

    db_write(&c->db, &q, "UPDATE listings SET words = max(words, ?) WHERE key = ?");
    sql_bind_int(&q, d->rev);
    sql_bind_int(&q, d->listing);
    return sql_run(&q);
}

static int store_batch(struct cache *c, const struct batch *b)
{
    int rc = 0;

    db_begin(&c->db);
    for (size_t i = 0; !rc && i < b->count; i++) {
        const struct document *d = &b->list[i];

        rc = store_document(c, d);
        if (!rc && (i + 1 == b->count || d[1].listing != d->listing))
            rc = move_mark(c, d);
    }
    return db_end(&c->db, rc);
}

int cache_clear_words(struct cache *c)
{
    static const char *const statements[] = {
        "INSERT INTO words (words) VALUES ('delete-all')",
        "UPDATE records SET searched = 0 WHERE searched > 0",
        "UPDATE listings SET words = 0",
        "UPDATE documents SET count = 0",
    };
    struct sql_query q;
    int rc = 0;

    for (size_t i = 0; !rc && i < ARRAY_SIZE(statements); i++) {
        db_write(&c->db, &q, statements[i]);
        rc = sql_run(&q);
    }
    return rc;
}

static int are_most_dead(struct cache *c, bool *ret)
{
    struct sql_query q;

    db_read(&c->db, &q,
            "SELECT count > 2 * (SELECT coalesce(sum(records), 0) FROM listings) + ?"
            " FROM documents");
    sql_bind_int(&q, DEAD_SPARE);
    *ret = sql_row(&q) && sql_int(&q, 0);
    return sql_end(&q);
}

static int drop_dead(struct cache *c)
{
    bool most;
    int rc = are_most_dead(c, &most);

    if (rc || !most)
        return rc;
    db_begin(&c->db);
    return db_end(&c->db, cache_clear_words(c));
}

static int64_t newest_revision(struct cache *c)
{
    db_begin(&c->db);
    int64_t rev = c->rev;
    db_end(&c->db, 0);
    return rev;
}

/* What comes in meanwhile is the next search's: a listing under way must not keep this one. */
static int index_words(struct cache *c, struct cancel *cancel)
{
    int64_t newest = newest_revision(c);
    SCOPED(xfree) struct batch *b = xcalloc(1, sizeof(*b));
    bool more = true;
    int rc = drop_dead(c);

    while (!rc && more) {
        rc = cancel_fired(cancel) ? -EINTR : read_batch(c, newest, b);
        more = b->count > 0;
        if (!rc && more)
            rc = store_batch(c, b);
        release_batch(b);
    }
    return rc;
}

static const struct column hit_columns[] = {
    COLUMN(struct cache_hit, kind),
    COLUMN(struct cache_hit, folder),
    COLUMN(struct cache_hit, id),
};
static const struct table hits = TABLE("hits", struct cache_hit, hit_columns, 0);

static int find_hits(struct cache *c, const char *query, size_t max, struct cache_hit **ret,
                     size_t *ret_count)
{
    struct sql_query q;

    db_read(
        &c->db, &q,
        "SELECT l.kind, l.folder, r.id FROM words w"
        " CROSS JOIN records r ON r.searched = w.rowid AND r.searched > 0 AND r.searched = r.rev"
        " JOIN listings l ON l.key = r.listing WHERE w.words MATCH ?"
        " ORDER BY r.mtime DESC, r.seq DESC LIMIT ?");
    sql_bind_str(&q, query);
    sql_bind_int(&q, max < INT64_MAX ? (int64_t)max : INT64_MAX);
    return row_collect(&q, &hits, ret, ret_count);
}

int cache_search(struct cache *c, const char *words, size_t max, struct cancel *cancel,
                 struct cache_hit **ret, size_t *ret_count)
{
    SCOPED(buf_release) struct buf query = BUF_INIT(QUERY_MAX);
    int rc = words_query(words, &query);
    if (!rc)
        rc = index_words(c, cancel);
    return rc ? rc : find_hits(c, query.data, max, ret, ret_count);
}

void cache_hits_free(struct cache_hit *list, size_t count)
{
    rows_free(&hits, list, count);
}
