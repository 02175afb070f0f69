/*
 * cache_lookup.c - reading and removing records.
 */
#include "cache_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void cache_record_release(struct cache_record *r)
{
    free(r->id);
    free(r->etag);
    free(r->text);
    *r = (struct cache_record){0};
}

/* From columns seq, id, etag, mtime, size, attachments, read, exported. */
static struct cache_record read_record(struct sql_query *q)
{
    return (struct cache_record){
        .seq = (uint64_t)sql_int(q, 0),
        .id = sql_dup(q, 1),
        .etag = sql_dup(q, 2),
        .mtime = sql_int(q, 3),
        .size = (size_t)sql_int(q, 4),
        .attachments = sql_int(q, 5),
        .read = sql_int(q, 6),
        .exported = sql_int(q, 7),
    };
}

int64_t cache_sum(const char *text, size_t size)
{
    uint64_t hash = str_sum(0, text, size);

    return hash ? (int64_t)hash : 1;
}

bool cache_is_sound(const char *text, size_t size, int64_t sum)
{
    return text && strlen(text) == size && sum == cache_sum(text, size);
}

int cache_order(struct cache *c, enum kind kind, const char *folder, struct cache_place **ret,
                size_t *ret_count)
{
    struct cache_place *places = NULL;
    size_t count = 0, room = 0;
    struct sql_query q;

    db_read(&c->db, &q,
            "SELECT id, attachments FROM records WHERE run <> 0 AND listing ="
            " (SELECT key FROM listings WHERE kind = ? AND folder = ?) ORDER BY stamp DESC, seq");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    while (sql_row(&q)) {
        if (count == room) {
            room = room ? room * 2 : 256;
            places = xrealloc(places, room * sizeof(*places));
        }
        places[count++] = (struct cache_place){sql_dup(&q, 0), sql_int(&q, 1)};
    }
    int rc = sql_end(&q);
    if (rc) {
        cache_places_free(places, count);
        return rc;
    }
    *ret = places;
    *ret_count = count;
    return 0;
}

void cache_places_free(struct cache_place *places, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(places[i].id);
    free(places);
}

static int remove_locked(struct cache *c, enum kind kind, const char *folder, const char *id)
{
    struct sql_query q;
    int64_t seq = 0;
    int64_t listing = 0;
    int64_t size = 0;

    db_write(&c->db, &q,
             "SELECT seq, listing, size FROM records WHERE id = ? AND listing ="
             " (SELECT key FROM listings WHERE kind = ? AND folder = ?)");
    sql_bind_str(&q, id);
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    if (sql_row(&q)) {
        seq = sql_int(&q, 0);
        listing = sql_int(&q, 1);
        size = sql_int(&q, 2);
    }
    int rc = sql_end(&q);
    if (rc || !seq)
        return rc;
    rc = cache_note_gone(c, seq);
    if (rc)
        return rc;
    db_write(&c->db, &q, "DELETE FROM records WHERE seq = ?");
    sql_bind_int(&q, seq);
    rc = sql_run(&q);
    return rc ? rc : cache_listing_count(c, listing, -1, -size);
}

int cache_remove(struct cache *c, enum kind kind, const char *folder, const char *id)
{
    db_begin(&c->db);
    return db_end(&c->db, remove_locked(c, kind, folder, id));
}

static int outdate_locked(struct cache *c, enum kind kind, const char *folder)
{
    struct sql_query q;

    db_write(&c->db, &q,
             "UPDATE listings SET full_at = 0, fresh_at = 0, cursor = NULL WHERE kind = ? AND "
             "folder = ?");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    return sql_run(&q);
}

int cache_outdate(struct cache *c, enum kind kind, const char *folder)
{
    db_begin(&c->db);
    return db_end(&c->db, outdate_locked(c, kind, folder));
}

int cache_forget_damaged(struct cache *c, enum kind kind, const char *folder, const char *id)
{
    log_warn("%s: the text of %s is damaged: it is asked for again", c->path, id);
    db_begin(&c->db);
    int rc = remove_locked(c, kind, folder, id);
    if (!rc)
        rc = outdate_locked(c, kind, folder);
    rc = db_end(&c->db, rc);
    return rc ? rc : -ENOENT;
}

/* --- the records read last: a program that opens a file looks at it some times in a row --- */

static struct recent *recent_of(struct cache *c, const char *id)
{
    return &c->recent[str_sum(0, id, strlen(id)) % RECENT_COUNT];
}

static struct cache_record copy_record(const struct cache_record *r)
{
    struct cache_record copy = *r;

    copy.id = xstrdup(r->id);
    copy.etag = xstrdup(r->etag);
    copy.text = NULL;
    return copy;
}

static void release_recent(struct recent *recent)
{
    free(recent->folder);
    cache_record_release(&recent->record);
    recent->folder = NULL;
}

void cache_recent_release(struct cache *c)
{
    for (size_t i = 0; i < RECENT_COUNT; i++)
        release_recent(&c->recent[i]);
}

/* `ended` was read before the record was; db.read_lock is held. */
static void remember_locked(struct cache *c, enum kind kind, const char *folder, uint64_t ended,
                            const struct cache_record *record)
{
    struct recent *recent = recent_of(c, record->id);

    release_recent(recent);
    *recent = (struct recent){ended, kind, xstrdup(folder), copy_record(record)};
}

static bool recall(struct cache *c, enum kind kind, const char *folder, const char *id,
                   struct cache_record *ret)
{
    const struct recent *recent = recent_of(c, id);

    LOCKED(&c->db.read_lock);
    bool found = recent->folder && recent->ended == c->db.ended && recent->kind == kind &&
                 str_eq(recent->record.id, id) && str_eq(recent->folder, folder);
    if (found && ret)
        *ret = copy_record(&recent->record);
    return found;
}

int cache_get(struct cache *c, enum kind kind, const char *folder, const char *id, bool with_text,
              struct cache_record *ret)
{
    struct cache_record record = {0};
    uint64_t ended = c->db.ended;
    struct sql_query q;
    bool damaged = false;

    if (!with_text && !db_is_mine(&c->db) && recall(c, kind, folder, id, ret))
        return 0;
    if (with_text)
        db_read(&c->db, &q,
                "SELECT r.seq, r.id, r.etag, r.mtime, r.size, r.attachments, r.read, r.exported, "
                ""
                "unpack(t.text, r.size, l.sample), t.sum"
                " FROM listings l JOIN records r ON r.listing = l.key AND r.id = ?"
                " JOIN texts t USING (seq) WHERE l.kind = ? AND l.folder = ?");
    else
        db_read(
            &c->db, &q,
            "SELECT seq, id, etag, mtime, size, attachments, read, exported FROM records"
            " WHERE id = ? AND listing = (SELECT key FROM listings WHERE kind = ? AND folder = ?)");
    sql_bind_str(&q, id);
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    if (sql_row(&q)) {
        record = read_record(&q);
        if (q.held)
            remember_locked(c, kind, folder, ended, &record);
        if (with_text)
            record.text = sql_dup(&q, 8);
        damaged = with_text && !cache_is_sound(record.text, record.size, sql_int(&q, 9));
    }
    int rc = sql_end(&q);
    if (!rc && damaged)
        rc = cache_forget_damaged(c, kind, folder, id);
    if (!rc && !record.id)
        rc = -ENOENT;
    if (rc || !ret)
        cache_record_release(&record);
    else
        *ret = record;
    return rc;
}

int cache_find(struct cache *c, enum kind kind, const char *id, char **ret_folder)
{
    char *folder = NULL;
    struct sql_query q;

    db_read(&c->db, &q,
            "SELECT l.folder FROM records r JOIN listings l ON l.key = r.listing"
            " WHERE r.id = ? AND l.kind = ? ORDER BY r.seq DESC");
    sql_bind_str(&q, id);
    sql_bind_int(&q, kind);
    if (sql_row(&q))
        folder = sql_dup(&q, 0);
    int rc = sql_end(&q);
    if (!rc && !folder)
        rc = -ENOENT;
    if (rc)
        free(folder);
    else
        *ret_folder = folder;
    return rc;
}

int cache_id_of_tag(struct cache *c, uint64_t tag, char **ret)
{
    struct sql_query q;
    char *id = NULL;

    db_read(&c->db, &q, "SELECT id FROM records WHERE tag = ? AND tag <> 0");
    sql_bind_int(&q, (int64_t)tag);
    if (sql_row(&q))
        id = sql_dup(&q, 0);
    int rc = sql_end(&q);
    if (!rc && !id)
        rc = -ENOENT;
    if (rc)
        free(id);
    else
        *ret = id;
    return rc;
}

int cache_each(struct cache *c, enum kind kind, const char *folder, uint64_t after,
               struct cache_record *list, size_t max)
{
    struct sql_query q;
    size_t count = 0;

    db_read(&c->db, &q,
            "SELECT seq, id, etag, mtime, size, attachments, read, exported FROM records WHERE "
            "listing ="
            " (SELECT key FROM listings WHERE kind = ? AND folder = ?) AND seq > ?"
            " ORDER BY seq LIMIT ?");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    sql_bind_int(&q, (int64_t)after);
    sql_bind_int(&q, (int64_t)max);
    while (count < max && sql_row(&q))
        list[count++] = read_record(&q);
    int rc = sql_end(&q);
    if (!rc)
        return (int)count;
    while (count)
        cache_record_release(&list[--count]);
    return rc;
}

int cache_not_in_run(struct cache *c, enum kind kind, const char *folder, uint64_t run,
                     char ***ret_ids, size_t *ret_listed)
{
    char **ids = xcalloc(1, sizeof(*ids));
    struct sql_query q;
    size_t count = 0, listed = 0;

    db_read(&c->db, &q,
            "SELECT id, run FROM records WHERE listing ="
            " (SELECT key FROM listings WHERE kind = ? AND folder = ?) AND run <> ?"
            " ORDER BY run = 0, seq");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    sql_bind_int(&q, (int64_t)run);
    while (sql_row(&q)) {
        listed += sql_int(&q, 1) != CACHE_UNLISTED;
        ids[count++] = sql_dup(&q, 0);
        ids = xrealloc(ids, (count + 1) * sizeof(*ids));
        ids[count] = NULL;
    }
    int rc = sql_end(&q);
    if (!rc) {
        *ret_ids = ids;
        *ret_listed = listed;
        return 0;
    }
    while (count)
        free(ids[--count]);
    free(ids);
    return rc;
}
