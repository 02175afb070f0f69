/*
 * map.h - a hash map from strings to pointers: uthash, with keys that are copied and values that
 * need no member of uthash's. A struct that is looked up by a number, or by a key that it has
 * itself, includes <uthash.h> instead.
 *
 * Keys are copied. Values belong to the caller: removing an entry or releasing the map does not
 * free them; walk the map first where that is wanted. The map must not be changed during a walk,
 * except by map_remove() of the entry just seen.
 *
 *     struct map m;
 *     map_init(&m);
 *     map_set(&m, "key", value);               // answers the value that was there before, or NULL
 *     for (struct map_entry *e = map_first(&m); e; e = map_next(&m, e))
 *         free(e->value);
 *     map_release(&m);
 *
 * Threads: owner only.
 */
#ifndef OUTLOOKFS_BASE_MAP_H
#define OUTLOOKFS_BASE_MAP_H

#include <stddef.h>
#include <uthash.h>

struct map_entry {
    UT_hash_handle hh;
    void *value;
    char key[];
};

struct map {
    struct map_entry *head;
    size_t count;
    struct map_entry *removed; /* freed by the next removal: a walk may stand on it */
};

void map_init(struct map *m);
void map_release(struct map *m);

void *map_get(const struct map *m, const char *key);
void *map_set(struct map *m, const char *key, void *value);
void *map_remove(struct map *m, const char *key); /* the value that was there, or NULL */

/* In the order in which the keys were set first. */
struct map_entry *map_first(const struct map *m);
struct map_entry *map_next(const struct map *m, const struct map_entry *e);

/* Empties a uthash table of elements with a `hh`, each of which goes to `free_one`. */
#define HASH_FREE_ALL(head, free_one)                                                              \
    do {                                                                                           \
        __typeof__(head) element_ = (head), next_;                                                 \
        HASH_CLEAR(hh, head);                                                                      \
        for (; element_; element_ = next_) {                                                       \
            next_ = element_->hh.next;                                                             \
            free_one(element_);                                                                    \
        }                                                                                          \
    } while (0)

#endif
