/*
 * content.c - the bytes of open files.
 *
 * All handles of an inode share one content, because the kernel has one page cache per inode. It is
 * loaded at the first open and stays as it is until the last close, whatever the service says
 * meanwhile (saving rule R25): a version that arrives is shown to the next open. What is made anew at
 * every look has no pages there, and each handle has what it was opened with.
 */
#include "core_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct content *content_new(void)
{
    struct content *c = xcalloc(1, sizeof(*c));

    mutex_init(&c->lock, MUTEX_CONTENT);
    c->fd = -1;
    c->flushed = UINT64_MAX;
    return c;
}

static void drop_judgement(struct fs *fs, struct judgement *j)
{
    if (j)
        j->drop(fs, j);
}

static void content_free(struct fs *fs, struct content *c)
{
    drop_judgement(fs, c->judged);
    if (c->fd >= 0)
        close(c->fd);
    mutex_release(&c->lock);
    cache_let_go(fs->cache, c->held);
    free(c->text);
    free(c->base);
    free(c);
}

struct content *content_peek(struct fs *fs, struct node *node)
{
    LOCKED(&fs->tree.lock);
    return node->content;
}

/* Writes through one handle are read through the others. */
static bool is_shared(const struct node_ops *ops)
{
    return !(ops->flags & NODE_VOLATILE) || (ops->flags & NODE_WRITABLE) || ops->read;
}

/* One more handle of what is open already, or NULL. */
static struct content *take_open(struct fs *fs, struct node *node)
{
    LOCKED(&fs->tree.lock);
    struct content *c = is_shared(node->ops) ? node->content : NULL;
    if (c)
        c->handles++;
    return c;
}

/* Until the record changes, what the kernel was told is what it would be told now. */
static void confirm_shown_locked(struct node *node, const struct content *c)
{
    if (c->fd < 0 && node->shown.size == (int64_t)c->len && node->shown.mtime == c->mtime)
        node->shown.text = c->version;
}

#define GIVEN_MAX ((size_t)128 * 1024) /* what a READ asks for at most */

/*
 * The text of a file that is opened for the first time, for the kernel's pages; else NULL. A program that opens a file mostly reads
 * it, and two messages a file instead of three are a quarter of the time of a `cat *`.
 */
static const char *text_to_give(struct fs *fs, struct node *node, struct content *c)
{
    const struct node_ops *ops = tree_ops(fs, node);
    const char *text = NULL;

    if (!fs->config.notify || !fs->config.notify->store || c->fd >= 0 || !c->len ||
        c->len > GIVEN_MAX || ops->read || (ops->flags & NODE_VOLATILE))
        return NULL;
    mutex_lock(&fs->tree.lock);
    bool opened = node->opened;
    mutex_unlock(&fs->tree.lock);
    return opened || content_peek_text(fs, c, &text) ? NULL : text;
}

/* Nobody else has the file open, so that the kernel has no READ of it under way, for which it would have to wait. While
 * tree.lock is held it is told of no other version, whose pages these would be taken for. */
static void give_locked(struct fs *fs, const struct node *node, const struct content *c,
                        const char *text)
{
    if (text && node->shown.size == (int64_t)c->len && node->shown.mtime == c->mtime)
        fs->config.notify->store(fs->config.notify_ctx, node->ino, text, c->len);
}

/* The content is installed under fs.change, so that no commit or close comes between loading and that. */
static int load(struct fs *fs, const struct fs_req *req, struct node *node, bool reads,
                struct content **ret)
{
    const struct node_ops *ops = tree_ops(fs, node);
    struct content *c = content_new();
    int rc = ops->make ? ops->make(fs, req, node, c) : 0;

    if (rc)
        goto out;
    mutex_lock(&fs->change);
    *ret = take_open(fs, node);
    if (!*ret) {
        ops = tree_ops(fs, node);
        if (ops->load)
            rc = ops->load(fs, node, c);
        if (!rc) {
            const char *text = reads ? text_to_give(fs, node, c) : NULL;

            c->handles = 1;
            mutex_lock(&fs->tree.lock);
            give_locked(fs, node, c, text);
            node->content = c;
            node->opened = true;
            confirm_shown_locked(node, c);
            mutex_unlock(&fs->tree.lock);
            *ret = TAKE(c);
        }
    }
    mutex_unlock(&fs->change);
out:
    if (c)
        content_free(fs, c);
    return rc;
}

/* A program that closed one of several descriptors of a file looks like one that closed it. */
#define CLOSE_WAIT NS_PER_S

int content_wait_closed(struct fs *fs, const struct fs_req *req, struct node *node)
{
    int64_t until = clock_mono() + CLOSE_WAIT;
    int rc = 0;

    while (!rc) {
        struct content *c = content_peek(fs, node);

        if (!c || c->flushed != c->changed)
            break;
        rc = cancel_wait(req->cancel, &fs->content_gone, &fs->change, until);
    }
    return rc == -EINTR ? rc : 0;
}

/* What was prepared may be pushed out of a bounded cache before it is loaded. */
#define PREPARE_TRIES 3

int content_get(struct fs *fs, const struct fs_req *req, struct node *node, bool reads,
                struct content **ret)
{
    mutex_lock(&fs->tree.lock);
    const struct node_ops *ops = node->ops;
    struct content *open = is_shared(ops) ? node->content : NULL;
    bool refused = open && open->refused; /* who opens it now is to find the record's own text */
    if (open && !refused)
        open->handles++;
    mutex_unlock(&fs->tree.lock);

    int rc = 0, tries = ops->prepare ? PREPARE_TRIES : 1;
    if (refused) {
        mutex_lock(&fs->change);
        rc = content_wait_closed(fs, req, node);
        mutex_unlock(&fs->change);
    } else if (open) {
        *ret = open;
        return 0;
    }
    if (rc)
        return rc;
    do {
        rc = ops->prepare ? ops->prepare(fs, req, node) : 0;
        if (rc)
            return rc;
        rc = load(fs, req, node, reads, ret);
    } while (rc == -ENOENT && --tries);
    return rc;
}

/* --- commits --- */

void content_judge(struct fs *fs, const struct fs_req *req, struct node *node, struct content *c,
                   const struct place *from, const struct place *to)
{
    const struct name_ops *names = tree_ops(fs, to->dir)->names;

    if (!names || !names->judge)
        return;
    struct judgement *j = names->judge(fs, req, node, c, from, to);
    mutex_lock(&fs->change);
    struct judgement *older = c->judged;
    c->judged = j;
    mutex_unlock(&fs->change);
    drop_judgement(fs, older);
}

struct judgement *content_take_judgement(struct fs *fs, struct content *c)
{
    struct judgement *j = TAKE(c->judged);

    if (j && j->changed != c->changed) {
        drop_judgement(fs, j);
        j = NULL;
    }
    return j;
}

static void judge_for_close(struct fs *fs, const struct fs_req *req, struct node *node,
                            struct content *c)
{
    struct node *dir = c->changed == c->committed ? NULL : tree_parent(fs, node);

    if (dir) {
        char *name = tree_name(fs, node);

        content_judge(fs, req, node, c, NULL, &(struct place){dir, name});
        free(name);
        tree_put(fs, dir);
    }
}

/* Did the class judge the bytes? Anything else is trouble of our own, and the next close tries
 * again. */
static bool is_verdict(int rc)
{
    return rc == 0 || rc == -EINVAL || rc == -EPERM || rc == -EACCES || rc == -EFBIG ||
           rc == -EMSGSIZE || rc == -EDESTADDRREQ || rc == -EOPNOTSUPP;
}

/* What the class says, but for a disk that does not take the bytes, whatever they are. */
static const char *reason_of(int rc, const struct buf *err)
{
    bool disk = rc == -ENOSPC || rc == -EDQUOT || rc == -EIO;

    return !rc ? NULL : err->len && !disk ? err->data : strerror(-rc);
}

static void log_refusal(struct fs *fs, struct node *node, const char *reason)
{
    struct node *dir = tree_parent(fs, node);
    SCOPED(xfree) char *name = tree_name(fs, node);
    SCOPED(buf_release) struct buf path = BUF_INIT(BUF_TEXT_MAX);

    tree_add_path(fs, dir, &path);
    log_warn("%s%s: not accepted: %s", path.data, name, reason);
    tree_put(fs, dir);
}

int content_commit(struct fs *fs, struct node *node, struct content *c)
{
    const struct node_ops *ops = tree_ops(fs, node);
    uint64_t changed = c->changed;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (!ops->commit || changed == c->committed)
        return 0;
    int rc = ops->commit(fs, node, c, &err);
    const char *reason = reason_of(rc, &err);
    if (is_verdict(rc)) {
        c->committed = changed;
        tree_set_refusal(fs, node, reason);
    }
    if (rc)
        log_refusal(fs, node, reason);
    return rc;
}

int content_store(struct fs *fs, const struct fs_req *req, struct node *node, struct content *c)
{
    const struct node_ops *ops = tree_ops(fs, node);
    uint64_t changed = c->changed;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (!ops->store || changed == c->committed)
        return 0;
    int rc = ops->store(fs, req, node, c, &err);
    if (is_verdict(rc)) {
        mutex_lock(&fs->change);
        c->committed = changed;
        mutex_unlock(&fs->change);
    }
    if (rc)
        log_refusal(fs, node, reason_of(rc, &err));
    return rc;
}

int content_close(struct fs *fs, const struct fs_req *req, struct node *node, struct content *c)
{
    judge_for_close(fs, req, node, c);
    LOCKED(&fs->change);
    return content_commit(fs, node, c);
}

/* Takes the content out of the node, unless somebody has opened it since its handles were counted:
 * take_open() does not wait for fs->change. */
static bool detach(struct fs *fs, struct node *node, struct content *c)
{
    LOCKED(&fs->tree.lock);
    bool unused = c->handles == 0;
    if (unused && node->content == c)
        node->content = NULL;
    return unused;
}

void content_put(struct fs *fs, struct node *node, struct content *c)
{
    judge_for_close(fs, NULL, node, c);
    mutex_lock(&fs->change);
    mutex_lock(&fs->tree.lock);
    bool last = --c->handles == 0;
    mutex_unlock(&fs->tree.lock);
    if (last) /* stores into a shared mapping arrive after the last flush */
        content_commit(fs, node, c);
    if (last && detach(fs, node, c)) {
        const struct node_ops *ops = tree_ops(fs, node);

        if (ops->closed)
            ops->closed(fs, node, c);
        if (c->changed)
            fs->attr_changes++;
        content_free(fs, c);
        pthread_cond_broadcast(&fs->content_gone);
    }
    mutex_unlock(&fs->change);
}

int content_peek_text(struct fs *fs, struct content *c, const char **ret)
{
    *ret = c->text;
    return c->held ? cache_held_text(fs->cache, c->held, ret) : 0;
}

int content_text(struct fs *fs, struct content *c, char **ret, size_t *ret_len)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);
    const char *lies = NULL;
    int rc = 0;

    if (c->fd >= 0)
        rc = file_read_fd(c->fd, &text);
    else
        rc = content_peek_text(fs, c, &lies);
    if (!rc && lies)
        rc = buf_add(&text, lies, c->len);
    if (!rc) {
        *ret_len = text.len;
        *ret = buf_detach(&text);
    }
    return rc == -ENOBUFS ? -EFBIG : rc;
}

int content_arrive(struct content *c, enum json_shape shape)
{
    bool durable = c->synced == c->changed;

    if (shape == JSON_EMPTY || (shape == JSON_PARTIAL && !durable))
        return CONTENT_DRAFT;
    return fdatasync(c->fd) ? -errno : 0;
}

void content_draft_reason(enum json_shape shape, const struct json_where *where, struct buf *out)
{
    if (shape == JSON_EMPTY)
        buf_addstr(out, "1:1: the file is empty");
    else
        buf_addf(out, "%u:%u: the text is not complete", where->line, where->column);
}

int content_stat(struct content *c, struct stat *st)
{
    if (c->fd < 0) {
        st->st_size = (off_t)c->len;
        attr_set_mtime(st, c->mtime);
        return 0;
    }
    return data_fd_stat(c->fd, st);
}

/* Under tree.lock: detach() comes before or after, and only what is detached is freed. */
int content_stat_open(struct fs *fs, struct node *node, struct stat *st)
{
    LOCKED(&fs->tree.lock);
    return node->content ? content_stat(node->content, st) : -ENOENT;
}

int content_stat_made(struct fs *fs, const struct fs_req *req, struct node *node, struct stat *st)
{
    int rc = content_stat_open(fs, node, st);

    if (rc != -ENOENT)
        return rc;
    struct content *c = content_new();
    rc = tree_ops(fs, node)->make(fs, req, node, c);
    if (!rc)
        rc = content_stat(c, st);
    content_free(fs, c);
    return rc;
}

/* The local file with the bytes of the text in it, or empty. */
static int text_to_file(struct fs *fs, struct node *node, struct content *c, bool keep)
{
    const char *text;
    int rc = content_peek_text(fs, c, &text);
    int fd = rc ? rc : state_data_open(fs->state, node->ino, O_RDWR | O_CREAT | O_TRUNC);

    if (fd < 0)
        return fd;
    rc = keep ? file_pwrite_all(fd, text, c->len, 0) : 0;
    if (rc) {
        close(fd);
        state_data_remove(fs->state, node->ino);
        return rc;
    }
    c->fd = fd;
    return 0;
}

int content_own(struct fs *fs, struct node *node, struct content *c, bool keep)
{
    int rc = 0;

    LOCKED(&c->lock);
    if (!c->owned) {
        size_t len;

        /* Only what is committed is merged, so only that needs to know where the change began. */
        if ((tree_ops(fs, node)->flags & NODE_KEEP_BASE) && !c->base)
            rc = content_text(fs, c, &c->base, &len);
        if (!rc && c->fd < 0)
            rc = text_to_file(fs, node, c, keep);
        c->owned = !rc;
    }
    if (!rc && !keep && ftruncate(c->fd, 0))
        rc = -errno;
    return rc;
}

void content_rebase(struct content *c, const char *text)
{
    LOCKED(&c->lock);
    xstrset(&c->base, text);
}

void content_committed(struct fs *fs, uint64_t ino, const char *text)
{
    struct node *node = tree_get(fs, ino);
    struct content *open = node ? content_peek(fs, node) : NULL;

    if (open)
        open->committed = open->changed;
    if (open && text)
        content_rebase(open, text);
    tree_put(fs, node);
}

bool content_is_open(struct fs *fs, uint64_t ino)
{
    struct node *node = tree_get(fs, ino);
    bool open = node && content_peek(fs, node);

    tree_put(fs, node);
    return open;
}
