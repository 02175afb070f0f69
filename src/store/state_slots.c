/*
 * state_slots.c - slots: found by id, name, record or inode.
 */
#include "state_p.h"

#include <outlookfs/base/alloc.h>

#include <errno.h>
#include <stdlib.h>

#define SELECT_SLOT                                                                                \
    "SELECT id, kind, folder, name, record, ino, flags, mode, mtime, vacant_at, base,"             \
    " origin FROM slots "

void slot_release(struct slot *slot)
{
    free(slot->folder);
    free(slot->name);
    free(slot->record);
    free(slot->base);
    free(slot->origin);
    *slot = (struct slot){0};
}

static struct slot read_slot(struct sql_query *q)
{
    return (struct slot){
        .id = sql_int(q, 0),
        .kind = (enum kind)sql_int(q, 1),
        .folder = sql_dup(q, 2),
        .name = sql_dup(q, 3),
        .record = sql_dup(q, 4),
        .ino = (uint64_t)sql_int(q, 5),
        .flags = (unsigned)sql_int(q, 6),
        .mode = (unsigned)sql_int(q, 7),
        .mtime = sql_int(q, 8),
        .vacant_at = sql_int(q, 9),
        .base = sql_dup(q, 10),
        .origin = sql_dup(q, 11),
    };
}

/* Ends a query for one slot. */
static int take_one(struct sql_query *q, struct slot *ret)
{
    struct slot slot = {0};
    int rc;

    if (sql_row(q))
        slot = read_slot(q);
    rc = sql_end(q);
    if (!rc && !slot.id)
        rc = -ENOENT;
    if (rc)
        slot_release(&slot);
    else
        *ret = slot;
    return rc;
}

/* Ends a query for many. */
static int take_all(struct sql_query *q, struct slot **ret, size_t *ret_count)
{
    struct slot *list = NULL;
    size_t count = 0;
    int rc;

    while (sql_row(q)) {
        list = xrealloc(list, (count + 1) * sizeof(*list));
        list[count++] = read_slot(q);
    }
    rc = sql_end(q);
    if (!rc) {
        *ret = list;
        *ret_count = count;
        return 0;
    }
    while (count)
        slot_release(&list[--count]);
    free(list);
    return rc;
}

static void bind_slot(struct sql_query *q, const struct slot *slot)
{
    sql_bind_int(q, slot->kind);
    sql_bind_str(q, slot->folder);
    sql_bind_str(q, slot->name);
    sql_bind_str(q, slot->record);
    sql_bind_int(q, (int64_t)slot->ino);
    sql_bind_int(q, slot->flags);
    sql_bind_int(q, slot->mode);
    sql_bind_int(q, slot->mtime);
    sql_bind_int(q, slot->vacant_at);
    sql_bind_str(q, slot->base);
}

static int insert_locked(struct state *s, const struct slot *slot, int64_t *ret_id)
{
    struct sql_query q;
    int rc;

    db_write(&s->db, &q,
             "INSERT INTO slots (kind, folder, name, record, ino, flags, mode, mtime, vacant_at,"
             " base) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_slot(&q, slot);
    rc = sql_run(&q);
    if (!rc)
        *ret_id = db_last_id(&s->db);
    return rc;
}

static int update_locked(struct state *s, const struct slot *slot)
{
    struct sql_query q;
    bool found;
    int rc;

    db_write(&s->db, &q,
             "UPDATE slots SET name = ?, ino = ?, flags = ?, mode = ?, mtime = ?, vacant_at = ?,"
             " base = ? WHERE id = ? RETURNING id");
    sql_bind_str(&q, slot->name);
    sql_bind_int(&q, (int64_t)slot->ino);
    sql_bind_int(&q, slot->flags);
    sql_bind_int(&q, slot->mode);
    sql_bind_int(&q, slot->mtime);
    sql_bind_int(&q, slot->vacant_at);
    sql_bind_str(&q, slot->base);
    sql_bind_int(&q, slot->id);
    found = sql_row(&q);
    rc = sql_end(&q);
    return rc || found ? rc : -ENOENT;
}

int state_set_record(struct state *s, int64_t id, const char *record)
{
    struct sql_query q;
    bool found;
    int rc;

    state_begin(s);
    db_write(&s->db, &q, "UPDATE slots SET record = ? WHERE id = ? RETURNING id");
    sql_bind_str(&q, record);
    sql_bind_int(&q, id);
    found = sql_row(&q);
    rc = sql_end(&q);
    return state_end(s, rc || found ? rc : -ENOENT);
}

int state_move_slot(struct state *s, const struct slot *slot, const char *folder)
{
    struct sql_query q;
    bool found;

    state_begin(s);
    db_write(&s->db, &q,
             "UPDATE slots SET name = ?1, folder = ?2, origin = CASE WHEN record IS NULL THEN NULL"
             " ELSE nullif(coalesce(origin, folder), ?2) END WHERE id = ?3 RETURNING id");
    sql_bind_str(&q, slot->name);
    sql_bind_str(&q, folder);
    sql_bind_int(&q, slot->id);
    found = sql_row(&q);
    int rc = sql_end(&q);
    return state_end(s, rc || found ? rc : -ENOENT);
}

int state_set_origin(struct state *s, int64_t id, const char *origin)
{
    struct sql_query q;
    bool found;

    state_begin(s);
    db_write(&s->db, &q, "UPDATE slots SET origin = nullif(?, folder) WHERE id = ? RETURNING id");
    sql_bind_str(&q, origin);
    sql_bind_int(&q, id);
    found = sql_row(&q);
    int rc = sql_end(&q);
    return state_end(s, rc || found ? rc : -ENOENT);
}

int state_moving_to(struct state *s, enum kind kind, const char *record, char **ret)
{
    struct sql_query q;
    char *folder = NULL;

    db_read(&s->db, &q,
            "SELECT folder FROM slots WHERE origin IS NOT NULL AND kind = ? AND record = ?");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, record);
    if (sql_row(&q))
        folder = sql_dup(&q, 0);
    int rc = sql_end(&q);
    if (!rc && !folder)
        rc = -ENOENT;
    if (rc)
        free(folder);
    else
        *ret = folder;
    return rc;
}

int state_put_slot(struct state *s, struct slot *slot)
{
    int64_t id = slot->id;
    int rc;

    state_begin(s);
    rc = id ? update_locked(s, slot) : insert_locked(s, slot, &id);
    rc = state_end(s, rc);
    if (!rc)
        slot->id = id;
    return rc;
}

int state_remove_slot(struct state *s, int64_t id)
{
    return state_run_int(s, "DELETE FROM slots WHERE id = ?", id);
}

int state_get_slot(struct state *s, int64_t id, struct slot *ret)
{
    struct sql_query q;

    db_read(&s->db, &q, SELECT_SLOT "WHERE id = ?");
    sql_bind_int(&q, id);
    return take_one(&q, ret);
}

int state_slot_by_name(struct state *s, enum kind kind, const char *folder, const char *name,
                       struct slot *ret)
{
    struct sql_query q;

    db_read(&s->db, &q, SELECT_SLOT "WHERE kind = ? AND folder = ? AND name = ?");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    sql_bind_str(&q, name);
    return take_one(&q, ret);
}

int state_slot_by_record(struct state *s, enum kind kind, const char *folder, const char *record,
                         struct slot *ret)
{
    struct sql_query q;

    db_read(&s->db, &q, SELECT_SLOT "WHERE kind = ? AND folder = ? AND record = ?");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    sql_bind_str(&q, record);
    return take_one(&q, ret);
}

/* Vacant slots have inode 0: nobody's. */
int state_slot_by_ino(struct state *s, uint64_t ino, struct slot *ret)
{
    struct sql_query q;

    if (!ino)
        return -ENOENT;
    db_read(&s->db, &q, SELECT_SLOT "WHERE ino = ? ORDER BY id");
    sql_bind_int(&q, (int64_t)ino);
    return take_one(&q, ret);
}

int state_slots(struct state *s, enum kind kind, const char *folder, struct slot **ret,
                size_t *ret_count)
{
    struct sql_query q;

    if (folder)
        db_read(&s->db, &q, SELECT_SLOT "WHERE kind = ? AND folder = ? ORDER BY id");
    else
        db_read(&s->db, &q, SELECT_SLOT "WHERE kind = ? ORDER BY id");
    sql_bind_int(&q, kind);
    if (folder)
        sql_bind_str(&q, folder);
    return take_all(&q, ret, ret_count);
}

int state_slots_moving(struct state *s, struct slot **ret, size_t *ret_count)
{
    struct sql_query q;

    db_read(&s->db, &q, SELECT_SLOT "WHERE origin IS NOT NULL ORDER BY id");
    return take_all(&q, ret, ret_count);
}

int state_slots_with(struct state *s, unsigned flags, struct slot **ret, size_t *ret_count)
{
    struct sql_query q;

    db_read(&s->db, &q, SELECT_SLOT "WHERE flags & ? ORDER BY id");
    sql_bind_int(&q, flags);
    return take_all(&q, ret, ret_count);
}
