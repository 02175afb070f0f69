/*
 * caller.c - which system call a request of the kernel belongs to.
 *
 * mkdir(2) looks its name up first, and the kernel answers EEXIST by itself where it is there. A
 * lookup does not say what it is for; but whoever made it is blocked in its system call until it is
 * answered, and /proc/<tid>/syscall tells that call's number. The path given to it stands in the
 * memory of the caller and is not read, so the lookups of all components of a path look alike.
 *
 * That file may be read of whom one may trace: of processes of the same user that have no more
 * capabilities, where Yama's ptrace_scope is 0, and of all by root. Of the others only the name of
 * the program can be read, and mkdir(1) is taken at its name: it looks up nothing but what it makes
 * and the way there.
 *
 * Nothing can be told, and the answer is false, where
 *   - the caller lives in a pid namespace that the mount's does not see: it has no tid; or /proc is
 *     that of another one
 *   - another thread asks on behalf of the caller: io_uring, a file server
 *   - the caller has another table of system calls than this program: 32 bits on 64
 */
#include "core_p.h"

#include <outlookfs/base/clock.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#define PROC_TEXT_MAX 512

/* Instead of a system call's number. */
#define CALL_UNKNOWN (-1L)
#define CALL_RUNNING (-2L)
#define CALL_SECRET (-3L)

/* The kernel may hand a request out before its caller sleeps, and says "running" until then. */
#define PAUSE_FIRST (NS_PER_MS / 64)
#define PAUSE_LAST (64 * NS_PER_MS)

static int read_proc(pid_t tid, const char *file, struct buf *out)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%ld/%s", (long)tid, file);
    return file_read(path, out, NULL);
}

static long current_call(pid_t tid)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(PROC_TEXT_MAX);
    long call = CALL_UNKNOWN;
    int rc = read_proc(tid, "syscall", &text);
    if (rc == -EACCES || rc == -EPERM)
        call = CALL_SECRET;
    else if (!rc)
        call = str_starts(text.data, "running") ? CALL_RUNNING : strtol(text.data, NULL, 10);
    return call;
}

static long blocked_call(pid_t tid)
{
    struct timespec pause = {.tv_nsec = PAUSE_FIRST};
    long call;

    while ((call = current_call(tid)) == CALL_RUNNING && pause.tv_nsec <= PAUSE_LAST) {
        nanosleep(&pause, NULL);
        pause.tv_nsec *= 2;
    }
    return call;
}

static bool is_program_mkdir(pid_t tid)
{
    SCOPED(buf_release) struct buf name = BUF_INIT(PROC_TEXT_MAX);

    return !read_proc(tid, "comm", &name) && str_eq(name.data, "mkdir\n");
}

bool caller_makes_directory(pid_t tid)
{
    long call = tid > 0 ? blocked_call(tid) : CALL_UNKNOWN;

#ifdef SYS_mkdir
    if (call == SYS_mkdir)
        return true;
#endif
    return call == SYS_mkdirat || (call == CALL_SECRET && is_program_mkdir(tid));
}
