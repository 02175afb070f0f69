/*
 * config.c - the configuration file: keys for all accounts, then a section an account. A mistake is
 * refused with its line.
 */
#include "settings_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/str.h>

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)64 * 1024)
#define LINE_LENGTH_MAX 195 /* inih cuts a longer one in two, silently */
#define ACCOUNT_NAME_MAX 49 /* inih cuts a longer section */

/* inih's handler gets no line number, but answers that of the first line it refused. */
struct reading {
    struct config *config;
    struct options scratch; /* where options are tried */
    struct buf why;         /* the first refusal */
};

bool config_names_account(const char *name)
{
    size_t len = strlen(name);

    if (!isalnum((unsigned char)*name) || len > ACCOUNT_NAME_MAX)
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-") ==
           len;
}

const struct account *config_find(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->naccounts; i++) {
        if (str_eq(c->accounts[i].name, name))
            return &c->accounts[i];
    }
    return NULL;
}

static void add_option(struct values *v, const char *name, const char *value)
{
    v->options = xgrow(v->options, v->noptions, sizeof(*v->options));
    v->options[v->noptions++] = (struct said_option){xstrdup(name), xstrdup(value)};
}

/* In a file there is no shell to expand it. */
static char *expand_home(const char *path)
{
    return str_starts(path, "~/") ? xasprintf("%s%s", settings_home(), path + 1) : xstrdup(path);
}

static int set_key(const struct key *key, struct values *v, const char *value, struct buf *why)
{
    SCOPED(xfree) char *whole = key->path ? expand_home(value) : xstrdup(value);
    SCOPED(buf_release) struct buf reason = BUF_INIT(BUF_TEXT_MAX);
    int rc = keys_set(key, v, whole, &reason);
    if (rc)
        buf_fail(why, rc, "%s = %s: %s", key->name, value, reason.data);
    return rc;
}

static int set(struct reading *r, struct values *v, const char *name, const char *value,
               struct buf *why)
{
    const struct key *key = keys_find(name, KEY_FILE);
    int rc;

    if (key)
        return set_key(key, v, value, why);
    if (str_eq(name, "options"))
        rc = options_parse(&r->scratch, value, why);
    else if (options_is_known(name))
        rc = options_set(&r->scratch, name, value, why);
    else
        return buf_fail(why, -EINVAL, "unknown setting: %s", name);
    if (!rc)
        add_option(v, name, value);
    return rc;
}

static int handle(void *ctx, const char *section, const char *name, const char *value)
{
    struct reading *r = ctx;
    struct values *v = &r->config->general;
    SCOPED(buf_release) struct buf why = BUF_INIT(BUF_TEXT_MAX);

    if (*section)
        v = &((struct account *)config_find(r->config, section))->values;
    int rc = set(r, v, name, value, &why);
    if (rc && r->why.len == 0)
        buf_addstr(&r->why, why.data);
    return rc == 0;
}

/* --- what inih does not look at --- */

static int add_account(struct config *c, char *name, unsigned line, struct buf *err)
{
    if (!config_names_account(name))
        return buf_fail(err, -EINVAL, "%s:%u: [%s]: not a valid account name", c->path, line, name);
    if (config_find(c, name))
        return buf_fail(err, -EINVAL, "%s:%u: [%s] appears twice", c->path, line, name);
    c->accounts = xgrow(c->accounts, c->naccounts, sizeof(*c->accounts));
    c->accounts[c->naccounts++] = (struct account){.name = xstrdup(name)};
    return 0;
}

/* Blanks before a line would make it a part of the one before. */
static void drop_indentation(char *line)
{
    size_t blanks = strspn(line, " \t");

    memmove(line, line + blanks, strlen(line + blanks) + 1);
}

static int scan_line(struct config *c, char *line, unsigned number, struct buf *err)
{
    if (strlen(line) > LINE_LENGTH_MAX)
        return buf_fail(err, -EINVAL, "%s:%u: a line has %d characters at most", c->path, number,
                        LINE_LENGTH_MAX);
    drop_indentation(line);
    if (*line != '[')
        return 0;
    char *end = strchr(line, ']');
    if (!end)
        return buf_fail(err, -EINVAL, "%s:%u: expected [ACCOUNT]", c->path, number);
    SCOPED(xfree) char *name = xstrndup(line + 1, (size_t)(end - line - 1));
    return add_account(c, name, number, err);
}

/* Sections without a key are accounts, too. `out` gets the lines for inih. */
static int scan(struct config *c, char *text, struct buf *out, struct buf *err)
{
    unsigned number = 0;
    char *line;
    int rc = 0;

    while (!rc && (line = strsep(&text, "\n"))) {
        rc = scan_line(c, line, ++number, err);
        buf_addf(out, "%s\n", line);
    }
    return rc;
}

int config_read(const char *path, struct config *ret, struct buf *err)
{
    struct config config = {.path = xstrdup(path)};
    struct reading reading = {.config = &config};
    SCOPED(buf_release) struct buf text = BUF_INIT(FILE_MAX);
    SCOPED(buf_release) struct buf lines = BUF_INIT(FILE_MAX + 2);

    buf_init(&reading.why, BUF_TEXT_MAX);
    options_init(&reading.scratch, 0, 0);
    int rc = file_read(path, &text, err);
    if (!rc)
        rc = scan(&config, text.data, &lines, err);
    int line = rc ? 0 : ini_parse_string(lines.data, handle, &reading);
    if (line)
        rc = buf_fail(err, -EINVAL, "%s:%d: %s", path, line,
                      reading.why.len ? reading.why.data : "expected `name = value`");
    if (!rc)
        *ret = config;
    else
        config_release(&config);
    options_release(&reading.scratch);
    buf_release(&reading.why);
    return rc;
}

void config_release(struct config *c)
{
    values_release(&c->general);
    for (size_t i = 0; i < c->naccounts; i++) {
        values_release(&c->accounts[i].values);
        free(c->accounts[i].name);
    }
    free(c->accounts);
    free(c->path);
    *c = (struct config){0};
}
