/*
 * map.c - chained buckets, doubled when they fill up.
 */
#include <outlookfs/base/map.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 16 /* a power of two, as every later size */

void map_init(struct map *m)
{
    *m = (struct map){0};
}

void map_release(struct map *m)
{
    for (size_t i = 0; i < m->nbuckets; i++) {
        struct map_entry *e = m->buckets[i];

        while (e) {
            struct map_entry *next = e->next;

            free(e);
            e = next;
        }
    }
    free(m->buckets);
    free(m->removed);
    *m = (struct map){0};
}

static uint64_t key_hash(const char *key)
{
    return str_hash(0, key, strlen(key));
}

static size_t bucket_of(const struct map *m, uint64_t hash)
{
    return (size_t)(hash ^ hash >> 32) & (m->nbuckets - 1);
}

/* The pointer that points at the entry of `key`, or at the NULL at the end of its chain; `m` has
 * buckets. */
static struct map_entry **find(const struct map *m, const char *key, uint64_t hash)
{
    struct map_entry **link = &m->buckets[bucket_of(m, hash)];

    while (*link && ((*link)->hash != hash || strcmp((*link)->key, key) != 0))
        link = &(*link)->next;
    return link;
}

static void grow(struct map *m)
{
    struct map_entry **old = m->buckets;
    size_t nold = m->nbuckets;

    m->nbuckets = nold ? nold * 2 : FIRST_BUCKETS;
    m->buckets = xcalloc(m->nbuckets, sizeof(struct map_entry *));
    for (size_t i = 0; i < nold; i++) {
        struct map_entry *e = old[i];

        while (e) {
            struct map_entry *next = e->next;
            struct map_entry **head = &m->buckets[bucket_of(m, e->hash)];

            e->next = *head;
            *head = e;
            e = next;
        }
    }
    free(old);
}

void *map_get(const struct map *m, const char *key)
{
    struct map_entry *e;

    if (m->count == 0)
        return NULL;
    e = *find(m, key, key_hash(key));
    return e ? e->value : NULL;
}

void *map_set(struct map *m, const char *key, void *value)
{
    uint64_t hash = key_hash(key);
    struct map_entry **link;
    struct map_entry *e;
    size_t size;

    if (m->count >= m->nbuckets)
        grow(m);
    link = find(m, key, hash);
    if (*link) {
        void *before = (*link)->value;

        (*link)->value = value;
        return before;
    }

    size = strlen(key) + 1;
    e = xmalloc(sizeof(*e) + size);
    e->next = NULL;
    e->value = value;
    e->hash = hash;
    memcpy(e->key, key, size);
    *link = e;
    m->count++;
    return NULL;
}

void *map_remove(struct map *m, const char *key)
{
    struct map_entry **link;
    struct map_entry *e;

    if (m->count == 0)
        return NULL;
    link = find(m, key, key_hash(key));
    e = *link;
    if (!e)
        return NULL;
    *link = e->next;
    m->count--;
    free(m->removed);
    m->removed = e;
    return e->value;
}

static struct map_entry *first_from(const struct map *m, size_t bucket)
{
    for (; bucket < m->nbuckets; bucket++) {
        if (m->buckets[bucket])
            return m->buckets[bucket];
    }
    return NULL;
}

struct map_entry *map_first(const struct map *m)
{
    return first_from(m, 0);
}

struct map_entry *map_next(const struct map *m, const struct map_entry *e)
{
    return e->next ? e->next : first_from(m, bucket_of(m, e->hash) + 1);
}
