/*
 * view_index.c - the names and groups of one folder's records.
 *
 * Of several records of one label the first created has it as its name, the others the label with a
 * tag of their id (name_unique()). So a name changes when its record does, and when a record that
 * goes before it under the same label goes or comes.
 *
 * A folder of a million records stays in memory while somebody looks at it: some 140 bytes each.
 * That is why entries lie in one array and name each other by number, and why there are two plain
 * hash tables over it and no maps, which copy their keys: an id has 152 bytes, of which a folder's
 * records share all but the last ones, so the beginnings are kept once.
 */
#include "views_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/map.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/dialect.h>
#include <outlookfs/model/label.h>
#include <outlookfs/model/name.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What differs between the ids of a folder is at their end (connector contract 4.8). */
#define TAIL_BYTES 24

/* An entry's number; 0: none. */
typedef uint32_t entry_no;

struct view_group {
    entry_no *members; /* ascending */
    size_t count, room;
    char name[];
};

enum table { BY_ID, BY_NAME, TABLES };

struct view_entry {
    char *text;               /* the id's end; the label; the name, unless that is the label */
    const char *head;         /* the id's beginning, one string for all that share it */
    struct view_group *group; /* or NULL */
    int64_t created;
    entry_no next[TABLES];      /* of the same bucket; of a free entry the next free one */
    entry_no rival;             /* the next one of the same label that has another name */
    uint16_t label_at, name_at; /* in `text` */
    bool unread;
};

struct view_index {
    enum kind kind;
    bool sent;                  /* messages are called by who gets them */
    struct view_entry *entries; /* from 1 on; a free one has no text */
    size_t count, room;         /* of the array; count is one more than the last number */
    size_t there;               /* entries that are not free */
    entry_no free;              /* the one freed last */
    entry_no *buckets[TABLES];
    size_t bucket_count; /* a power of two, or 0 */
    struct map heads;    /* -> the string */
    struct map groups;   /* -> struct view_group */
    struct map rivals;   /* label -> the first of those that have another name, its number */
};

static struct view_entry *entry(const struct view_index *ix, entry_no n)
{
    return &ix->entries[n];
}

static const char *tail_of(const struct view_entry *e)
{
    return e->text;
}

static const char *label_of(const struct view_entry *e)
{
    return e->text + e->label_at;
}

static const char *name_of(const struct view_entry *e)
{
    return e->text + e->name_at;
}

/* --- the two tables --- */

static entry_no *bucket(const struct view_index *ix, enum table table, const char *key)
{
    return &ix->buckets[table][str_sum(0, key, strlen(key)) & (ix->bucket_count - 1)];
}

/* Ids of one folder differ in their tails. */
static const char *key_of(const struct view_entry *e, enum table table)
{
    return table == BY_ID ? tail_of(e) : name_of(e);
}

static void insert(struct view_index *ix, enum table table, entry_no n)
{
    entry_no *first = bucket(ix, table, key_of(entry(ix, n), table));

    entry(ix, n)->next[table] = *first;
    *first = n;
}

static void take_out(struct view_index *ix, enum table table, entry_no n)
{
    entry_no *at = bucket(ix, table, key_of(entry(ix, n), table));

    while (*at != n)
        at = &entry(ix, *at)->next[table];
    *at = entry(ix, n)->next[table];
}

/* A bucket for each entry, for as many again. */
static void widen(struct view_index *ix)
{
    ix->bucket_count = ix->bucket_count ? 2 * ix->bucket_count : 64;
    for (enum table table = 0; table < TABLES; table++) {
        free(ix->buckets[table]);
        ix->buckets[table] = xcalloc(ix->bucket_count, sizeof(*ix->buckets[table]));
        for (entry_no n = 1; n < ix->count; n++) {
            if (entry(ix, n)->text)
                insert(ix, table, n);
        }
    }
}

static entry_no find_name(const struct view_index *ix, const char *name)
{
    entry_no n = ix->there ? *bucket(ix, BY_NAME, name) : 0;

    while (n && !str_eq(name_of(entry(ix, n)), name))
        n = entry(ix, n)->next[BY_NAME];
    return n;
}

/* --- ids --- */

static const char *split_id(const char *id, char **ret_head)
{
    size_t len = strlen(id);
    size_t head = len > TAIL_BYTES ? len - TAIL_BYTES : 0;

    *ret_head = xstrndup(id, head);
    return id + head;
}

static entry_no find_id(const struct view_index *ix, const char *id)
{
    char *own;
    const char *tail = split_id(id, &own);
    const char *head = map_get(&ix->heads, own);
    entry_no n = head && ix->there ? *bucket(ix, BY_ID, tail) : 0;

    free(own);
    while (n && (entry(ix, n)->head != head || !str_eq(tail_of(entry(ix, n)), tail)))
        n = entry(ix, n)->next[BY_ID];
    return n;
}

static const char *share_head(struct view_index *ix, char *head)
{
    char *shared = map_get(&ix->heads, head);

    if (shared)
        free(head);
    else
        map_set(&ix->heads, head, shared = head);
    return shared;
}

static char *id_of(const struct view_entry *e)
{
    return xasprintf("%s%s", e->head, tail_of(e));
}

/* --- names --- */

static bool has_label(const struct view_entry *e)
{
    return e->name_at == e->label_at;
}

static bool precedes(const struct view_entry *a, const struct view_entry *b)
{
    if (a->created != b->created)
        return a->created < b->created;
    int heads = strcmp(a->head, b->head);
    return heads ? heads < 0 : strcmp(tail_of(a), tail_of(b)) < 0;
}

static entry_no first_rival(const struct view_index *ix, const char *label)
{
    return (entry_no)(uintptr_t)map_get(&ix->rivals, label);
}

/* Answers the one that was first. */
static entry_no set_first_rival(struct view_index *ix, const char *label, entry_no n)
{
    void *old =
        n ? map_set(&ix->rivals, label, (void *)(uintptr_t)n) : map_remove(&ix->rivals, label);

    return (entry_no)(uintptr_t)old;
}

/* Two ids of one label have one tag once in four thousand million pairs. */
static void show_tagged(struct view_index *ix, entry_no n)
{
    struct view_entry *e = entry(ix, n);
    char *id = id_of(e), *name = name_unique(label_of(e), id, true);

    while (find_name(ix, name)) {
        char *longer = xasprintf("%s/", id);

        free(id);
        free(name);
        id = longer;
        name = name_unique(label_of(e), id, true);
    }
    e->name_at = (uint16_t)(e->label_at + strlen(label_of(e)) + 1);
    e->text = xrealloc(e->text, e->name_at + strlen(name) + 1);
    strcpy(e->text + e->name_at, name);
    free(name);
    free(id);
    insert(ix, BY_NAME, n);
    e->rival = set_first_rival(ix, label_of(e), n);
}

static void show_label(struct view_index *ix, entry_no n)
{
    entry(ix, n)->name_at = entry(ix, n)->label_at;
    insert(ix, BY_NAME, n);
}

static void unlink_rival(struct view_index *ix, entry_no n)
{
    struct view_entry *e = entry(ix, n);
    entry_no before = first_rival(ix, label_of(e));

    if (before == n) {
        set_first_rival(ix, label_of(e), e->rival);
    } else {
        while (entry(ix, before)->rival != n)
            before = entry(ix, before)->rival;
        entry(ix, before)->rival = e->rival;
    }
    e->rival = 0;
}

static void hide(struct view_index *ix, entry_no n)
{
    take_out(ix, BY_NAME, n);
    if (!has_label(entry(ix, n)))
        unlink_rival(ix, n);
}

static void give_name(struct view_index *ix, entry_no n)
{
    entry_no holder = find_name(ix, label_of(entry(ix, n)));

    if (!holder) {
        show_label(ix, n);
    } else if (has_label(entry(ix, holder)) && precedes(entry(ix, n), entry(ix, holder))) {
        hide(ix, holder);
        show_label(ix, n);
        show_tagged(ix, holder);
    } else {
        show_tagged(ix, n);
    }
}

static void take_name(struct view_index *ix, entry_no n)
{
    bool label = has_label(entry(ix, n));

    hide(ix, n);
    entry_no heir = label ? first_rival(ix, label_of(entry(ix, n))) : 0;
    for (entry_no r = heir; r; r = entry(ix, r)->rival) {
        if (precedes(entry(ix, r), entry(ix, heir)))
            heir = r;
    }
    if (heir) {
        hide(ix, heir);
        show_label(ix, heir);
    }
}

/* --- groups --- */

/* How many members are before this number. */
static size_t members_before(const struct view_group *group, entry_no n)
{
    size_t low = 0, high = group->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (group->members[middle] < n)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void join_group(struct view_index *ix, entry_no n, const char *name)
{
    struct view_group *group = map_get(&ix->groups, name);

    if (!group) {
        group = xcalloc(1, sizeof(*group) + strlen(name) + 1);
        strcpy(group->name, name);
        map_set(&ix->groups, name, group);
    }
    if (group->count == group->room) {
        group->room = group->room ? 2 * group->room : 4;
        group->members = xrealloc(group->members, group->room * sizeof(*group->members));
    }
    size_t at = members_before(group, n);
    memmove(group->members + at + 1, group->members + at,
            (group->count++ - at) * sizeof(*group->members));
    group->members[at] = n;
    entry(ix, n)->group = group;
}

static void free_group(struct view_group *group)
{
    free(group->members);
    free(group);
}

static void leave_group(struct view_index *ix, entry_no n)
{
    struct view_group *group = entry(ix, n)->group;

    if (!group)
        return;
    size_t at = members_before(group, n);
    memmove(group->members + at, group->members + at + 1,
            (--group->count - at) * sizeof(*group->members));
    if (!group->count) {
        map_remove(&ix->groups, group->name);
        free_group(group);
    }
}

/* --- records --- */

/* A record that changes keeps its number: what is freed last is used first. */
static entry_no take_entry(struct view_index *ix)
{
    entry_no n = ix->free;

    if (n) {
        ix->free = entry(ix, n)->next[0];
    } else {
        if (ix->count == ix->room) {
            ix->room += ix->room / 2 + 64;
            ix->entries = xrealloc(ix->entries, ix->room * sizeof(*ix->entries));
        }
        n = (entry_no)ix->count++;
    }
    return n;
}

static void add(struct view_index *ix, const char *id, const struct label *label)
{
    char *head;
    const char *tail = split_id(id, &head);
    size_t tail_size = strlen(tail) + 1, label_size = strlen(label->name) + 1;

    if (ix->there == ix->bucket_count)
        widen(ix);
    entry_no n = take_entry(ix);
    struct view_entry *e = entry(ix, n);
    *e = (struct view_entry){.text = xmalloc(tail_size + label_size),
                             .head = share_head(ix, head),
                             .created = label->created,
                             .label_at = (uint16_t)tail_size,
                             .name_at = (uint16_t)tail_size,
                             .unread = label->unread};
    memcpy(e->text, tail, tail_size);
    memcpy(e->text + tail_size, label->name, label_size);
    ix->there++;
    insert(ix, BY_ID, n);
    give_name(ix, n);
    if (label->group)
        join_group(ix, n, label->group);
}

static void discard(struct view_index *ix, entry_no n)
{
    take_name(ix, n);
    leave_group(ix, n);
    take_out(ix, BY_ID, n);
    free(entry(ix, n)->text);
    *entry(ix, n) = (struct view_entry){.next = {ix->free}};
    ix->free = n;
    ix->there--;
}

static bool is_as(const struct view_entry *e, const struct label *label)
{
    return str_eq(label_of(e), label->name) && e->created == label->created &&
           e->unread == label->unread && str_eq(e->group ? e->group->name : NULL, label->group);
}

void view_index_change(void *ctx, const char *id, const char *text)
{
    struct view_index *ix = ctx;
    entry_no old = find_id(ix, id);
    struct label label = {0};
    cJSON *record = NULL;

    if (text) {
        json_parse_any(text, strlen(text), &record, NULL);
        record = dialect_take(ix->kind, record);
        label_make(ix->kind, ix->sent, record, id, &label);
        cJSON_Delete(record);
    }
    if (!old || !text || !is_as(entry(ix, old), &label)) {
        if (old)
            discard(ix, old);
        if (text)
            add(ix, id, &label);
    }
    label_release(&label);
}

/* --- questions --- */

static bool passes(const struct view_entry *e, const struct view_filter *filter)
{
    return (!filter->unread || e->unread) &&
           (!filter->group || (e->group && str_eq(e->group->name, filter->group)));
}

char *view_index_find(const struct view_index *ix, const struct view_filter *filter,
                      const char *name)
{
    entry_no n = find_name(ix, name);

    return n && passes(entry(ix, n), filter) ? id_of(entry(ix, n)) : NULL;
}

bool view_index_has_group(const struct view_index *ix, const char *group)
{
    return map_get(&ix->groups, group);
}

const char *view_index_name(const struct view_index *ix, const char *id)
{
    entry_no n = find_id(ix, id);

    return n ? name_of(entry(ix, n)) : NULL;
}

int64_t view_index_created(const struct view_index *ix, const char *id)
{
    entry_no n = find_id(ix, id);

    return n ? entry(ix, n)->created : 0;
}

/* The first number behind `n` in the group, or in all; 0: there is none. */
static entry_no next_number(const struct view_index *ix, const struct view_group *group, entry_no n)
{
    if (group) {
        size_t at = members_before(group, n + 1);

        return at < group->count ? group->members[at] : 0;
    }
    return n + 1 < ix->count ? n + 1 : 0;
}

bool view_index_each(const struct view_index *ix, const struct view_filter *filter,
                     uint64_t *cursor, size_t max, view_entry_fn each, void *ctx)
{
    const struct view_group *group = filter->group ? map_get(&ix->groups, filter->group) : NULL;
    entry_no n = (entry_no)*cursor;

    if (filter->group && !group)
        return false;
    while (max && (n = next_number(ix, group, n))) {
        const struct view_entry *e = entry(ix, n);

        *cursor = n;
        if (!e->text || !passes(e, filter))
            continue;
        char *id = id_of(e);
        each(ctx, name_of(e), id, e->created);
        free(id);
        max--;
    }
    return n;
}

void view_index_groups(const struct view_index *ix, view_group_fn each, void *ctx)
{
    for (struct map_entry *e = map_first(&ix->groups); e; e = map_next(&ix->groups, e))
        each(ctx, e->key);
}

/* --- life --- */

struct view_index *view_index_create(enum kind kind, bool sent)
{
    struct view_index *ix = xcalloc(1, sizeof(*ix));

    ix->kind = kind;
    ix->sent = sent;
    ix->count = ix->room = 1; /* number 0 is none */
    ix->entries = xcalloc(1, sizeof(*ix->entries));
    map_init(&ix->heads);
    map_init(&ix->groups);
    map_init(&ix->rivals);
    return ix;
}

void view_index_free(struct view_index *ix)
{
    if (!ix)
        return;
    for (size_t n = 1; n < ix->count; n++)
        free(ix->entries[n].text);
    free(ix->entries);
    for (enum table table = 0; table < TABLES; table++)
        free(ix->buckets[table]);
    for (struct map_entry *e = map_first(&ix->heads); e; e = map_next(&ix->heads, e))
        free(e->value);
    for (struct map_entry *e = map_first(&ix->groups); e; e = map_next(&ix->groups, e))
        free_group(e->value);
    map_release(&ix->heads);
    map_release(&ix->groups);
    map_release(&ix->rivals);
    free(ix);
}
