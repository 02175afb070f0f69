/*
 * merge.c - a three-way merge, member by member.
 */
#include <outlookfs/model/merge.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>

#include "value_p.h"

/* One three-way merge under way. */
struct merge {
    enum kind kind;
    struct buf path;       /* of the object being merged: "" or "HomeAddress/" */
    unsigned depth;        /* 0 is the record, where managed members are */
    struct buf *conflicts; /* may be NULL */
    bool conflict;
};

static void note_conflict(struct merge *m, const char *name)
{
    /* A list too long for its buffer is cut: it is for people. */
    if (m->conflicts)
        (void)buf_addf(m->conflicts, "%s%s%s", m->conflicts->len ? ", " : "", m->path.data, name);
    m->conflict = true;
}

static cJSON *merge_objects(struct merge *m, const cJSON *base, const cJSON *mine,
                            const cJSON *theirs);

/* Objects that only one side changed are merged too: so they keep theirs' order. */
static void merge_member(struct merge *m, cJSON *into, const char *name, const cJSON *base,
                         const cJSON *mine, const cJSON *theirs)
{
    const cJSON *pick = theirs;

    if (cJSON_IsObject(mine) && cJSON_IsObject(theirs) &&
        (cJSON_IsObject(base) || !value_exists(base))) {
        size_t before = m->path.len;

        (void)buf_addf(&m->path, "%s/", name);
        m->depth++;
        cJSON_AddItemToObject(into, name, merge_objects(m, base, mine, theirs));
        m->depth--;
        buf_truncate(&m->path, before);
        return;
    }
    if (value_same(base, mine) || value_same(mine, theirs))
        pick = theirs;
    else if (value_same(base, theirs))
        pick = mine;
    else
        note_conflict(m, name);
    if (pick)
        value_add_copy(into, name, pick);
}

static cJSON *merge_objects(struct merge *m, const cJSON *base, const cJSON *mine,
                            const cJSON *theirs)
{
    bool top = m->depth == 0;
    cJSON *merged = cJSON_CreateObject();
    SCOPED(json_finder_release) struct json_finder in_base = {0};
    SCOPED(json_finder_release) struct json_finder in_mine = {0};
    SCOPED(json_finder_release) struct json_finder in_theirs = {0};
    const cJSON *member;

    json_finder_init(&in_base, base);
    json_finder_init(&in_mine, mine);
    json_finder_init(&in_theirs, theirs);

    cJSON_ArrayForEach(member, theirs)
    {
        const char *name = member->string;

        bool stays = top && kind_is_kept(m->kind, name) && !value_exists(json_find(&in_mine, name));
        if (stays || (top && kind_is_managed(m->kind, name)))
            value_add_copy(merged, name, member);
        else
            merge_member(m, merged, name, json_find(&in_base, name), json_find(&in_mine, name),
                         member);
    }
    cJSON_ArrayForEach(member, mine)
    {
        const char *name = member->string;

        if (!json_find(&in_theirs, name) && !(top && kind_is_managed(m->kind, name)))
            merge_member(m, merged, name, json_find(&in_base, name), member, NULL);
    }
    return merged;
}

struct cJSON *merge_three(enum kind kind, const struct cJSON *base, const struct cJSON *mine,
                          const struct cJSON *theirs, struct buf *conflicts)
{
    struct merge m = {.kind = kind, .conflicts = conflicts};

    buf_init(&m.path, BUF_TEXT_MAX);
    cJSON *merged = merge_objects(&m, base, mine, theirs);
    buf_release(&m.path);
    if (m.conflict) {
        cJSON_Delete(merged);
        merged = NULL;
    }
    return merged;
}

static cJSON *rebase_objects(const cJSON *seen, const cJSON *had, const cJSON *mine);

static void rebase_member(cJSON *into, const char *name, const cJSON *seen, const cJSON *had,
                          const cJSON *mine)
{
    const cJSON *pick = value_same(seen, mine) ? seen : had;

    if (cJSON_IsObject(mine) && cJSON_IsObject(had) &&
        (cJSON_IsObject(seen) || !value_exists(seen)))
        cJSON_AddItemToObject(into, name, rebase_objects(seen, had, mine));
    else if (pick)
        value_add_copy(into, name, pick);
}

static cJSON *rebase_objects(const cJSON *seen, const cJSON *had, const cJSON *mine)
{
    cJSON *base = cJSON_CreateObject();
    SCOPED(json_finder_release) struct json_finder in_seen = {0};
    SCOPED(json_finder_release) struct json_finder in_had = {0};
    SCOPED(json_finder_release) struct json_finder in_mine = {0};
    const cJSON *member;

    json_finder_init(&in_seen, seen);
    json_finder_init(&in_had, had);
    json_finder_init(&in_mine, mine);
    cJSON_ArrayForEach(member, had)
    {
        const char *name = member->string;

        rebase_member(base, name, json_find(&in_seen, name), member, json_find(&in_mine, name));
    }
    cJSON_ArrayForEach(member, seen)
    {
        const char *name = member->string;

        if (!json_find(&in_had, name))
            rebase_member(base, name, member, NULL, json_find(&in_mine, name));
    }
    return base;
}

struct cJSON *merge_rebase(const struct cJSON *seen, const struct cJSON *had,
                           const struct cJSON *mine)
{
    return rebase_objects(seen, had, mine);
}

/*
 * Calls back for each member, in a's order and then b's, that is not managed and differs. Answers
 * false as soon as the callback does.
 */
static bool each_change(enum kind kind, const cJSON *a, const cJSON *b,
                        bool (*change)(const char *name, const cJSON *from, const cJSON *to,
                                       void *arg),
                        void *arg)
{
    SCOPED(json_finder_release) struct json_finder in_a = {0};
    SCOPED(json_finder_release) struct json_finder in_b = {0};
    const cJSON *member;
    bool more = true;

    json_finder_init(&in_a, a);
    json_finder_init(&in_b, b);
    cJSON_ArrayForEach(member, a)
    {
        const cJSON *to = json_find(&in_b, member->string);

        if (more && !kind_is_managed(kind, member->string) && !value_same(member, to))
            more = change(member->string, member, to, arg);
    }
    cJSON_ArrayForEach(member, b)
    {
        if (more && !kind_is_managed(kind, member->string) && !json_find(&in_a, member->string) &&
            !value_same(NULL, member))
            more = change(member->string, NULL, member, arg);
    }
    return more;
}

static bool stop_at_change(const char *, const cJSON *, const cJSON *, void *)
{
    return false;
}

bool merge_same(enum kind kind, const struct cJSON *a, const struct cJSON *b)
{
    return each_change(kind, a, b, stop_at_change, NULL);
}

static cJSON *copy_or_null(const cJSON *value)
{
    return value ? cJSON_Duplicate(value, true) : cJSON_CreateNull();
}

static bool describe_change(const char *name, const cJSON *from, const cJSON *to, void *arg)
{
    cJSON *change = cJSON_CreateObject();

    cJSON_AddItemToObject(change, "from", copy_or_null(from));
    cJSON_AddItemToObject(change, "to", copy_or_null(to));
    cJSON_AddItemToObject(arg, name, change);
    return true;
}

struct cJSON *merge_describe(enum kind kind, const struct cJSON *base, const struct cJSON *mine)
{
    cJSON *changes = cJSON_CreateObject();

    (void)each_change(kind, base, mine, describe_change, changes);
    return changes;
}
