/*
 * answers.c - what the service made of our last writes, for programs that save on top of what they
 * wrote while the file is open and so have not seen it.
 *
 * In memory, and the last ones only: without it such a save may be a conflict, never a loss.
 */
#include "writeback_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWERS_MAX 16

struct own_answer {
    uint64_t seen; /* hash of the text it is the answer to */
    char *text;
};

struct slot_key {
    char text[24];
};

static struct slot_key key_of(int64_t slot)
{
    struct slot_key key;

    snprintf(key.text, sizeof(key.text), "%" PRId64, slot);
    return key;
}

static void answer_free(struct own_answer *a)
{
    if (a)
        free(a->text);
    free(a);
}

static void forget_locked(struct writeback *wb)
{
    for (struct map_entry *e = map_first(&wb->answers); e; e = map_next(&wb->answers, e))
        answer_free(map_remove(&wb->answers, e->key));
}

void writeback_forget_answers(struct writeback *wb)
{
    mutex_lock(&wb->lock);
    forget_locked(wb);
    mutex_unlock(&wb->lock);
}

void writeback_keep_answer(struct writeback *wb, int64_t slot, const char *seen, const char *answer)
{
    struct slot_key key = key_of(slot);
    struct own_answer *a = xmalloc(sizeof(*a));

    *a = (struct own_answer){.seen = str_hash(0, seen, strlen(seen)), .text = xstrdup(answer)};
    mutex_lock(&wb->lock);
    if (wb->answers.count >= ANSWERS_MAX)
        forget_locked(wb);
    answer_free(map_set(&wb->answers, key.text, a));
    mutex_unlock(&wb->lock);
}

char *writeback_find_answer(struct writeback *wb, int64_t slot, const char *seen)
{
    struct slot_key key = key_of(slot);
    const struct own_answer *a;
    char *text = NULL;

    mutex_lock(&wb->lock);
    a = map_get(&wb->answers, key.text);
    if (a && seen && a->seen == str_hash(0, seen, strlen(seen)))
        text = xstrdup(a->text);
    mutex_unlock(&wb->lock);
    return text;
}
