/*
 * progress.c - how far something is, on a terminal.
 */
#include "mountpoint_p.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define BAR_WIDTH 30

void progress_bar(int64_t done, int64_t all, unsigned width, struct buf *out)
{
    unsigned full = all > 0 ? (unsigned)((done < all ? done : all) * width / all) : 0;

    buf_addch(out, '[');
    for (unsigned i = 0; i < width; i++)
        buf_addch(out, i < full ? '#' : '.');
    buf_addch(out, ']');
}

void progress_show(struct progress *p, const cJSON *status)
{
    int64_t left = left_read(status).pending;
    SCOPED(buf_release) struct buf bar = BUF_INIT(BUF_TEXT_MAX);

    if (!isatty(STDERR_FILENO))
        return;
    if (left > p->all)
        p->all = left;
    progress_bar(p->all - left, p->all, BAR_WIDTH, &bar);
    fprintf(stderr, "\r%s %s %" PRId64 " left\033[K", p->what, bar.data, left);
    p->shown = true;
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
