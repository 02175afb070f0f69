/*
 * gate.c - tokens, rate, waiting.
 */
#include "gate_p.h"

#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WINDOW (60 * NS_PER_S)
#define TOGETHER_MAX (10 * NS_PER_S)

struct gate {
    const char *token; /* constant */
    unsigned rate;     /* constant */

    struct mutex lock;
    pthread_cond_t changed;
    bool stopped;       /* guarded by lock */
    unsigned in_flight; /* guarded by lock */
    unsigned peak;      /* of in_flight since nothing was in flight; guarded by lock */
    int64_t *calls;     /* when the last `rate` calls came, a ring; guarded by lock */
    unsigned next_call; /* guarded by lock */
};

struct gate *gate_create(const char *token, unsigned rate)
{
    struct gate *g = xcalloc(1, sizeof(*g));

    g->token = token;
    g->rate = rate;
    g->calls = xcalloc(rate + 1, sizeof(*g->calls));
    for (unsigned i = 0; i < rate; i++)
        g->calls[i] = INT64_MIN / 2;
    mutex_init(&g->lock, MUTEX_SANDBOX_GATE);
    clock_cond_init(&g->changed);
    return g;
}

void gate_destroy(struct gate *g)
{
    if (!g)
        return;
    pthread_cond_destroy(&g->changed);
    mutex_release(&g->lock);
    free(g->calls);
    free(g);
}

void gate_stop(struct gate *g)
{
    mutex_lock(&g->lock);
    g->stopped = true;
    pthread_cond_broadcast(&g->changed);
    mutex_unlock(&g->lock);
}

unsigned gate_enter(struct gate *g)
{
    unsigned n;

    mutex_lock(&g->lock);
    n = ++g->in_flight;
    if (n > g->peak)
        g->peak = n;
    pthread_cond_broadcast(&g->changed);
    mutex_unlock(&g->lock);
    return n;
}

void gate_leave(struct gate *g)
{
    mutex_lock(&g->lock);
    if (--g->in_flight == 0)
        g->peak = 0;
    mutex_unlock(&g->lock);
}

bool gate_token_ok(const struct gate *g, const char *authorization)
{
    size_t have, want;
    unsigned char differs = 0;

    if (!g->token)
        return true;
    if (!authorization || strncasecmp(authorization, "Bearer ", 7))
        return false;
    authorization += 7;
    have = strlen(authorization);
    want = strlen(g->token);
    for (size_t i = 0; i < want; i++)
        differs |= (unsigned char)g->token[i] ^ (i < have ? (unsigned char)authorization[i] : 0xff);
    return have == want && !differs;
}

int gate_rate(struct gate *g)
{
    int64_t now = clock_mono(), oldest;
    int seconds = 0;

    if (!g->rate)
        return 0;
    mutex_lock(&g->lock);
    oldest = g->calls[g->next_call];
    if (oldest + WINDOW > now) {
        seconds = (int)((oldest + WINDOW - now + NS_PER_S - 1) / NS_PER_S);
    } else {
        g->calls[g->next_call] = now;
        g->next_call = (g->next_call + 1) % g->rate;
    }
    mutex_unlock(&g->lock);
    return seconds;
}

void gate_wait(struct gate *g, int64_t ns)
{
    int64_t until = clock_mono() + ns;

    if (ns <= 0)
        return;
    mutex_lock(&g->lock);
    while (!g->stopped && clock_wait(&g->changed, &g->lock, until) != -ETIMEDOUT)
        ;
    mutex_unlock(&g->lock);
}

unsigned gate_together(struct gate *g, unsigned n)
{
    int64_t until = clock_mono() + TOGETHER_MAX;
    unsigned most;

    mutex_lock(&g->lock);
    while (g->peak < n && !g->stopped && clock_wait(&g->changed, &g->lock, until) != -ETIMEDOUT)
        ;
    most = g->peak;
    mutex_unlock(&g->lock);
    return most;
}
