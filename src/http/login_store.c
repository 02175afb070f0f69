/*
 * login_store.c - a login as a file, with its tokens or with a note that the keyring has them.
 */
#include <outlookfs/http/login.h>

#include "secret_p.h"
#include "token_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_LIMIT (60 * NS_PER_S)
#define FILE_MAX ((size_t)512 * 1024)

struct login_store {
    struct login_key key; /* strings of ours */
    char *dir, *path, *lock_path;
    int lock; /* -1: not held */
};

void login_release(struct login *l)
{
    token_wipe_string(l->access);
    token_wipe_string(l->refresh);
    free(l->asked);
    free(l->granted);
    free(l->who);
    free(l->dead);
    *l = (struct login){0};
}

/* --- open, close, lock --- */

static uint64_t hash_of(const struct login_key *key)
{
    const char *const parts[] = {key->login_url, key->tenant, key->client_id, key->resource};
    uint64_t hash = 0;

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        hash = str_hash(hash, parts[i], strlen(parts[i]) + 1);
    return hash;
}

struct login_store *login_store_open(const char *dir, const struct login_key *key)
{
    struct login_store *store = xcalloc(1, sizeof(*store));

    store->key = (struct login_key){xstrdup(key->login_url), xstrdup(key->tenant),
                                    xstrdup(key->client_id), xstrdup(key->resource)};
    store->dir = xstrdup(dir);
    store->path = xasprintf("%s/%016" PRIx64 ".json", dir, hash_of(key));
    store->lock_path = xasprintf("%s/%016" PRIx64 ".lock", dir, hash_of(key));
    store->lock = -1;
    return store;
}

void login_store_close(struct login_store *store)
{
    if (!store)
        return;
    login_store_unlock(store);
    free((char *)store->key.login_url);
    free((char *)store->key.tenant);
    free((char *)store->key.client_id);
    free((char *)store->key.resource);
    free(store->dir);
    free(store->path);
    free(store->lock_path);
    free(store);
}

const struct login_key *login_store_key(const struct login_store *store)
{
    return &store->key;
}

const char *login_store_path(const struct login_store *store)
{
    return store->path;
}

int login_store_lock(struct login_store *store, struct cancel *cancel, struct buf *err)
{
    const struct timespec pause = {.tv_nsec = CANCEL_SLICE};
    int64_t until = clock_mono() + LOCK_LIMIT;
    int rc = file_mkdirs(store->dir, err);

    if (rc)
        return rc;
    int fd = open(store->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return buf_fail(err, -errno, "%s: %s", store->lock_path, strerror(errno));
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK)
            rc = buf_fail(err, -errno, "%s: %s", store->lock_path, strerror(errno));
        else if (cancel_fired(cancel))
            rc = buf_fail(err, -EINTR, "cancelled");
        else if (clock_mono() >= until)
            rc = buf_fail(err, -ETIMEDOUT, "%s: another program holds it", store->lock_path);
        if (rc) {
            close(fd);
            return rc;
        }
        nanosleep(&pause, NULL);
    }
    store->lock = fd;
    return 0;
}

void login_store_unlock(struct login_store *store)
{
    if (store->lock >= 0)
        close(store->lock);
    store->lock = -1;
}

/* --- the texts --- */

static void add(cJSON *obj, const char *name, const char *value)
{
    if (value)
        cJSON_AddStringToObject(obj, name, value);
}

static char *member(const cJSON *obj, const char *name)
{
    const char *text = json_str(obj, name);

    return xstrdup(text);
}

/* What the keyring keeps, or the file. */
static void add_tokens(cJSON *obj, const struct login *l)
{
    add(obj, "access_token", l->access);
    add(obj, "refresh_token", l->refresh);
}

static void take_tokens(const cJSON *obj, struct login *l)
{
    l->access = member(obj, "access_token");
    l->refresh = member(obj, "refresh_token");
}

static void wipe_print(const cJSON *obj, struct buf *out)
{
    char *text = cJSON_Print(obj);

    buf_addstr(out, text);
    buf_addch(out, '\n');
    explicit_bzero(text, strlen(text));
    cJSON_free(text);
}

static void wipe_json(cJSON *obj)
{
    cJSON *item;

    cJSON_ArrayForEach(item, obj)
    {
        if (cJSON_IsString(item))
            explicit_bzero(item->valuestring, strlen(item->valuestring));
    }
    cJSON_Delete(obj);
}

static cJSON *login_json(const struct login_store *store, const struct login *l, bool in_keyring)
{
    cJSON *obj = cJSON_CreateObject();

    add(obj, "login_url", store->key.login_url);
    add(obj, "tenant", store->key.tenant);
    add(obj, "client_id", store->key.client_id);
    add(obj, "resource", store->key.resource);
    add(obj, "who", l->who);
    add(obj, "asked", l->asked);
    add(obj, "granted", l->granted);
    add(obj, "dead", l->dead);
    cJSON_AddNumberToObject(obj, "obtained", (double)l->obtained);
    cJSON_AddNumberToObject(obj, "expires", (double)l->expires);
    cJSON_AddBoolToObject(obj, "in_keyring", in_keyring);
    if (!in_keyring)
        add_tokens(obj, l);
    return obj;
}

static void take_login(const cJSON *obj, struct login *ret)
{
    *ret = (struct login){.who = member(obj, "who"),
                          .asked = member(obj, "asked"),
                          .granted = member(obj, "granted"),
                          .dead = member(obj, "dead"),
                          .obtained = json_int(obj, "obtained", 0),
                          .expires = json_int(obj, "expires", 0),
                          .in_keyring = json_bool(obj, "in_keyring", false)};
    take_tokens(obj, ret);
}

/* --- reading --- */

static int read_private(const struct login_store *store, struct buf *out, struct buf *err)
{
    SCOPED(fd_release) int fd = open(store->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    int rc = 0;

    if (fd < 0)
        return buf_fail(err, errno == ENOENT ? -ENOENT : -EACCES, "%s: %s", store->path,
                        errno == ENOENT ? "not logged in" : strerror(errno));
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
        rc = buf_fail(err, -EACCES, "%s: not a file of this user", store->path);
    else if (st.st_mode & 077)
        rc = buf_fail(err, -EACCES, "%s: others can read the tokens; run: chmod 600 %s",
                      store->path, store->path);
    else if (file_read_fd(fd, out))
        rc = buf_fail(err, -EACCES, "%s: cannot be read", store->path);
    return rc;
}

static int read_file(const struct login_store *store, struct login *ret, struct buf *err)
{
    cJSON *obj = NULL;
    struct buf text;

    buf_init(&text, FILE_MAX);
    int rc = read_private(store, &text, err);
    if (!rc && json_parse_object(text.data, text.len, &obj, NULL))
        rc = buf_fail(err, -EACCES, "%s: damaged; log in again", store->path);
    if (!rc)
        take_login(obj, ret);
    wipe_json(obj);
    token_wipe(&text);
    return rc;
}

int login_store_peek(struct login_store *store, struct login *ret, struct buf *err)
{
    return read_file(store, ret, err);
}

static int read_keyring(struct login_store *store, struct cancel *cancel, struct login *l,
                        struct buf *err)
{
    cJSON *obj = NULL;
    struct buf text;

    if (!secret_available())
        return buf_fail(err, -EACCES,
                        "the tokens are in the keyring of the desktop session, which this "
                        "process does not belong to (DBUS_SESSION_BUS_ADDRESS)");
    buf_init(&text, FILE_MAX);
    int rc = secret_get(&store->key, cancel, &text, err);
    if (rc == -ENOENT)
        rc = -EACCES;
    if (!rc && json_parse_object(text.data, text.len, &obj, NULL))
        rc = buf_fail(err, -EACCES, "what the keyring has is no login; log in again");
    if (!rc)
        take_tokens(obj, l);
    wipe_json(obj);
    token_wipe(&text);
    return rc;
}

int login_store_read(struct login_store *store, struct cancel *cancel, struct login *ret,
                     struct buf *err)
{
    struct login login = {0};
    int rc = read_file(store, &login, err);

    if (!rc && login.in_keyring)
        rc = read_keyring(store, cancel, &login, err);
    if (rc)
        login_release(&login);
    else
        *ret = login;
    return rc;
}

/* --- writing --- */

static int write_keyring(struct login_store *store, struct cancel *cancel, const struct login *l)
{
    cJSON *obj = cJSON_CreateObject();
    struct buf text;

    buf_init(&text, FILE_MAX);
    add_tokens(obj, l);
    wipe_print(obj, &text);
    int rc = secret_put(&store->key, text.data, cancel, NULL);
    wipe_json(obj);
    token_wipe(&text);
    return rc;
}

/* A keyring that does not take them is not a reason to have none. */
int login_store_write(struct login_store *store, struct cancel *cancel, const struct login *l,
                      struct buf *err)
{
    bool in_keyring = secret_available() && write_keyring(store, cancel, l) == 0;
    cJSON *obj = login_json(store, l, in_keyring);
    struct buf text;
    int rc = file_mkdirs(store->dir, err);

    buf_init(&text, FILE_MAX);
    wipe_print(obj, &text);
    if (!rc)
        rc = file_replace(store->path, text.data, text.len, 0600, err);
    wipe_json(obj);
    token_wipe(&text);
    return rc;
}

int login_store_remove(struct login_store *store, struct buf *err)
{
    SCOPED(login_release) struct login login = {0};
    int rc = 0;

    if (read_file(store, &login, NULL) == 0 && login.in_keyring)
        rc = secret_available() ? secret_remove(&store->key, NULL, err)
                                : buf_fail(err, -EACCES, "the keyring cannot be reached");
    if (!rc && unlink(store->path))
        rc = buf_fail(err, -errno, "%s: %s", store->path,
                      errno == ENOENT ? "not logged in" : strerror(errno));
    return rc;
}

uint64_t login_store_stamp(const struct login_store *store)
{
    return token_file_stamp(store->path);
}
