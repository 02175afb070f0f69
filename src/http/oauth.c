/*
 * oauth.c - forms to the login server, and what its answers mean.
 */
#include "form_p.h"
#include "oauth_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FORM_MAX ((size_t)256 * 1024)
#define ANSWER_MAX ((size_t)1024 * 1024)
#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"

/* RFC 8628, 3.2: where the server names no interval. */
#define INTERVAL_DEFAULT 5
#define LIFE_DEFAULT 900
#define EXCERPT_MAX 300

static void wipe_free(char *s)
{
    if (s)
        explicit_bzero(s, strlen(s));
    free(s);
}

static void wipe_buf(struct buf *b)
{
    explicit_bzero(b->data, b->len);
    buf_release(b);
}

void oauth_tokens_release(struct oauth_tokens *t)
{
    wipe_free(t->access);
    wipe_free(t->refresh);
    free(t->scope);
    *t = (struct oauth_tokens){0};
}

void oauth_device_release(struct oauth_device *d)
{
    free(d->user_code);
    free(d->uri);
    wipe_free(d->device_code);
    *d = (struct oauth_device){0};
}

static char *copy(const cJSON *json, const char *name)
{
    const char *text = json_str(json, name);

    return text && *text ? xstrdup(text) : NULL;
}

/* --- errors --- */

static const struct {
    const char *error;
    enum oauth_result result;
    const char *what;
} errors[] = {
    {"authorization_pending", OAUTH_PENDING, "nobody has answered yet"},
    {"slow_down", OAUTH_SLOW_DOWN, "asked too often"},
    {"authorization_declined", OAUTH_DECLINED, "the login was declined"},
    {"access_denied", OAUTH_DECLINED, "the login was declined"},
    {"expired_token", OAUTH_EXPIRED, "the code has expired: log in again"},
    {"code_expired", OAUTH_EXPIRED, "the code has expired: log in again"},
    {"invalid_grant", OAUTH_DEAD, "the login is not valid any more: log in again"},
    {"interaction_required", OAUTH_DEAD, "the login server wants to ask something: log in again"},
    {"consent_required", OAUTH_DEAD, "consent is needed: log in again"},
    {"login_required", OAUTH_DEAD, "log in again"},
    {"temporarily_unavailable", OAUTH_OFFLINE, "the login server is busy"},
    {"server_error", OAUTH_OFFLINE, "the login server has a problem"},
    {"invalid_client", OAUTH_REFUSED, "the login server does not know this client id"},
    {"unauthorized_client", OAUTH_REFUSED, "the application may not log in this way"},
    {"bad_verification_code", OAUTH_REFUSED, "the login server does not know the code"},
};

/* Printable, the first line: the others are request ids. */
static void add_line(struct buf *out, const char *text)
{
    for (size_t n = 0; text[n] && text[n] != '\r' && text[n] != '\n' && n < EXCERPT_MAX; n++)
        buf_addch(out, (unsigned char)text[n] < ' ' || text[n] == 0x7f ? ' ' : text[n]);
}

enum oauth_result oauth_explain(const char *error, const char *description, struct buf *out)
{
    int number = aadsts_number(description);
    const struct aadsts *row = aadsts_find(number);
    size_t i = 0;

    while (i < ARRAY_SIZE(errors) && !str_eq(errors[i].error, error))
        i++;
    if (row) {
        buf_addf(out, "AADSTS%d: %s; %s", number, row->what, row->todo);
        return row->result;
    }
    if (i < ARRAY_SIZE(errors))
        buf_addf(out, "%s", errors[i].what);
    else
        buf_addf(out, "the login server refuses: %s", error ? error : "no reason given");
    if (description && *description) {
        buf_addstr(out, " (");
        add_line(out, description);
        buf_addch(out, ')');
    }
    return i < ARRAY_SIZE(errors) ? errors[i].result : OAUTH_REFUSED;
}

/* --- requests --- */

/* A page of a portal with status 200, or of a proxy, says nothing about the login. */
static enum oauth_result read_answer(int status, const struct buf *body, cJSON **ret,
                                     struct buf *err)
{
    SCOPED(json_release) cJSON *json = NULL;

    if (json_parse_object(body->data, body->len, &json, NULL)) {
        buf_fail(err, 0, "the login server's answer makes no sense (%d%s)", status,
                 body->len && body->data[strspn(body->data, " \t\r\n")] == '<'
                     ? ", a page: is there a proxy or a login page of the network in between?"
                     : "");
        return status == 404 ? OAUTH_REFUSED : OAUTH_OFFLINE;
    }
    if (status >= 200 && status < 300) {
        *ret = TAKE(json);
        return OAUTH_OK;
    }
    buf_clear(err);
    enum oauth_result result =
        oauth_explain(json_str(json, "error"), json_str(json, "error_description"), err);
    if (status >= 500 || status == 429)
        result = OAUTH_OFFLINE;
    return result;
}

static enum oauth_result post(const struct oauth_client *client, const char *endpoint,
                              struct buf *form, struct cancel *cancel, cJSON **ret, struct buf *err)
{
    SCOPED(xfree)
    char *url = xasprintf("%s/%s/oauth2/v2.0/%s", client->login_url, client->tenant, endpoint);
    enum oauth_result result;
    struct buf body;
    int status = 0;

    form_add(form, "client_id", client->client_id);
    buf_init(&body, ANSWER_MAX);
    int rc = form_post(url, form, cancel, &status, &body, err);
    if (rc)
        result = rc == -EINTR ? OAUTH_CANCELLED : rc == -EINVAL ? OAUTH_REFUSED : OAUTH_OFFLINE;
    else
        result = read_answer(status, &body, ret, err);
    wipe_buf(&body);
    wipe_buf(form);
    return result;
}

static void wipe_json(cJSON *json)
{
    static const char *const secrets[] = {"access_token", "refresh_token", "device_code"};

    for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
        cJSON *item = json_get(json, secrets[i]);

        if (cJSON_IsString(item))
            explicit_bzero(item->valuestring, strlen(item->valuestring));
    }
    cJSON_Delete(json);
}

static enum oauth_result ask_tokens(const struct oauth_client *client, struct buf *form,
                                    struct cancel *cancel, struct oauth_tokens *ret,
                                    struct buf *err)
{
    cJSON *json = NULL;
    enum oauth_result result = post(client, "token", form, cancel, &json, err);

    if (result)
        return result;
    *ret = (struct oauth_tokens){.access = copy(json, "access_token"),
                                 .refresh = copy(json, "refresh_token"),
                                 .scope = copy(json, "scope"),
                                 .life = json_int(json, "expires_in", 3600)};
    wipe_json(json);
    if (ret->access)
        return OAUTH_OK;
    oauth_tokens_release(ret);
    buf_fail(err, 0, "the login server's answer has no access token");
    return OAUTH_OFFLINE;
}

/* --- device code --- */

enum oauth_result oauth_device_begin(const struct oauth_client *client, struct cancel *cancel,
                                     struct oauth_device *ret, struct buf *err)
{
    cJSON *json = NULL;
    struct buf form;

    buf_init(&form, FORM_MAX);
    form_add(&form, "scope", client->scope);
    enum oauth_result result = post(client, "devicecode", &form, cancel, &json, err);
    if (result)
        return result;
    *ret = (struct oauth_device){.user_code = copy(json, "user_code"),
                                 .uri = copy(json, "verification_uri"),
                                 .device_code = copy(json, "device_code"),
                                 .life = json_int(json, "expires_in", LIFE_DEFAULT),
                                 .interval = json_int(json, "interval", INTERVAL_DEFAULT)};
    wipe_json(json);
    if (ret->user_code && ret->uri && ret->device_code)
        return OAUTH_OK;
    oauth_device_release(ret);
    buf_fail(err, 0, "the login server's answer has no code");
    return OAUTH_REFUSED;
}

enum oauth_result oauth_device_poll(const struct oauth_client *client,
                                    const struct oauth_device *device, struct cancel *cancel,
                                    struct oauth_tokens *ret, struct buf *err)
{
    struct buf form;

    buf_init(&form, FORM_MAX);
    form_add(&form, "grant_type", DEVICE_GRANT);
    form_add(&form, "device_code", device->device_code);
    return ask_tokens(client, &form, cancel, ret, err);
}

/* --- browser --- */

/* base64url without padding (RFC 4648, 5). */
static void base64url(const void *data, size_t len, char out[44])
{
    gchar *text = g_base64_encode(data, len);
    size_t n = strcspn(text, "=");

    for (size_t i = 0; i < n && i < 43; i++)
        out[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
    out[n < 43 ? n : 43] = '\0';
    g_free(text);
}

int oauth_random(char out[44])
{
    unsigned char bytes[32];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return -EIO;
    base64url(bytes, sizeof(bytes), out);
    return 0;
}

void oauth_challenge(const char *verifier, char out[44])
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[32];
    gsize len = sizeof(digest);

    g_checksum_update(sum, (const guchar *)verifier, (gssize)strlen(verifier));
    g_checksum_get_digest(sum, digest, &len);
    g_checksum_free(sum);
    base64url(digest, len, out);
}

void oauth_authorize_url(const struct oauth_client *client, const char *redirect_uri,
                         const char *state, const char *challenge, struct buf *out)
{
    SCOPED(buf_release) struct buf form = BUF_INIT(FORM_MAX);

    form_add(&form, "client_id", client->client_id);
    form_add(&form, "response_type", "code");
    form_add(&form, "redirect_uri", redirect_uri);
    form_add(&form, "response_mode", "query");
    form_add(&form, "scope", client->scope);
    form_add(&form, "state", state);
    form_add(&form, "code_challenge", challenge);
    form_add(&form, "code_challenge_method", "S256");
    form_add(&form, "prompt", "select_account");
    buf_addf(out, "%s/%s/oauth2/v2.0/authorize?%s", client->login_url, client->tenant, form.data);
}

enum oauth_result oauth_redeem(const struct oauth_client *client, const char *redirect_uri,
                               const char *code, const char *verifier, struct cancel *cancel,
                               struct oauth_tokens *ret, struct buf *err)
{
    struct buf form;

    buf_init(&form, FORM_MAX);
    form_add(&form, "grant_type", "authorization_code");
    form_add(&form, "code", code);
    form_add(&form, "redirect_uri", redirect_uri);
    form_add(&form, "code_verifier", verifier);
    form_add(&form, "scope", client->scope);
    return ask_tokens(client, &form, cancel, ret, err);
}

/* --- refresh --- */

enum oauth_result oauth_refresh(const struct oauth_client *client, const char *refresh_token,
                                struct cancel *cancel, struct oauth_tokens *ret, struct buf *err)
{
    struct buf form;

    buf_init(&form, FORM_MAX);
    form_add(&form, "grant_type", "refresh_token");
    form_add(&form, "refresh_token", refresh_token);
    form_add(&form, "scope", client->scope);
    return ask_tokens(client, &form, cancel, ret, err);
}
