/*
 * crash.h - places where a test kills the process, to see what a restart finds.
 *
 * With OUTLOOKFS_CRASH_AT=N in the environment (N from 1) the N-th call of crash_point() in the
 * process ends it as kill -9 would, after one line on standard error that names the point. Without
 * it a call costs one atomic load. A test runs a program with N = 1, 2, 3 ... until it ends by
 * itself.
 *
 * Threads: any. The environment is read at the first call.
 */
#ifndef OUTLOOKFS_BASE_CRASH_H
#define OUTLOOKFS_BASE_CRASH_H

/* `name` says what has just happened or is about to: "before commit". */
void crash_point(const char *name);

#endif
