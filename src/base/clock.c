/*
 * clock.c - the system's clocks, plus an offset that tests push.
 */
#include <outlookfs/base/clock.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

/* How long a wait may not notice that a test has pushed the clock. */
#define PUSH_SLICE (100 * NS_PER_MS)

static _Atomic int64_t offset;
static _Atomic int64_t set_back; /* of clock_now() alone */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int64_t boot; /* the date that CLOCK_BOOTTIME began at, as the clock stood in this process */
static atomic_bool pushed; /* clock_advance() was called, if only with 0 */

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_now(void)
{
    return read_clock(CLOCK_REALTIME) + atomic_load(&offset) - atomic_load(&set_back);
}

static void note_boot(void)
{
    boot = read_clock(CLOCK_REALTIME) - read_clock(CLOCK_BOOTTIME);
}

int64_t clock_steady(void)
{
    pthread_once(&once, note_boot);
    return boot + read_clock(CLOCK_BOOTTIME) + atomic_load(&offset);
}

int64_t clock_date(int64_t steady)
{
    return steady + clock_now() - clock_steady();
}

int64_t clock_mono(void)
{
    return read_clock(CLOCK_MONOTONIC) + atomic_load(&offset);
}

void clock_advance(int64_t ns)
{
    atomic_fetch_add(&offset, ns);
    atomic_store(&pushed, true);
}

void clock_set_back(int64_t ns)
{
    atomic_fetch_add(&set_back, ns);
}

void clock_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

/*
 * pthread_cond_timedwait() knows nothing of our offset: in a process that pushes its clock the wait
 * is cut, so that it sees the push soon. Elsewhere nothing wakes before its time.
 */
int clock_wait(pthread_cond_t *cond, struct mutex *lock, int64_t until)
{
    int64_t deadline;
    struct timespec ts;

    mutex_assert_alone(lock);
    if (until == INT64_MAX) {
        pthread_cond_wait(cond, &lock->native);
        return 0;
    }

    int64_t now = clock_mono();
    if (now >= until)
        return -ETIMEDOUT;
    int64_t left = until - now;
    if (atomic_load(&pushed) && left > PUSH_SLICE)
        left = PUSH_SLICE;

    if (__builtin_add_overflow(read_clock(CLOCK_MONOTONIC), left, &deadline))
        deadline = INT64_MAX;
    ts.tv_sec = deadline / NS_PER_S;
    ts.tv_nsec = deadline % NS_PER_S;
    pthread_cond_timedwait(cond, &lock->native, &ts);
    return clock_mono() >= until ? -ETIMEDOUT : 0;
}
