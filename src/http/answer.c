/*
 * answer.c - from status, headers and body to grade and reason. What the reason quotes is cut, made
 * printable and free of the token.
 */
#include "answer_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <string.h>

#define EXCERPT_MAX 200
#define SECRET_MIN                                                                                 \
    6 /* what is shorter is no secret, and would garble every word it is a part of                 \
       */

/* What an error body says. The connector, its gateway, its token service and Graph each have a form
 * of their own. */
struct complaint {
    const char *code;    /* "ErrorItemNotFound", or NULL */
    const char *message; /* NULL: nothing to be had from the body */
    bool gateway;        /* in the gateway's form: the connector never saw the request */
    bool html;
};

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

static const char *phrase_of(int status)
{
    for (size_t i = 0; i < ARRAY_SIZE(phrases); i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return status >= 300 && status < 400 ? "Redirect" : "Unexpected Answer";
}

bool answer_is_safe(const struct http_request *request)
{
    return str_eq(request->method, "GET") || str_eq(request->method, "HEAD");
}

/* --- the body of an error --- */

static bool looks_like_html(const struct http_answer *a)
{
    const char *p = a->body.data + strspn(a->body.data, " \t\r\n");

    return *p == '<' || (a->content_type && str_starts(a->content_type, "text/html"));
}

/* Members are read as the service's own clients do: error.message or else message, error.code or
 * else code. */
static void read_complaint(const cJSON *json, struct complaint *c)
{
    const cJSON *error = json_get(json, "error");
    bool inner = cJSON_IsObject(error);

    c->code = inner ? json_str(error, "code") : NULL;
    c->message = inner ? json_str(error, "message") : NULL;
    if (!c->code)
        c->code = json_str(json, "code");
    if (!c->message)
        c->message = json_str(json, "message");
    c->gateway = !inner && json_get(json, "statusCode") != NULL;
}

/* Printable characters of the first line that has any, white space collapsed, tags left out of
 * HTML. */
static void add_excerpt(struct buf *out, const char *text, bool html)
{
    size_t end = out->len + EXCERPT_MAX;
    bool tag = false, gap = false, any = false;

    for (const char *p = text; *p && out->len < end; p++) {
        unsigned char c = (unsigned char)*p;

        if (c <= ' ' || c == 0x7f || (html && (c == '<' || tag))) {
            gap = true;
            tag = html && (c == '<' || (tag && c != '>'));
            if (!html && any && (c == '\r' || c == '\n'))
                return; /* the lines after the first are the service's request ids */
            continue;
        }
        if (gap && any)
            buf_addch(out, ' ');
        buf_addch(out, *p);
        any = true;
        gap = false;
    }
}

/* The excerpt may end in the middle of a character, or be in some other encoding. */
static void make_utf8(struct buf *out)
{
    for (int i = 0; i < 4; i++)
        if (str_is_utf8(out->data, out->len - i)) {
            buf_truncate(out, out->len - i);
            return;
        }
    for (char *p = out->data; *p; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
}

static void write_reason(struct http_answer *a, const struct complaint *c)
{
    const char *text = c->message ? c->message : a->body.data;
    size_t start;

    buf_clear(&a->reason);
    buf_addf(&a->reason, "%d %s", a->status, c->code && *c->code ? c->code : phrase_of(a->status));
    start = a->reason.len;
    buf_addstr(&a->reason, ": ");
    add_excerpt(&a->reason, text, !c->message && c->html);
    if (a->reason.len == start + 2)
        buf_truncate(&a->reason, start);
    make_utf8(&a->reason);
}

/* --- grading --- */

/*
 * Only the connector knows what does not exist. A page of a proxy or a web server in front of it,
 * or the gateway's "no such path", says nothing about a record: taking it for GONE would empty
 * folders.
 */
static enum grade grade_missing(const struct complaint *c)
{
    if (c->html)
        return GRADE_BROKEN;
    return c->gateway ? GRADE_REFUSED : GRADE_GONE;
}

/* Codes that say more than the status they come with. */
static const struct {
    const char *code;
    enum grade grade;
    bool no_mailbox;
} codes[] = {
    {"ErrorItemNotFound", GRADE_GONE, false},
    {"ErrorMessageSizeExceeded", GRADE_TOO_BIG, false},
    /* 404, but about the account: nothing it asks for is gone. */
    {"MailboxNotEnabledForRESTAPI", GRADE_DENIED, true},
    {"MailboxNotHostedInExchangeOnline", GRADE_DENIED, true},
    {"ErrorNonExistentMailbox", GRADE_DENIED, true},
};

static enum grade grade_status(struct http_answer *a, const struct complaint *c)
{
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        if (str_eq(c->code, codes[i].code)) {
            a->no_mailbox = codes[i].no_mailbox;
            return codes[i].grade;
        }
    }

    switch (a->status) {
    case 401:
        return GRADE_AUTH;
    case 403:
        return GRADE_DENIED;
    case 404:
    case 410:
        return grade_missing(c);
    case 408: /* the service gave up waiting for the request */
        return GRADE_BROKEN;
    case 409:
    case 412:
        return GRADE_CONFLICT;
    case 413:
        return GRADE_TOO_BIG;
    case 429:
        return GRADE_THROTTLED;
    case 503:
        return a->retry_after ? GRADE_THROTTLED : GRADE_BROKEN;
    default:
        return a->status >= 400 && a->status < 500 ? GRADE_REFUSED : GRADE_BROKEN;
    }
}

static void read_refusal(struct http_answer *a)
{
    struct complaint c = {.html = looks_like_html(a)};
    SCOPED(json_release) cJSON *json = NULL;

    if (!c.html && json_parse_object(a->body.data, a->body.len, &json, NULL) == 0)
        read_complaint(json, &c);
    a->grade = grade_status(a, &c);
    write_reason(a, &c);
}

void http_answer_judge(struct http_answer *a)
{
    if (a->status >= 200 && a->status < 300) {
        a->grade = GRADE_OK;
        return;
    }
    read_refusal(a);
    a->unknown = a->grade == GRADE_BROKEN && a->status >= 500;
}

/* No answer, or no whole one. The status line of a refusal still says that nothing was done. */
static void read_failure(const struct exchange *ex, enum grade grade, const char *what)
{
    struct http_answer *a = ex->answer;

    a->grade = grade;
    a->unknown = ex->sent && !(a->status >= 300 && a->status < 500);
    buf_clear(&a->reason);
    buf_addstr(&a->reason, what);
    if (a->status)
        buf_addf(&a->reason, " in an answer with status %d", a->status);
    if (ex->error[0])
        buf_addf(&a->reason, ": %s", ex->error);
}

/*
 * The rest of the answer could have said anything, so a part of it is never final. These three are
 * not final when they are whole, either: the request is made again.
 */
static void read_dropped(const struct exchange *ex)
{
    struct http_answer *a = ex->answer;

    if (a->status == 401 || a->status == 429 || (a->status == 503 && a->retry_after))
        http_answer_judge(a);
    else
        read_failure(ex, GRADE_BROKEN, "the connection broke");
}

void answer_read(const struct exchange *ex)
{
    switch (ex->end) {
    case END_ANSWERED:
        http_answer_judge(ex->answer);
        break;
    case END_UNREACHABLE:
        read_failure(ex, GRADE_OFFLINE, "no connection to the service");
        break;
    case END_DROPPED:
        read_dropped(ex);
        break;
    case END_LATE:
        read_failure(ex, GRADE_BROKEN, "the service took too long");
        break;
    case END_OFFLINE:
        read_failure(ex, GRADE_OFFLINE, "the service cannot be reached at the moment");
        break;
    case END_NO_TURN:
        read_failure(ex, GRADE_THROTTLED, "no turn in time: the budget of calls is used up");
        break;
    case END_NONSENSE:
        read_failure(ex, GRADE_BROKEN, "the answer makes no sense");
        break;
    case END_TOO_LARGE:
        read_failure(ex, GRADE_BROKEN, "the answer is larger than 96 MiB");
        break;
    case END_UNWANTED:
        read_failure(ex, GRADE_BROKEN, "the answer could not be stored");
        break;
    case END_INVALID:
        read_failure(ex, GRADE_REFUSED, "not a request that can be sent");
        break;
    case END_CANCELLED:
        read_failure(ex, GRADE_CANCELLED, "cancelled");
        break;
    }
    if (answer_is_safe(ex->request))
        ex->answer->unknown = false;
}

void answer_hide(struct buf *text, const char *secret)
{
    size_t len = strlen(secret);
    char *p = text->data;

    if (len < SECRET_MIN)
        return;
    while ((p = strstr(p, secret))) {
        memset(p, '*', len);
        p += len;
    }
}
