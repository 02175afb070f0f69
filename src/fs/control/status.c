/*
 * status.c - what a person or a script is told: .outlookfs/status.json and the entries of
 * queue/, failed/ and drafts/.
 *
 * Without secrets: paths, verbs and the service's words; never a token.
 */
#include "../outbox/outbox_p.h"
#include "../records/records_p.h"
#include "../triggers/triggers_p.h"
#include "control_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/merge.h>
#include <outlookfs/model/render.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const verbs[] = {[JOURNAL_CREATE] = "create",
                                    [JOURNAL_UPDATE] = "update",
                                    [JOURNAL_DELETE] = "delete",
                                    [JOURNAL_MOVE] = "move"};
static const char *const states[] = {[JOURNAL_QUEUED] = "pending",
                                     [JOURNAL_FAILED] = "failed",
                                     [JOURNAL_CONFLICT] = "conflict",
                                     [JOURNAL_HELD] = "held"};

/* "contacts/Contacts/jane.json" */
static int slot_path(struct fs *fs, const struct slot *slot, struct buf *out)
{
    int rc = mailbox_folder_path(fs->mailbox, slot->kind, slot->folder, out);

    return rc ? rc : buf_addstr(out, slot->name);
}

static void add_path(struct fs *fs, struct cJSON *obj, const struct slot *slot)
{
    SCOPED(buf_release) struct buf path = BUF_INIT(BUF_TEXT_MAX);

    slot_path(fs, slot, &path);
    cJSON_AddStringToObject(obj, "path", path.data);
}

static void add_time(struct cJSON *obj, const char *name, int64_t ns)
{
    char text[32];

    str_format_time(ns, text);
    cJSON_AddStringToObject(obj, name, text);
}

static struct cJSON *operation_json(struct fs *fs, const struct slot *slot,
                                    const struct journal_op *op)
{
    struct cJSON *obj = cJSON_CreateObject();

    add_path(fs, obj, slot);
    cJSON_AddStringToObject(obj, "verb", verbs[op->verb]);
    cJSON_AddStringToObject(obj, "state", states[op->state]);
    if (op->reason)
        cJSON_AddStringToObject(obj, "reason", op->reason);
    cJSON_AddNumberToObject(obj, "attempts", op->attempts);
    add_time(obj, "since", clock_date(op->queued_at));
    return obj;
}

static struct cJSON *parsed(const char *text)
{
    struct cJSON *obj = NULL;

    if (text)
        json_parse_object(text, strlen(text), &obj, NULL);
    return obj;
}

int operation_render(struct fs *fs, int64_t id, struct buf *out)
{
    SCOPED(slot_release) struct slot slot = {0};
    SCOPED(journal_op_release) struct journal_op op = {0};
    int rc = state_get_op(fs->state, id, &op);

    if (!rc)
        rc = state_get_slot(fs->state, id, &slot);
    if (!rc) {
        SCOPED(json_release) struct cJSON *obj = operation_json(fs, &slot, &op);
        SCOPED(json_release) struct cJSON *base = parsed(op.base);
        SCOPED(json_release) struct cJSON *mine = parsed(op.mine);

        if (op.request)
            cJSON_AddStringToObject(obj, "request", op.request);
        if (op.status)
            cJSON_AddNumberToObject(obj, "status", op.status);
        if (op.verb == JOURNAL_UPDATE && base && mine)
            cJSON_AddItemToObject(obj, "changes", merge_describe(slot.kind, base, mine));
        else if (op.verb == JOURNAL_CREATE && mine)
            cJSON_AddItemToObject(obj, "record", cJSON_Duplicate(mine, true));
        rc = render_record(obj, out);
    }
    return rc;
}

/* --- drafts --- */

static struct cJSON *draft_json(struct fs *fs, const struct slot *slot)
{
    struct cJSON *obj = cJSON_CreateObject();
    SCOPED(buf_release) struct buf reason = BUF_INIT(BUF_TEXT_MAX);

    add_path(fs, obj, slot);
    draft_error(fs, slot, &reason);
    cJSON_AddStringToObject(obj, "reason", reason.data);
    return obj;
}

int draft_render(struct fs *fs, int64_t id, struct buf *out)
{
    SCOPED(slot_release) struct slot slot = {0};
    int rc = state_get_slot(fs->state, id, &slot);

    if (!rc) {
        SCOPED(json_release) struct cJSON *obj = draft_json(fs, &slot);

        cJSON_AddStringToObject(obj, "next",
                                "correct the file, or rm this to bring back what was there before");
        rc = render_record(obj, out);
    }
    return rc;
}

/* --- mail --- */

static struct cJSON *mail_json(const struct outbox_row *row, const struct local *l)
{
    struct cJSON *obj = cJSON_CreateObject();
    SCOPED(xfree) char *path = xasprintf("%s/%s", outgoing_info(row->what)->path, l->name);

    cJSON_AddStringToObject(obj, "path", path);
    cJSON_AddStringToObject(obj, "verb", "send");
    cJSON_AddStringToObject(obj, "state", outbox_state_name(row->state));
    if (row->reason)
        cJSON_AddStringToObject(obj, "reason", row->reason);
    cJSON_AddNumberToObject(obj, "attempts", row->attempts);
    add_time(obj, "since", clock_date(row->queued_at));
    if (row->state == OUTBOX_WAITING)
        add_time(obj, "due", row->due);
    return obj;
}

int mail_render(struct fs *fs, int64_t id, struct buf *out)
{
    SCOPED(outbox_row_release) struct outbox_row row = {0};
    SCOPED(local_release) struct local l = {0};
    int rc = state_get_outbox(fs->state, id, &row);

    if (!rc)
        rc = state_get_local(fs->state, row.ino, &l);
    if (!rc) {
        SCOPED(json_release) struct cJSON *obj = mail_json(&row, &l);

        if (row.began)
            add_time(obj, "began", row.began);
        if (row.status)
            cJSON_AddNumberToObject(obj, "status", row.status);
        if (row.state == OUTBOX_FAILED) {
            cJSON_AddBoolToObject(obj, "may_have_been_sent",
                                  row.unknown && !remote_resends(mailbox_remote(fs->mailbox)));
            cJSON_AddStringToObject(obj, "next", "rm discards it, touch sends it again");
        }
        rc = render_record(obj, out);
    }
    return rc;
}

/* --- status.json --- */

/* A status file is for looking at: this many operations, drafts and listings are named, all are
 * counted. */
#define NAMED_MAX 1000

/* Files of the outbox that anything can be said about; counts what waits and what failed. */
static void add_outbox(struct fs *fs, struct cJSON *root, struct journal_counts *counts,
                       size_t *drafts)
{
    struct cJSON *list = cJSON_CreateArray();
    struct outbox_row *rows = NULL;
    size_t count = 0;

    state_outbox(fs->state, &rows, &count);
    for (size_t i = 0; i < count; i++) {
        SCOPED(local_release) struct local l = {0};

        counts->queued += rows[i].state == OUTBOX_WAITING || rows[i].state == OUTBOX_SENDING;
        counts->failed += rows[i].state == OUTBOX_FAILED;
        *drafts += rows[i].state == OUTBOX_DRAFT;
        if (i < NAMED_MAX && !state_get_local(fs->state, rows[i].ino, &l))
            cJSON_AddItemToArray(list, mail_json(&rows[i], &l));
    }
    outbox_rows_free(rows, count);
    cJSON_AddItemToObject(root, "outbox", list);
}

/* Answers how many there are. */
static size_t add_drafts(struct fs *fs, struct cJSON *root)
{
    struct cJSON *list = cJSON_AddArrayToObject(root, "drafts");
    SCOPED(xfree) struct slot *slots = NULL;
    size_t count = 0;

    state_slots_with(fs->state, SLOT_DRAFT, &slots, &count);
    for (size_t i = 0; i < count; i++) {
        if (i < NAMED_MAX)
            cJSON_AddItemToArray(list, draft_json(fs, &slots[i]));
        slot_release(&slots[i]);
    }
    return count;
}

static void add_queue(struct fs *fs, struct cJSON *root)
{
    struct journal_counts n = {0};
    struct cJSON *queue = cJSON_AddObjectToObject(root, "queue");

    state_count_ops(fs->state, &n);
    size_t drafts = add_drafts(fs, root);
    add_outbox(fs, root, &n, &drafts);
    cJSON_AddNumberToObject(queue, "pending", n.queued);
    cJSON_AddNumberToObject(queue, "failed", n.failed);
    cJSON_AddNumberToObject(queue, "conflicts", n.conflict);
    cJSON_AddNumberToObject(queue, "held", n.held);
    cJSON_AddNumberToObject(queue, "drafts", (double)drafts);
}

static void add_operations(struct fs *fs, struct cJSON *root)
{
    struct cJSON *list = cJSON_AddArrayToObject(root, "operations");
    SCOPED(xfree) struct journal_op *ops = NULL;
    size_t count = 0;

    state_op_heads(fs->state, &ops, &count);
    for (size_t i = 0; i < count; i++) {
        SCOPED(slot_release) struct slot slot = {0};

        if (i < NAMED_MAX && !state_get_slot(fs->state, ops[i].slot, &slot))
            cJSON_AddItemToArray(list, operation_json(fs, &slot, &ops[i]));
        journal_op_release(&ops[i]);
    }
}

static void add_listings(struct fs *fs, struct cJSON *root)
{
    struct cJSON *list = cJSON_AddArrayToObject(root, "listings");
    SCOPED(xfree) struct mailbox_progress *p = NULL;
    size_t count = 0;

    mailbox_progress(fs->mailbox, &p, &count);
    for (size_t i = 0; i < count; i++) {
        struct cJSON *obj = cJSON_CreateObject();
        SCOPED(buf_release) struct buf path = BUF_INIT(BUF_TEXT_MAX);

        mailbox_folder_path(fs->mailbox, p[i].kind, p[i].folder, &path);
        buf_truncate(&path, path.len ? path.len - 1 : 0); /* its '/' */
        cJSON_AddStringToObject(obj, "folder", path.data);
        cJSON_AddNumberToObject(obj, "stored", (double)p[i].stored);
        if (p[i].expected)
            cJSON_AddNumberToObject(obj, "expected", (double)p[i].expected);
        cJSON_AddNumberToObject(obj, "seconds", (double)p[i].seconds);
        cJSON_AddItemToArray(list, obj);
        free(p[i].folder);
    }
}

static void add_service(struct fs *fs, struct cJSON *root)
{
    struct http_stats stats = {0};
    struct cJSON *budget;

    remote_stats(mailbox_remote(fs->mailbox), &stats);
    cJSON_AddBoolToObject(root, "online", stats.online);
    cJSON_AddBoolToObject(root, "authorised", stats.authorised);
    if (!stats.authorised)
        cJSON_AddStringToObject(root, "refusal", stats.refusal);
    if (*stats.no_mailbox)
        cJSON_AddStringToObject(root, "no_mailbox", stats.no_mailbox);
    cJSON_AddNumberToObject(root, "requests", (double)stats.requests);
    cJSON_AddNumberToObject(root, "bytes", (double)stats.bytes);
    /* Something is carried out on this machine, without a request under way. */
    cJSON_AddBoolToObject(root, "working", writeback_busy(fs->writeback) > stats.in_flight);
    budget = cJSON_AddObjectToObject(root, "budget");
    cJSON_AddNumberToObject(budget, "left", stats.budget);
    cJSON_AddNumberToObject(budget, "rate", stats.rate);
    cJSON_AddNumberToObject(budget, "throttled_seconds", stats.throttled_s);
    cJSON_AddNumberToObject(budget, "waiting", stats.waiting);
    cJSON_AddNumberToObject(budget, "waiting_seconds", stats.waiting_s);
}

static void add_cache(struct fs *fs, struct cJSON *root)
{
    struct cache_stats stats = {0};
    struct cJSON *cache = cJSON_AddObjectToObject(root, "cache");

    cache_stats(fs->cache, &stats);
    cJSON_AddNumberToObject(cache, "records", (double)stats.records);
    cJSON_AddNumberToObject(cache, "bytes", (double)stats.record_bytes);
    cJSON_AddNumberToObject(cache, "attachments", (double)stats.attachment_bytes);
}

#define DISK_LOW (1024 * 1024) /* bytes: nothing of any size can be saved */

static void add_disk(struct fs *fs, struct cJSON *root)
{
    struct statvfs st;

    if (!fs_statfs(fs, &st))
        cJSON_AddBoolToObject(root, "disk_full", (uint64_t)st.f_bavail * st.f_frsize < DISK_LOW);
}

static void add_triggers(struct fs *fs, struct cJSON *root)
{
    struct cJSON *list = cJSON_AddArrayToObject(root, "triggers");
    struct trigger_row *rows = NULL;
    size_t count = 0;

    state_triggers(fs->state, &rows, &count);
    for (size_t i = 0; i < count && i < NAMED_MAX; i++) {
        const struct trigger_row *row = &rows[i];
        const char *reason = row->draft ? row->draft : row->reason;
        struct cJSON *obj = cJSON_CreateObject();
        SCOPED(xfree) char *path = xasprintf("triggers/%s.json", row->name);
        int64_t next = triggers_next(fs->triggers, row->id);

        cJSON_AddStringToObject(obj, "path", path);
        cJSON_AddStringToObject(obj, "state", trigger_state_name(row));
        if (reason)
            cJSON_AddStringToObject(obj, "reason", reason);
        cJSON_AddNumberToObject(obj, "items", (double)row->items);
        if (next >= 0)
            cJSON_AddNumberToObject(obj, "next_seconds", (double)next);
        cJSON_AddItemToArray(list, obj);
    }
    trigger_rows_free(rows, count);
}

int status_render(struct fs *fs, struct buf *out)
{
    SCOPED(json_release) struct cJSON *root = cJSON_CreateObject();

    cJSON_AddStringToObject(root, "version", OUTLOOKFS_VERSION);
    cJSON_AddNumberToObject(root, "pid", getpid());
    cJSON_AddStringToObject(root, "url", fs->config.url ? fs->config.url : "");
    if (fs->config.account)
        cJSON_AddStringToObject(root, "account", fs->config.account);
    if (fs->config.service)
        cJSON_AddStringToObject(root, "service", fs->config.service);
    cJSON_AddStringToObject(root, "mountpoint", fs->config.mountpoint ? fs->config.mountpoint : "");
    cJSON_AddStringToObject(root, "state_dir", fs->config.state_dir ? fs->config.state_dir : "");
    cJSON_AddBoolToObject(root, "read_only", fs->config.read_only);
    add_time(root, "started", fs->started);
    add_service(fs, root);
    add_queue(fs, root);
    add_operations(fs, root);
    add_triggers(fs, root);
    strays_add(fs, root);
    add_listings(fs, root);
    add_cache(fs, root);
    add_disk(fs, root);
    return render_record(root, out);
}
