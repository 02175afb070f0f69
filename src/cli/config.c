/*
 * config.c - the configuration file: `name = value` lines by a table of settings. A mistake is
 * refused with its line.
 */
#include "cli_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)64 * 1024)
#define LINE_LENGTH_MAX 195 /* inih cuts a longer one in two, silently */

static const struct config_row {
    const char *name;
    size_t offset;
} rows[] = {
    {"url", offsetof(struct config, url)},
    {"token-file", offsetof(struct config, token_file)},
    {"token-command", offsetof(struct config, token_command)},
    {"api", offsetof(struct config, api)},
    {"state-dir", offsetof(struct config, state_dir)},
    {"cache-dir", offsetof(struct config, cache_dir)},
    {"options", offsetof(struct config, options)},
    {"mount", offsetof(struct config, mount)},
    {"local-recipient", offsetof(struct config, local_recipient)},
};

/* inih's handler gets no line number, but answers that of the first line it refused. */
struct reading {
    struct config *config;
    struct buf why; /* the first refusal */
};

static void add_mail_folders(struct config *c, const char *list)
{
    char *copy = xstrdup(list), *rest = copy, *name;
    size_t count = 0;

    while (c->mail_folders && c->mail_folders[count])
        count++;
    while ((name = strsep(&rest, ","))) {
        name += strspn(name, " \t");
        for (size_t len = strlen(name); len && strchr(" \t", name[len - 1]); len--)
            name[len - 1] = '\0';
        if (!*name)
            continue;
        c->mail_folders = xrealloc(c->mail_folders, (count + 2) * sizeof(*c->mail_folders));
        c->mail_folders[count++] = xstrdup(name);
        c->mail_folders[count] = NULL;
    }
    free(copy);
}

static int set(struct config *c, const char *name, const char *value, struct buf *why)
{
    if (str_eq(name, "mail-folders")) {
        add_mail_folders(c, value);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char **field = (char **)((char *)c + rows[i].offset);

        if (!str_eq(rows[i].name, name))
            continue;
        if (*field)
            return buf_fail(why, -EINVAL, "%s is given twice", name);
        *field = xstrdup(value);
        return 0;
    }
    return buf_fail(why, -EINVAL, "no setting is called %s", name);
}

static int handle(void *ctx, const char *section, const char *name, const char *value)
{
    struct reading *r = ctx;
    struct buf why;
    int rc;

    buf_init(&why, BUF_TEXT_MAX);
    if (*section && !str_eq(section, "account"))
        rc = buf_fail(&why, -EINVAL, "no section is called [%s]", section);
    else
        rc = set(r->config, name, value, &why);
    if (rc && r->why.len == 0)
        buf_addstr(&r->why, why.data);
    buf_release(&why);
    return rc == 0;
}

static int check_lines(const char *path, const char *text, struct buf *err)
{
    unsigned line = 1;

    for (const char *p = text; *p; line++) {
        size_t len = strcspn(p, "\n");

        if (len > LINE_LENGTH_MAX)
            return buf_fail(err, -EINVAL, "%s:%u: a line has %d characters at most", path, line,
                            LINE_LENGTH_MAX);
        p += len + (p[len] == '\n');
    }
    return 0;
}

int config_read(const char *path, struct config *ret, struct buf *err)
{
    struct config config = {0};
    struct reading reading = {.config = &config};
    struct buf text;
    int rc, line;

    buf_init(&text, FILE_MAX);
    buf_init(&reading.why, BUF_TEXT_MAX);
    rc = file_read(path, &text, err);
    if (!rc)
        rc = check_lines(path, text.data, err);
    if (rc)
        goto out;

    line = ini_parse_string(text.data, handle, &reading);
    if (line)
        rc = buf_fail(err, -EINVAL, "%s:%d: %s", path, line,
                      reading.why.len ? reading.why.data : "expected `name = value`");
    if (!rc)
        *ret = config;
    else
        config_release(&config);
out:
    buf_release(&reading.why);
    buf_release(&text);
    return rc;
}

void config_release(struct config *c)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        free(*(char **)((char *)c + rows[i].offset));
    for (size_t i = 0; c->mail_folders && c->mail_folders[i]; i++)
        free(c->mail_folders[i]);
    free(c->mail_folders);
    *c = (struct config){0};
}
