/*
 * state_slots.c - slots: found by id, name, record or inode.
 */
#include "row_p.h"
#include "state_p.h"

#include <assert.h>
#include <errno.h>

/* An update leaves kind, folder and record as they are: see state.h. */
static const struct column columns[] = {
    COLUMN(struct slot, id),
    COLUMN(struct slot, kind),
    COLUMN(struct slot, folder),
    COLUMN(struct slot, record),
    COLUMN(struct slot, origin),
    COLUMN(struct slot, name),
    COLUMN(struct slot, ino),
    COLUMN(struct slot, flags),
    COLUMN(struct slot, mode),
    COLUMN(struct slot, mtime),
    COLUMN_AS(struct slot, since, "vacant_at"),
    COLUMN(struct slot, base),
};
static const struct table slots = TABLE("slots", struct slot, columns, 5);

void slot_release(struct slot *slot)
{
    row_release(&slots, slot);
}

/* Ends an update of one slot, and the transaction. */
static int end_update(struct state *s, struct sql_query *q)
{
    int rc = sql_run(q);

    return state_end(s, rc || db_changes(&s->db) ? rc : -ENOENT);
}

int state_set_record(struct state *s, int64_t id, const char *record)
{
    struct sql_query q;

    absent_enter(s, record);
    state_begin(s);
    db_write(&s->db, &q, "UPDATE slots SET record = ? WHERE id = ?");
    sql_bind_str(&q, record);
    sql_bind_int(&q, id);
    return end_update(s, &q);
}

int state_move_slot(struct state *s, const struct slot *slot, const char *folder, bool attempted)
{
    struct sql_query q;

    absent_enter(s, slot->name);
    state_begin(s);
    db_write(&s->db, &q,
             "UPDATE slots SET name = ?1, folder = ?2, origin = CASE WHEN record IS NULL THEN NULL"
             " WHEN ?4 THEN coalesce(origin, folder)"
             " ELSE nullif(coalesce(origin, folder), ?2) END WHERE id = ?3");
    sql_bind_str(&q, slot->name);
    sql_bind_str(&q, folder);
    sql_bind_int(&q, slot->id);
    sql_bind_int(&q, attempted);
    return end_update(s, &q);
}

int state_set_origin(struct state *s, int64_t id, const char *origin)
{
    struct sql_query q;

    state_begin(s);
    db_write(&s->db, &q, "UPDATE slots SET origin = nullif(?, folder) WHERE id = ?");
    sql_bind_str(&q, origin);
    sql_bind_int(&q, id);
    return end_update(s, &q);
}

int state_moving_to(struct state *s, enum kind kind, const char *record, char **ret)
{
    struct sql_query q;
    struct slot slot;

    if (is_absent(s, record))
        return -ENOENT;
    row_select(&s->db, &slots, &q, "WHERE origin IS NOT NULL AND kind = ? AND record = ?");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, record);
    int rc = row_take(&q, &slots, &slot);
    if (rc)
        return rc;
    *ret = slot.folder;
    slot.folder = NULL;
    slot_release(&slot);
    return 0;
}

int state_put_slot(struct state *s, struct slot *slot)
{
    int64_t id = slot->id;

    absent_enter(s, slot->name);
    absent_enter(s, slot->record);
    absent_enter_ino(s, slot->ino);
    state_begin(s);
    int rc = state_end(s, id ? row_update(&s->db, &slots, slot) : row_insert(&s->db, &slots, slot));
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

    if (is_absent(s, name))
        return -ENOENT;
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

    if (is_absent(s, record))
        return -ENOENT;
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

    if (!ino || is_absent_ino(s, ino))
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

int state_slots_leaving(struct state *s, enum kind kind, const char *folder, struct slot **ret,
                        size_t *ret_count)
{
    struct sql_query q;

    row_select(&s->db, &slots, &q,
               "WHERE kind = ?1 AND (origin = ?2 OR folder = ?2 AND id IN"
               " (SELECT slot FROM journal WHERE verb = ?3)) ORDER BY id");
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    sql_bind_int(&q, JOURNAL_DELETE);
    return row_collect(&q, &slots, ret, ret_count);
}

int state_slots_moving(struct state *s, struct slot **ret, size_t *ret_count)
{
    struct sql_query q;

    row_select(&s->db, &slots, &q, "WHERE origin IS NOT NULL ORDER BY id");
    return row_collect(&q, &slots, ret, ret_count);
}

int state_slots_with(struct state *s, unsigned flags, struct slot **ret, size_t *ret_count)
{
    struct sql_query q;

    /* The index on these is used where its condition stands in the statement. */
    static_assert((SLOT_DRAFT | SLOT_VACANT) == 6, "as in the schema");
    bool unsettled = !(flags & ~(unsigned)(SLOT_DRAFT | SLOT_VACANT));
    row_select(&s->db, &slots, &q,
               unsettled ? "WHERE flags & 6 AND flags & ? ORDER BY id"
                         : "WHERE flags & ? ORDER BY id");
    sql_bind_int(&q, flags);
    return row_collect(&q, &slots, ret, ret_count);
}
