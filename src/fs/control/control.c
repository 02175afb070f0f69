/*
 * control.c - .outlookfs/: status.json, log, control, and the collections. Never touches the
 * network, except `control`, which waits for the queue.
 *
 * Commands written to `control`, one a line; the write returns when the command is carried out:
 *
 *     sync [SECONDS]     sends what is pending and waits for at most that long (30); EIO: something
 *                        was refused, in conflict or held; EINPROGRESS: time is over, or the
 *                        service is offline
 *     confirm-deletes    lets held deletions go
 *     leave              whoever unmounts in the next seconds has waited for what can be sent
 */
#include "control_p.h"

#include <outlookfs/sync/outbox.h>
#include <outlookfs/sync/writeback.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The largest status.json or log we make. */
#define TEXT_MAX ((size_t)8 * 1024 * 1024)

static int make_text(struct fs *fs, int (*render)(struct fs *fs, struct buf *out),
                     struct content *ret)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
    int rc = render(fs, &text);
    if (!rc) {
        ret->len = text.len;
        ret->text = buf_detach(&text);
        ret->mtime = clock_now();
    }
    return rc;
}

static int status_make(struct fs *fs, const struct fs_req *, struct node *, struct content *ret)
{
    return make_text(fs, status_render, ret);
}

static const struct node_ops status_ops = {
    .name = "status",
    .type = S_IFREG,
    .flags = NODE_VOLATILE,
    .make = status_make,
};

static int log_render(struct fs *, struct buf *out)
{
    return log_tail(out);
}

static int log_make(struct fs *fs, const struct fs_req *, struct node *, struct content *ret)
{
    return make_text(fs, log_render, ret);
}

static const struct node_ops log_ops = {
    .name = "log",
    .type = S_IFREG,
    .flags = NODE_VOLATILE,
    .make = log_make,
};

/* --- control --- */

static int run_command(struct fs *fs, const struct fs_req *req, const char *line)
{
    unsigned seconds = 30;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (str_eq(line, "confirm-deletes")) {
        int rc = writeback_confirm(fs->writeback);
        writeback_kick(fs->writeback);
        return rc;
    }
    if (str_eq(line, "leave")) {
        mailbox_leave(fs->mailbox);
        return 0;
    }
    if (!str_eq(line, "sync") && sscanf(line, "sync %u", &seconds) != 1) {
        log_warn(
            ".outlookfs/control: no such command: %s (there are sync, confirm-deletes and leave)",
            line);
        return -EINVAL;
    }
    int64_t until = clock_mono() + (int64_t)seconds * NS_PER_S;
    int rc = writeback_flush(fs->writeback, 0, until, req->cancel, &err);
    int mail = outbox_flush(fs->outbox, until, req->cancel);
    return rc ? rc : mail;
}

static ssize_t control_write(struct fs *fs, const struct fs_req *req, struct node *,
                             const void *data, size_t size)
{
    SCOPED(xfree) char *text = xstrndup(data, size);
    char *rest = NULL;
    int rc = 0;

    for (char *line = strtok_r(text, "\n", &rest); line && !rc; line = strtok_r(NULL, "\n", &rest))
        rc = run_command(fs, req, line);
    return rc ? rc : (ssize_t)size;
}

static int control_make(struct fs *fs, const struct fs_req *, struct node *, struct content *ret)
{
    ret->text = xstrdup("");
    ret->mtime = fs->birth;
    return 0;
}

static const struct node_ops control_ops = {
    .name = "control",
    .type = S_IFREG,
    .flags = NODE_VOLATILE | NODE_WRITABLE,
    .make = control_make,
    .write = control_write,
};

/* --- the directory --- */

static const struct {
    const char *name;
    const struct node_ops *ops;
} files[] = {{"status.json", &status_ops}, {"log", &log_ops}, {"control", &control_ops}};

static struct node_spec file_spec(struct node *dir, size_t i)
{
    return spec_in(dir, files[i].ops, name_ino(".outlookfs", files[i].name), files[i].name);
}

static int control_list(struct fs *, const struct fs_req *, struct node *dir, struct dir_list *list)
{
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        dir_add(list, file_spec(dir, i), NULL);
    for (const struct collection *const *c = collections; *c; c++)
        dir_add(list, collection_spec(dir, *c), NULL);
    return 0;
}

const struct node_ops control_root_ops = {
    .name = "control directory",
    .type = S_IFDIR,
    .refusal = "files here are made by the mount: `outlookfs status` explains it, commands go to "
               ".outlookfs/control",
    .list = control_list,
};
