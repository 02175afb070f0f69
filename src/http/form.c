/*
 * form.c - a curl handle for one request, looked at every CANCEL_SLICE.
 */
#include "form_p.h"

#include "transfer_p.h"
#include "url_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/str.h>

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 10000L
#define TOTAL_MS 30000L

void form_add(struct buf *form, const char *name, const char *value)
{
    if (form->len)
        buf_addch(form, '&');
    buf_addf(form, "%s=", name);
    str_percent_encode(form, value, strlen(value));
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    return buf_add(ctx, data, size * count) ? 0 : size * count;
}

static void set_options(CURL *easy, const char *url, const struct buf *form, bool loopback,
                        struct buf *answer, char *error)
{
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TOTAL_MS);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "outlookfs/" OUTLOOKFS_VERSION);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)form->len);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, form->data);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
    if (loopback)
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    transfer_trust(easy);
}

/* The handle's result; -1: cancelled. */
static int run(CURLM *multi, struct cancel *cancel)
{
    int running = 1, left;
    CURLMsg *message;

    while (running) {
        if (curl_multi_perform(multi, &running))
            return CURLE_FAILED_INIT;
        if (cancel_fired(cancel))
            return -1;
        if (running)
            curl_multi_poll(multi, NULL, 0, (int)(CANCEL_SLICE / NS_PER_MS), NULL);
    }
    message = curl_multi_info_read(multi, &left);
    return message ? (int)message->data.result : CURLE_FAILED_INIT;
}

static int perform(CURL *easy, struct cancel *cancel)
{
    CURLM *multi = curl_multi_init();

    if (!multi)
        abort(); /* as base/alloc.h does */
    curl_multi_add_handle(multi, easy);
    int code = run(multi, cancel);
    curl_multi_remove_handle(multi, easy);
    curl_multi_cleanup(multi);
    return code;
}

int form_post(const char *url, const struct buf *form, struct cancel *cancel, int *ret_status,
              struct buf *answer, struct buf *err)
{
    char error[CURL_ERROR_SIZE] = "";
    bool loopback;
    long status = 0;
    int rc = url_check(url, &loopback, err);

    if (rc)
        return rc;
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return buf_fail(err, -EHOSTUNREACH, "libcurl does not start");
    CURL *easy = curl_easy_init();
    if (!easy)
        abort(); /* as base/alloc.h does */
    set_options(easy, url, form, loopback, answer, error);
    int code = perform(easy, cancel);

    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);
    curl_global_cleanup();
    if (code == -1)
        return buf_fail(err, -EINTR, "cancelled");
    if (code)
        return buf_fail(err, -EHOSTUNREACH, "%.*s: %s", (int)(strcspn(url + 8, "/") + 8), url,
                        error[0] ? error : curl_easy_strerror((CURLcode)code));
    *ret_status = (int)status;
    return 0;
}
