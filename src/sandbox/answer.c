/*
 * answer.c - answers and the four kinds of errors.
 */
#include "answer_p.h"

#include <assert.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SOURCE_CONNECTOR "office365-sandbox.azconn-sandbox-001.p.azurewebsites.net"
#define SOURCE_TOKENS                                                                              \
    "https://sandbox-001.token.azure-apihub.net:443/tokens/sandbox/office365/sandbox/exchange"

void answer_init(struct answer *ans, const char *guid, const char *client_id)
{
    *ans = (struct answer){.retry_after = -1, .guid = guid, .trace = client_id ? client_id : guid};
    buf_init(&ans->body, ANSWER_MAX);
}

static void drop_headers(struct answer *ans)
{
    for (size_t i = 0; i < ANSWER_HEADERS_MAX; i++) {
        free(ans->headers[i].value);
        ans->headers[i].name = NULL;
        ans->headers[i].value = NULL;
    }
}

void answer_release(struct answer *ans)
{
    drop_headers(ans);
    buf_release(&ans->body);
    free(ans->type);
}

static void restart(struct answer *ans, unsigned status, const char *type)
{
    drop_headers(ans);
    buf_clear(&ans->body);
    free(ans->type);
    ans->type = type ? xstrdup(type) : NULL;
    ans->status = status;
    ans->retry_after = -1;
}

void answer_empty(struct answer *ans, unsigned status)
{
    restart(ans, status, NULL);
}

void answer_text(struct answer *ans, unsigned status)
{
    restart(ans, status, ANSWER_JSON);
}

void answer_json(struct answer *ans, unsigned status, cJSON *take)
{
    char *text = json_print(take);

    restart(ans, status, ANSWER_JSON);
    buf_addstr(&ans->body, text);
    cJSON_free(text);
    cJSON_Delete(take);
}

void answer_bytes(struct answer *ans, const void *data, size_t len, const char *type)
{
    restart(ans, 200, type);
    buf_add(&ans->body, data, len);
}

void answer_header(struct answer *ans, const char *name, const char *value)
{
    size_t i = 0;

    while (i < ANSWER_HEADERS_MAX && ans->headers[i].name)
        i++;
    assert(i < ANSWER_HEADERS_MAX);
    ans->headers[i].name = name;
    ans->headers[i].value = xstrdup(value);
}

void answer_html(struct answer *ans, unsigned status, const char *html, const char *policy)
{
    restart(ans, status, ANSWER_HTML);
    buf_addstr(&ans->body, html);
    answer_header(ans, "Content-Security-Policy", policy);
    answer_header(ans, "X-Content-Type-Options", "nosniff");
}

void answer_error(struct answer *ans, unsigned status, const char *code, const char *fmt, ...)
{
    cJSON *body = cJSON_CreateObject(), *error;
    struct buf text;
    char *message;
    va_list ap;

    buf_init(&text, BUF_TEXT_MAX);
    va_start(ap, fmt);
    if (buf_vaddf(&text, fmt, ap))
        buf_addstr(&text, code);
    va_end(ap);
    message = xasprintf("%s\r\nclientRequestId: %s-self\r\nserviceRequestId: %s", text.data,
                        ans->trace, ans->guid);
    cJSON_AddNumberToObject(body, "status", status);
    cJSON_AddStringToObject(body, "message", message);
    error = cJSON_AddObjectToObject(body, "error");
    cJSON_AddStringToObject(error, "message", text.data);
    cJSON_AddStringToObject(error, "code", code);
    cJSON_AddStringToObject(error, "originalMessage", text.data);
    cJSON_AddStringToObject(body, "source", SOURCE_CONNECTOR);
    answer_json(ans, status, body);
    free(message);
    buf_release(&text);
}

void answer_not_found(struct answer *ans)
{
    answer_error(ans, 404, "ErrorItemNotFound", "The specified object was not found in the store.");
}

void answer_gateway(struct answer *ans, unsigned status, const char *message)
{
    cJSON *body = cJSON_CreateObject();

    cJSON_AddNumberToObject(body, "statusCode", status);
    cJSON_AddStringToObject(body, "message", message);
    answer_json(ans, status, body);
}

void answer_throttled(struct answer *ans, int seconds)
{
    char message[80];

    snprintf(message, sizeof(message), "Rate limit is exceeded. Try again in %d seconds.", seconds);
    answer_gateway(ans, 429, message);
    ans->retry_after = seconds;
}

void answer_denied(struct answer *ans)
{
    cJSON *body = cJSON_CreateObject();

    cJSON_AddNumberToObject(body, "status", 403);
    cJSON_AddStringToObject(body, "source", SOURCE_TOKENS);
    cJSON_AddStringToObject(
        body, "message",
        "Error from token exchange: Permission denied due to missing connection ACL: "
        "User = 00000000-0000-0000-0000-000000000001 appid=00000000-0000-0000-0000-000000000002, "
        "connection=office365/sandbox");
    answer_json(ans, 403, body);
}

void answer_timeout(struct answer *ans)
{
    cJSON *body = cJSON_CreateObject();

    cJSON_AddNumberToObject(body, "status", 504);
    cJSON_AddStringToObject(body, "message", "Request failed. Try again later");
    answer_json(ans, 504, body);
}

void answer_length_required(struct answer *ans)
{
    restart(ans, 411, "text/html; charset=us-ascii");
    buf_addstr(&ans->body, "<HTML><HEAD><TITLE>Length Required</TITLE></HEAD>\r\n"
                           "<BODY><h2>Length Required</h2>\r\n<hr><p>HTTP Error 411. "
                           "The request must be chunked or have a content length.</p>\r\n"
                           "</BODY></HTML>\r\n");
}

void answer_failure(struct answer *ans, unsigned status, int retry_after)
{
    if (status == 429)
        answer_throttled(ans, retry_after < 0 ? 1 : retry_after);
    else if (status == 401)
        answer_gateway(ans, 401, "Unauthorized. Access token is missing or invalid.");
    else if (status == 403)
        answer_denied(ans);
    else if (status == 404)
        answer_not_found(ans);
    else if (status == 502 || status == 503)
        answer_gateway(ans, status, "The service is temporarily unavailable.");
    else if (status == 504)
        answer_timeout(ans);
    else if (status == 413)
        answer_error(ans, status, "ErrorMessageSizeExceeded",
                     "The message exceeds the maximum supported size.");
    else if (status >= 500)
        answer_error(ans, status, "ErrorInternalServerError",
                     "An internal server error occurred. The operation failed.");
    else
        answer_error(ans, status, "ErrorInvalidRequest", "Your request can't be completed.");
    if (retry_after >= 0)
        ans->retry_after = retry_after;
}
