/*
 * cache_records.c - storing records: same, new or changed?
 */
#include "cache_p.h"
#include "pack_p.h"
#include "page_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/scope.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

/* A page while it is stored. */
struct batch {
    int64_t listing;
    uint64_t run;
    struct page page; /* with `first`: 0 until its new records have been inserted */
    int64_t records;  /* what the listing gains */
    int64_t bytes;
};

/* The row of a record before it is stored again; seq 0: there is none. */
struct known {
    int64_t seq;
    int64_t mtime;
    int64_t stamp;
    int64_t size;
    int64_t hash;
    uint64_t run;
};

static int find_known(struct cache *c, int64_t listing, const char *id, struct known *known)
{
    struct sql_query q;

    *known = (struct known){0};
    db_write(&c->db, &q,
             "SELECT seq, mtime, stamp, size, hash, run FROM records WHERE id = ? AND listing = ?");
    sql_bind_str(&q, id);
    sql_bind_int(&q, listing);
    if (sql_row(&q)) {
        known->seq = sql_int(&q, 0);
        known->mtime = sql_int(&q, 1);
        known->stamp = sql_int(&q, 2);
        known->size = sql_int(&q, 3);
        known->hash = sql_int(&q, 4);
        known->run = (uint64_t)sql_int(&q, 5);
    }
    return sql_end(&q);
}

/* `old` NULL: it is damaged. */
static bool texts_equal(const char *old, const struct item *item)
{
    cJSON *a = NULL;
    cJSON *b = NULL;
    bool equal = old && !json_parse_any(old, strlen(old), &a, NULL) &&
                 !json_parse_any(item->text, item->size, &b, NULL) && json_equal(a, b);

    cJSON_Delete(a);
    cJSON_Delete(b);
    return equal;
}

static int same_text(struct cache *c, const struct known *known, const struct item *item,
                     int64_t sum, bool *same)
{
    struct sql_query q;

    *same = sum == known->hash;
    if (*same)
        return 0;
    db_write(&c->db, &q,
             "SELECT unpack(t.text, r.size, l.sample) FROM records r"
             " JOIN listings l ON l.key = r.listing JOIN texts t USING (seq) WHERE r.seq = ?");
    sql_bind_int(&q, known->seq);
    if (sql_row(&q))
        *same = texts_equal(sql_str(&q, 0), item);
    return sql_end(&q);
}

static int replace_text(struct cache *c, const struct batch *b, int64_t seq,
                        const struct item *item, int64_t sum)
{
    struct sql_query q;

    db_write(&c->db, &q,
             "REPLACE INTO texts (seq, sum, text) VALUES (?, ?, "
             "pack(?, (SELECT sample FROM listings WHERE key = ?)))");
    sql_bind_int(&q, seq);
    sql_bind_int(&q, sum);
    sql_bind_bytes(&q, item->text, item->size);
    sql_bind_int(&q, b->listing);
    return sql_run(&q);
}

/* OR FAIL undoes nothing of itself, as the transaction is undone: SQLite keeps no copies for that. */
static int insert_texts(struct cache *c, struct batch *b)
{
    struct sql_query q;

    db_write(&c->db, &q,
             "INSERT OR FAIL INTO texts (seq, sum, text) SELECT p.seq, p.sum, "
             "pack(p.text, (SELECT sample FROM listings WHERE key = ?))"
             " FROM page(?) p CROSS JOIN records r USING (seq)");
    sql_bind_int(&q, b->listing);
    sql_bind_pointer(&q, &b->page, PAGE_POINTER);
    return sql_run(&q);
}

/* Inserts the page's records that are not there; each record has a revision, so that the number of
 * its row says whether it was. */
static int insert_new(struct cache *c, struct batch *b)
{
    struct sql_query q;

    b->page.first = c->rev + 1;
    c->rev += (int64_t)b->page.count;
    db_write(&c->db, &q,
             "INSERT OR IGNORE INTO records (seq, rev, listing, id, etag, mtime, stamp, size,"
             " attachments, read, hash, run, tag)"
             " SELECT seq, seq, ?, id, etag, mtime, mtime, size, attachments, read, sum, ?, tag"
             " FROM page(?)");
    sql_bind_int(&q, b->listing);
    sql_bind_int(&q, (int64_t)(b->run == CACHE_KEEP_RUN ? CACHE_UNLISTED : b->run));
    sql_bind_pointer(&q, &b->page, PAGE_POINTER);
    int rc = sql_run(&q);
    if (rc)
        return rc;
    b->records = db_changes(&c->db);
    return b->records ? insert_texts(c, b) : 0;
}

/* A listing that meets a record again: remembers that and the text it came in. */
static int confirm(struct cache *c, const struct known *known, int64_t sum, uint64_t run)
{
    struct sql_query q;

    if (known->hash == sum && known->run == run)
        return 0;
    db_write(&c->db, &q, "UPDATE records SET hash = ?, run = ? WHERE seq = ?");
    sql_bind_int(&q, sum);
    sql_bind_int(&q, (int64_t)run);
    sql_bind_int(&q, known->seq);
    return sql_run(&q);
}

/* rsync and make look at times: another text needs another one, also where the service's did not
 * move. */
static int64_t changed_mtime(const struct known *known, const struct item *item)
{
    int64_t now;

    if (item->mtime != known->stamp && item->mtime != known->mtime)
        return item->mtime;
    now = clock_now();
    return now == known->mtime ? now + 1 : now;
}

static int change(struct cache *c, const struct batch *b, const struct known *known,
                  const struct item *item, int64_t sum, uint64_t run)
{
    struct sql_query q;
    int rc = cache_keep_held(c, known->seq);

    if (rc)
        return rc;
    db_write(
        &c->db, &q,
        "UPDATE records SET etag = ?, mtime = ?, stamp = ?, size = ?, attachments = ?, read = ?,"
        " hash = ?,"
        " run = ?, rev = ?, exported = -1 WHERE seq = ?");
    sql_bind_str(&q, item->etag ? item->etag : "");
    sql_bind_int(&q, changed_mtime(known, item));
    sql_bind_int(&q, item->mtime);
    sql_bind_int(&q, (int64_t)item->size);
    sql_bind_int(&q, item->attachments);
    sql_bind_int(&q, item->read);
    sql_bind_int(&q, sum);
    sql_bind_int(&q, (int64_t)run);
    sql_bind_int(&q, ++c->rev);
    sql_bind_int(&q, known->seq);
    rc = sql_run(&q);
    return rc ? rc : replace_text(c, b, known->seq, item, sum);
}

static int put_one(struct cache *c, struct batch *b, size_t i, enum cache_change *ret)
{
    const struct item *item = &b->page.items[i];
    int64_t sum = b->page.sums[i];
    bool all_new = b->records == (int64_t)b->page.count;
    struct known known = {0};
    bool same;
    int rc = all_new ? 0 : find_known(c, b->listing, item->id, &known);

    if (!rc && !all_new && !known.seq)
        rc = insert_new(c, b);
    if (rc)
        return rc;
    if (!known.seq || (b->page.first && known.seq == b->page.first + (int64_t)i)) {
        b->bytes += (int64_t)item->size;
        *ret = CACHE_NEW;
        return 0;
    }
    uint64_t run = b->run == CACHE_KEEP_RUN ? known.run : b->run;
    rc = same_text(c, &known, item, sum, &same);
    if (rc)
        return rc;
    if (same) {
        *ret = CACHE_SAME;
        return confirm(c, &known, sum, run);
    }
    b->bytes += (int64_t)item->size - known.size;
    *ret = CACHE_CHANGED;
    return change(c, b, &known, item, sum, run);
}

/* Before the first record. */
static int give_sample(struct cache *c, int64_t listing, const struct item *item)
{
    char sample[PACK_SAMPLE_MAX];
    size_t size = pack_sample(item->text, item->size, sample);
    struct sql_query q;

    db_write(&c->db, &q, "UPDATE listings SET sample = ? WHERE key = ? AND sample = x''");
    sql_bind_blob(&q, sample, size);
    sql_bind_int(&q, listing);
    return sql_run(&q);
}

static int put_page_locked(struct cache *c, const char *folder, const struct item *items,
                           size_t count, uint64_t run, enum cache_change *changes)
{
    SCOPED(xfree) int64_t *sums = xcalloc(count, sizeof(*sums));
    struct batch b = {.run = run, .page = {.items = items, .sums = sums, .count = count}};
    enum cache_change done;
    int rc = cache_listing_key(c, items[0].kind, folder, &b.listing);

    for (size_t i = 0; i < count; i++) {
        assert(items[i].kind == items[0].kind);
        sums[i] = cache_sum(items[i].text, items[i].size);
    }
    if (!rc)
        rc = give_sample(c, b.listing, &items[0]);
    for (size_t i = 0; !rc && i < count; i++)
        rc = put_one(c, &b, i, changes ? &changes[i] : &done);
    return rc ? rc : cache_listing_count(c, b.listing, b.records, b.bytes);
}

int cache_put_page(struct cache *c, const char *folder, const struct item *items, size_t count,
                   uint64_t run, enum cache_change *changes)
{
    if (!count)
        return 0;
    db_begin(&c->db);
    return db_end(&c->db, put_page_locked(c, folder, items, count, run, changes));
}

int cache_put(struct cache *c, const char *folder, const struct item *item, uint64_t run,
              enum cache_change *ret)
{
    enum cache_change done;
    int rc = cache_put_page(c, folder, item, 1, run, &done);

    if (!rc && ret)
        *ret = done;
    return rc;
}

/* The row is made anew: readers of the other folder's listing are behind its old place. What is there
 * already is the service's answer to the move, and newer. */
static int move_locked(struct cache *c, enum kind kind, const char *id, const char *from,
                       const char *to)
{
    struct cache_record r = {0};
    int rc;

    if (!cache_get(c, kind, to, id, false, NULL))
        return cache_remove(c, kind, from, id);
    rc = cache_get(c, kind, from, id, true, &r);
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    const struct item item = {.kind = kind,
                              .id = r.id,
                              .etag = r.etag,
                              .mtime = r.mtime,
                              .text = r.text,
                              .size = r.size,
                              .attachments = r.attachments,
                              .read = r.read};
    rc = put_page_locked(c, to, &item, 1, CACHE_KEEP_RUN, NULL);
    if (!rc)
        rc = cache_remove(c, kind, from, id);
    cache_record_release(&r);
    return rc;
}

int cache_move(struct cache *c, enum kind kind, const char *id, const char *from, const char *to)
{
    db_begin(&c->db);
    return db_end(&c->db, move_locked(c, kind, id, from, to));
}
