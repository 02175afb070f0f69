/*
 * triggers_test.h - a mailbox whose triggers answer as a test says.
 *
 * The fake service has a row of items; the cursor "of=x&at=N" stands for the first N of them. The
 * first call sets the baseline behind what is there. Everything else is the mailbox in memory.
 */
#ifndef OUTLOOKFS_TESTS_TRIGGERS_TEST_H
#define OUTLOOKFS_TESTS_TRIGGERS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include "support/transports.h"
#include <outlookfs/sync/mailbox.h>
#include <outlookfs/sync/triggers.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEW_EMAIL "{\"Trigger\": \"OnNewEmail\"}"
#define CALLS_MAX 512

struct service {
    struct transport base;
    struct transport *memory;
    struct mutex lock;
    /* guarded by lock */
    cJSON *items;
    unsigned batch;
    int retry_after;
    bool no_location; /* answers do not say how to go on */
    bool stuck;       /* the cursor does not move */
    enum grade fail;
    void (*meanwhile)(void *ctx); /* once, while a call is under way; no lock is held */
    void *ctx;
    unsigned calls;
    int64_t called_at[CALLS_MAX];
    char *query; /* of the last call, or NULL */
};

struct rig {
    char dir[64];
    struct service *service;
    struct mailbox_config config;
    struct mailbox *mb;
    struct triggers *t;
    unsigned records, streams; /* events */
};

static inline bool is_trigger(enum operation op)
{
    return op >= OP_ON_UPCOMING_EVENTS && op <= OP_CALENDAR_ON_UPDATED_ITEMS;
}

static inline enum grade service_answer_locked(struct service *s, struct remote_call *call,
                                               struct remote_fault *fault)
{
    int at = cJSON_GetArraySize(s->items), count = at;

    free(s->query);
    s->query = call->query ? xstrdup(call->query) : NULL;
    if (s->calls < CALLS_MAX)
        s->called_at[s->calls] = clock_mono();
    s->calls++;
    if (s->fail != GRADE_OK) {
        fault->reason = xstrdup("400 as planned");
        fault->retry_after = s->retry_after;
        return s->fail;
    }
    if (call->query)
        assert_int_equal(sscanf(call->query, "of=x&at=%d", &at), 1);
    call->answer = cJSON_CreateArray();
    for (unsigned n = 0; n < s->batch && at < count; n++, at++)
        cJSON_AddItemToArray(call->answer, cJSON_Duplicate(cJSON_GetArrayItem(s->items, at), true));
    if (s->stuck && call->query)
        call->location = xasprintf("https://backend.example/x?%s", call->query);
    else if (!s->no_location)
        call->location = xasprintf("https://backend.example/x?of=x&at=%d", at);
    fault->retry_after = s->retry_after;
    return GRADE_OK;
}

static inline enum grade fake_call(struct transport *r, struct remote_call *call,
                                   struct remote_fault *fault)
{
    struct service *s = (struct service *)r;
    void (*meanwhile)(void *ctx);

    if (!is_trigger(operation_of_row(call->info)))
        return transport_call(s->memory, call, fault);
    mutex_lock(&s->lock);
    enum grade grade = service_answer_locked(s, call, fault);
    meanwhile = s->meanwhile;
    s->meanwhile = NULL;
    mutex_unlock(&s->lock);
    if (meanwhile)
        meanwhile(s->ctx);
    return grade;
}

static inline void service_lent(struct transport *r)
{
    (void)r; /* it outlives the mailbox */
}

static const struct transport_impl service_impl = {
    .name = "service", .call = fake_call, .destroy = service_lent};

static inline void on_record(void *ctx, enum kind kind, const char *folder, const char *id,
                             enum mailbox_change change)
{
    (void)kind;
    (void)folder;
    (void)id;
    (void)change;
    ((struct rig *)ctx)->records++;
}

static inline void on_stream(void *ctx, uint64_t ino)
{
    (void)ino;
    ((struct rig *)ctx)->streams++;
}

static const struct mailbox_events rig_events = {.record_changed = on_record,
                                                 .stream_changed = on_stream};

static inline void rig_open(struct rig *rig)
{
    rig->config.remote = connector_create(&rig->service->base);
    assert_int_equal(mailbox_open(&rig->config, &rig->mb, NULL), 0);
    mailbox_set_events(rig->mb, &rig_events, rig);
    assert_int_equal(mailbox_start(rig->mb), 0);
    rig->t = mailbox_triggers(rig->mb);
}

static inline void rig_close(struct rig *rig)
{
    mailbox_stop(rig->mb, 0, NULL);
    mailbox_close(rig->mb);
    rig->mb = NULL;
}

/* Everything but the mailbox. */
static inline int rig_prepare(void **state)
{
    struct rig *rig = xcalloc(1, sizeof(*rig));
    struct service *s = xcalloc(1, sizeof(*s));

    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_ERROR);
    strcpy(rig->dir, "/tmp/outlookfs-triggers-XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    s->base = (struct transport){.impl = &service_impl};
    s->memory = memory_create();
    s->items = cJSON_CreateArray();
    s->batch = 10;
    s->retry_after = 15;
    mutex_init(&s->lock, MUTEX_DOUBLE);
    rig->service = s;
    rig->config = (struct mailbox_config){
        .state_dir = xasprintf("%s/state", rig->dir),
        .cache_dir = xasprintf("%s/cache", rig->dir),
        .list_ttl = 3600 * NS_PER_S,
        .poll_min = TRIGGER_PAUSE_MIN,
        .poll_max = 60 * NS_PER_S,
    };
    *state = rig;
    return 0;
}

static inline int rig_setup(void **state)
{
    rig_prepare(state);
    rig_open(*state);
    return 0;
}

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int rig_teardown(void **state)
{
    struct rig *rig = *state;
    struct service *s = rig->service;

    if (rig->mb)
        rig_close(rig);
    transport_destroy(s->memory);
    cJSON_Delete(s->items);
    free(s->query);
    mutex_release(&s->lock);
    free(s);
    nftw(rig->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free((char *)rig->config.state_dir);
    free((char *)rig->config.cache_dir);
    free(rig);
    return 0;
}

#define rig_test(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

/* --- what tests do --- */

static inline void deliver(struct rig *rig, const char *id, const char *subject)
{
    cJSON *obj = cJSON_CreateObject();

    cJSON_AddStringToObject(obj, "Id", id);
    cJSON_AddStringToObject(obj, "Subject", subject);
    cJSON_AddNumberToObject(obj, "Importance", 1);
    cJSON_AddStringToObject(obj, "DateTimeReceived", "2026-11-23T10:00:00+00:00");
    mutex_lock(&rig->service->lock);
    cJSON_AddItemToArray(rig->service->items, obj);
    mutex_unlock(&rig->service->lock);
}

static inline void define(struct rig *rig, const char *name, const char *text)
{
    assert_int_equal(triggers_define(rig->t, name, text, strlen(text), NULL), 0);
}

static inline struct trigger_row row_of(struct rig *rig, const char *name)
{
    struct trigger_row row = {0};

    assert_int_equal(state_trigger_by_name(mailbox_state(rig->mb), name, &row), 0);
    return row;
}

static inline int64_t id_of(struct rig *rig, const char *name)
{
    struct trigger_row row = row_of(rig, name);
    int64_t id = row.id;

    trigger_row_release(&row);
    return id;
}

static inline bool poll_one(struct rig *rig, const char *name)
{
    return triggers_poll(rig->t, id_of(rig, name), NULL);
}

/* The subjects in the committed part of the stream: "a b c ". The caller frees. */
static inline char *subjects_in(struct rig *rig, const struct trigger_stream *stream)
{
    struct buf text, out;
    int fd = state_data_open(mailbox_state(rig->mb), stream->ino, O_RDONLY);

    assert_true(fd >= 0);
    buf_init(&text, JSON_TEXT_MAX);
    buf_init(&out, JSON_TEXT_MAX);
    assert_int_equal(file_read_fd(fd, &text), 0);
    close(fd);
    assert_true(text.len >= stream->length);
    buf_truncate(&text, stream->length);
    for (char *line = text.data, *end; (end = strchr(line, '\n')); line = end + 1) {
        cJSON *obj = NULL;

        assert_int_equal(json_parse_object(line, (size_t)(end - line), &obj, NULL), 0);
        buf_addf(&out, "%s ", json_str(obj, "Subject"));
        cJSON_Delete(obj);
    }
    buf_release(&text);
    char *ret = buf_detach(&out);
    buf_release(&out);
    return ret;
}

#define assert_stream(rig, name, expected)                                                         \
    do {                                                                                           \
        struct trigger_row row_ = row_of(rig, name);                                               \
        char *subjects_ = subjects_in(rig, &row_.now);                                             \
        assert_string_equal(subjects_, expected);                                                  \
        free(subjects_);                                                                           \
        trigger_row_release(&row_);                                                                \
    } while (0)

/* Seconds until the next call, rounded; 0: now. */
static inline int64_t due_in(struct rig *rig)
{
    int64_t when = 0;

    if (triggers_due(rig->t, &when))
        return 0;
    return (when - clock_mono() + NS_PER_S / 2) / NS_PER_S;
}

#endif
