/*
 * fs_test.c - the rig of fs_test.h: its remote, its records, its life.
 */
#include "fs_test.h"

#include "fs/core/core_p.h"

#include <outlookfs/base/log.h>
#include <outlookfs/model/render.h>

#include <ftw.h>
#include <time.h>
#include <unistd.h>

/* --- a service that outlives its mailbox ------------------------------------------------------- */

struct lent {
    struct transport base;
    struct transport *inner;
};

static enum grade lent_call(struct transport *r, struct remote_call *call,
                            struct remote_fault *fault)
{
    return transport_call(((struct lent *)r)->inner, call, fault);
}

static bool lent_online(struct transport *r)
{
    return transport_online(((struct lent *)r)->inner);
}

static void lent_stats(struct transport *r, struct http_stats *ret)
{
    transport_stats(((struct lent *)r)->inner, ret);
}

static void lent_destroy(struct transport *r)
{
    free(r);
}

static const struct transport_impl lent_impl = {.name = "lent",
                                                .call = lent_call,
                                                .online = lent_online,
                                                .stats = lent_stats,
                                                .destroy = lent_destroy};

static struct remote *lend(struct transport *inner)
{
    struct lent *l = xcalloc(1, sizeof(*l));

    l->base = (struct transport){.impl = &lent_impl};
    l->inner = inner;
    return connector_create(&l->base);
}

/* --- the mailbox's records -------------------------------------------------------------------- */

static struct cJSON *parsed(const char *text)
{
    struct cJSON *obj = NULL;

    assert_int_equal(json_parse_object(text, strlen(text), &obj, NULL), 0);
    return obj;
}

static void add_records(struct rig *t)
{
    t->contact =
        memory_add(t->memory, KIND_CONTACT, "Contacts",
                   parsed("{\"GivenName\": \"Jane\", \"Surname\": \"Doe\", \"MobilePhone1\": \"1\","
                          " \"HomePhones\": [\"2\"], \"HomeAddress\": {\"City\": \"Bonn\"},"
                          " \"PersonalNotes\": \"\", \"Note\": \"unknown to us\"}"));
    t->event =
        memory_add(t->memory, KIND_EVENT, "Calendar",
                   parsed("{\"Subject\": \"Lunch\", \"Start\": \"2026-11-24T12:00:00+00:00\","
                          " \"End\": \"2026-11-24T13:00:00+00:00\", \"Importance\": \"Normal\"}"));
    t->message = memory_add(t->memory, KIND_MESSAGE, "Inbox",
                            parsed("{\"Subject\": \"Hello\", \"Body\": \"text\","
                                   " \"DateTimeReceived\": \"2026-11-01T10:00:00+00:00\"}"));
    t->letter = memory_add(
        t->memory, KIND_MESSAGE, "Inbox",
        parsed("{\"Subject\": \"Letter\", \"Body\": \"text\","
               " \"DateTimeReceived\": \"2026-11-02T10:00:00+00:00\","
               " \"Attachments\": [{\"Name\": \"a.txt\", \"ContentType\": \"text/plain\","
               " \"Size\": 99, \"ContentBytes\": \"aGVsbG8=\"}]}"));
}

char *with_member(const char *text, const char *member, const char *value)
{
    struct cJSON *obj = parsed(text);
    struct buf out;

    if (json_get(obj, member))
        cJSON_ReplaceItemInObjectCaseSensitive(obj, member, cJSON_CreateString(value));
    else
        cJSON_AddStringToObject(obj, member, value);
    buf_init(&out, JSON_TEXT_MAX);
    assert_int_equal(render_record(obj, &out), 0);
    cJSON_Delete(obj);
    char *ret = buf_detach(&out);
    buf_release(&out);
    return ret;
}

char *rig_member(struct rig *t, const char *id, const char *member)
{
    const struct cJSON *record = memory_get(t->memory, KIND_CONTACT, id);
    const char *value = record ? json_str(record, member) : NULL;

    return xstrdup(value ? value : "");
}

void rig_edit(struct rig *t, const char *id, const char *member, const char *value)
{
    struct cJSON *set = cJSON_CreateObject();

    cJSON_AddStringToObject(set, member, value);
    memory_edit(t->memory, KIND_CONTACT, id, set);
}

void rig_refresh(struct rig *t, const char *folder)
{
    enum operation op = str_starts(folder, "contacts")    ? OP_CONTACT_GET_TABLES
                        : str_starts(folder, "calendars") ? OP_CALENDAR_GET_TABLES
                                                          : OP_PICKER_OPEN;
    unsigned asked = memory_calls(t->memory, op);

    clock_advance(3601 * NS_PER_S);
    free(rig_list(t, folder));
    /* The list of folders is asked for beside this one, if the service can be reached. */
    for (int i = 0; i < 100 && memory_calls(t->memory, op) == asked; i++)
        rig_pause();
}

/* --- lifetime --------------------------------------------------------------------------------- */

static void told_inode(void *ctx, uint64_t ino)
{
    struct rig *t = ctx;

    t->last_inode = ino;
    t->told_inode++;
}

static const struct fs_notify notify = {.inode = told_inode};

void rig_start(struct rig *t)
{
    char *state = xasprintf("%s/state", t->dir), *cache = xasprintf("%s/cache", t->dir);
    struct mailbox_config mailbox = {.remote = lend(t->faulty),
                                     .state_dir = state,
                                     .cache_dir = cache,
                                     .list_ttl = 3600 * NS_PER_S,
                                     .writeback_delay = 86400 * NS_PER_S,
                                     .delete_guard = 0,
                                     .trash_keep = 30 * 86400 * NS_PER_S,
                                     .trash_max = 1 << 20,
                                     .attachments_max = 1 << 20};
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(mailbox_open(&mailbox, &t->mb, &err), 0);
    struct fs_config fs = {.mailbox = t->mb,
                           .uid = getuid(),
                           .gid = getgid(),
                           .read_only = t->read_only,
                           .url = "memory:",
                           .mountpoint = "/mnt",
                           .notify = &notify,
                           .notify_ctx = t};
    assert_int_equal(fs_new(&fs, &t->fs, &err), 0);
    assert_int_equal(fs_start(t->fs), 0);
    assert_int_equal(mailbox_start(t->mb), 0);
    buf_release(&err);
    free(state);
    free(cache);
}

/* --- housekeeping ----------------------------------------------------------------------------- */

struct stop {
    struct chore chore;
    struct rig *rig;
};

static void stop_here(struct fs *fs, struct chore *chore)
{
    struct rig *t = ((struct stop *)chore)->rig;

    (void)fs;
    mutex_lock(&t->lock);
    t->reached = true;
    pthread_cond_broadcast(&t->turn);
    while (t->hold)
        clock_wait(&t->turn, &t->lock, INT64_MAX);
    mutex_unlock(&t->lock);
}

/* Returns when everything that was left to housekeeping before is done. */
static void reach_housekeeping(struct rig *t, bool hold)
{
    struct stop *stop = xmalloc(sizeof(*stop));

    *stop = (struct stop){{.run = stop_here}, t};
    mutex_lock(&t->lock);
    t->reached = false;
    t->hold = hold;
    mutex_unlock(&t->lock);
    housekeeping_do(t->fs, &stop->chore);
    mutex_lock(&t->lock);
    while (!t->reached)
        clock_wait(&t->turn, &t->lock, INT64_MAX);
    mutex_unlock(&t->lock);
}

static bool is_listing(struct rig *t)
{
    struct mailbox_progress *list = NULL;
    size_t count = 0;

    mailbox_progress(t->mb, &list, &count);
    for (size_t i = 0; i < count; i++)
        free(list[i].folder);
    free(list);
    return count > 0;
}

/* A listing may be read before its last records are reported. */
static void settle(struct rig *t)
{
    assert_soon(!is_listing(t));
    reach_housekeeping(t, false);
}

void rig_hold_housekeeping(struct rig *t)
{
    reach_housekeeping(t, true);
}

static void release_housekeeping(struct rig *t)
{
    mutex_lock(&t->lock);
    t->hold = false;
    pthread_cond_broadcast(&t->turn);
    mutex_unlock(&t->lock);
}

/* Known to be offline, a mailbox ends without a last attempt to send. */
void rig_stop(struct rig *t)
{
    bool online = transport_online(t->faulty);

    release_housekeeping(t);
    fs_stop(t->fs);
    faulty_offline(t->faulty, true);
    mailbox_stop(t->mb, 0, NULL);
    faulty_offline(t->faulty, !online);
    fs_destroy(t->fs);
    mailbox_close(t->mb);
    t->fs = NULL;
    t->mb = NULL;
}

void rig_restart(struct rig *t)
{
    rig_stop(t);
    rig_start(t);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void rig_delete_cache(struct rig *t)
{
    char *cache = xasprintf("%s/cache", t->dir);

    nftw(cache, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(cache);
}

static void release_open(struct rig *t)
{
    for (size_t i = 0; i < ARRAY_SIZE(t->open); i++) {
        if (t->open[i])
            fs_release(t->fs, t->open[i]);
        t->open[i] = NULL;
    }
}

static void command(const char *verb, const char *from, const char *to)
{
    char *line = xasprintf("%s %s %s", verb, from, to);

    assert_int_equal(system(line), 0);
    free(line);
}

/* A copy taken now is what the killed program would have left. */
void rig_crash(struct rig *t)
{
    char *copy = xasprintf("%s.copy", t->dir);

    command("cp -a", t->dir, copy);
    release_open(t);
    rig_stop(t);
    command("rm -r", t->dir, "");
    command("mv", copy, t->dir);
    free(copy);
    rig_start(t);
}

int rig_setup(void **state)
{
    struct rig *t = xcalloc(1, sizeof(*t));

    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_DEBUG);
    clock_advance(0);
    snprintf(t->dir, sizeof(t->dir), "/tmp/outlookfs-fs-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    mutex_init(&t->lock, MUTEX_DOUBLE);
    pthread_cond_init(&t->turn, NULL);
    t->memory = memory_create();
    t->faulty = faulty_create(t->memory);
    add_records(t);
    t->name = name_from_id(t->contact);
    t->path = xasprintf(CONTACTS "%s", t->name);
    rig_start(t);
    free(rig_list(t, "contacts/Contacts"));
    free(rig_list(t, "calendars/Calendar"));
    free(rig_list(t, "mail/Inbox"));
    t->before = rig_read(t, t->path);
    assert_non_null(t->before);
    settle(t);
    t->after = with_member(t->before, "MobilePhone1", "+49 170 55501234");
    rig_count(t);
    *state = t;
    return 0;
}

int rig_teardown(void **state)
{
    struct rig *t = *state;

    release_open(t);
    if (t->fs)
        rig_stop(t);
    transport_destroy(t->faulty);
    nftw(t->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(t->name);
    free(t->path);
    free(t->before);
    free(t->after);
    pthread_cond_destroy(&t->turn);
    mutex_release(&t->lock);
    free(t);
    return 0;
}

/* --- requests --------------------------------------------------------------------------------- */

int rig_sync(struct rig *t)
{
    return writeback_flush(mailbox_writeback(t->mb), 0, clock_mono() + 60 * NS_PER_S, NULL, NULL);
}

void rig_count(struct rig *t)
{
    for (enum operation op = 0; op <= OP_COUNT; op++)
        t->calls[op] = memory_calls(t->memory, op);
}

unsigned rig_calls(struct rig *t, enum operation op)
{
    return memory_calls(t->memory, op) - t->calls[op];
}

void rig_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10 * NS_PER_MS}, NULL);
}
