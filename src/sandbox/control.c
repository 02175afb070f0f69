/*
 * control.c - the /_sandbox endpoints. Errors are {"error": "text"} with status 400 or 404.
 */
#include "control_p.h"

#include "answer_p.h"
#include "control_edit_p.h"
#include "db_p.h"
#include "fault_p.h"
#include "log_p.h"
#include "request_p.h"
#include "sandbox_p.h"
#include "subscription_p.h"
#include "text_p.h"
#include "trigger_p.h"
#include "view_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <string.h>

/* A hundred years. */
#define ADVANCE_MAX (INT64_C(100) * 365 * 24 * 3600)

void control_fail(struct answer *ans, unsigned status, const char *text)
{
    cJSON *body = cJSON_CreateObject();

    cJSON_AddStringToObject(body, "error", text);
    answer_json(ans, status, body);
}

/* --- log -------------------------------------------------------------------------------------- */

static void log_since(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    int64_t since;

    if (!request_int(req, "since", 0, &since, ans))
        return;
    answer_text(ans, 200);
    reqlog_since(sb->log, since, &ans->body);
}

static void reset_log(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    (void)req;
    reqlog_clear(sb->log);
    answer_json(ans, 200, cJSON_CreateObject());
}

/* --- faults ----------------------------------------------------------------------------------- */

static void fault_add(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    struct buf err;
    int64_t id;
    cJSON *body;

    if (!cJSON_IsObject(req->json)) {
        control_fail(ans, 400, "a JSON object is required");
        return;
    }
    buf_init(&err, BUF_TEXT_MAX);
    id = faults_add(sb->faults, req->json, &err);
    if (id < 0) {
        control_fail(ans, 400, err.data);
    } else {
        body = cJSON_CreateObject();
        cJSON_AddNumberToObject(body, "id", (double)id);
        answer_json(ans, 200, body);
    }
    buf_release(&err);
}

static void fault_list(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    (void)req;
    answer_json(ans, 200, faults_list(sb->faults));
}

static void fault_clear(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    (void)req;
    faults_clear(sb->faults);
    answer_json(ans, 200, cJSON_CreateObject());
}

/* --- knobs ------------------------------------------------------------------------------------ */

static void answer_clock(struct sandbox *sb, struct answer *ans)
{
    cJSON *body = cJSON_CreateObject();
    char now[40];

    text_time_fine(db_now(sb->db), now);
    cJSON_AddStringToObject(body, "now", now);
    answer_json(ans, 200, body);
}

static void clock_get(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    (void)req;
    db_begin(sb->db);
    answer_clock(sb, ans);
    db_end(sb->db, true);
}

static void clock_push(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    int64_t seconds = json_int(req->json, "advanceSeconds", -1);

    if (seconds < 0 || seconds > ADVANCE_MAX) {
        control_fail(ans, 400, "advanceSeconds: a whole number of zero or more is required");
        return;
    }
    db_begin(sb->db);
    db_advance(sb->db, seconds * NS_PER_S);
    answer_clock(sb, ans);
    db_end(sb->db, true);
}

/* Sets the options the body names and answers all. */
static void option(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    struct trigger_settings *t = sb->triggers;
    cJSON *body = cJSON_CreateObject();

    db_begin(sb->db);
    t->bare_arrays = json_bool(req->json, "bareArrays", t->bare_arrays);
    t->empty_lists = json_bool(req->json, "emptyLists", t->empty_lists);
    t->retry_after = (int)json_int(req->json, "retryAfter", t->retry_after);
    cJSON_AddBoolToObject(body, "bareArrays", t->bare_arrays);
    cJSON_AddBoolToObject(body, "emptyLists", t->empty_lists);
    cJSON_AddNumberToObject(body, "retryAfter", t->retry_after);
    db_end(sb->db, true);
    answer_json(ans, 200, body);
}

static const struct {
    const char *method, *path;
    void (*run)(struct sandbox *sb, const struct request *req, struct answer *ans);
} endpoints[] = {
    {"POST", "/edit", control_edit},
    {"POST", "/fault", fault_add},
    {"GET", "/fault", fault_list},
    {"DELETE", "/fault", fault_clear},
    {"GET", "/log", log_since},
    {"POST", "/reset-log", reset_log},
    {"GET", "/record", control_record},
    {"GET", "/records", control_records},
    {"GET", "/clock", clock_get},
    {"POST", "/clock", clock_push},
    {"GET", "/option", option},
    {"POST", "/option", option},
    {"GET", "/subscriptions", subscription_list},
    {"GET", "/folders", view_folders},
    {"GET", "/messages", view_messages},
    {"GET", "/message", view_message},
    {"GET", "/body", view_body},
    {"GET", "/attachment", view_attachment},
};

void control_handle(struct sandbox *sb, const struct request *req, const char *path,
                    struct answer *ans)
{
    control_fail(ans, 404, "no such control endpoint");
    for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++) {
        if (!strcmp(endpoints[i].path, path) && !strcmp(endpoints[i].method, req->method)) {
            endpoints[i].run(sb, req, ans);
            return;
        }
    }
}
