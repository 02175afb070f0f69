/*
 * outbox_answer.c - answers to questions: from the bytes somebody POSTed to a file beside the
 * question.
 */
#include "outbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/model/render.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* As long as the shorter is, whatever is in it. */
static bool same_secret(const char *a, const char *b, size_t len)
{
    volatile unsigned char differs = 0;

    for (size_t i = 0; i < len; i++)
        differs |= (unsigned char)(a[i] ^ b[i]);
    return !differs;
}

/* Looks at every row, so that the time it takes tells nothing about any of them. */
static int find_row(struct outbox *ob, const char *token, int64_t *ret)
{
    struct outbox_row *rows = NULL;
    size_t count = 0, len = strlen(token);
    int64_t found = 0;
    int rc = state_outbox(ob->mb->state, &rows, &count);

    for (size_t i = 0; i < count; i++) {
        const char *have = rows[i].token;

        if (have && rows[i].waits && strlen(have) == len && same_secret(have, token, len))
            found = rows[i].id;
    }
    outbox_rows_free(rows, count);
    if (rc)
        return rc;
    *ret = found;
    return found ? 0 : -ENOENT;
}

static int render_answer(const char *body, size_t len, struct buf *out)
{
    SCOPED(json_release) struct cJSON *obj = NULL;
    int rc = json_parse_object(body, len, &obj, NULL);

    if (!rc && !json_str(obj, "SelectedOption"))
        rc = -EINVAL;
    if (!rc)
        rc = render_record(obj, out);
    return rc;
}

/* --- the file --- */

/* The answer to an earlier question of this name makes room. */
static int remove_old(struct state *state, uint64_t dir, const char *name)
{
    SCOPED(local_release) struct local old = {0};
    int rc = state_find_local(state, dir, name, &old);

    if (!rc)
        rc = state_forget_local(state, old.ino);
    return rc == -ENOENT ? 0 : rc;
}

int outbox_deliver(struct outbox *ob, struct outbox_row *row, char **ret_name)
{
    struct state *state = ob->mb->state;
    SCOPED(local_release) struct local question = {0}, file = {.mode = S_IFREG | 0600};
    int rc = state_get_local(state, row->ino, &question);

    if (rc)
        return rc;
    file.dir = question.dir;
    file.name = outgoing_answer_name(question.name);
    rc = remove_old(state, file.dir, file.name);
    if (!rc)
        rc = state_new_ino(state, &file.ino);
    if (!rc)
        rc = state_data_write(state, file.ino, row->answer, strlen(row->answer));
    if (!rc)
        rc = state_put_local(state, &file);
    if (!rc) {
        row->state = OUTBOX_ANSWERED;
        row->unknown = false;
        row->due = 0;
        xstrset(&row->reason, NULL);
        rc = state_put_outbox(state, row);
    }
    if (!rc)
        *ret_name = xstrdup(file.name);
    return rc;
}

/* In a transaction. An answer that comes twice changes nothing. */
static int keep(struct outbox *ob, struct outbox_row *row, const char *text, char **ret_name)
{
    if (row->answer || row->state == OUTBOX_GONE || row->state == OUTBOX_DRAFT)
        return 0;
    row->answer = xstrdup(text);
    /* The request is still under way: its end delivers what is here. */
    if (row->state == OUTBOX_SENDING)
        return state_put_outbox(ob->mb->state, row);
    return outbox_deliver(ob, row, ret_name);
}

int outbox_answer(struct outbox *ob, const char *token, const char *body, size_t len)
{
    struct state *state = ob->mb->state;
    SCOPED(outbox_row_release) struct outbox_row row = {0};
    SCOPED(local_release) struct local question = {0};
    SCOPED(xfree) char *name = NULL;
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);
    int64_t id;
    int rc = find_row(ob, token, &id);

    if (rc)
        return rc;
    rc = render_answer(body, len, &text);
    if (rc)
        return rc;

    state_begin(state);
    rc = state_get_outbox(state, id, &row);
    if (!rc)
        rc = keep(ob, &row, text.data, &name);
    if (!rc && name)
        rc = state_get_local(state, row.ino, &question);
    rc = state_end(state, rc);
    if (!rc && name) {
        log_info("%s/%s: answered", outgoing_info(row.what)->path, question.name);
        outbox_notify(ob, row.ino, question.dir);
        outbox_notify(ob, 0, question.dir);
        outbox_kick(ob);
    }
    return rc;
}
