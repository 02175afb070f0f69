/*
 * view_index.c - the names and groups of one folder's records.
 *
 * Of several records of one label the first created has it as its name, the others the label with a
 * tag of their id (name_unique()). So a name changes when its record does, and when a record that
 * goes before it under the same label goes or comes.
 *
 * A folder of 100,000 records takes about 26 MB. That is why there are search trees here (tsearch)
 * and no maps, which copy their keys: an id has 152 bytes, of which a folder's records share all
 * but the last ones, so the beginnings are kept once.
 */
#include "views_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/map.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/dialect.h>
#include <outlookfs/model/label.h>
#include <outlookfs/model/name.h>

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* What differs between the ids of a folder is at their end (connector contract 4.8). */
#define TAIL_BYTES 24

struct view_group {
    struct view_entry *first;
    char name[];
};

struct view_entry {
    const char *head;               /* the id's beginning, one string for all that share it */
    const char *tail;               /* the rest, in `text`, and the label behind it */
    char *name;                     /* as listed: the label, or a string of its own */
    struct view_group *group;       /* or NULL */
    struct view_entry *prev, *next; /* in the group */
    struct view_entry *rival;       /* the next one of the same label that has another name */
    int64_t created;
    bool unread;
    char text[];
};

struct view_index {
    enum kind kind;
    bool sent;             /* messages are called by who gets them */
    void *by_id, *by_name; /* trees of entries */
    struct map heads;      /* -> the string */
    struct map groups;     /* -> struct view_group */
    struct map rivals;     /* label -> the first of those that have another name */
};

static char *label_of(const struct view_entry *e)
{
    return (char *)e->tail + strlen(e->tail) + 1;
}

/* --- trees --- */

static int compare_ids(const void *a, const void *b)
{
    const struct view_entry *x = a, *y = b;

    if (x->head != y->head)
        return (uintptr_t)x->head < (uintptr_t)y->head ? -1 : 1;
    return strcmp(x->tail, y->tail);
}

static int compare_names(const void *a, const void *b)
{
    const struct view_entry *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static struct view_entry *found(void *node)
{
    return node ? *(struct view_entry **)node : NULL;
}

static void insert(void **tree, struct view_entry *e, int (*compare)(const void *, const void *))
{
    if (!tsearch(e, tree, compare))
        abort(); /* no memory: as base/alloc.h */
}

static struct view_entry *find_name(const struct view_index *ix, const char *name)
{
    struct view_entry key = {.name = (char *)name};

    return found(tfind(&key, &ix->by_name, compare_names));
}

/* --- ids --- */

static const char *split_id(const char *id, char **ret_head)
{
    size_t len = strlen(id);
    size_t head = len > TAIL_BYTES ? len - TAIL_BYTES : 0;

    *ret_head = xstrndup(id, head);
    return id + head;
}

static struct view_entry *find_id(const struct view_index *ix, const char *id)
{
    char *head;
    struct view_entry key = {.tail = split_id(id, &head)};

    key.head = map_get(&ix->heads, head);
    free(head);
    return key.head ? found(tfind(&key, &ix->by_id, compare_ids)) : NULL;
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
    return xasprintf("%s%s", e->head, e->tail);
}

/* --- names --- */

static bool has_label(const struct view_entry *e)
{
    return e->name == label_of(e);
}

static bool precedes(const struct view_entry *a, const struct view_entry *b)
{
    if (a->created != b->created)
        return a->created < b->created;
    int heads = strcmp(a->head, b->head);
    return heads ? heads < 0 : strcmp(a->tail, b->tail) < 0;
}

/* Two ids of one label have one tag once in four thousand million pairs. */
static void show_tagged(struct view_index *ix, struct view_entry *e)
{
    char *id = id_of(e);

    e->name = name_unique(label_of(e), id, true);
    while (find_name(ix, e->name)) {
        char *longer = xasprintf("%s/", id);

        free(id);
        free(e->name);
        id = longer;
        e->name = name_unique(label_of(e), id, true);
    }
    free(id);
    insert(&ix->by_name, e, compare_names);
    e->rival = map_set(&ix->rivals, label_of(e), e);
}

static void show_label(struct view_index *ix, struct view_entry *e)
{
    e->name = label_of(e);
    insert(&ix->by_name, e, compare_names);
}

static void unlink_rival(struct view_index *ix, struct view_entry *e)
{
    struct view_entry *first = map_get(&ix->rivals, label_of(e));

    if (first != e) {
        struct view_entry *before = first;

        while (before->rival != e)
            before = before->rival;
        before->rival = e->rival;
    } else if (e->rival) {
        map_set(&ix->rivals, label_of(e), e->rival);
    } else {
        map_remove(&ix->rivals, label_of(e));
    }
    e->rival = NULL;
}

static void hide(struct view_index *ix, struct view_entry *e)
{
    tdelete(e, &ix->by_name, compare_names);
    if (has_label(e))
        return;
    unlink_rival(ix, e);
    free(e->name);
}

static void give_name(struct view_index *ix, struct view_entry *e)
{
    struct view_entry *holder = find_name(ix, label_of(e));

    if (!holder) {
        show_label(ix, e);
    } else if (has_label(holder) && precedes(e, holder)) {
        hide(ix, holder);
        show_label(ix, e);
        show_tagged(ix, holder);
    } else {
        show_tagged(ix, e);
    }
}

static void take_name(struct view_index *ix, struct view_entry *e)
{
    bool label = has_label(e);
    struct view_entry *heir;

    hide(ix, e);
    heir = label ? map_get(&ix->rivals, label_of(e)) : NULL;
    for (struct view_entry *r = heir; r; r = r->rival) {
        if (precedes(r, heir))
            heir = r;
    }
    if (heir) {
        hide(ix, heir);
        show_label(ix, heir);
    }
}

/* --- groups --- */

static void join_group(struct view_index *ix, struct view_entry *e, const char *name)
{
    struct view_group *group = map_get(&ix->groups, name);

    if (!group) {
        group = xcalloc(1, sizeof(*group) + strlen(name) + 1);
        strcpy(group->name, name);
        map_set(&ix->groups, name, group);
    }
    e->group = group;
    e->next = group->first;
    if (e->next)
        e->next->prev = e;
    group->first = e;
}

static void leave_group(struct view_index *ix, struct view_entry *e)
{
    if (!e->group)
        return;
    if (e->next)
        e->next->prev = e->prev;
    if (e->prev)
        e->prev->next = e->next;
    else
        e->group->first = e->next;
    if (!e->group->first) {
        map_remove(&ix->groups, e->group->name);
        free(e->group);
    }
}

/* --- records --- */

static void add(struct view_index *ix, const char *id, const struct label *label)
{
    char *head;
    const char *tail = split_id(id, &head);
    size_t tail_size = strlen(tail) + 1;
    struct view_entry *e = xcalloc(1, sizeof(*e) + tail_size + strlen(label->name) + 1);

    e->head = share_head(ix, head);
    e->tail = memcpy(e->text, tail, tail_size);
    strcpy(e->text + tail_size, label->name);
    e->created = label->created;
    e->unread = label->unread;
    insert(&ix->by_id, e, compare_ids);
    give_name(ix, e);
    if (label->group)
        join_group(ix, e, label->group);
}

static void discard(struct view_index *ix, struct view_entry *e)
{
    take_name(ix, e);
    leave_group(ix, e);
    tdelete(e, &ix->by_id, compare_ids);
    free(e);
}

static bool is_as(const struct view_entry *e, const struct label *label)
{
    return str_eq(label_of(e), label->name) && e->created == label->created &&
           e->unread == label->unread && str_eq(e->group ? e->group->name : NULL, label->group);
}

void view_index_change(void *ctx, const char *id, const char *text)
{
    struct view_index *ix = ctx;
    struct view_entry *old = find_id(ix, id);
    struct label label = {0};
    cJSON *record = NULL;

    if (text) {
        json_parse_any(text, strlen(text), &record, NULL);
        record = dialect_take(ix->kind, record);
        label_make(ix->kind, ix->sent, record, id, &label);
        cJSON_Delete(record);
    }
    if (!old || !text || !is_as(old, &label)) {
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
    struct view_entry *e = find_name(ix, name);

    return e && passes(e, filter) ? id_of(e) : NULL;
}

bool view_index_has_group(const struct view_index *ix, const char *group)
{
    return map_get(&ix->groups, group);
}

const char *view_index_name(const struct view_index *ix, const char *id)
{
    struct view_entry *e = find_id(ix, id);

    return e ? e->name : NULL;
}

int64_t view_index_created(const struct view_index *ix, const char *id)
{
    struct view_entry *e = find_id(ix, id);

    return e ? e->created : 0;
}

struct walk {
    const struct view_filter *filter;
    view_entry_fn each;
    void *ctx;
};

static void tell(const struct walk *w, const struct view_entry *e)
{
    char *id;

    if (!passes(e, w->filter))
        return;
    id = id_of(e);
    w->each(w->ctx, e->name, id, e->created);
    free(id);
}

static void visit(const void *node, VISIT which, void *walk)
{
    if (which == postorder || which == leaf)
        tell(walk, *(struct view_entry *const *)node);
}

void view_index_each(const struct view_index *ix, const struct view_filter *filter,
                     view_entry_fn each, void *ctx)
{
    struct walk w = {.filter = filter, .each = each, .ctx = ctx};
    struct view_group *group = filter->group ? map_get(&ix->groups, filter->group) : NULL;

    if (!filter->group)
        twalk_r(ix->by_name, visit, &w);
    for (struct view_entry *e = group ? group->first : NULL; e; e = e->next)
        tell(&w, e);
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
    map_init(&ix->heads);
    map_init(&ix->groups);
    map_init(&ix->rivals);
    return ix;
}

static void free_entry(void *entry)
{
    struct view_entry *e = entry;

    if (!has_label(e))
        free(e->name);
    free(e);
}

static void stay(void *entry)
{
    (void)entry;
}

static void free_values(struct map *map)
{
    for (struct map_entry *e = map_first(map); e; e = map_next(map, e))
        free(e->value);
    map_release(map);
}

void view_index_free(struct view_index *ix)
{
    if (!ix)
        return;
    tdestroy(ix->by_name, stay);
    tdestroy(ix->by_id, free_entry);
    free_values(&ix->heads);
    free_values(&ix->groups);
    map_release(&ix->rivals);
    free(ix);
}
