/*
 * memfs.c - what FUSE itself costs: the files of one directory, read at the start, served from memory.
 *
 * usage: memfs DIRECTORY MOUNTPOINT
 *
 * The yardstick that the bench holds the mount against: it does for each kernel message no more than it must. Attributes come with the listing
 * and are kept, so are pages. It stays in the foreground until it is unmounted.
 */
#define FUSE_USE_VERSION 35
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEEP_SECONDS 3600.0

struct file {
    char *name;
    char *data;
    struct stat st;
};

static struct file *files; /* by name; the inode of files[i] is i + 2 */
static size_t count;
static struct stat root;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

static struct file *file_of(fuse_ino_t ino)
{
    return &files[ino - 2];
}

static void read_file(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    struct file f = {.name = strdup(name)};

    if (fd < 0 || fstat(fd, &f.st))
        err(1, "%s", name);
    if (S_ISREG(f.st.st_mode)) {
        f.data = malloc((size_t)f.st.st_size + 1);
        if (read(fd, f.data, (size_t)f.st.st_size) != f.st.st_size)
            err(1, "%s", name);
        files = realloc(files, (count + 1) * sizeof(*files));
        files[count++] = f;
    }
    close(fd);
}

static void read_directory(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    if (!dir || fstat(dirfd(dir), &root))
        err(1, "%s", path);
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            read_file(dirfd(dir), entry->d_name);
    closedir(dir);
    root.st_ino = FUSE_ROOT_ID;
    qsort(files, count, sizeof(*files), by_name);
    for (size_t i = 0; i < count; i++)
        files[i].st.st_ino = i + 2;
}

static struct fuse_entry_param entry_of(const struct file *f)
{
    return (struct fuse_entry_param){.ino = f->st.st_ino,
                                     .attr = f->st,
                                     .attr_timeout = KEEP_SECONDS,
                                     .entry_timeout = KEEP_SECONDS};
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
    (void)userdata;
    conn->want &= ~(unsigned)FUSE_CAP_READDIRPLUS_AUTO;
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct file key = {.name = (char *)name};
    const struct file *f = bsearch(&key, files, count, sizeof(*files), by_name);

    (void)parent;
    if (f) {
        struct fuse_entry_param entry = entry_of(f);

        fuse_reply_entry(req, &entry);
    } else {
        fuse_reply_err(req, ENOENT);
    }
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)fi;
    fuse_reply_attr(req, ino == FUSE_ROOT_ID ? &root : &file_of(ino)->st, KEEP_SECONDS);
}

static void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    fuse_reply_open(req, fi);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                           struct fuse_file_info *fi)
{
    char *reply = malloc(size);
    size_t used = 0;

    (void)ino, (void)fi;
    for (size_t i = (size_t)offset; i < count; i++) {
        struct fuse_entry_param entry = entry_of(&files[i]);
        size_t need = fuse_add_direntry_plus(req, reply + used, size - used, files[i].name, &entry,
                                             (off_t)i + 1);

        if (need > size - used)
            break;
        used += need;
    }
    fuse_reply_buf(req, reply, used);
    free(reply);
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    fi->keep_cache = 1;
    fuse_reply_open(req, fi);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                    struct fuse_file_info *fi)
{
    const struct file *f = file_of(ino);
    size_t left = offset < f->st.st_size ? (size_t)(f->st.st_size - offset) : 0;

    (void)fi;
    fuse_reply_buf(req, f->data + offset, left < size ? left : size);
}

static const struct fuse_lowlevel_ops ops = {
    .init = op_init,
    .lookup = op_lookup,
    .getattr = op_getattr,
    .opendir = op_opendir,
    .readdirplus = op_readdirplus,
    .open = op_open,
    .read = op_read,
};

int main(int argc, char **argv)
{
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);
    struct fuse_loop_config config = {.clone_fd = 1, .max_idle_threads = 10};
    struct fuse_session *session;

    if (argc != 3)
        errx(2, "usage: memfs DIRECTORY MOUNTPOINT");
    read_directory(argv[1]);
    session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
    if (!session || fuse_set_signal_handlers(session) || fuse_session_mount(session, argv[2]))
        errx(1, "%s: cannot be mounted", argv[2]);
    fuse_session_loop_mt(session, &config);
    fuse_session_unmount(session);
    fuse_session_destroy(session);
    return 0;
}
