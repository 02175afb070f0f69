/*
 * caller.c - which system call a request of the kernel belongs to.
 *
 * mkdir(2) looks its name up first, and the kernel answers EEXIST by itself where it is there. A
 * lookup does not say what it is for; but whoever made it is blocked in its system call until it is
 * answered, and /proc/<tid>/syscall tells that call's number. The path given to it stands in the
 * memory of the caller and is not read, so the lookups of all components of a path look alike.
 *
 * Nothing can be told, and the answer is false, where
 *   - /proc/<tid>/syscall cannot be read: it belongs to another user or to a process that may not
 *     be traced; Yama's ptrace_scope is not 0; /proc is mounted with hidepid or is that of another
 *     pid namespace
 *   - the caller lives in a pid namespace that the mount's does not see: it has no tid
 *   - another thread asks on behalf of the caller: io_uring, a file server
 *   - the caller has another table of system calls than this program: 32 bits on 64
 */
#include "fs_p.h"

#include <outlookfs/base/clock.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/str.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#define SYSCALL_TEXT_MAX 512

/* Instead of a system call's number. */
#define CALL_UNKNOWN (-1L)
#define CALL_RUNNING (-2L)

/* The kernel may hand a request out before its caller sleeps, and says "running" until then. */
#define PAUSE_FIRST (NS_PER_MS / 64)
#define PAUSE_LAST (64 * NS_PER_MS)

static long current_call(const char *path)
{
    struct buf text;
    long call = CALL_UNKNOWN;

    buf_init(&text, SYSCALL_TEXT_MAX);
    if (!file_read(path, &text, NULL))
        call = str_starts(text.data, "running") ? CALL_RUNNING : strtol(text.data, NULL, 10);
    buf_release(&text);
    return call;
}

static long blocked_call(pid_t tid)
{
    struct timespec pause = {.tv_nsec = PAUSE_FIRST};
    char path[sizeof("/proc//syscall") + 3 * sizeof(tid)];
    long call;

    snprintf(path, sizeof(path), "/proc/%ld/syscall", (long)tid);
    while ((call = current_call(path)) == CALL_RUNNING && pause.tv_nsec <= PAUSE_LAST) {
        nanosleep(&pause, NULL);
        pause.tv_nsec *= 2;
    }
    return call;
}

bool caller_makes_directory(pid_t tid)
{
    long call = tid > 0 ? blocked_call(tid) : CALL_UNKNOWN;

#ifdef SYS_mkdir
    if (call == SYS_mkdir)
        return true;
#endif
    return call == SYS_mkdirat;
}
