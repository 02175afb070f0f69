/*
 * map.c - entries with a copy of their key, in a hash of uthash's.
 */
#include <outlookfs/base/alloc.h>

/* Before uthash.h: its own malloc ends the program by exit(). */
#define uthash_malloc(size) xmalloc(size)
#define HASH_FUNCTION(key, length, hash) hash = (unsigned)str_sum(0, key, length)

#include <outlookfs/base/map.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>
#include <string.h>

void map_init(struct map *m)
{
    *m = (struct map){0};
}

void map_release(struct map *m)
{
    HASH_FREE_ALL(m->head, free);
    free(m->removed);
    *m = (struct map){0};
}

static struct map_entry *find(const struct map *m, const char *key)
{
    struct map_entry *e;

    HASH_FIND_STR(m->head, key, e);
    return e;
}

void *map_get(const struct map *m, const char *key)
{
    const struct map_entry *e = find(m, key);

    return e ? e->value : NULL;
}

void *map_set(struct map *m, const char *key, void *value)
{
    struct map_entry *e = find(m, key);
    void *before = e ? e->value : NULL;

    if (!e) {
        e = xmalloc(sizeof(*e) + strlen(key) + 1);
        strcpy(e->key, key);
        HASH_ADD_KEYPTR(hh, m->head, e->key, strlen(e->key), e);
        m->count++;
    }
    e->value = value;
    return before;
}

void *map_remove(struct map *m, const char *key)
{
    struct map_entry *e = find(m, key);

    if (!e)
        return NULL;
    HASH_DEL(m->head, e);
    m->count--;
    free(m->removed);
    m->removed = e;
    return e->value;
}

struct map_entry *map_first(const struct map *m)
{
    return m->head;
}

struct map_entry *map_next(const struct map *, const struct map_entry *e)
{
    return e->hh.next;
}
