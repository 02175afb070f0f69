/*
 * settings.c - what to mount and how, from the command line, the environment, the account's section
 * of the configuration, its general part, and defaults, in this order.
 */
#include "cli_p.h"
#include "mountpoint_p.h"
#include "serve_p.h"

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
    buf_init(&s->known, BUF_TEXT_MAX);
}

static void wipe(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
}

static void drop_token(struct settings *s)
{
    wipe(s->token);
    free(s->token);
    s->token = NULL;
}

void settings_release(struct settings *s)
{
    drop_token(s);
    free(s->mountpoint);
    free(s->account);
    free(s->config);
    free(s->identity);
    free(s->options_given);
    buf_release(&s->known);
    values_release(&s->values);
    xstrvfree(s->mail_folders);
    options_release(&s->options);
}

/* --- paths --- */

const char *settings_home(void)
{
    const char *dir = getenv("HOME");

    if (dir && *dir == '/')
        return dir;
    const struct passwd *pw = getpwuid(getuid());
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
    if (!*path || **path == '/')
        return 0;
    SCOPED(xfree) char *cwd = getcwd(NULL, 0);
    if (!cwd)
        return buf_fail(err, -errno, "%s: the current directory is gone", *path);
    char *whole = xasprintf("%s/%s", cwd, *path);
    free(*path);
    *path = whole;
    return 0;
}

static char *default_dir(const struct settings *s, const char *variable, const char *otherwise)
{
    SCOPED(xfree) char *base = xdg_dir(variable, otherwise);
    char *dir;

    if (s->sandbox)
        dir =
            xasprintf("%s/outlookfs/sandbox%s", base, s->service == SERVICE_GRAPH ? "-graph" : "");
    else
        dir = xasprintf("%s/outlookfs/%016" PRIx64, base,
                        str_hash(0, s->identity, strlen(s->identity)));
    return dir;
}

char *settings_token_dir(void)
{
    SCOPED(xfree) char *base = xdg_dir("XDG_STATE_HOME", ".local/state");

    return xasprintf("%s/outlookfs/tokens", base);
}

static int complete_dirs(struct settings *s, struct buf *err)
{
    struct values *v = &s->values;
    char **paths[] = {&v->state_dir, &v->cache_dir, &v->token_file, &s->options.send_root};
    int rc = 0;

    if (!v->state_dir)
        v->state_dir = default_dir(s, "XDG_STATE_HOME", ".local/state");
    if (!v->cache_dir)
        v->cache_dir = default_dir(s, "XDG_CACHE_HOME", ".cache");
    if (!s->options.send_root)
        s->options.send_root = xstrdup(settings_home());
    for (size_t i = 0; !rc && i < ARRAY_SIZE(paths); i++)
        rc = make_absolute(paths[i], err);
    return rc;
}

/* --- the configuration --- */

/* The variable's memory can be read by others as /proc/PID/environ. */
static void take_token(struct settings *s)
{
    char *token = getenv("OUTLOOKFS_TOKEN");

    if (token && *token)
        s->token = xstrdup(token);
    wipe(token);
    unsetenv("OUTLOOKFS_TOKEN");
}

char *settings_config_path(const struct settings *s)
{
    SCOPED(xfree) char *dir = xdg_dir("XDG_CONFIG_HOME", ".config");

    return s->config ? xstrdup(s->config) : xasprintf("%s/outlookfs/config", dir);
}

int settings_config(const struct settings *s, struct config *ret, struct buf *err)
{
    SCOPED(xfree) char *path = settings_config_path(s);
    int rc = config_read(path, ret, err);

    if (rc == -ENOENT && !s->config) {
        if (err)
            buf_clear(err);
        return 0;
    }
    return rc;
}

static bool names_token(const struct values *v)
{
    return v->token_file || v->token_command || v->client_id;
}

/* Nothing is left for an account to say. */
static bool is_complete(const struct values *v, const char *token)
{
    return v->url && (token || v->token_file || v->token_command);
}

static const struct account *account_of_mount(const struct config *c, const char *mountpoint)
{
    SCOPED(xfree) char *path = mountpoint ? realpath(mountpoint, NULL) : NULL;
    const struct account *found = NULL;

    for (size_t i = 0; path && !found && i < c->naccounts; i++) {
        const char *mount = c->accounts[i].values.mount;
        SCOPED(xfree) char *other = mount ? realpath(mount, NULL) : NULL;

        if (str_eq(path, other))
            found = &c->accounts[i];
    }
    return found;
}

/* Who is not named: the one of this mount point, or the only one, unless the command line says all
 * there is to say. */
static const struct account *default_account(const struct settings *s, const struct config *c)
{
    const struct account *of_mount = account_of_mount(c, s->mountpoint);

    if (s->values.sandbox || is_complete(&s->values, s->token))
        return NULL;
    if (of_mount)
        return of_mount;
    return c->naccounts == 1 ? &c->accounts[0] : NULL;
}

static void list_accounts(const struct config *c, struct buf *out)
{
    for (size_t i = 0; i < c->naccounts; i++)
        buf_addf(out, "%s%s", i ? ", " : "", c->accounts[i].name);
}

static int no_account(const struct config *c, const char *name, struct buf *err)
{
    SCOPED(buf_release) struct buf names = BUF_INIT(BUF_TEXT_MAX);

    list_accounts(c, &names);
    buf_fail(err, 0, "%s%sno account is called %s; %s%s", c->path ? c->path : "",
             c->path ? ": " : "", name, names.len ? "there are: " : "outlookfs login makes one",
             names.data);
    return -ENOENT;
}

static int choose_account(const struct settings *s, const struct config *c,
                          const struct account **ret, struct buf *err)
{
    *ret = s->account ? config_find(c, s->account) : default_account(s, c);
    return s->account && !*ret && !s->for_login ? no_account(c, s->account, err) : 0;
}

/* The strongest that names a token is the one that counts. */
static void inherit(struct settings *s, const struct values *from)
{
    struct values *v = &s->values;
    bool named = s->token || names_token(v), file = v->token_file, command = v->token_command;

    values_inherit(v, from);
    if (named && !file)
        xstrset(&v->token_file, NULL);
    if (named && !command)
        xstrset(&v->token_command, NULL);
}

/* A login with other words than those of the section would not be the one that a mount looks for. */
static int check_login(const struct settings *s, const struct config *c, const struct account *a,
                       struct buf *err)
{
    const struct values *said = &s->values, *written = &a->values;
    const char *const keys[][3] = {{"client-id", said->client_id, written->client_id},
                                   {"tenant", said->tenant, written->tenant},
                                   {"login-url", said->login_url, written->login_url},
                                   {"url", said->url, written->url}};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (keys[i][1] && keys[i][2] && !str_eq(keys[i][1], keys[i][2]))
            return buf_fail(err, -EINVAL,
                            "%s: [%s] says %s = %s: change it there, or give another "
                            "account's name",
                            c->path, a->name, keys[i][0], keys[i][2]);
    }
    return 0;
}

static void inherit_environment(struct settings *s)
{
    const char *url = getenv("OUTLOOKFS_URL");

    if (!s->values.url && url && *url)
        s->values.url = xstrdup(url);
}

/* An account's name where a mount point was expected: it says where it is mounted. */
static void take_account_for_mountpoint(struct settings *s, const struct config *c)
{
    const struct account *a = s->mountpoint && !s->account ? config_find(c, s->mountpoint) : NULL;

    if (!a || !a->values.mount || access(s->mountpoint, F_OK) == 0)
        return;
    s->account = TAKE(s->mountpoint);
}

static int inherit_config(struct settings *s, const struct config *c, struct buf *err)
{
    const struct account *account = NULL;

    take_account_for_mountpoint(s, c);
    int rc = choose_account(s, c, &account, err);
    if (!rc && account && s->for_login)
        rc = check_login(s, c, account, err);
    if (rc)
        return rc;
    if (account) {
        if (names_token(&account->values))
            drop_token(s); /* a token is for one service */
        inherit(s, &account->values);
        xstrset(&s->account, account->name);
        s->in_config = true;
    }
    if (!s->values.sandbox)
        inherit_environment(s);
    inherit(s, &c->general);
    if (!s->mountpoint && s->values.mount)
        s->mountpoint = xstrdup(s->values.mount);
    return 0;
}

int settings_inherit(struct settings *s, struct buf *err)
{
    const struct values *v = &s->values;
    SCOPED(config_release) struct config config = {0};

    if (s->inherited)
        return 0;
    if (v->sandbox && (v->url || v->token_file || v->token_command || v->client_id))
        return buf_fail(err, -EINVAL, "--sandbox brings its own URL and token");
    take_token(s);
    int rc = settings_config(s, &config, err);
    if (!rc)
        rc = inherit_config(s, &config, err);
    list_accounts(&config, &s->known);
    s->inherited = !rc;
    return rc;
}

/* --- the service and its token --- */

static void drop_slashes(char *url)
{
    for (size_t len = url ? strlen(url) : 0; len && url[len - 1] == '/'; len--)
        url[len - 1] = '\0';
}

/* A mailbox of one's own needs no URL where one logs in: Graph has one for all. */
static enum service_id service_of(const struct values *v)
{
    if (v->service)
        return str_eq(v->service, "graph") ? SERVICE_GRAPH : SERVICE_CONNECTOR;
    return v->client_id && !v->url && !v->sandbox ? SERVICE_GRAPH : SERVICE_CONNECTOR;
}

static int no_service(const struct settings *s, struct buf *err)
{
    if (s->known.len)
        return buf_fail(err, -EINVAL, "which account? There are: %s", s->known.data);
    return buf_fail(err, -EINVAL,
                    "no service: log in with outlookfs login, give --url URL, or try --sandbox");
}

int settings_login(struct settings *s, struct buf *err)
{
    struct values *v = &s->values;

    s->service = service_of(v);
    cloud_complete(s->service, v);
    drop_slashes(v->url);
    drop_slashes(v->login_url);
    xstrset(&s->identity, NULL);
    if (!v->url)
        return buf_fail(err, -EINVAL, "no URL of the connection: give --url URL");
    s->identity = s->service == SERVICE_GRAPH
                      ? xasprintf("graph %s %s %s %s", v->url, v->login_url, v->tenant,
                                  v->client_id ? v->client_id : "")
                      : xstrdup(v->url);
    return 0;
}

static int no_token(const struct settings *s, struct buf *err)
{
    if (s->service == SERVICE_GRAPH)
        return buf_fail(err, -EINVAL, "no token: run outlookfs login%s%s", s->account ? " " : "",
                        s->account ? s->account : "");
    return buf_fail(err, -EINVAL,
                    "no token: give --token-file FILE, --token-command COMMAND, or set "
                    "OUTLOOKFS_TOKEN");
}

static int complete_token(struct settings *s, struct buf *err)
{
    const struct values *v = &s->values;

    if ((v->token_file != NULL) + (v->token_command != NULL) + (s->token != NULL) > 1)
        return buf_fail(err, -EINVAL,
                        "give one token source: --token-file, --token-command or OUTLOOKFS_TOKEN");
    s->login = v->client_id && !v->token_file && !v->token_command && !s->token;
    if (!names_token(v) && !s->token && !str_starts(v->url, "http://"))
        return no_token(s, err);
    return 0;
}

/* It brings its own; what the environment and the file say is for another service. */
static void complete_sandbox(struct settings *s)
{
    struct values *v = &s->values;
    char **others[] = {&v->url, &v->token_file, &v->token_command, &v->client_id};

    s->service = service_of(v);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        xstrset(others[i], NULL);
    drop_token(s);
    s->identity = xstrdup(s->service == SERVICE_GRAPH ? "the sandbox, graph" : "the sandbox");
}

static int complete_service(struct settings *s, struct buf *err)
{
    struct values *v = &s->values;

    if (v->sandbox)
        options_parse_flag(v->sandbox, &s->sandbox);
    if (s->sandbox) {
        complete_sandbox(s);
        return 0;
    }
    if (!v->url && service_of(v) == SERVICE_CONNECTOR)
        return no_service(s, err);
    int rc = settings_login(s, err);
    return rc ? rc : complete_token(s, err);
}

/* --- options --- */

static bool users_may_allow_other(void)
{
    bool found = false;
    SCOPED(buf_release) struct buf text = BUF_INIT(64 * 1024);

    if (file_read(FUSE_CONF, &text, NULL) == 0) {
        for (char *line = strtok(text.data, "\n"); line; line = strtok(NULL, "\n")) {
            line += strspn(line, " \t");
            line[strcspn(line, " \t#")] = '\0';
            found = found || str_eq(line, "user_allow_other");
        }
    }
    return found;
}

static int apply_said(struct settings *s, struct buf *err)
{
    const struct values *v = &s->values;
    int rc = 0;

    for (size_t i = 0; !rc && i < v->noptions; i++) {
        const struct said_option *o = &v->options[i];

        rc = str_eq(o->name, "options") ? options_parse(&s->options, o->value, err)
                                        : options_set(&s->options, o->name, o->value, err);
    }
    return rc;
}

int settings_options(struct settings *s, struct buf *err)
{
    int rc = apply_said(s, err);

    if (!rc && s->options_given)
        rc = options_parse(&s->options, s->options_given, err);
    if (!rc && s->options.allow_other && geteuid() != 0 && !users_may_allow_other())
        return buf_fail(err, -EPERM,
                        "-o allow_other: only root may, unless " FUSE_CONF
                        " has the line user_allow_other");
    if (s->options.send_root && str_starts(s->options.send_root, "~/")) {
        char *whole = xasprintf("%s%s", settings_home(), s->options.send_root + 1);

        free(s->options.send_root);
        s->options.send_root = whole;
    }
    return rc;
}

static void split_folders(struct settings *s)
{
    SCOPED(xfree) char *copy = xstrdup(s->values.mail_folders ? s->values.mail_folders : "");
    char *rest = copy, *name;
    size_t count = 0;

    while ((name = strsep(&rest, ","))) {
        name += strspn(name, " \t");
        for (size_t len = strlen(name); len && strchr(" \t", name[len - 1]); len--)
            name[len - 1] = '\0';
        if (!*name)
            continue;
        s->mail_folders = xrealloc(s->mail_folders, (count + 2) * sizeof(*s->mail_folders));
        s->mail_folders[count++] = xstrdup(name);
        s->mail_folders[count] = NULL;
    }
}

int settings_complete(struct settings *s, struct buf *err)
{
    int rc = settings_inherit(s, err);

    if (!rc)
        rc = settings_options(s, err);
    if (!rc)
        rc = complete_service(s, err);
    if (!rc)
        rc = complete_dirs(s, err);
    split_folders(s);
    return rc;
}
