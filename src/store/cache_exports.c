/*
 * cache_exports.c - what is remembered of records in other formats, and files for them.
 */
#include "cache_p.h"

#include <outlookfs/base/str.h>

#include <stdlib.h>
#include <unistd.h>

static int put_locked(struct cache *c, enum kind kind, const char *folder, const char *id,
                      int64_t mtime, int64_t size)
{
    struct sql_query q;

    db_write(&c->db, &q,
             "UPDATE records SET exported = ? WHERE id = ? AND mtime = ? AND listing ="
             " (SELECT key FROM listings WHERE kind = ? AND folder = ?)");
    sql_bind_int(&q, size);
    sql_bind_str(&q, id);
    sql_bind_int(&q, mtime);
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    return sql_run(&q);
}

int cache_put_exported(struct cache *c, enum kind kind, const char *folder, const char *id,
                       int64_t mtime, int64_t size)
{
    db_begin(&c->db);
    return db_end(&c->db, put_locked(c, kind, folder, id, mtime, size));
}

static int is_maker(struct cache *c, const char *maker, bool *ret)
{
    struct sql_query q;

    db_write(&c->db, &q, "SELECT name FROM export_maker");
    *ret = sql_row(&q) && str_eq(sql_str(&q, 0), maker);
    return sql_end(&q);
}

static int change_maker(struct cache *c, const char *maker)
{
    struct sql_query q;

    db_write(&c->db, &q, "UPDATE records SET exported = -1 WHERE exported <> -1");
    int rc = sql_run(&q);
    if (rc)
        return rc;
    db_write(&c->db, &q, "DELETE FROM export_maker");
    rc = sql_run(&q);
    if (rc)
        return rc;
    db_write(&c->db, &q, "INSERT INTO export_maker (name) VALUES (?)");
    sql_bind_str(&q, maker);
    return sql_run(&q);
}

int cache_claim_exported(struct cache *c, const char *maker)
{
    bool same = false;

    db_begin(&c->db);
    int rc = is_maker(c, maker, &same);
    if (!rc && !same)
        rc = change_maker(c, maker);
    return db_end(&c->db, rc);
}

/* Beside the attachments, where the next start removes what a crash leaves. */
int cache_temp(struct cache *c)
{
    char *temp;
    int fd = cache_attachment_begin(c, &temp);

    if (fd >= 0) {
        unlink(temp);
        free(temp);
    }
    return fd;
}
