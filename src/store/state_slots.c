/*
 * state_slots.c - slots: found by id, name, record or inode.
 */
#include "row_p.h"
#include "state_p.h"

#include <errno.h>

/* An update leaves kind, folder and record as they are: see state.h. */
static const struct column columns[] = {
    COLUMN(struct slot, id),        COLUMN(struct slot, kind), COLUMN(struct slot, folder),
    COLUMN(struct slot, record),    COLUMN(struct slot, name), COLUMN(struct slot, ino),
    COLUMN(struct slot, flags),     COLUMN(struct slot, mode), COLUMN(struct slot, mtime),
    COLUMN(struct slot, vacant_at), COLUMN(struct slot, base),
};
static const struct table slots = TABLE("slots", struct slot, columns, 4);

void slot_release(struct slot *slot)
{
    row_release(&slots, slot);
}

int state_set_record(struct state *s, int64_t id, const char *record)
{
    struct sql_query q;

    state_begin(s);
    db_write(&s->db, &q, "UPDATE slots SET record = ? WHERE id = ?");
    sql_bind_str(&q, record);
    sql_bind_int(&q, id);
    int rc = sql_run(&q);
    return state_end(s, rc || db_changes(&s->db) ? rc : -ENOENT);
}

int state_put_slot(struct state *s, struct slot *slot)
{
    int64_t id = slot->id;
    int rc;

    state_begin(s);
    rc = state_end(s, id ? row_update(&s->db, &slots, slot) : row_insert(&s->db, &slots, slot));
    if (rc)
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

    row_select(&s->db, &slots, &q, "WHERE id = ?");
    sql_bind_int(&q, id);
    return row_take(&q, &slots, ret);
}

int state_slot_by_name(struct state *s, enum kind kind, const char *folder, const char *name,
                       struct slot *ret)
{
    struct sql_query q;

    row_select(&s->db, &slots, &q, "WHERE kind = ? AND folder = ? AND name = ?");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    sql_bind_str(&q, name);
    return row_take(&q, &slots, ret);
}

int state_slot_by_record(struct state *s, enum kind kind, const char *folder, const char *record,
                         struct slot *ret)
{
    struct sql_query q;

    row_select(&s->db, &slots, &q, "WHERE kind = ? AND folder = ? AND record = ?");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    sql_bind_str(&q, record);
    return row_take(&q, &slots, ret);
}

/* Vacant slots have inode 0: nobody's. */
int state_slot_by_ino(struct state *s, uint64_t ino, struct slot *ret)
{
    struct sql_query q;

    if (!ino)
        return -ENOENT;
    row_select(&s->db, &slots, &q, "WHERE ino = ? ORDER BY id");
    sql_bind_int(&q, (int64_t)ino);
    return row_take(&q, &slots, ret);
}

int state_slots(struct state *s, enum kind kind, const char *folder, struct slot **ret,
                size_t *ret_count)
{
    struct sql_query q;

    row_select(&s->db, &slots, &q, "WHERE kind = ? AND folder = ? ORDER BY id");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    return row_collect(&q, &slots, ret, ret_count);
}

int state_slots_with(struct state *s, unsigned flags, struct slot **ret, size_t *ret_count)
{
    struct sql_query q;

    row_select(&s->db, &slots, &q, "WHERE flags & ? ORDER BY id");
    sql_bind_int(&q, flags);
    return row_collect(&q, &slots, ret, ret_count);
}
