/*
 * opened.c - the files and directories the kernel has open.
 *
 * It need not give them all back: its last RELEASEs wait for nobody and are dropped with the
 * connection, and programs may use a file system that is unmounted under them, as a signal does.
 */
#include "fuse_p.h"

#include <outlookfs/base/alloc.h>

#include <stdlib.h>

static struct opened *enlist(struct mount *m, const struct opened *what)
{
    struct opened *o = xmalloc(sizeof(*o));

    *o = *what;
    LOCKED(&m->openings.lock);
    o->next = m->openings.first;
    if (o->next)
        o->next->prev = o;
    m->openings.first = o;
    return o;
}

static void delist(struct openings *openings, struct opened *o)
{
    LOCKED(&openings->lock);
    if (o->prev)
        o->prev->next = o->next;
    else
        openings->first = o->next;
    if (o->next)
        o->next->prev = o->prev;
}

struct opened *opened_file(struct mount *m, struct fs_handle *file)
{
    return enlist(m, &(struct opened){.file = file});
}

struct opened *opened_dir(struct mount *m, struct fs_dir *dir)
{
    return enlist(m, &(struct opened){.dir = dir});
}

struct opened *opened_of(const struct fuse_file_info *fi)
{
    return (struct opened *)(uintptr_t)fi->fh;
}

void opened_close(struct mount *m, struct opened *o)
{
    delist(&m->openings, o);
    if (o->file)
        fs_release(m->fs, o->file);
    else
        fs_releasedir(m->fs, o->dir);
    free(o);
}

void openings_init(struct openings *openings)
{
    *openings = (struct openings){0};
    mutex_init(&openings->lock, MUTEX_OPENINGS);
}

void openings_release(struct openings *openings)
{
    mutex_release(&openings->lock);
}

void openings_close(struct mount *m)
{
    while (m->openings.first)
        opened_close(m, m->openings.first);
}
