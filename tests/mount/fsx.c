/*
 * fsx.c - random reads, writes, truncations and mappings of one file, compared with a buffer in
 * memory after each.
 *
 *     fsx [-s SEED] [-n OPERATIONS] [-l BYTES] [-k] [-r] FILE
 *
 * Makes FILE, never longer than BYTES, and removes it unless -k is given. With -r the file is a
 * record's, where close() answers EINVAL to these bytes and keeps them. The same seed does the same
 * operations. At the first difference it prints the last operations and how to repeat the run, and
 * leaves FILE as it is. Exit status: 0 all right, 1 a difference or an error, 2 usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HISTORY 40 /* operations that are printed when something is wrong */
#define LINE_LEN 120

static const char *path;
static uint64_t seed = 1, state;
static long operations = 20000, done;
static size_t longest = 256 * 1024;
static bool keep, is_record;

static int fd = -1;
static char *file; /* what the file must contain: `size` bytes, behind them zeros */
static size_t size;
static char *scratch;
static char history[HISTORY][LINE_LEN];

/* --- help --- */

__attribute__((format(printf, 1, 2))) static void note(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(history[done % HISTORY], LINE_LEN, fmt, ap);
    va_end(ap);
}

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *fmt, ...)
{
    va_list ap;

    for (long i = done >= HISTORY ? done - HISTORY + 1 : 0; i <= done; i++)
        fprintf(stderr, "%6ld %s\n", i, history[i % HISTORY]);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\nto repeat it: fsx -s %" PRIu64 " -n %ld -l %zu %s\n", seed, done + 1,
            longest, path);
    exit(1);
}

/* xorshift64*: the same numbers everywhere. */
static uint64_t number(uint64_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return below ? (state * UINT64_C(2685821657736338717) >> 16) % below : 0;
}

/* Short ranges most of the time, and often such that touch the edge of a page. */
static void range(size_t within, size_t *ret_offset, size_t *ret_len)
{
    size_t offset = number(within + 1), len;

    if (number(4) == 0)
        offset = offset / 4096 * 4096;
    len = 1 + number(number(8) == 0 ? longest / 2 : 6000);
    if (offset + len > longest)
        len = longest - offset;
    *ret_offset = offset;
    *ret_len = len;
}

static void compare(const char *what, const char *got, size_t offset, size_t len)
{
    size_t i = 0;

    if (!memcmp(got, file + offset, len))
        return;
    while (got[i] == file[offset + i])
        i++;
    fail("%s: byte %zu is 0x%02x, not 0x%02x (range %zu+%zu, size %zu)", what, offset + i,
         (unsigned char)got[i], (unsigned char)file[offset + i], offset, len, size);
}

static void check_size(void)
{
    struct stat st;

    if (fstat(fd, &st))
        fail("fstat: %s", strerror(errno));
    if ((size_t)st.st_size != size)
        fail("fstat: size %zu, not %zu", (size_t)st.st_size, size);
}

static void open_file(int flags)
{
    fd = open(path, O_RDWR | flags, 0600);
    if (fd < 0)
        fail("open: %s", strerror(errno));
}

static void close_file(int which)
{
    if (close(which) && !(is_record && errno == EINVAL))
        fail("close: %s", strerror(errno));
}

static void fill(size_t offset, size_t len)
{
    for (size_t i = 0; i < len; i++)
        file[offset + i] = (char)(number(255) + 1);
}

static void grown_to(size_t end)
{
    if (end > size)
        size = end;
}

static void set_size(size_t to)
{
    if (ftruncate(fd, (off_t)to))
        fail("ftruncate: %s", strerror(errno));
    if (to < size)
        memset(file + to, 0, size - to);
    size = to;
}

/* --- the operations --- */

static void read_some(void)
{
    size_t offset, len, wanted;
    ssize_t n;

    range(size, &offset, &len);
    wanted = offset + len > size ? size - offset : len;
    note("read %zu+%zu", offset, len);
    n = pread(fd, scratch, len, (off_t)offset);
    if (n != (ssize_t)wanted)
        fail("read: %zd, not %zu: %s", n, wanted, n < 0 ? strerror(errno) : "short");
    compare("read", scratch, offset, wanted);
}

static void write_all(int to, size_t offset, size_t len, bool append)
{
    ssize_t n;

    fill(offset, len);
    n = append ? write(to, file + offset, len) : pwrite(to, file + offset, len, (off_t)offset);
    if (n != (ssize_t)len)
        fail("write: %zd, not %zu: %s", n, len, n < 0 ? strerror(errno) : "short");
    grown_to(offset + len);
}

/* Behind the end, too: what lies between reads as zeros. */
static void write_some(void)
{
    size_t offset, len;

    range(number(10) ? size : longest - 1, &offset, &len);
    note("write %zu+%zu", offset, len);
    write_all(fd, offset, len, false);
}

static void append_some(void)
{
    size_t len = 1 + number(3000);
    int end;

    note("append %zu+%zu", size, len);
    if (size + len > longest)
        return;
    end = open(path, O_WRONLY | O_APPEND);
    if (end < 0)
        fail("open to append: %s", strerror(errno));
    write_all(end, size, len, true);
    close_file(end);
}

static void truncate_some(void)
{
    size_t to = number(3) ? number(size + 1) : number(longest);

    note("truncate %zu", to);
    set_size(to);
}

/* Of the pages around the range. */
static char *map(size_t offset, size_t len, int protection, size_t *ret_start, size_t *ret_len)
{
    size_t start = offset / 4096 * 4096;
    char *at = mmap(NULL, offset + len - start, protection, MAP_SHARED, fd, (off_t)start);

    if (at == MAP_FAILED)
        fail("mmap: %s", strerror(errno));
    *ret_start = start;
    *ret_len = offset + len - start;
    return at;
}

static void map_read(void)
{
    size_t offset, len, start, mapped;
    char *at;

    range(size, &offset, &len);
    if (offset + len > size)
        len = size - offset;
    note("map read %zu+%zu", offset, len);
    if (len == 0)
        return;
    at = map(offset, len, PROT_READ, &start, &mapped);
    compare("map read", at + (offset - start), offset, len);
    munmap(at, mapped);
}

static void map_write(void)
{
    size_t offset, len, start, mapped;
    bool synced = number(2);
    char *at;

    range(size, &offset, &len);
    note("map write %zu+%zu%s", offset, len, synced ? " msync" : "");
    if (len == 0)
        return;
    if (offset + len > size)
        set_size(offset + len);
    at = map(offset, len, PROT_READ | PROT_WRITE, &start, &mapped);
    fill(offset, len);
    memcpy(at + (offset - start), file + offset, len);
    if (synced && msync(at, mapped, MS_SYNC))
        fail("msync: %s", strerror(errno));
    munmap(at, mapped);
}

static void reopen(void)
{
    bool synced = number(2);

    note("close and open%s", synced ? ", fsync before" : "");
    if (synced && fsync(fd))
        fail("fsync: %s", strerror(errno));
    close_file(fd);
    open_file(0);
}

/* Through another descriptor. */
static void read_all(void)
{
    int from = open(path, O_RDONLY);
    size_t got = 0;
    ssize_t n;

    note("read all %zu", size);
    if (from < 0)
        fail("open to read: %s", strerror(errno));
    while ((n = read(from, scratch + got, longest + 1 - got)) > 0)
        got += (size_t)n;
    if (n < 0 || got != size)
        fail("read all: %zu bytes, not %zu: %s", got, size, n < 0 ? strerror(errno) : "end");
    compare("read all", scratch, 0, size);
    close(from);
}

static void write_emptied(void)
{
    size_t len = 1 + number(6000);
    int to;

    note("open truncated, write 0+%zu", len);
    to = open(path, O_WRONLY | O_TRUNC);
    if (to < 0)
        fail("open to truncate: %s", strerror(errno));
    memset(file, 0, size);
    size = 0;
    write_all(to, 0, len, false);
    close_file(to);
}

static const struct {
    void (*run)(void);
    unsigned weight;
} table[] = {
    {read_some, 22}, {write_some, 26}, {append_some, 8}, {truncate_some, 8}, {map_read, 12},
    {map_write, 14}, {reopen, 4},      {read_all, 4},    {write_emptied, 2},
};

static void step(void)
{
    unsigned total = 0, chosen;
    size_t i = 0;

    for (size_t k = 0; k < sizeof(table) / sizeof(*table); k++)
        total += table[k].weight;
    for (chosen = (unsigned)number(total); chosen >= table[i].weight; i++)
        chosen -= table[i].weight;
    table[i].run();
    check_size();
}

/* --- start --- */

static bool parse(int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "s:n:l:kr")) != -1) {
        switch (c) {
        case 's':
            seed = strtoull(optarg, NULL, 10);
            break;
        case 'n':
            operations = strtol(optarg, NULL, 10);
            break;
        case 'l':
            longest = strtoul(optarg, NULL, 10);
            break;
        case 'k':
            keep = true;
            break;
        case 'r':
            is_record = true;
            break;
        default:
            return false;
        }
    }
    return argc - optind == 1 && operations > 0 && longest >= 8192;
}

int main(int argc, char **argv)
{
    if (!parse(argc, argv)) {
        fprintf(stderr, "usage: fsx [-s SEED] [-n OPERATIONS] [-l BYTES] [-k] [-r] FILE\n");
        return 2;
    }
    path = argv[optind];
    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    file = calloc(1, longest + 1);
    scratch = calloc(1, longest + 1);
    if (!file || !scratch)
        return 1;

    open_file(O_CREAT | O_TRUNC);
    for (done = 0; done < operations; done++)
        step();
    done--;
    read_all();
    close_file(fd);
    if (!keep && unlink(path))
        fail("unlink: %s", strerror(errno));
    printf("%ld operations, seed %" PRIu64 "\n", operations, seed);
    free(file);
    free(scratch);
    return 0;
}
