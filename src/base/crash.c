/*
 * crash.c - counts the calls of crash_point() and ends the process at the chosen one.
 */
#include <outlookfs/base/crash.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static long crash_at; /* 0: never; constant behind `once` */
static atomic_long passed;

static void read_environment(void)
{
    const char *at = getenv("OUTLOOKFS_CRASH_AT");

    crash_at = at ? strtol(at, NULL, 10) : 0;
}

void crash_point(const char *name)
{
    pthread_once(&once, read_environment);
    if (crash_at <= 0 || atomic_fetch_add(&passed, 1) + 1 != crash_at)
        return;
    dprintf(STDERR_FILENO, "outlookfs: crash point %ld: %s\n", crash_at, name);
    raise(SIGKILL);
}
