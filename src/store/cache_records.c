/*
 * cache_records.c - storing records: same, new or changed?
 */
#include "cache_p.h"
#include "pack_p.h"

#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/model/name.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

/* What a listing gains while a page is stored. */
struct gain {
    int64_t records;
    int64_t bytes;
    bool new; /* the record before was: so is the next one, mostly, and need not be looked for */
};

/* The row of a record before it is stored again; seq 0: there is none. */
struct known {
    int64_t seq;
    int64_t mtime;
    int64_t stamp;
    int64_t size;
    uint64_t hash;
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
        known->hash = (uint64_t)sql_int(&q, 4);
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
                     uint64_t hash, bool *same)
{
    struct sql_query q;

    *same = hash == known->hash;
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

/* A text that replaces none costs a third less as an INSERT. */
static int put_text(struct cache *c, int64_t listing, int64_t seq, const struct item *item,
                    uint64_t hash, bool new)
{
    struct sql_query q;

    db_write(&c->db, &q,
             new ? "INSERT INTO texts (seq, sum, text) VALUES (?, ?, "
                   "pack(?, (SELECT sample FROM listings WHERE key = ?)))"
                 : "REPLACE INTO texts (seq, sum, text) VALUES (?, ?, "
                   "pack(?, (SELECT sample FROM listings WHERE key = ?)))");
    sql_bind_int(&q, seq);
    sql_bind_int(&q, (int64_t)hash);
    sql_bind_bytes(&q, item->text, item->size);
    sql_bind_int(&q, listing);
    return sql_run(&q);
}

/* Inserts the record unless it is there; *inserted says which. */
static int insert(struct cache *c, int64_t listing, const struct item *item, uint64_t hash,
                  uint64_t run, bool *inserted)
{
    struct sql_query q;
    int rc;

    db_write(&c->db, &q,
             "INSERT OR IGNORE INTO records (seq, rev, listing, id, etag, mtime, stamp, size,"
             " attachments, read, hash, run, tag)"
             " VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
    sql_bind_int(&q, ++c->rev);
    sql_bind_int(&q, listing);
    sql_bind_str(&q, item->id);
    sql_bind_str(&q, item->etag ? item->etag : "");
    sql_bind_int(&q, item->mtime);
    sql_bind_int(&q, item->mtime);
    sql_bind_int(&q, (int64_t)item->size);
    sql_bind_int(&q, item->attachments);
    sql_bind_int(&q, item->read);
    sql_bind_int(&q, (int64_t)hash);
    sql_bind_int(&q, (int64_t)run);
    sql_bind_int(&q, (int64_t)name_tag(item->id));
    rc = sql_run(&q);
    *inserted = !rc && db_changes(&c->db) > 0;
    return *inserted ? put_text(c, listing, c->rev, item, hash, true) : rc;
}

/* A listing that meets a record again: remembers that and the text it came in. */
static int confirm(struct cache *c, const struct known *known, uint64_t hash, uint64_t run)
{
    struct sql_query q;

    if (known->hash == hash && known->run == run)
        return 0;
    db_write(&c->db, &q, "UPDATE records SET hash = ?, run = ? WHERE seq = ?");
    sql_bind_int(&q, (int64_t)hash);
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

static int change(struct cache *c, int64_t listing, const struct known *known,
                  const struct item *item, uint64_t hash, uint64_t run)
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
    sql_bind_int(&q, (int64_t)hash);
    sql_bind_int(&q, (int64_t)run);
    sql_bind_int(&q, ++c->rev);
    sql_bind_int(&q, known->seq);
    rc = sql_run(&q);
    return rc ? rc : put_text(c, listing, known->seq, item, hash, false);
}

static int put_new(struct cache *c, int64_t listing, const struct item *item, uint64_t hash,
                   uint64_t run, struct gain *gain)
{
    int rc =
        insert(c, listing, item, hash, run == CACHE_KEEP_RUN ? CACHE_UNLISTED : run, &gain->new);

    if (!rc && gain->new) {
        gain->records++;
        gain->bytes += (int64_t)item->size;
    }
    return rc;
}

static int put_one(struct cache *c, int64_t listing, const struct item *item, uint64_t run,
                   struct gain *gain, enum cache_change *ret)
{
    uint64_t hash = (uint64_t)cache_sum(item->text, item->size);
    struct known known = {0};
    bool same;
    int rc = gain->new ? put_new(c, listing, item, hash, run, gain) : 0;

    if (!rc && !gain->new)
        rc = find_known(c, listing, item->id, &known);
    if (!rc && !gain->new && !known.seq)
        rc = put_new(c, listing, item, hash, run, gain);
    if (rc || gain->new) {
        *ret = CACHE_NEW;
        return rc;
    }
    assert(known.seq);
    if (run == CACHE_KEEP_RUN)
        run = known.run;
    rc = same_text(c, &known, item, hash, &same);
    if (rc)
        return rc;
    if (same) {
        *ret = CACHE_SAME;
        return confirm(c, &known, hash, run);
    }
    gain->bytes += (int64_t)item->size - known.size;
    *ret = CACHE_CHANGED;
    return change(c, listing, &known, item, hash, run);
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
    struct gain gain = {0};
    enum cache_change done;
    int64_t listing = 0;
    int rc = cache_listing_key(c, items[0].kind, folder, &listing);

    if (!rc)
        rc = give_sample(c, listing, &items[0]);
    for (size_t i = 0; !rc && i < count; i++) {
        assert(items[i].kind == items[0].kind);
        rc = put_one(c, listing, &items[i], run, &gain, changes ? &changes[i] : &done);
    }
    return rc ? rc : cache_listing_count(c, listing, gain.records, gain.bytes);
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
