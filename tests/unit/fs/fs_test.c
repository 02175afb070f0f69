/*
 * fs_test.c - the rig of fs_test.h.
 */
#include "fs_test.h"

#include <outlookfs/base/log.h>
#include <outlookfs/model/render.h>

#include <ftw.h>
#include <time.h>
#include <unistd.h>

static const struct fs_req nobody = {.cancel = NULL};

/* --- a remote that outlives its mailbox ----------------------------------------------------------- */

struct lent {
    struct remote base;
    struct remote *inner;
};

static enum grade lent_call(struct remote *r, struct remote_call *call, struct remote_fault *fault)
{
    return remote_call(((struct lent *)r)->inner, call, fault);
}

static bool lent_online(struct remote *r)
{
    return remote_online(((struct lent *)r)->inner);
}

static void lent_stats(struct remote *r, struct http_stats *ret)
{
    remote_stats(((struct lent *)r)->inner, ret);
}

static void lent_destroy(struct remote *r)
{
    free(r);
}

static const struct remote_impl lent_impl = {.name = "lent",
                                             .call = lent_call,
                                             .online = lent_online,
                                             .stats = lent_stats,
                                             .destroy = lent_destroy};

static struct remote *lend(struct remote *inner)
{
    struct lent *l = xcalloc(1, sizeof(*l));

    l->base = (struct remote){.impl = &lent_impl, .version = inner->version};
    l->inner = inner;
    return &l->base;
}

/* --- the mailbox's records ------------------------------------------------------------------------ */

static struct cJSON *parsed(const char *text)
{
    struct cJSON *obj = NULL;

    assert_int_equal(json_parse_object(text, strlen(text), &obj, NULL), 0);
    return obj;
}

static void add_records(struct rig *t)
{
    t->contact = remote_memory_add(
        t->memory, KIND_CONTACT, "Contacts",
        parsed("{\"GivenName\": \"Jane\", \"Surname\": \"Doe\", \"MobilePhone1\": \"1\","
               " \"HomePhones\": [\"2\"], \"HomeAddress\": {\"City\": \"Bonn\"},"
               " \"PersonalNotes\": \"\", \"Note\": \"unknown to us\"}"));
    t->event = remote_memory_add(
        t->memory, KIND_EVENT, "Calendar",
        parsed("{\"Subject\": \"Lunch\", \"Start\": \"2026-11-24T12:00:00+00:00\","
               " \"End\": \"2026-11-24T13:00:00+00:00\", \"Importance\": \"Normal\"}"));
    t->message = remote_memory_add(t->memory, KIND_MESSAGE, "Inbox",
                                   parsed("{\"Subject\": \"Hello\", \"Body\": \"text\","
                                          " \"DateTimeReceived\": \"2026-11-01T10:00:00+00:00\"}"));
    t->letter = remote_memory_add(
        t->memory, KIND_MESSAGE, "Inbox",
        parsed("{\"Subject\": \"Letter\", \"Body\": \"text\","
               " \"DateTimeReceived\": \"2026-11-02T10:00:00+00:00\","
               " \"Attachments\": [{\"Name\": \"a.txt\", \"ContentType\": \"text/plain\","
               " \"Size\": 99, \"ContentBytes\": \"aGVsbG8=\"}]}"));
}

char *with_member(const char *text, const char *member, const char *value)
{
    struct cJSON *obj = parsed(text);
    struct buf out;

    if (json_get(obj, member))
        cJSON_ReplaceItemInObjectCaseSensitive(obj, member, cJSON_CreateString(value));
    else
        cJSON_AddStringToObject(obj, member, value);
    buf_init(&out, JSON_TEXT_MAX);
    assert_int_equal(render_record(obj, &out), 0);
    cJSON_Delete(obj);
    char *ret = buf_detach(&out);
    buf_release(&out);
    return ret;
}

char *rig_member(struct rig *t, const char *id, const char *member)
{
    const struct cJSON *record = remote_memory_get(t->memory, KIND_CONTACT, id);
    const char *value = record ? json_str(record, member) : NULL;

    return xstrdup(value ? value : "");
}

void rig_edit(struct rig *t, const char *id, const char *member, const char *value)
{
    struct cJSON *set = cJSON_CreateObject();

    cJSON_AddStringToObject(set, member, value);
    remote_memory_edit(t->memory, KIND_CONTACT, id, set);
}

void rig_refresh(struct rig *t, const char *folder)
{
    clock_advance(3601 * NS_PER_S);
    free(rig_list(t, folder));
}

/* --- lifetime ------------------------------------------------------------------------------------- */

static void told_inode(void *ctx, uint64_t ino)
{
    struct rig *t = ctx;

    t->last_inode = ino;
    t->told_inode++;
}

static void told_entry(void *ctx, uint64_t parent, const char *name)
{
    struct rig *t = ctx;

    (void)parent;
    (void)name;
    t->told_entry++;
}

static const struct fs_notify notify = {.inode = told_inode, .entry = told_entry};

void rig_start(struct rig *t)
{
    char *state = xasprintf("%s/state", t->dir), *cache = xasprintf("%s/cache", t->dir);
    struct mailbox_config mailbox = {.remote = lend(t->faulty),
                                     .state_dir = state,
                                     .cache_dir = cache,
                                     .list_ttl = 3600 * NS_PER_S,
                                     .writeback_delay = 86400 * NS_PER_S,
                                     .delete_guard = 0,
                                     .trash_keep = 30 * 86400 * NS_PER_S,
                                     .trash_max = 1 << 20,
                                     .attachments_max = 1 << 20};
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(mailbox_open(&mailbox, &t->mb, &err), 0);
    struct fs_config fs = {.mailbox = t->mb,
                           .uid = getuid(),
                           .gid = getgid(),
                           .read_only = t->read_only,
                           .url = "memory:",
                           .mountpoint = "/mnt",
                           .notify = &notify,
                           .notify_ctx = t};
    assert_int_equal(fs_new(&fs, &t->fs, &err), 0);
    assert_int_equal(fs_start(t->fs), 0);
    assert_int_equal(mailbox_start(t->mb), 0);
    buf_release(&err);
    free(state);
    free(cache);
}

/* Known to be offline, a mailbox ends without a last attempt to send. */
void rig_stop(struct rig *t)
{
    bool online = remote_online(t->faulty);

    fs_stop(t->fs);
    remote_faulty_offline(t->faulty, true);
    mailbox_stop(t->mb, 0, NULL);
    remote_faulty_offline(t->faulty, !online);
    fs_destroy(t->fs);
    mailbox_close(t->mb);
    t->fs = NULL;
    t->mb = NULL;
}

void rig_restart(struct rig *t)
{
    rig_stop(t);
    rig_start(t);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void rig_delete_cache(struct rig *t)
{
    char *cache = xasprintf("%s/cache", t->dir);

    nftw(cache, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(cache);
}

static void release_open(struct rig *t)
{
    for (size_t i = 0; i < ARRAY_SIZE(t->open); i++) {
        if (t->open[i])
            fs_release(t->fs, t->open[i]);
        t->open[i] = NULL;
    }
}

static void command(const char *verb, const char *from, const char *to)
{
    char *line = xasprintf("%s %s %s", verb, from, to);

    assert_int_equal(system(line), 0);
    free(line);
}

/* A copy taken now is what the killed program would have left. */
void rig_crash(struct rig *t)
{
    char *copy = xasprintf("%s.copy", t->dir);

    command("cp -a", t->dir, copy);
    release_open(t);
    rig_stop(t);
    command("rm -r", t->dir, "");
    command("mv", copy, t->dir);
    free(copy);
    rig_start(t);
}

int rig_setup(void **state)
{
    struct rig *t = xcalloc(1, sizeof(*t));

    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_DEBUG);
    clock_advance(0);
    snprintf(t->dir, sizeof(t->dir), "/tmp/outlookfs-fs-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    t->memory = remote_memory_create();
    t->faulty = remote_faulty_create(t->memory);
    add_records(t);
    t->name = name_from_id(t->contact);
    t->path = xasprintf(CONTACTS "%s", t->name);
    rig_start(t);
    free(rig_list(t, "contacts/Contacts"));
    free(rig_list(t, "calendars/Calendar"));
    free(rig_list(t, "mail/Inbox"));
    t->before = rig_read(t, t->path);
    assert_non_null(t->before);
    assert_soon(t->told_inode == 4); /* each record was new once */
    t->after = with_member(t->before, "MobilePhone1", "+49 170 55501234");
    rig_count(t);
    *state = t;
    return 0;
}

int rig_teardown(void **state)
{
    struct rig *t = *state;

    release_open(t);
    if (t->fs)
        rig_stop(t);
    remote_destroy(t->faulty);
    nftw(t->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(t->name);
    free(t->path);
    free(t->before);
    free(t->after);
    free(t);
    return 0;
}

/* --- requests ------------------------------------------------------------------------------------- */

int rig_sync(struct rig *t)
{
    return writeback_flush(mailbox_writeback(t->mb), 0, clock_mono() + 60 * NS_PER_S, NULL, NULL);
}

void rig_count(struct rig *t)
{
    for (enum operation op = 0; op <= OP_COUNT; op++)
        t->calls[op] = remote_memory_calls(t->memory, op);
}

unsigned rig_calls(struct rig *t, enum operation op)
{
    return remote_memory_calls(t->memory, op) - t->calls[op];
}

void rig_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10 * NS_PER_MS}, NULL);
}

/* --- paths ---------------------------------------------------------------------------------------- */

static uint64_t step(struct rig *t, uint64_t parent, const char *name, int *rc)
{
    struct fs_entry entry;

    *rc = fs_lookup(t->fs, &nobody, parent, name, &entry);
    return *rc ? 0 : entry.ino;
}

/* The directory above the last part of the path, with a reference unless it is the root. */
static int walk(struct rig *t, const char *path, uint64_t *ret_dir, const char **ret_name)
{
    uint64_t dir = FS_ROOT;
    const char *slash;

    while ((slash = strchr(path, '/'))) {
        char *name = xstrndup(path, (size_t)(slash - path));
        int rc;
        uint64_t next = step(t, dir, name, &rc);

        free(name);
        fs_forget(t->fs, dir, 1);
        if (rc)
            return rc;
        dir = next;
        path = slash + 1;
    }
    *ret_dir = dir;
    *ret_name = path;
    return 0;
}

int rig_lookup(struct rig *t, const char *path, struct fs_entry *ret)
{
    const char *name;
    uint64_t dir;
    int rc = walk(t, path, &dir, &name);

    if (rc)
        return rc;
    rc = fs_lookup(t->fs, &nobody, dir, name, ret);
    fs_forget(t->fs, dir, 1);
    return rc;
}

void rig_forget(struct rig *t, const struct fs_entry *entry)
{
    fs_forget(t->fs, entry->ino, 1);
}

int rig_stat(struct rig *t, const char *path, struct stat *ret)
{
    struct fs_entry entry;
    int rc = rig_lookup(t, path, &entry);

    if (rc)
        return rc;
    *ret = entry.attr;
    rig_forget(t, &entry);
    return 0;
}

uint64_t rig_ino(struct rig *t, const char *path)
{
    struct stat st;

    assert_int_equal(rig_stat(t, path, &st), 0);
    return st.st_ino;
}

bool rig_exists(struct rig *t, const char *path)
{
    struct stat st;

    return !rig_stat(t, path, &st);
}

/* --- calls ---------------------------------------------------------------------------------------- */

static void remember(struct rig *t, struct fs_handle *old, struct fs_handle *new)
{
    size_t i = 0;

    while (i < ARRAY_SIZE(t->open) && t->open[i] != old)
        i++;
    assert_true(i < ARRAY_SIZE(t->open));
    t->open[i] = new;
}

int rig_open(struct rig *t, const char *path, int flags, struct fs_handle **ret)
{
    struct fs_entry entry;
    struct fs_open open;
    int rc = rig_lookup(t, path, &entry);

    if (rc)
        return rc;
    rc = fs_open(t->fs, &nobody, entry.ino, flags, &open);
    rig_forget(t, &entry);
    if (rc)
        return rc;
    remember(t, NULL, open.handle);
    *ret = open.handle;
    return 0;
}

int rig_create(struct rig *t, const char *path, int flags, mode_t mode, struct fs_handle **ret)
{
    struct fs_entry entry;
    struct fs_open open;
    const char *name;
    uint64_t dir;
    int rc = walk(t, path, &dir, &name);

    if (rc)
        return rc;
    rc = fs_create(t->fs, &nobody, dir, name, mode, flags | O_CREAT, &entry, &open);
    fs_forget(t->fs, dir, 1);
    if (rc)
        return rc;
    rig_forget(t, &entry);
    remember(t, NULL, open.handle);
    *ret = open.handle;
    return 0;
}

ssize_t rig_write(struct rig *t, struct fs_handle *h, const char *text, off_t offset)
{
    return fs_write(t->fs, &nobody, h, text, strlen(text), offset);
}

int rig_flush(struct rig *t, struct fs_handle *h)
{
    return fs_flush(t->fs, &nobody, h);
}

int rig_fsync(struct rig *t, struct fs_handle *h)
{
    return fs_fsync(t->fs, &nobody, h);
}

int rig_close(struct rig *t, struct fs_handle *h)
{
    int rc = rig_flush(t, h);

    rig_release(t, h);
    return rc;
}

void rig_release(struct rig *t, struct fs_handle *h)
{
    remember(t, h, NULL);
    fs_release(t->fs, h);
}

int rig_unlink(struct rig *t, const char *path)
{
    const char *name;
    uint64_t dir;
    int rc = walk(t, path, &dir, &name);

    if (rc)
        return rc;
    rc = fs_unlink(t->fs, &nobody, dir, name);
    fs_forget(t->fs, dir, 1);
    return rc;
}

int rig_rename(struct rig *t, const char *from, const char *to, unsigned flags)
{
    const char *name, *newname;
    uint64_t dir, newdir;
    int rc = walk(t, from, &dir, &name);

    if (rc)
        return rc;
    rc = walk(t, to, &newdir, &newname);
    if (!rc) {
        rc = fs_rename(t->fs, &nobody, dir, name, newdir, newname, flags);
        fs_forget(t->fs, newdir, 1);
    }
    fs_forget(t->fs, dir, 1);
    return rc;
}

int rig_mkdir(struct rig *t, const char *path)
{
    struct fs_entry entry;
    const char *name;
    uint64_t dir;
    int rc = walk(t, path, &dir, &name);

    if (rc)
        return rc;
    rc = fs_mkdir(t->fs, &nobody, dir, name, 0700, &entry);
    fs_forget(t->fs, dir, 1);
    if (!rc)
        rig_forget(t, &entry);
    return rc;
}

int rig_rmdir(struct rig *t, const char *path)
{
    const char *name;
    uint64_t dir;
    int rc = walk(t, path, &dir, &name);

    if (rc)
        return rc;
    rc = fs_rmdir(t->fs, &nobody, dir, name);
    fs_forget(t->fs, dir, 1);
    return rc;
}

int rig_symlink(struct rig *t, const char *target, const char *path)
{
    struct fs_entry entry;
    const char *name;
    uint64_t dir;
    int rc = walk(t, path, &dir, &name);

    if (rc)
        return rc;
    rc = fs_symlink(t->fs, &nobody, target, dir, name, &entry);
    fs_forget(t->fs, dir, 1);
    if (!rc)
        rig_forget(t, &entry);
    return rc;
}

static int set_attr(struct rig *t, const char *path, const struct stat *attr, unsigned set)
{
    struct fs_entry entry;
    struct stat now;
    int rc = rig_lookup(t, path, &entry);

    if (rc)
        return rc;
    rc = fs_setattr(t->fs, &nobody, entry.ino, NULL, attr, set, &now);
    rig_forget(t, &entry);
    return rc;
}

int rig_truncate(struct rig *t, const char *path, off_t size)
{
    return set_attr(t, path, &(struct stat){.st_size = size}, FS_SET_SIZE);
}

int rig_chmod(struct rig *t, const char *path, mode_t mode)
{
    return set_attr(t, path, &(struct stat){.st_mode = mode}, FS_SET_MODE);
}

int rig_utimens(struct rig *t, const char *path, int64_t mtime)
{
    struct stat attr = {.st_mtim = {.tv_sec = mtime / NS_PER_S, .tv_nsec = mtime % NS_PER_S}};

    return set_attr(t, path, &attr, mtime ? FS_SET_MTIME : FS_SET_MTIME_NOW);
}

/* --- made of calls -------------------------------------------------------------------------------- */

int rig_save(struct rig *t, const char *path, const char *text)
{
    struct fs_handle *h;
    int rc = rig_open(t, path, O_WRONLY | O_TRUNC, &h);

    if (rc == -ENOENT)
        rc = rig_create(t, path, O_WRONLY, 0644, &h);
    if (rc)
        return rc;
    ssize_t n = rig_write(t, h, text, 0);
    rc = rig_close(t, h);
    return n < 0 ? (int)n : rc;
}

char *rig_read_handle(struct rig *t, struct fs_handle *h)
{
    struct buf out;
    char piece[4096];
    ssize_t n;

    buf_init(&out, JSON_TEXT_MAX);
    while ((n = fs_read(t->fs, &nobody, h, piece, sizeof(piece), (off_t)out.len)) > 0)
        buf_add(&out, piece, (size_t)n);
    assert_int_equal(n, 0);
    char *text = buf_detach(&out);
    buf_release(&out);
    return text;
}

char *rig_read(struct rig *t, const char *path)
{
    struct fs_handle *h;

    if (rig_open(t, path, O_RDONLY, &h))
        return NULL;
    char *text = rig_read_handle(t, h);
    rig_release(t, h);
    return text;
}

char *rig_xattr(struct rig *t, const char *path, const char *name)
{
    char *full = xasprintf("user.outlook.%s", name);
    struct fs_entry entry;
    struct buf out;

    buf_init(&out, BUF_TEXT_MAX);
    assert_int_equal(rig_lookup(t, path, &entry), 0);
    int rc = fs_getxattr(t->fs, entry.ino, full, &out);
    assert_true(rc == 0 || rc == -ENODATA);
    rig_forget(t, &entry);
    free(full);
    char *value = buf_detach(&out);
    buf_release(&out);
    return value;
}

char *rig_list(struct rig *t, const char *path)
{
    struct fs_dirent dirent;
    struct fs_entry entry;
    struct fs_dir *dir;
    struct buf out;
    int rc;

    buf_init(&out, JSON_TEXT_MAX);
    buf_addch(&out, '\n');
    assert_int_equal(rig_lookup(t, path, &entry), 0);
    assert_int_equal(fs_opendir(t->fs, &nobody, entry.ino, &dir), 0);
    for (uint64_t at = 0; (rc = fs_readdir(t->fs, &nobody, dir, at, &dirent)) == 1;
         at = dirent.next) {
        if (at >= 2)
            buf_addf(&out, "%s\n", dirent.name);
    }
    assert_int_equal(rc, 0);
    fs_releasedir(t->fs, dir);
    rig_forget(t, &entry);
    char *text = buf_detach(&out);
    buf_release(&out);
    return text;
}

bool rig_lists(struct rig *t, const char *dir, const char *name)
{
    char *list = rig_list(t, dir), *line = xasprintf("\n%s\n", name);
    bool found = strstr(list, line);

    free(line);
    free(list);
    return found;
}

char *rig_find(struct rig *t, const char *dir, const char *suffix)
{
    char *list = rig_list(t, dir), *rest = NULL, *found = NULL;

    for (char *name = strtok_r(list, "\n", &rest); name && !found;
         name = strtok_r(NULL, "\n", &rest)) {
        if (str_ends(name, suffix))
            found = xasprintf("%s/%s", dir, name);
    }
    free(list);
    return found;
}
