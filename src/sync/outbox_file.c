/*
 * outbox_file.c - what the user does with a file of the outbox: accepted, changed, withdrawn, tried
 * again.
 */
#include "outbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/base64.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/json_writer.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- may it be sent? --- */

static int check_content(const struct cJSON *obj, struct buf *err)
{
    const char *body = json_str(obj, "Body"), *comment = json_str(obj, "Comment");
    size_t total = (body ? strlen(body) : 0) + (comment ? strlen(comment) : 0), size;
    const struct cJSON *a;

    cJSON_ArrayForEach(a, json_get(obj, "Attachments"))
    {
        const char *name = json_str(a, "Name");

        if (base64_size(json_str(a, "ContentBytes"), &size))
            return buf_fail(err, -EINVAL, "Attachments: ContentBytes of %s is not base64", name);
        total += size;
    }
    if (total > OUTGOING_CONTENT_MAX)
        return buf_fail(err, -EFBIG, "%zu MiB: the service takes mails of at most %zu MiB",
                        total >> 20, OUTGOING_CONTENT_MAX >> 20);
    return 0;
}

int outbox_check_service(struct outbox *ob, enum outgoing what, struct buf *err)
{
    struct remote *remote = ob->mb->remote;
    bool can = outgoing_info(what)->question ? remote_can(remote, REMOTE_CAN_ASK)
               : what == OUTGOING_FORWARD    ? remote_can(remote, REMOTE_CAN_FORWARD)
               : what == OUTGOING_RESPOND    ? remote_can(remote, REMOTE_CAN_RESPOND)
                                             : true;

    if (can)
        return 0;
    return buf_fail(err, -EOPNOTSUPP, "outbox/%s: %s does not have this operation",
                    outgoing_info(what)->dir, remote_title(remote));
}

static int check(struct outbox *ob, enum outgoing what, const struct cJSON *obj, struct buf *err)
{
    if (outgoing_waits(what, obj) && !outbox_is_announced(ob))
        return buf_fail(err, -EDESTADDRREQ,
                        "no answer could come back: mount with -o notify_url=URL, an address of "
                        "this machine that the service reaches, or say \"Wait\": false");
    return check_content(obj, err);
}

static int append(int fd, const char *data, size_t len, off_t *at)
{
    int rc = file_pwrite_all(fd, data, len, *at);

    *at += (off_t)len;
    return rc;
}

/* Past the writer's buffer: there is no second copy of an attachment's bytes. Base64 needs no escapes. */
static int append_bytes(int fd, struct json_writer *w, const char *base64, off_t *at)
{
    json_write_raw(w, "\"", 1);
    int rc = append(fd, w->out->data, w->out->len, at);
    if (!rc)
        rc = append(fd, base64, strlen(base64), at);
    buf_clear(w->out);
    buf_addch(w->out, '"');
    return rc;
}

static int append_attachment(int fd, struct json_writer *w, const cJSON *attachment, off_t *at)
{
    const cJSON *member, *bytes = json_get(attachment, "ContentBytes");
    int rc = 0;

    json_write_open(w, '{');
    cJSON_ArrayForEach(member, attachment)
    {
        json_write_name(w, member->string, strlen(member->string));
        if (member != bytes || !cJSON_IsString(bytes))
            json_write_tree(w, member);
        else if (!rc)
            rc = append_bytes(fd, w, bytes->valuestring, at);
    }
    json_write_close(w, '}');
    return rc;
}

static int write_message(int fd, const cJSON *obj)
{
    const cJSON *member, *attachment, *attachments = json_get(obj, "Attachments");
    SCOPED(buf_release) struct buf text = BUF_INIT(2 * JSON_TEXT_MAX);
    struct json_writer w = {.out = &text};
    off_t at = 0;
    int rc = 0;

    json_write_open(&w, '{');
    cJSON_ArrayForEach(member, obj)
    {
        json_write_name(&w, member->string, strlen(member->string));
        if (member != attachments || !cJSON_IsArray(member)) {
            json_write_tree(&w, member);
            continue;
        }
        json_write_open(&w, '[');
        cJSON_ArrayForEach(attachment, attachments)
        {
            if (!rc)
                rc = append_attachment(fd, &w, attachment, &at);
        }
        json_write_close(&w, ']');
    }
    json_write_close(&w, '}');
    if (!rc)
        rc = w.error;
    if (!rc)
        rc = append(fd, text.data, text.len, &at);
    return rc;
}

/* What is sent, where it is not what the user wrote. */
static int write_body(struct outbox *ob, const struct cJSON *obj, uint64_t *ret)
{
    struct state *state = ob->mb->state;
    uint64_t ino = 0;
    int rc = state_new_ino(state, &ino);
    int fd = rc ? rc : state_data_open(state, ino, O_RDWR | O_CREAT | O_TRUNC);

    rc = fd < 0 ? fd : write_message(fd, obj);
    if (!rc && fdatasync(fd))
        rc = -errno;
    if (fd >= 0)
        close(fd);
    if (rc && fd >= 0)
        state_data_remove(state, ino);
    if (!rc)
        *ret = ino;
    return rc;
}

int outbox_prepare(struct outbox *ob, enum outgoing what, struct cJSON *obj, bool replaced,
                   bool foreign, struct outbox_row *ret, struct buf *err)
{
    bool attached = false, waits;
    uint64_t body = 0;
    int rc = outgoing_check(what, obj, err);

    if (!rc)
        rc = outbox_attach(ob, obj, foreign, &attached, err);
    if (!rc)
        rc = check(ob, what, obj, err);
    waits = outgoing_waits(what, obj);
    if (!rc && (outgoing_complete(what, obj) || replaced || attached)) {
        rc = write_body(ob, obj, &body);
        if (rc)
            buf_fail(err, rc, "the state directory: %s", strerror(-rc));
    }
    if (rc)
        return rc;
    *ret = (struct outbox_row){
        .what = what, .state = OUTBOX_WAITING, .foreign = foreign, .waits = waits, .body = body};
    return 0;
}

/* What is said of a row beside its file. */
static int prepare_about(struct outbox *ob, enum outgoing what, struct cJSON *obj,
                         struct outbox_row *ret, struct buf *err)
{
    uint64_t body = 0;
    int rc = remote_can(ob->mb->remote, REMOTE_CAN_DRAFT)
                 ? write_body(ob, obj, &body)
                 : buf_fail(err, -EOPNOTSUPP, "%s does not have this operation",
                            remote_title(ob->mb->remote));

    cJSON_Delete(obj);
    if (!rc)
        *ret = (struct outbox_row){.what = what, .state = OUTBOX_WAITING, .body = body};
    return rc;
}

int outbox_prepare_draft(struct outbox *ob, const struct slot *slot, struct outbox_row *ret,
                         struct buf *err)
{
    cJSON *obj = cJSON_CreateObject();

    cJSON_AddNumberToObject(obj, "Slot", (double)slot->id);
    int rc = prepare_about(ob, OUTGOING_DRAFT, obj, ret, err);
    if (!rc && slot->record)
        ret->token = xstrdup(slot->record);
    return rc;
}

int outbox_prepare_mime(struct outbox *ob, const char *folder, struct outbox_row *ret,
                        struct buf *err)
{
    cJSON *obj = cJSON_CreateObject();

    cJSON_AddStringToObject(obj, "Folder", folder);
    return prepare_about(ob, OUTGOING_MIME, obj, ret, err);
}

void outbox_discard(struct outbox *ob, struct outbox_row *row)
{
    if (row->body)
        state_data_remove(ob->mb->state, row->body);
    outbox_row_release(row);
}

/* --- rows --- */

/* What attempts begin with a draft on the service, that may have stayed there. */
static bool leaves_draft(struct outbox *ob, const struct outbox_row *row)
{
    bool drafted =
        row->what == OUTGOING_SEND || row->what == OUTGOING_REPLY || row->what == OUTGOING_FORWARD;

    return drafted && row->token && remote_resends(ob->mb->remote);
}

/* In a transaction: what is on the service outlives the file, until the worker has cleared it up. */
static int leave_behind(struct outbox *ob, const struct outbox_row *row)
{
    struct outbox_row gone = {.what = row->what,
                              .state = OUTBOX_GONE,
                              .queued_at = row->queued_at,
                              .due = clock_steady(),
                              .location = row->location};

    if (leaves_draft(ob, row))
        gone.token = row->token;
    return gone.location || gone.token ? state_put_outbox(ob->mb->state, &gone) : 0;
}

/* In a transaction: the row of a file, without what was. -EBUSY; -ENOENT: a new one. */
static int reset(struct outbox *ob, struct outbox_row *row, uint64_t ino, bool asked_is_busy)
{
    int rc = state_outbox_by_ino(ob->mb->state, ino, row);

    if (rc)
        return rc;
    bool sending = row->state == OUTBOX_SENDING || (row->state == OUTBOX_WAITING && row->unknown);
    if (sending || (asked_is_busy && row->state == OUTBOX_ASKED))
        return -EBUSY;
    rc = leave_behind(ob, row);
    if (rc)
        return rc;
    if (row->body)
        state_data_remove(ob->mb->state, row->body);
    struct outbox_row fresh = {
        .id = row->id, .ino = ino, .what = row->what, .foreign = row->foreign};
    outbox_row_release(row);
    *row = fresh;
    return 0;
}

int outbox_accept(struct outbox *ob, uint64_t ino, struct outbox_row *row)
{
    SCOPED(outbox_row_release) struct outbox_row old = {0};

    state_begin(ob->mb->state);
    if (row->body)
        state_data_adopt(ob->mb->state, row->body);
    int rc = reset(ob, &old, ino, true);
    if (!rc || rc == -ENOENT) {
        row->id = old.id;
        row->ino = ino;
        row->queued_at = clock_steady();
        row->due = row->queued_at + (row->what == OUTGOING_MIME ? ob->mb->config.writeback_delay
                                                                : ob->mb->config.send_delay);
        rc = state_put_outbox(ob->mb->state, row);
    }
    rc = state_end(ob->mb->state, rc);
    outbox_row_release(row);
    return rc;
}

static int put_draft(struct outbox *ob, enum outgoing what, uint64_t ino, bool foreign,
                     const char *reason)
{
    SCOPED(outbox_row_release) struct outbox_row row = {0};
    struct state *state = ob->mb->state;

    state_begin(state);
    int rc = reset(ob, &row, ino, true);
    /* Without a row it is a draft anyway, unless there is something to say about it. */
    if (!rc || (rc == -ENOENT && (foreign || reason))) {
        row.ino = ino;
        row.what = what;
        row.state = OUTBOX_DRAFT;
        row.foreign |= foreign;
        row.queued_at = clock_steady();
        row.reason = xstrdup(reason);
        rc = state_put_outbox(state, &row);
    }
    return state_end(state, rc == -ENOENT ? 0 : rc);
}

int outbox_refuse(struct outbox *ob, enum outgoing what, uint64_t ino, const char *reason)
{
    return put_draft(ob, what, ino, false, reason);
}

/* Most writes meet a draft that knows everything already. */
static bool is_settled_draft(struct outbox *ob, uint64_t ino, bool foreign)
{
    SCOPED(outbox_row_release) struct outbox_row row = {0};
    int rc = state_outbox_by_ino(ob->mb->state, ino, &row);

    return (rc == -ENOENT && !foreign) ||
           (!rc && row.state == OUTBOX_DRAFT && (row.foreign || !foreign) && !row.reason);
}

int outbox_change(struct outbox *ob, enum outgoing what, uint64_t ino, bool foreign)
{
    return is_settled_draft(ob, ino, foreign) ? 0 : put_draft(ob, what, ino, foreign, NULL);
}

int outbox_withdraw(struct outbox *ob, uint64_t ino)
{
    SCOPED(outbox_row_release) struct outbox_row row = {0};

    state_begin(ob->mb->state);
    int rc = reset(ob, &row, ino, false);
    if (!rc)
        rc = state_remove_outbox(ob->mb->state, row.id);
    return state_end(ob->mb->state, rc == -ENOENT ? 0 : rc);
}

int outbox_retry(struct outbox *ob, int64_t id)
{
    SCOPED(outbox_row_release) struct outbox_row row = {0};
    struct state *state = ob->mb->state;

    state_begin(state);
    int rc = state_get_outbox(state, id, &row);
    if (!rc && row.state == OUTBOX_FAILED) {
        row.state = OUTBOX_WAITING;
        row.unknown &= remote_resends(ob->mb->remote);
        row.attempts = 0;
        row.began = 0;
        row.due = clock_steady();
        xstrset(&row.reason, NULL);
        rc = state_put_outbox(state, &row);
    }
    rc = state_end(state, rc);
    outbox_kick(ob);
    return rc;
}
