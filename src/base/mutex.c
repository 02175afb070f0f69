/*
 * mutex.c - which mutexes the calling thread has, and in which order it took them.
 */
#include <outlookfs/base/mutex.h>

#include <assert.h>
#include <stddef.h>

void mutex_init(struct mutex *m, enum mutex_rank rank)
{
    *m = (struct mutex)MUTEX_INIT(rank);
    pthread_mutex_init(&m->native, NULL);
}

void mutex_init_recursive(struct mutex *m, enum mutex_rank rank)
{
    pthread_mutexattr_t recursive;

    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&m->native, &recursive);
    pthread_mutexattr_destroy(&recursive);
    m->rank = rank;
    m->recursive = true;
}

void mutex_release(struct mutex *m)
{
    pthread_mutex_destroy(&m->native);
}

#ifdef NDEBUG

static void check_order(const struct mutex *)
{
}

static void took(const struct mutex *)
{
}

static void gave(const struct mutex *)
{
}

void mutex_assert_alone(const struct mutex *)
{
}

#else

#define HELD_MAX 16

/* In the order they were taken. */
static _Thread_local const struct mutex *held[HELD_MAX];
static _Thread_local size_t held_count;

static bool has(const struct mutex *m)
{
    for (size_t i = 0; i < held_count; i++) {
        if (held[i] == m)
            return true;
    }
    return false;
}

static void check_order(const struct mutex *m)
{
    if (has(m)) {
        assert(m->recursive);
        return;
    }
    for (size_t i = 0; i < held_count; i++)
        assert(held[i]->rank < m->rank);
}

static void took(const struct mutex *m)
{
    assert(held_count < HELD_MAX);
    held[held_count++] = m;
}

static void gave(const struct mutex *m)
{
    size_t i = held_count;

    while (i && held[i - 1] != m)
        i--;
    assert(i);
    for (; i < held_count; i++)
        held[i - 1] = held[i];
    held_count--;
}

void mutex_assert_alone(const struct mutex *m)
{
    for (size_t i = 0; i < held_count; i++)
        assert(held[i] == m);
}

#endif

void mutex_lock(struct mutex *m)
{
    check_order(m);
    pthread_mutex_lock(&m->native);
    took(m);
}

bool mutex_try_lock(struct mutex *m)
{
    if (pthread_mutex_trylock(&m->native))
        return false;
    took(m);
    return true;
}

void mutex_unlock(struct mutex *m)
{
    gave(m);
    pthread_mutex_unlock(&m->native);
}

struct mutex *mutex_enter(struct mutex *m)
{
    mutex_lock(m);
    return m;
}

void mutex_leave(struct mutex **m)
{
    mutex_unlock(*m);
}
