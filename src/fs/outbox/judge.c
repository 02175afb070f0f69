/*
 * judge.c - what will be sent of a file's bytes: read, parsed, with what they attach. It takes as long as
 * it takes, so it is done before the change lock is taken, where that can be.
 */
#include "outbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/json_file.h>
#include <outlookfs/formats/eml.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void judged_drop(struct fs *fs, struct judgement *base)
{
    struct judged *j = (struct judged *)base;

    outbox_discard(fs->outbox, &j->row);
    buf_release(&j->reason);
    free(j);
}

static void judge_json(struct fs *fs, struct judged *j, int fd)
{
    SCOPED(json_release) struct cJSON *obj = NULL;
    SCOPED(json_file_release) struct json_file text = {0};
    bool replaced = false;

    j->rc = json_file_read(&text, fd);
    if (j->rc)
        return;
    j->shape = json_file_scan(&text, &j->where);
    j->rc = outbox_check_service(fs->outbox, j->what, &j->reason);
    if (!j->rc)
        j->rc = json_file_parse(&text, false, &obj, &j->reason);
    if (!j->rc)
        j->rc = outbox_resolve_path(fs, j->what, obj, &replaced, &j->reason);
    if (!j->rc)
        j->rc = outbox_prepare(fs->outbox, j->what, obj, replaced, j->foreign, &j->row, &j->reason);
}

/* What is sent is the object made of the message. Nothing tells half a message from a whole one:
 * send_delay is what a second append has. */
static void judge_eml(struct fs *fs, struct judged *j, int fd)
{
    SCOPED(json_release) struct cJSON *obj = NULL;
    struct stat st;

    if (!fstat(fd, &st) && !st.st_size)
        j->shape = JSON_EMPTY;
    j->rc = eml_read(fd, NULL, &obj, &j->reason);
    if (!j->rc)
        j->rc = outbox_prepare(fs->outbox, j->what, obj, true, j->foreign, &j->row, &j->reason);
}

struct judged *outbox_judge(struct fs *fs, uint64_t ino, uint64_t changed, enum outgoing what,
                            bool eml, bool foreign)
{
    struct judged *j = xcalloc(1, sizeof(*j));
    int fd = state_data_open(fs->state, ino, O_RDONLY); /* of its own: several may be reading */

    j->base = (struct judgement){changed, judged_drop};
    j->what = what;
    j->eml = eml;
    j->foreign = foreign;
    j->shape = JSON_COMPLETE;
    j->where = (struct json_where){1, 1};
    buf_init(&j->reason, BUF_TEXT_MAX);
    if (fd < 0) {
        j->rc = fd;
    } else {
        if (eml)
            judge_eml(fs, j, fd);
        else
            judge_json(fs, j, fd);
        if (!j->rc && fdatasync(fd))
            j->rc = -errno;
        close(fd);
    }
    if (j->rc && !j->reason.len)
        buf_addstr(&j->reason, strerror(-j->rc));
    return j;
}
