/*
 * answers.c - what the service made of our last writes, for programs that save on top of what they
 * wrote while the file is open and so have not seen it.
 *
 * In memory, and the last ones only: without it such a save may be a conflict, never a loss.
 */
#include "writeback_p.h"

#include <outlookfs/base/map.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define ANSWERS_MAX 16

struct own_answer {
    UT_hash_handle hh;
    int64_t slot;
    uint64_t seen; /* hash of the text it is the answer to */
    char *text;
};

static struct own_answer *find_locked(struct writeback *wb, int64_t slot)
{
    struct own_answer *a;

    HASH_FIND(hh, wb->answers, &slot, sizeof(slot), a);
    return a;
}

static void answer_free(struct own_answer *a)
{
    free(a->text);
    free(a);
}

static void forget_locked(struct writeback *wb)
{
    HASH_FREE_ALL(wb->answers, answer_free);
}

void writeback_forget_answers(struct writeback *wb)
{
    LOCKED(&wb->scheduler.lock);
    forget_locked(wb);
}

void writeback_keep_answer(struct writeback *wb, int64_t slot, const char *seen, const char *answer)
{
    LOCKED(&wb->scheduler.lock);
    struct own_answer *a = find_locked(wb, slot);
    if (!a) {
        if (HASH_COUNT(wb->answers) >= ANSWERS_MAX)
            forget_locked(wb);
        a = xcalloc(1, sizeof(*a));
        a->slot = slot;
        HASH_ADD(hh, wb->answers, slot, sizeof(a->slot), a);
    }
    a->seen = str_hash(0, seen, strlen(seen));
    xstrset(&a->text, answer);
}

char *writeback_find_answer(struct writeback *wb, int64_t slot, const char *seen)
{
    char *text = NULL;

    LOCKED(&wb->scheduler.lock);
    const struct own_answer *a = find_locked(wb, slot);
    if (a && seen && a->seen == str_hash(0, seen, strlen(seen)))
        text = xstrdup(a->text);
    return text;
}
