/*
 * settings.c - what to mount and how, from the command line, the environment, the configuration
 * file and defaults, in this order.
 */
#include "cli_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUSE_CONF "/etc/fuse.conf"

void settings_init(struct settings *s)
{
    *s = (struct settings){0};
    options_init(&s->options, getuid(), getgid());
}

void settings_set(char **field, const char *value)
{
    free(*field);
    *field = xstrdup(value);
}

static void wipe(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
}

void settings_release(struct settings *s)
{
    wipe(s->token);
    free(s->mountpoint);
    free(s->config);
    free(s->url);
    free(s->api);
    free(s->state_dir);
    free(s->cache_dir);
    free(s->token);
    free(s->token_file);
    free(s->token_command);
    free(s->options_given);
    for (size_t i = 0; s->mail_folders && s->mail_folders[i]; i++)
        free(s->mail_folders[i]);
    free(s->mail_folders);
    options_release(&s->options);
}

/* --- paths --- */

const char *settings_home(void)
{
    const char *dir = getenv("HOME");
    const struct passwd *pw;

    if (dir && *dir == '/')
        return dir;
    pw = getpwuid(getuid());
    return pw && pw->pw_dir ? pw->pw_dir : "/";
}

/* A directory of the XDG base directory specification. */
static char *xdg_dir(const char *variable, const char *otherwise)
{
    const char *dir = getenv(variable);

    if (dir && *dir == '/') /* the specification: a relative one is ignored */
        return xstrdup(dir);
    return xasprintf("%s/%s", settings_home(), otherwise);
}

/* The process that stays leaves this directory. */
static int make_absolute(char **path, struct buf *err)
{
    char *cwd, *whole;

    if (!*path || **path == '/')
        return 0;
    cwd = getcwd(NULL, 0);
    if (!cwd)
        return buf_fail(err, -errno, "%s: the current directory is gone", *path);
    whole = xasprintf("%s/%s", cwd, *path);
    free(cwd);
    free(*path);
    *path = whole;
    return 0;
}

/* In a file there is no shell to expand it. */
static void expand_home(char **path)
{
    char *whole;

    if (!*path || !str_starts(*path, "~/"))
        return;
    whole = xasprintf("%s%s", settings_home(), *path + 1);
    free(*path);
    *path = whole;
}

static char *default_dir(const struct settings *s, const char *variable, const char *otherwise)
{
    char *base = xdg_dir(variable, otherwise), *dir;

    if (s->sandbox)
        dir = xasprintf("%s/outlookfs/sandbox", base);
    else
        dir = xasprintf("%s/outlookfs/%016" PRIx64, base, str_hash(0, s->url, strlen(s->url)));
    free(base);
    return dir;
}

static int complete_dirs(struct settings *s, struct buf *err)
{
    int rc;

    if (!s->state_dir)
        s->state_dir = default_dir(s, "XDG_STATE_HOME", ".local/state");
    if (!s->cache_dir)
        s->cache_dir = default_dir(s, "XDG_CACHE_HOME", ".cache");
    if (!s->options.send_root)
        s->options.send_root = xstrdup(settings_home());
    expand_home(&s->options.send_root);
    rc = make_absolute(&s->options.send_root, err);
    if (!rc)
        rc = make_absolute(&s->state_dir, err);
    if (!rc)
        rc = make_absolute(&s->cache_dir, err);
    if (!rc)
        rc = make_absolute(&s->token_file, err);
    return rc;
}

/* --- sources, the strongest first: command line, environment, configuration file --- */

/* The variable's memory can be read by others as /proc/PID/environ. */
static void take_token(struct settings *s)
{
    char *token = getenv("OUTLOOKFS_TOKEN");

    if (token && *token)
        s->token = xstrdup(token);
    wipe(token);
    unsetenv("OUTLOOKFS_TOKEN");
}

int settings_config(const struct settings *s, struct config *ret, struct buf *err)
{
    char *dir, *path;
    int rc;

    dir = xdg_dir("XDG_CONFIG_HOME", ".config");
    path = s->config ? xstrdup(s->config) : xasprintf("%s/outlookfs/config", dir);
    rc = config_read(path, ret, err);
    free(path);
    free(dir);
    if (rc == -ENOENT && !s->config)
        return 0;
    if (!rc)
        expand_home(&ret->mount);
    return rc;
}

/* Moves what the file says to where nothing is said yet. */
static void inherit(char **to, char **from)
{
    if (*to)
        return;
    *to = *from;
    *from = NULL;
}

static int complete_token(struct settings *s, struct config *config, struct buf *err)
{
    int given = !!s->token + !!s->token_file + !!s->token_command;

    if (given > 1)
        return buf_fail(err, -EINVAL,
                        "give one token source: --token-file, --token-command or OUTLOOKFS_TOKEN");
    if (given)
        return 0;
    if (config->token_file && config->token_command)
        return buf_fail(err, -EINVAL,
                        "the configuration has both token-file and token-command: keep one");
    expand_home(&config->token_file);
    inherit(&s->token_file, &config->token_file);
    inherit(&s->token_command, &config->token_command);

    /* Plain http:// goes to this machine only. */
    if (!s->token_file && !s->token_command && !str_starts(s->url, "http://"))
        return buf_fail(
            err, -EINVAL,
            "no token: give --token-file FILE, --token-command COMMAND, or set OUTLOOKFS_TOKEN");
    return 0;
}

static int complete_url(struct settings *s, struct config *config, struct buf *err)
{
    const char *env = getenv("OUTLOOKFS_URL");

    if (!s->url && env && *env)
        s->url = xstrdup(env);
    inherit(&s->url, &config->url);
    if (!s->url)
        return buf_fail(err, -EINVAL,
                        "no service: give --url URL, set OUTLOOKFS_URL, or try --sandbox");
    for (size_t len = strlen(s->url); len && s->url[len - 1] == '/'; len--)
        s->url[len - 1] = '\0';
    return 0;
}

/* The sandbox brings its own; what the environment and the file say is for another service. */
static int complete_service(struct settings *s, struct config *config, struct buf *err)
{
    int rc;

    if (s->sandbox) {
        if (s->url || s->token_file || s->token_command)
            return buf_fail(err, -EINVAL, "--sandbox brings its own URL and token");
        wipe(s->token);
        free(s->token);
        s->token = NULL;
        return 0;
    }
    rc = complete_url(s, config, err);
    if (!rc)
        rc = complete_token(s, config, err);
    return rc;
}

static int check_api(const struct settings *s, struct buf *err)
{
    if (!s->api || str_eq(s->api, "v1"))
        return 0;
    if (str_eq(s->api, "current"))
        return buf_fail(err, -EINVAL, "--api current is not available yet: use --api v1");
    return buf_fail(err, -EINVAL, "--api %s: expected v1", s->api);
}

static bool users_may_allow_other(void)
{
    bool found = false;
    struct buf text;

    buf_init(&text, 64 * 1024);
    if (file_read(FUSE_CONF, &text, NULL) == 0) {
        for (char *line = strtok(text.data, "\n"); line; line = strtok(NULL, "\n")) {
            line += strspn(line, " \t");
            line[strcspn(line, " \t#")] = '\0';
            found = found || str_eq(line, "user_allow_other");
        }
    }
    buf_release(&text);
    return found;
}

static int complete_options(struct settings *s, const struct config *config, struct buf *err)
{
    int rc = config->options ? options_parse(&s->options, config->options, err) : 0;

    if (!rc && s->options_given)
        rc = options_parse(&s->options, s->options_given, err);
    if (!rc && s->options.allow_other && geteuid() != 0 && !users_may_allow_other())
        return buf_fail(err, -EPERM,
                        "-o allow_other: only root may, unless " FUSE_CONF
                        " has the line user_allow_other");
    return rc;
}

int settings_complete(struct settings *s, struct buf *err)
{
    struct config config = {0};
    int rc;

    take_token(s);
    rc = settings_config(s, &config, err);
    if (rc)
        return rc;
    inherit(&s->api, &config.api);
    expand_home(&config.state_dir);
    expand_home(&config.cache_dir);
    inherit(&s->state_dir, &config.state_dir);
    inherit(&s->cache_dir, &config.cache_dir);
    s->mail_folders = config.mail_folders;
    config.mail_folders = NULL;

    rc = check_api(s, err);
    if (!rc)
        rc = complete_options(s, &config, err);
    if (!rc)
        rc = complete_service(s, &config, err);
    if (!rc)
        rc = complete_dirs(s, err);
    config_release(&config);
    return rc;
}
