/*
 * transfer.c - one exchange as a curl handle: options, callbacks, result.
 */
#include "transfer_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERROR_BODY_MAX ((size_t)1024 * 1024)
#define DIGITS "0123456789"
#define RECEIVE_BYTES (64 * 1024L) /* at once: a page of records has several hundred kB */
#define RETRY_AFTER_UNREADABLE 10  /* s; a service that asks for a pause gets one */

static bool is_read(const char *method)
{
    return str_eq(method, "GET") || str_eq(method, "HEAD");
}

/*
 * Called when a connection is ready and the request is about to be sent on it, which is more than
 * once when curl repeats a request by itself: it does so, whatever the method, when a reused
 * connection dies before any answer (Curl_retry_request, and in 7.88 no option forbids it). The
 * service may have carried the first one out, so a request that changes something is stopped here
 * unless not a byte of it has left; a read may be repeated once, the rest is for http.c to decide.
 */
static int before_request(void *ctx, char *to, char *from, int to_port, int from_port)
{
    struct exchange *ex = ctx;
    unsigned allowed = is_read(ex->request->method) ? 2 : 1;
    long size = 0;

    (void)to, (void)from, (void)to_port, (void)from_port;
    curl_easy_getinfo(ex->easy, CURLINFO_REQUEST_SIZE, &size);
    if (size > 0 && ex->started >= allowed)
        return CURL_PREREQFUNC_ABORT;
    ex->started++;
    return CURL_PREREQFUNC_OK;
}

static int on_progress(void *ctx, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
                       curl_off_t ulnow)
{
    struct exchange *ex = ctx;

    (void)dltotal, (void)ultotal;
    if (dlnow + ulnow != ex->moved) {
        if (dlnow + ulnow > ex->moved)
            atomic_fetch_add(ex->traffic, (unsigned long long)(dlnow + ulnow - ex->moved));
        ex->moved = dlnow + ulnow;
        ex->last_moved = clock_mono();
    }
    return 0;
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
    struct exchange *ex = ctx;

    (void)line;
    ex->last_moved = clock_mono();
    return size * count;
}

/* Of an error page only the beginning is kept; the rest is read and dropped, for the connection's
 * sake. */
static size_t on_error_body(struct exchange *ex, const char *data, size_t len)
{
    size_t room = ERROR_BODY_MAX - ex->answer->body.len;

    buf_add(&ex->answer->body, data, len < room ? len : room);
    return len;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    struct exchange *ex = ctx;
    size_t len = size * count;
    long status = 0;

    curl_easy_getinfo(ex->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || status > 299)
        return on_error_body(ex, data, len);

    if (len > HTTP_ANSWER_MAX - ex->received) {
        ex->end = END_TOO_LARGE;
        return 0;
    }
    ex->received += len;

    if (!ex->request->sink) {
        buf_add(&ex->answer->body, data, len);
        return len;
    }
    ex->delivered = true;
    if (ex->request->sink->write(ex->request->sink->ctx, data, len) != 0) {
        ex->end = END_UNWANTED;
        return 0;
    }
    return len;
}

/* The first refusal is what counts: the options after it are left out. */
static void set_long(struct exchange *ex, CURLoption option, long value, CURLcode *code)
{
    if (!*code)
        *code = curl_easy_setopt(ex->easy, option, value);
}

static void set_string(struct exchange *ex, CURLoption option, const char *value, CURLcode *code)
{
    if (!*code)
        *code = curl_easy_setopt(ex->easy, option, value);
}

/* A line break in a header's value would begin another header. */
static bool has_control(const char *value)
{
    for (; value && *value; value++)
        if ((unsigned char)*value < 0x20)
            return true;
    return false;
}

static void append_header(struct exchange *ex, const char *line)
{
    struct curl_slist *headers = curl_slist_append(ex->headers, line);

    if (!headers)
        abort(); /* as base/alloc.h does */
    ex->headers = headers;
}

static void add_header(struct exchange *ex, const char *name, const char *value)
{
    SCOPED(xfree) char *line = xasprintf("%s: %s", name, value);

    append_header(ex, line);
    explicit_bzero(line, strlen(line));
}

/* A name without a value takes a header of curl's own away. */
static void remove_header(struct exchange *ex, const char *name)
{
    append_header(ex, name);
}

static void set_headers(struct exchange *ex, bool has_body, CURLcode *code)
{
    add_header(ex, "Accept", "application/json");
    if (has_body)
        add_header(ex, "Content-Type",
                   ex->request->content_type ? ex->request->content_type : "application/json");
    else
        remove_header(ex, "Content-Type:"); /* curl would call nothing a form */
    if (ex->request->if_match)
        add_header(ex, "If-Match", ex->request->if_match);
    for (const char *const *line = ex->request->headers; line && *line; line++)
        append_header(ex, *line);
    if (ex->authorization)
        add_header(ex, "Authorization", ex->authorization);

    remove_header(ex, "Expect:"); /* waiting for 100 Continue costs a second */
    if (!*code)
        *code = curl_easy_setopt(ex->easy, CURLOPT_HTTPHEADER, ex->headers);
}

static void set_method(struct exchange *ex, CURLcode *code)
{
    const struct http_request *r = ex->request;
    bool has_body = r->body || !(is_read(r->method) || str_eq(r->method, "DELETE"));

    if (str_eq(r->method, "HEAD"))
        set_long(ex, CURLOPT_NOBODY, 1, code);
    if (has_body) {
        set_long(ex, CURLOPT_POST, 1, code);
        if (!*code)
            *code = curl_easy_setopt(ex->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                     (curl_off_t)(r->body ? r->body_len : 0));
        if (!*code)
            *code = curl_easy_setopt(ex->easy, CURLOPT_POSTFIELDS, r->body ? r->body : "");
    }
    if (!str_eq(r->method, "GET") && !str_eq(r->method, "POST"))
        set_string(ex, CURLOPT_CUSTOMREQUEST, r->method, code);
    set_headers(ex, r->body != NULL, code);
}

/* As the other programs that speak TLS let themselves be told. */
void transfer_trust(CURL *easy)
{
    const char *file = getenv("SSL_CERT_FILE");

    if (file && *file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, file);
}

static void set_connection(struct exchange *ex, const struct transfer_options *o, CURLcode *code)
{
    set_string(ex, CURLOPT_PROTOCOLS_STR, "http,https", code);
    set_long(ex, CURLOPT_NOSIGNAL, 1, code);
    set_long(ex, CURLOPT_CONNECTTIMEOUT_MS, o->connect_ms, code);
    set_long(ex, CURLOPT_TCP_KEEPALIVE, 1, code);
    set_long(ex, CURLOPT_BUFFERSIZE, RECEIVE_BYTES, code);
    /* Lets go of a name lookup that is under way instead of waiting for it: Ctrl-C must not wait
     * for a dead DNS server. */
    set_long(ex, CURLOPT_QUICK_EXIT, 1, code);
    if (o->loopback) {
        set_string(ex, CURLOPT_PROXY, "", code);
    } else {
        set_long(ex, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS, code);
        set_long(ex, CURLOPT_PIPEWAIT, 1, code);
    }
    transfer_trust(ex->easy);
}

static void set_callbacks(struct exchange *ex, CURLcode *code)
{
    CURL *e = ex->easy;

    if (*code)
        return;
    curl_easy_setopt(e, CURLOPT_PRIVATE, ex);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, ex->error);
    curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(e, CURLOPT_PREREQDATA, ex);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, ex);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, ex);
    curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(e, CURLOPT_XFERINFODATA, ex);
    curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
}

int transfer_begin(struct exchange *ex, const struct transfer_options *options)
{
    CURLcode code = has_control(ex->request->if_match) ? CURLE_BAD_FUNCTION_ARGUMENT : CURLE_OK;

    ex->last_moved = clock_mono();
    ex->easy = curl_easy_init();
    if (!ex->easy)
        abort(); /* as base/alloc.h does */

    ex->url = ex->request->url ? xstrdup(ex->request->url)
                               : xasprintf("%s%s", options->base_url, ex->request->path);
    set_string(ex, CURLOPT_URL, ex->url, &code);
    set_long(ex, CURLOPT_PATH_AS_IS, 1, &code);
    set_string(ex, CURLOPT_ACCEPT_ENCODING, "", &code);
    set_string(ex, CURLOPT_USERAGENT, "outlookfs/" OUTLOOKFS_VERSION, &code);
    set_connection(ex, options, &code);
    set_method(ex, &code);
    set_callbacks(ex, &code);
    if (!code)
        return 0;

    snprintf(ex->error, sizeof(ex->error), "%s", curl_easy_strerror(code));
    ex->end = END_INVALID;
    return -EINVAL;
}

/* What a failure means. A connection that was ready once and failed later has been dropped,
 * whatever curl calls it. */
static enum exchange_end end_of(const struct exchange *ex, CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return END_ANSWERED;
    case CURLE_URL_MALFORMAT:
        return END_INVALID;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: /* an answer without a status line: HTTP/0.9 */
    case CURLE_BAD_CONTENT_ENCODING:
        return END_NONSENSE;
    default:
        return ex->started ? END_DROPPED : END_UNREACHABLE;
    }
}

static const char *header(struct exchange *ex, const char *name)
{
    struct curl_header *h;

    if (curl_easy_header(ex->easy, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
        return NULL;
    return h->value;
}

/* Whole seconds, rounded up, of "120" or "2.128"; -1 for anything else. */
static int64_t parse_seconds(const char *text)
{
    size_t whole = strspn(text, DIGITS), fraction = 0;
    const char *end = text + whole;

    if (*end == '.') {
        fraction = strspn(++end, DIGITS);
        end += fraction;
    }
    if (*end || whole + fraction == 0)
        return -1;
    if (whole > strlen("2147483647"))
        return INT32_MAX;
    int64_t seconds = strtoll(text, NULL, 10);
    return fraction && strspn(end - fraction, "0") < fraction ? seconds + 1 : seconds;
}

/* Seconds or a date. A date counts from the service's own clock when it names it, for ours may be
 * wrong. */
static int retry_after(const char *text, int64_t service_now)
{
    int64_t now = service_now ? service_now : clock_now();

    if (!text)
        return 0;
    int64_t seconds = parse_seconds(text);
    if (seconds < 0) {
        time_t date = curl_getdate(text, NULL);
        seconds = date < 0 ? RETRY_AFTER_UNREADABLE : date - now / NS_PER_S;
    }
    if (seconds < 1)
        return 1;
    return seconds > INT32_MAX ? INT32_MAX : (int)seconds;
}

static void read_headers(struct exchange *ex)
{
    struct http_answer *a = ex->answer;
    const char *text;
    time_t date;

    text = header(ex, "Location");
    if (text)
        a->location = xstrdup(text);
    text = header(ex, "Content-Type");
    if (text)
        a->content_type = xstrdup(text);
    text = header(ex, "Date");
    date = text ? curl_getdate(text, NULL) : -1;
    if (date > 0)
        a->date = date * NS_PER_S;
    a->retry_after = retry_after(header(ex, "Retry-After"), a->date);
}

void transfer_finish(struct exchange *ex, CURLcode code)
{
    long status = 0, size = 0;

    curl_easy_getinfo(ex->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(ex->easy, CURLINFO_REQUEST_SIZE, &size);
    ex->sent = size > 0;
    if (ex->end != END_TOO_LARGE && ex->end != END_UNWANTED)
        ex->end = end_of(ex, code);
    if (code == CURLE_ABORTED_BY_CALLBACK) /* by before_request(): curl's words would puzzle */
        snprintf(ex->error, sizeof(ex->error), "it ended before an answer came");
    else if (!ex->error[0])
        snprintf(ex->error, sizeof(ex->error), "%s", curl_easy_strerror(code));
    if (status < 200) /* 1xx is no answer yet */
        return;

    ex->answer->status = (int)status;
    read_headers(ex);
}

void transfer_release(struct exchange *ex)
{
    for (struct curl_slist *h = ex->headers; h; h = h->next)
        explicit_bzero(h->data, strlen(h->data));
    curl_slist_free_all(ex->headers);
    ex->headers = NULL;
    curl_easy_cleanup(ex->easy);
    ex->easy = NULL;
    xstrset(&ex->url, NULL);
}
