/*
 * url.c - checks a base URL, taken apart by curl itself.
 */
#include "url_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>

static bool is_loopback(const char *host)
{
    struct in_addr v4;

    if (str_eq(host, "localhost") || str_eq(host, "[::1]"))
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static bool has_part(CURLU *u, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return has;
}

/* The text is curl's own reading of the URL: a second parser could see another host than the one
 * the token goes to. */
static int check_parts(CURLU *u, const char *scheme, const char *host, bool *ret_loopback,
                       struct buf *err)
{
    bool loopback = is_loopback(host);

    if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD))
        return buf_fail(err, -EINVAL, "the URL must not contain a user name or password");
    if (has_part(u, CURLUPART_QUERY) || has_part(u, CURLUPART_FRAGMENT))
        return buf_fail(err, -EINVAL, "the URL must end with its path: no '?', no '#'");
    if (!str_eq(scheme, "https") && !(str_eq(scheme, "http") && loopback))
        return buf_fail(err, -EINVAL,
                        "%s://%s is refused: https:// or http:// to this machine only, or anybody "
                        "on the way could read the token",
                        scheme, host);
    *ret_loopback = loopback;
    return 0;
}

int url_check(const char *url, bool *ret_loopback, struct buf *err)
{
    CURLU *u = curl_url();
    char *scheme = NULL, *host = NULL;
    CURLUcode code = CURLUE_OUT_OF_MEMORY;
    int rc;

    if (u)
        code = curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
    if (!code)
        code = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
    if (!code)
        code = curl_url_get(u, CURLUPART_HOST, &host, 0);

    if (code)
        rc = buf_fail(err, -EINVAL, "not a URL (%s): https:// or http:// to this machine only",
                      curl_url_strerror(code));
    else
        rc = check_parts(u, scheme, host, ret_loopback, err);

    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(u);
    return rc;
}
