/*
 * outbox_attach.c - {"Attachments": [{"Path": "report.pdf"}]}: the user's own files, read when the
 * mail is accepted, so that what was closed is what is sent.
 *
 * A path is taken below send_root and never leaves it, by ".." or by a symbolic link; nor does it
 * cross into another file system: it might be our own mount, which would wait for us.
 */
#include "outbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/base64.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A multiple of 3: the text of a piece needs no padding. */
#define PIECE ((size_t)96 * 1024)

/* The part below the root of an absolute path, or NULL. */
static const char *below_root(const char *root, const char *path)
{
    size_t len = strlen(root);

    if (*path != '/')
        return path;
    while (len && root[len - 1] == '/')
        len--;
    if (strncmp(path, root, len) != 0 || path[len] != '/')
        return NULL;
    return path + len + strspn(path + len, "/");
}

static int open_below(const char *root, const char *path, struct buf *err)
{
    const char *rest = below_root(root, path);
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS};

    if (!rest)
        return buf_fail(err, -EACCES, "%s: not below %s (send_root)", path, root);
    SCOPED(fd_release) int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return buf_fail(err, -errno, "%s (send_root): %s", root, strerror(errno));
    int fd = (int)syscall(SYS_openat2, dir, rest, &how, sizeof(how));
    int rc = fd < 0 ? -errno : fd;
    if (rc == -EXDEV)
        return buf_fail(err, -EACCES, "%s: leads out of %s (send_root) or to another file system",
                        path, root);
    if (rc < 0)
        return buf_fail(err, rc, "%s: %s", path, strerror(-rc));
    return rc;
}

/* Where the program runs as the owner of the mount, the kernel has checked already. */
static int check_file(const struct outbox *ob, int fd, const char *path, struct buf *err)
{
    struct stat st;

    if (fstat(fd, &st))
        return buf_fail(err, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return buf_fail(err, -EACCES, "%s: not a regular file", path);
    if (geteuid() != ob->mb->config.uid && st.st_uid != ob->mb->config.uid)
        return buf_fail(err, -EACCES, "%s: belongs to another user", path);
    if (st.st_size > (off_t)OUTGOING_CONTENT_MAX)
        return buf_fail(err, -EFBIG, "%s: the service takes mails of at most %zu MiB", path,
                        OUTGOING_CONTENT_MAX >> 20);
    return 0;
}

/* A whole piece, shorter at the end of the file only. */
static ssize_t read_piece(int fd, char *out)
{
    size_t done = 0;

    while (done < PIECE) {
        ssize_t n = read(fd, out + done, PIECE - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (!n)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static int encode_file(int fd, struct buf *out)
{
    SCOPED(xfree) char *piece = xmalloc(PIECE);
    ssize_t n;
    int rc = 0;

    do {
        n = read_piece(fd, piece);
        rc = n < 0 ? (int)n : base64_encode(out, piece, (size_t)n);
    } while (!rc && n == (ssize_t)PIECE);
    return rc == -ENOBUFS ? -EFBIG : rc;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Puts the bytes where the path was. */
static int attach_one(struct outbox *ob, struct cJSON *a, struct buf *err)
{
    const char *path = json_str(a, "Path"), *name = json_str(a, "Name");
    SCOPED(buf_release) struct buf text = BUF_INIT((OUTGOING_CONTENT_MAX + 2) / 3 * 4);
    SCOPED(fd_release) int fd = open_below(ob->mb->config.send_root, path, err);

    if (fd < 0)
        return fd;
    int rc = check_file(ob, fd, path, err);
    if (!rc) {
        rc = encode_file(fd, &text);
        if (rc)
            buf_fail(err, rc, "%s: %s", path, strerror(-rc));
    }
    if (!rc) {
        cJSON *bytes = cJSON_CreateNull();

        if (!name || !*name) {
            cJSON_DeleteItemFromObjectCaseSensitive(a, "Name");
            cJSON_AddStringToObject(a, "Name", base_name(path));
        }
        cJSON_DeleteItemFromObjectCaseSensitive(a, "Path");
        cJSON_DeleteItemFromObjectCaseSensitive(a, "ContentBytes");
        /* The text becomes the item's: there is no second copy of it. */
        bytes->type = cJSON_String;
        bytes->valuestring = buf_detach(&text);
        cJSON_AddItemToObject(a, "ContentBytes", bytes);
    }
    return rc;
}

int outbox_attach(struct outbox *ob, struct cJSON *obj, bool foreign, bool *ret_replaced,
                  struct buf *err)
{
    struct cJSON *a;
    int rc = 0;

    cJSON_ArrayForEach(a, json_get(obj, "Attachments"))
    {
        if (rc || !json_str(a, "Path"))
            continue;
        if (foreign)
            rc = buf_fail(err, -EACCES,
                          "Attachments: Path is for the owner of the mount; another user wrote in "
                          "this file");
        else if (!ob->mb->config.send_root)
            rc = buf_fail(err, -EACCES, "Attachments: Path is not allowed here (send_root)");
        else
            rc = attach_one(ob, a, err);
        *ret_replaced = true;
    }
    return rc;
}
