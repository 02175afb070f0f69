/*
 * doctor_remote.c - what a mount needs of the network, the login server and the service.
 */
#include "doctor_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>
#include <outlookfs/http/http.h>
#include <outlookfs/http/login.h>
#include <outlookfs/http/token.h>
#include <outlookfs/model/kind.h>
#include <outlookfs/remote/remote.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MS 4000 /* of the service and of the login server: within 10 s together */
#define CLOCK_MAX 300 /* s; logins are refused when clocks are further apart */

/* --- without a token --- */

/* Any answer of the host will do: names are resolved, TLS holds, somebody speaks HTTP. */
static bool reach(struct doctor *d, const char *link, const char *url, int64_t *ret_date)
{
    const char *authority = strstr(url, "://");
    size_t origin_len = authority ? strcspn(authority + 3, "/") + (size_t)(authority + 3 - url) : 0;
    SCOPED(xfree) char *origin = xstrndup(url, origin_len);
    const struct http_config config = {.base_url = origin, .total_ms = LIMIT_MS};
    const struct http_request request = {
        .method = "GET", .path = "/", .priority = HTTP_INTERACTIVE};
    SCOPED(http_answer_release) struct http_answer answer = {0};
    struct http *http = NULL;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    bool there = false;

    http_answer_init(&answer);
    if (http_create(&config, &http, &err)) {
        doctor_fail(d, link, "%s: %s", url, err.data);
    } else {
        http_perform(http, &request, &answer);
        there = answer.status != 0;
        *ret_date = answer.date;
        if (there)
            doctor_ok(d, link, "%s answers", url);
        else
            doctor_fail(d, link, "%s: %s", url, answer.reason.data);
    }
    http_destroy(http);
    return there;
}

static void check_clock(struct doctor *d, int64_t date)
{
    int64_t ahead = date ? (clock_now() - date) / NS_PER_S : 0;

    if (!date)
        return;
    if (ahead > CLOCK_MAX || ahead < -CLOCK_MAX)
        doctor_fail(d, "clock", "%" PRId64 " s %s the service's: set the clock",
                    ahead > 0 ? ahead : -ahead, ahead > 0 ? "ahead of" : "behind");
    else
        doctor_ok(d, "clock", "agrees with the service's");
}

/* --- the token --- */

static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = list; (p = strstr(p, word)); p += len) {
        if ((p == list || p[-1] == ' ' || p[-1] == '/') && (!p[len] || p[len] == ' '))
            return true;
    }
    return false;
}

/* Scopes come back short or with their resource in front; offline_access never does. */
static void find_missing(const char *wanted, const char *granted, struct buf *out)
{
    SCOPED(xfree) char *copy = xstrdup(wanted);
    char *rest = copy, *word;

    while ((word = strsep(&rest, " "))) {
        if (*word && !str_eq(word, "offline_access") && !str_ends(word, "/.default") &&
            !has_word(granted, word))
            buf_addf(out, "%s%s", out->len ? ", " : "", word);
    }
}

static bool check_login(struct doctor *d)
{
    const struct settings *s = &d->settings;
    struct login_store *store = login_open(s);
    SCOPED(xfree) char *advice = login_advice(s);
    SCOPED(login_release) struct login login = {0};
    SCOPED(buf_release) struct buf text = BUF_INIT(BUF_TEXT_MAX);
    bool good = false;
    int rc = login_store_peek(store, &login, &text);
    if (!rc && login.granted)
        find_missing(login_scope(s), login.granted, &text);
    if (rc)
        doctor_fail(d, "login", "%s: run: %s", text.data, advice);
    else if (login.dead)
        doctor_fail(d, "login", "%s: run: %s", login.dead, advice);
    else if (text.len)
        doctor_fail(d, "login",
                    "permissions are missing: %s: add them to the registration, then: %s",
                    text.data, advice);
    else
        doctor_ok(d, "login", "%s, kept in %s", login.who ? login.who : "logged in",
                  login.in_keyring ? "the keyring" : login_store_path(store));
    good = !rc && !login.dead;
    login_store_close(store);
    return good;
}

/* --- the service --- */

static const char *reason_of(const struct remote_fault *fault, enum grade grade)
{
    return fault->reason ? fault->reason : grade_name(grade);
}

static bool check_service(struct doctor *d, struct remote *remote)
{
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    enum grade grade = service_ask(remote, &fault);
    const char *account = remote_account(remote);

    if (grade == GRADE_OK)
        doctor_ok(d, "service", "accepts the token%s%s", account ? " of " : "",
                  account ? account : "");
    else if (strstr(reason_of(&fault, grade), "MailboxNotEnabledForRESTAPI"))
        doctor_fail(d, "mailbox", "this account has no mailbox in the cloud (%s)",
                    reason_of(&fault, grade));
    else
        doctor_fail(d, "service", "%s%s", reason_of(&fault, grade),
                    fault.status == 404 ? ": the URL is wrong" : "");
    return grade == GRADE_OK;
}

static void check_folders(struct doctor *d, struct remote *remote)
{
    static const enum kind kinds[] = {KIND_MESSAGE, KIND_EVENT, KIND_CONTACT};
    struct remote_ctx ctx = {.priority = HTTP_INTERACTIVE};

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        const char *dir = kind_info(kinds[i])->dir;
        SCOPED(remote_folders_release) struct remote_folders folders = {0};
        SCOPED(remote_fault_release) struct remote_fault fault = {0};
        enum grade grade = remote_list_folders(remote, kinds[i], ctx, &folders, &fault);

        if (grade == GRADE_OK)
            doctor_ok(d, dir, "%zu folder%s", folders.count, folders.count == 1 ? "" : "s");
        else
            doctor_fail(d, dir, "%s", reason_of(&fault, grade));
    }
}

/* The services differ. */
#define NOT_HERE "not with this service"

static bool can_kind(enum kind kind, unsigned cap)
{
    return kind_info(kind)->caps & cap;
}

static void tell_abilities(struct doctor *d, struct remote *r)
{
    const struct {
        const char *what;
        bool can;
        const char *with, *without;
    } abilities[] = {
        {"moving mail", can_kind(KIND_MESSAGE, KIND_CAN_MOVE), "mv between folders", NOT_HERE},
        {"mail folders", can_kind(KIND_MESSAGE, KIND_CAN_FOLD), "mkdir, mv, rmdir", NOT_HERE},
        {"drafts", can_kind(KIND_MESSAGE, KIND_CAN_CREATE), "files in mail/Drafts/", NOT_HERE},
        {"sending", remote_resends(r), "an unknown outcome is found out",
         "an unknown outcome is parked in .outlookfs/failed/"},
        {"forwarding", remote_can(r, REMOTE_CAN_FORWARD), "outbox/forward/", NOT_HERE},
        {"responding", remote_can(r, REMOTE_CAN_RESPOND), "outbox/respond/", NOT_HERE},
        {"questions", remote_can(r, REMOTE_CAN_ASK), "outbox/options/, outbox/approval/", NOT_HERE},
        {"export of mail", remote_can(r, REMOTE_CAN_MIME), "the messages byte for byte",
         "composed from what the service gives"},
        {"agenda", remote_can(r, REMOTE_CAN_AGENDA), "views/calendars/<calendar>/agenda/<day>/",
         NOT_HERE},
        {"series", remote_can(r, REMOTE_CAN_SERIES), "export/calendars/ has what single events are",
         "export/calendars/ has their rules alone"},
        {"photos", remote_can(r, REMOTE_CAN_VALUES), "contacts/<folder>/<id>.photo.jpg", NOT_HERE},
        {"settings", remote_can(r, REMOTE_CAN_VALUES), "settings/automatic-replies.json", NOT_HERE},
    };

    for (size_t i = 0; i < ARRAY_SIZE(abilities); i++)
        doctor_ok(d, abilities[i].what, "%s",
                  abilities[i].can ? abilities[i].with : abilities[i].without);
}

static void check_mailbox(struct doctor *d)
{
    const struct sandbox none = {0};
    struct token_source *tokens = NULL;
    struct remote *remote = NULL;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (service_connect(&d->settings, &none, &tokens, &remote, &err)) {
        doctor_fail(d, "service", "%s", err.data);
    } else if (check_service(d, remote)) {
        check_folders(d, remote);
        tell_abilities(d, remote);
    }
    remote_destroy(remote);
    token_destroy(tokens);
}

static void check_notify(struct doctor *d)
{
    const char *url = d->settings.options.notify_url;
    int64_t date;

    if (url)
        reach(d, "notify_url", url, &date);
}

void doctor_remote(struct doctor *d)
{
    const struct settings *s = &d->settings;
    int64_t date = 0, unused;
    bool logged_in = true;

    if (s->sandbox) {
        doctor_ok(d, "service", "the sandbox, on this machine");
        return;
    }
    bool there = reach(d, "network", s->values.url, &date);
    check_clock(d, date);
    if (s->login) {
        reach(d, "login host", s->values.login_url, &unused);
        logged_in = check_login(d);
    }
    if (there && logged_in)
        check_mailbox(d);
    check_notify(d);
}
