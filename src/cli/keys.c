/*
 * keys.c - the table of keys.
 */
#include "keys_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int check_service(const char *value, struct buf *err)
{
    if (str_eq(value, "connector") || str_eq(value, "graph"))
        return 0;
    return buf_fail(err, -EINVAL, "expected connector or graph");
}

static int check_api(const char *value, struct buf *err)
{
    if (str_eq(value, "v1"))
        return 0;
    if (str_eq(value, "current"))
        return buf_fail(err, -EINVAL, "not available yet: use v1");
    return buf_fail(err, -EINVAL, "expected v1");
}

static int check_flag(const char *value, struct buf *err)
{
    bool on;

    return options_parse_flag(value, &on) ? buf_fail(err, -EINVAL, "expected yes or no") : 0;
}

/* Part of an address, and of a file's name. */
static int check_word(const char *value, struct buf *err)
{
    for (const char *p = value; *p; p++) {
        if (*p <= ' ' || *p >= 0x7f || strchr("/?#%\\", *p))
            return buf_fail(err, -EINVAL, "the character '%c' is not allowed", *p > ' ' ? *p : '?');
    }
    return 0;
}

#define AT(member) offsetof(struct values, member)
#define EVERYWHERE (KEY_MOUNT | KEY_LOGIN | KEY_SENDMAIL | KEY_FILE)

static const struct key keys[] = {
    {"service", "SERVICE", EVERYWHERE, AT(service), .check = check_service,
     .help = "connector or graph"},
    {"url", "URL", EVERYWHERE, AT(url), .help = "base URL of the service"},
    {"api", "VERSION", KEY_MOUNT | KEY_SENDMAIL | KEY_FILE, AT(api), .check = check_api,
     .help = "version of the connector's API: v1"},
    {"login-url", "URL", EVERYWHERE, AT(login_url), .help = "where people log in"},
    {"client-id", "ID", EVERYWHERE, AT(client_id), .check = check_word,
     .help = "the registered application's id"},
    {"tenant", "TENANT", EVERYWHERE, AT(tenant), .check = check_word,
     .help = "the directory to log in to, or common, organizations, consumers"},
    {"token-file", "FILE", KEY_MOUNT | KEY_SENDMAIL | KEY_FILE, AT(token_file), .path = true,
     .help = "a file whose first line is the access token"},
    {"token-command", "COMMAND", KEY_MOUNT | KEY_SENDMAIL | KEY_FILE, AT(token_command),
     .help = "a command whose first line is the access token"},
    {"sandbox", NULL, KEY_MOUNT | KEY_FILE, AT(sandbox), .check = check_flag,
     .help = "mount an invented mailbox on this machine"},
    {"state-dir", "DIR", KEY_MOUNT | KEY_FILE, AT(state_dir), .path = true,
     .help = "where what must not be lost is kept"},
    {"cache-dir", "DIR", KEY_MOUNT | KEY_FILE, AT(cache_dir), .path = true,
     .help = "where what can be fetched again is kept"},
    {"mount", "DIR", KEY_SENDMAIL | KEY_FILE, AT(mount), .path = true,
     .help = "where the mailbox is mounted"},
    {"local-recipient", "ADDRESS", KEY_FILE, AT(local_recipient),
     .help = "who gets mail for a name without a host (sendmail)"},
    {"mail-folders", "FOLDER,...", KEY_FILE, AT(mail_folders), .several = true,
     .help = "folders to show where the service does not list its folders"},
};

static char **field_of(const struct key *key, const struct values *v)
{
    return (char **)((char *)v + key->offset);
}

const struct key *keys_at(size_t i)
{
    return i < ARRAY_SIZE(keys) ? &keys[i] : NULL;
}

const struct key *keys_find(const char *name, unsigned where)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (str_eq(keys[i].name, name) && (keys[i].where & where))
            return &keys[i];
    }
    return NULL;
}

int keys_set(const struct key *key, struct values *v, const char *value, struct buf *err)
{
    char **field = field_of(key, v);
    int rc = *value ? 0 : buf_fail(err, -EINVAL, "expected a value");

    if (!rc && *field && !key->several)
        rc = buf_fail(err, -EINVAL, "given twice");
    if (!rc && key->check)
        rc = key->check(value, err);
    if (rc)
        return rc;
    char *whole = *field ? xasprintf("%s,%s", *field, value) : xstrdup(value);
    free(*field);
    *field = whole;
    return 0;
}

/* --- values --- */

void values_release(struct values *v)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        free(*field_of(&keys[i], v));
    for (size_t i = 0; i < v->noptions; i++) {
        free(v->options[i].name);
        free(v->options[i].value);
    }
    free(v->options);
    *v = (struct values){0};
}

/* The options are applied in their order, so the weaker ones come first. */
static void inherit_options(struct values *v, const struct values *from)
{
    if (!from->noptions)
        return;
    size_t count = v->noptions + from->noptions;
    struct said_option *list = xcalloc(count, sizeof(*list));

    for (size_t i = 0; i < from->noptions; i++)
        list[i] =
            (struct said_option){xstrdup(from->options[i].name), xstrdup(from->options[i].value)};
    if (v->noptions)
        memcpy(list + from->noptions, v->options, v->noptions * sizeof(*list));
    free(v->options);
    v->options = list;
    v->noptions = count;
}

void values_inherit(struct values *v, const struct values *from)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        char **field = field_of(&keys[i], v);

        if (!*field)
            xstrset(field, *field_of(&keys[i], from));
    }
    inherit_options(v, from);
}

/* --- the command line --- */

struct option *keys_long_options(unsigned where, const struct option *own)
{
    size_t count = 0, n = 0;

    while (own[count].name)
        count++;
    struct option *list = xcalloc(count + ARRAY_SIZE(keys) + 1, sizeof(*list));

    for (; n < count; n++)
        list[n] = own[n];
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (keys[i].where & where)
            list[n++] =
                (struct option){keys[i].name, keys[i].argument ? required_argument : no_argument,
                                NULL, KEYS_FIRST + (int)i};
    }
    return list;
}

int keys_take(struct values *v, int c, const char *argument, struct buf *err)
{
    SCOPED(buf_release) struct buf why = BUF_INIT(BUF_TEXT_MAX);

    if (c < KEYS_FIRST || c >= KEYS_FIRST + (int)ARRAY_SIZE(keys))
        return -ENOENT;
    const struct key *key = &keys[c - KEYS_FIRST];

    xstrset(field_of(key, v), NULL); /* the last one wins */
    int rc = keys_set(key, v, key->argument ? argument : "yes", &why);
    if (rc)
        buf_fail(err, rc, "--%s%s%s: %s", key->name, argument ? " " : "", argument ? argument : "",
                 why.data);
    return rc;
}

void keys_help(unsigned where, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (keys[i].where & where) {
            size_t before = out->len;

            buf_addf(out, "  --%s %s", keys[i].name, keys[i].argument ? keys[i].argument : "");
            buf_addf(out, "%*s%s\n", (int)(28 - (out->len - before)), "", keys[i].help);
        }
    }
}
