/*
 * login_section.c - writes a new account into the configuration, behind what is there.
 */
#include "login_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX ((size_t)64 * 1024)

static void add(struct buf *out, const char *name, const char *value)
{
    if (value)
        buf_addf(out, "%s = %s\n", name, value);
}

static void add_section(const struct settings *s, const char *url, const char *login_url,
                        struct buf *out)
{
    const struct values *v = &s->values;

    if (out->len && out->data[out->len - 1] != '\n')
        buf_addch(out, '\n');
    buf_addf(out, "%s[%s]\n", out->len ? "\n" : "", s->account);
    add(out, "service", service_name(s->service));
    add(out, "client-id", v->client_id);
    add(out, "tenant", v->tenant);
    add(out, "url", url);
    add(out, "login-url", login_url);
    add(out, "ro", s->options.read_only ? "yes" : NULL);
}

/* Dot files are links into a repository at some people's. */
static char *real_path(const struct settings *s, struct buf *err)
{
    char *path = settings_config_path(s), *real = realpath(path, NULL);
    int rc = 0;

    if (real || errno != ENOENT) {
        free(path);
        return real;
    }
    char *slash = strrchr(path, '/');
    if (slash && slash != path) {
        *slash = '\0';
        rc = file_mkdirs(path, err);
        *slash = '/';
    }
    if (!rc)
        return path;
    free(path);
    return NULL;
}

int login_section_add(const struct settings *s, const char *url, const char *login_url,
                      struct buf *err)
{
    SCOPED(xfree) char *path = real_path(s, err);
    mode_t mode = 0600;
    SCOPED(buf_release) struct buf text = BUF_INIT(FILE_MAX);
    struct stat st;
    int rc = 0;

    if (!path)
        return -EACCES;
    if (stat(path, &st) == 0) {
        mode = st.st_mode & 0777;
        rc = file_read(path, &text, err);
    }
    if (!rc) {
        add_section(s, url, login_url, &text);
        rc = file_replace(path, text.data, text.len, mode, err);
    }
    return rc;
}
