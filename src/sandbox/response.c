/*
 * response.c - records a choice once and has the subscriber told.
 */
#include "response_p.h"

#include "answer_p.h"
#include "db_p.h"
#include "notify_p.h"
#include "request_p.h"
#include "sandbox_p.h"
#include "subscription_p.h"
#include "text_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>

#define STATE_MAX 4096
#define PAGE_MAX ((size_t)1024 * 1024)

/* The page may be shown inside a mail on our own page, and its form leads back here. */
#define POLICY "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'self'"

/* `more` is HTML behind the text, or "". */
static void answer_page(struct answer *ans, unsigned status, const char *title, const char *text,
                        const char *more)
{
    struct buf out;

    buf_init(&out, PAGE_MAX);
    buf_addstr(&out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                     "<meta name=\"viewport\" content=\"width=device-width\"><title>");
    text_add_escaped(&out, title);
    buf_addstr(&out, "</title><link rel=\"stylesheet\" href=\"/_page/style.css\"></head>\n"
                     "<body class=\"note\"><main><h1>");
    text_add_escaped(&out, title);
    buf_addstr(&out, "</h1><p>");
    text_add_escaped(&out, text);
    buf_addf(&out, "</p>%s</main></body></html>\n", more);
    answer_html(ans, status, out.data, POLICY);
    buf_release(&out);
}

/* The subscription a state names; NULL: none. */
static cJSON *find(struct db *db, const char *state, int *ret_option)
{
    struct buf plain;
    cJSON *names = NULL, *subscription = NULL;
    char *text = NULL;

    buf_init(&plain, STATE_MAX);
    if (state && !text_base64_decode(&plain, state) &&
        !json_parse_object(plain.data, plain.len, &names, NULL) && json_str(names, "subscription"))
        text = db_subscription(db, json_str(names, "subscription"));
    if (text) {
        subscription = json_load(text);
        *ret_option = (int)json_int(names, "option", -1);
    }
    free(text);
    cJSON_Delete(names);
    buf_release(&plain);
    return subscription;
}

/* In constant time. */
static bool sig_ok(const char *want, const char *have)
{
    unsigned char differs = 0;

    if (!want || !have || strlen(want) != strlen(have))
        return false;
    for (size_t i = 0; want[i]; i++)
        differs |= (unsigned char)(want[i] ^ have[i]);
    return !differs;
}

/* state and sig came out of the subscription: they hold nothing that means something in HTML but
 * base64's '+', '/' and '='. */
static void ask(struct answer *ans, const struct request *req, const char *option)
{
    char *question = xasprintf("Do you want to answer “%s”?", option);
    char *form = xasprintf("<form method=\"get\" action=\"/RecordResponse\">"
                           "<input type=\"hidden\" name=\"state\" value=\"%s\">"
                           "<input type=\"hidden\" name=\"sig\" value=\"%s\">"
                           "<input type=\"hidden\" name=\"confirmed\" value=\"true\">"
                           "<button>Yes, answer</button></form>",
                           request_param(req, "state"), request_param(req, "sig"));

    answer_page(ans, 200, "Confirm your answer", question, form);
    free(form);
    free(question);
}

static void record(struct sandbox *sb, cJSON *subscription, const char *option, bool by_link,
                   struct answer *ans)
{
    cJSON *answer = cJSON_CreateObject();
    char *text = xasprintf("Your answer “%s” is recorded.", option), now[40];

    text_time_fine(db_now(sb->db), now);
    cJSON_AddStringToObject(answer, "option", option);
    cJSON_AddStringToObject(answer, "time", now);
    cJSON_AddBoolToObject(answer, "byLink", by_link);
    cJSON_ReplaceItemInObjectCaseSensitive(subscription, "answer", answer);
    cJSON_ReplaceItemInObjectCaseSensitive(json_get(subscription, "delivery"), "state",
                                           cJSON_CreateString("pending"));
    subscription_store(sb->db, subscription, true);
    notifier_wake(sb->notifier);
    answer_page(ans, 200, "Thank you", text, "");
    free(text);
}

static void respond(struct sandbox *sb, const struct request *req, cJSON *subscription,
                    const char *option, struct answer *ans)
{
    const char *before = json_str(json_get(subscription, "answer"), "option");
    bool by_link = !strcmp(req->method, "GET");
    char *text;

    if (before) {
        text = xasprintf("This message was answered before: “%s”. That answer stays.", before);
        answer_page(ans, 409, "Already answered", text, "");
        free(text);
    } else if (json_bool(subscription, "deleted", false)) {
        answer_page(ans, 410, "No longer needed",
                    "Whoever sent this message no longer waits for an answer.", "");
    } else if (by_link && json_bool(subscription, "confirm", false) &&
               !str_eq(request_param(req, "confirmed"), "true")) {
        ask(ans, req, option);
    } else {
        record(sb, subscription, option, by_link, ans);
    }
}

void response_record(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    int position = -1;
    cJSON *subscription = find(sb->db, request_param(req, "state"), &position);
    const cJSON *option =
        position < 0 ? NULL : cJSON_GetArrayItem(json_get(subscription, "options"), position);

    if (sig_ok(json_str(option, "sig"), request_param(req, "sig")))
        respond(sb, req, subscription, json_str(option, "text"), ans);
    else
        answer_page(ans, 403, "This link is not valid",
                    "It names no message that can be answered here. Was it cut off?", "");
    cJSON_Delete(subscription);
}
