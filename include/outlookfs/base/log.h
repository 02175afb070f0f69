/*
 * log.h - the program's log: standard error or syslog, and the last lines in memory for
 * `.outlookfs/log`.
 *
 * Low layers return errors and do not log; fs, sync and cli log once, with the file's name and what
 * to do. Never logged: tokens, Authorization headers, bodies of records.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_BASE_LOG_H
#define OUTLOOKFS_BASE_LOG_H

#include <stdbool.h>

struct buf;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Where lines go besides memory. A daemon uses syslog: its standard error is /dev/null. */
enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG, LOG_TO_NOWHERE };

/* The memory ring holds this many bytes; older lines fall out. */
#define LOG_RING_MAX (256 * 1024)

void log_setup(enum log_target target, enum log_level level);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Appends the remembered lines ("2026-11-23T09:14:05+00:00 warn: text\n" each), oldest first. */
int log_tail(struct buf *out);

#endif
