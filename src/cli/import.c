/*
 * import.c - outlookfs import: vCards and iCalendar files as new records of a folder.
 *
 * What is read becomes a file each in the folder, as any program would make it: the mount checks it,
 * keeps it and sends it.
 */
#include "cli_p.h"
#include "mountpoint_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/charset.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/formats/ical.h>
#include <outlookfs/formats/imported.h>
#include <outlookfs/formats/vcard.h>
#include <outlookfs/model/dialect.h>
#include <outlookfs/model/members.h>
#include <outlookfs/model/name.h>
#include <outlookfs/model/render.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NAME_TRIES 1000 /* of one title in a folder */

static const struct option long_options[] = {
    {"no-attendees", no_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'}, {NULL}};

/* Where records go. */
struct target {
    char *dir;
    enum kind kind;
    bool attendees;
    size_t made, failed;
};

/* --- the folder --- */

/* contacts/<folder> or calendars/<folder> of a mount, by its path. */
static int find_kind(struct target *t, const struct mountpoint *m)
{
    const char *below = t->dir + strlen(m->path);

    below += *below == '/';
    size_t len = strcspn(below, "/");
    SCOPED(xfree) char *top = xstrndup(below, len);
    t->kind = kind_by_dir(top);
    if (below[len] == '/' && (t->kind == KIND_CONTACT || t->kind == KIND_EVENT))
        return EXIT_DONE;
    return complain("%s is not a folder of contacts/ or calendars/", t->dir);
}

static int find_target(struct target *t, const char *dir)
{
    enum service_id service = SERVICE_CONNECTOR;
    SCOPED(mountpoint_release) struct mountpoint m = {0};
    SCOPED(json_release) cJSON *status = NULL;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    int code = control_find(dir, &m);

    if (code)
        return code;
    if (control_status(m.path, NULL, &status, &err)) {
        return complain("%s", err.data);
    }
    service_by_name(json_str(status, "service"), &service);
    kind_use_service(service);
    t->dir = realpath(dir, NULL);
    return t->dir ? find_kind(t, &m) : complain("%s: %s", dir, strerror(errno));
}

/* --- a record as a file --- */

struct writing {
    const char *dir, *title, *text;
};

/* A new file: never one that is there. */
static int create_file(const struct writing *w, char **ret_path)
{
    SCOPED(xfree) char *name = name_safe(*w->title ? w->title : "record", NAME_BYTES_MAX - 16);
    int fd = -EEXIST;

    for (unsigned n = 1; fd == -EEXIST && n <= NAME_TRIES; n++) {
        free(*ret_path);
        *ret_path =
            n == 1 ? xasprintf("%s/%s%s.json", w->dir, strchr(".~#", *name) ? "_" : "", name)
                   : xasprintf("%s/%s%s %u.json", w->dir, strchr(".~#", *name) ? "_" : "", name, n);
        fd = open(*ret_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        fd = fd < 0 ? -errno : fd;
    }
    return fd;
}

/* In a child: answers 0 with the path, or -errno with the mount's reason. */
static int write_record(void *ctx, int out)
{
    const struct writing *w = ctx;
    SCOPED(xfree) char *path = NULL;
    char reason[BUF_TEXT_MAX];
    int fd = create_file(w, &path), rc = fd < 0 ? fd : 0;
    ssize_t n;

    if (!rc)
        rc = file_pwrite_all(fd, w->text, strlen(w->text), 0);
    if (fd >= 0 && close(fd) && !rc)
        rc = -errno;
    if (!rc) {
        rc = file_write_all(out, path, strlen(path));
    } else if (fd >= 0) {
        n = getxattr(path, "user.outlook.error", reason, sizeof(reason));
        unlink(path);
        if (n > 0)
            file_write_all(out, reason, (size_t)n);
    }
    return rc;
}

static void print_lines(const char *indent, const struct buf *lines)
{
    for (const char *p = lines->data; p && *p;) {
        size_t len = strcspn(p, "\n");

        print(stdout, "%s%.*s\n", indent, (int)len, p);
        p += len + (p[len] == '\n');
    }
}

/* What the service's records have no member for is left, too. */
static cJSON *in_words_of_service(struct import *one, bool attendees)
{
    cJSON *obj = dialect_record(one->kind, one->record), *next;
    const char *invited = kind_info(one->kind)->invited;

    for (cJSON *member = obj->child; member; member = next) {
        next = member->next;
        if (invited && !attendees && str_eq(member->string, invited))
            imports_note(&one->left, "%s", member->string);
        else if (members_has(one->kind, member->string))
            continue;
        else if (cJSON_IsString(member))
            imports_note(&one->left, "%s:%.60s", member->string, member->valuestring);
        else
            imports_note(&one->left, "%s", member->string);
        cJSON_Delete(cJSON_DetachItemViaPointer(obj, member));
    }
    if (one->kind == KIND_CONTACT && *kind_info(one->kind)->required &&
        !json_get(obj, *kind_info(one->kind)->required))
        cJSON_AddStringToObject(obj, *kind_info(one->kind)->required, one->title);
    return obj;
}

static void import_one(struct target *t, const char *file, struct import *one)
{
    SCOPED(json_release) cJSON *obj = in_words_of_service(one, t->attendees);
    int people = cJSON_GetArraySize(
        kind_info(one->kind)->invited ? json_get(obj, kind_info(one->kind)->invited) : NULL);
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);
    SCOPED(buf_release) struct buf said = BUF_INIT(BUF_TEXT_MAX);

    int rc = render_record(obj, &text);
    if (!rc) {
        struct writing w = {t->dir, one->title, text.data};

        rc = bounded_run(write_record, &w, MOUNT_LIMIT, &said);
    }
    if (rc) {
        complain("%s: %s: %s", file, one->title,
                 said.len           ? said.data
                 : rc == -ETIMEDOUT ? "the mount does not answer"
                                    : strerror(-rc));
        t->failed++;
    } else {
        const char *slash = strrchr(said.data, '/');

        print(stdout, "%s: %s\n", one->title, slash ? slash + 1 : said.data);
        if (people)
            print(stdout, "    %d %s invited\n", people, people == 1 ? "person is" : "people are");
        t->made++;
    }
    if (one->left.len) {
        print(stdout, "    not carried over:\n");
        print_lines("        ", &one->left);
    }
}

/* --- a file of another program --- */

static int read_input(const char *path, struct buf *text, struct buf *err)
{
    int rc;

    if (!str_eq(path, "-")) {
        rc = file_read(path, text, NULL); /* whose reason would name the file, too */
        return rc ? buf_fail(err, rc, "%s", strerror(-rc)) : 0;
    }
    rc = file_read_all(STDIN_FILENO, text);
    return rc ? buf_fail(err, rc, "standard input: %s", strerror(-rc)) : 0;
}

/* UTF-8, UTF-16 that says so by its first bytes, or what Windows programs write. */
static int to_utf8(struct buf *text, struct buf *err)
{
    bool utf16 =
        text->len > 1 && (!memcmp(text->data, "\xff\xfe", 2) || !memcmp(text->data, "\xfe\xff", 2));
    struct buf utf8;

    if (!utf16 && memchr(text->data, '\0', text->len))
        return buf_fail(err, -EINVAL, "not a text file");
    buf_init(&utf8, JSON_TEXT_MAX);
    int rc = charset_decode(&utf8, text->data, text->len, utf16 ? "UTF-16" : NULL);
    buf_release(text);
    *text = utf8;
    return rc ? buf_fail(err, rc, "%s", strerror(-rc)) : 0;
}

/* Which format it is is what it says, not what it is called. */
static int read_records(const char *text, struct imports *ret, struct buf *err)
{
    const char *p = text + strspn(text, " \t\r\n");

    if (!strncasecmp(p, "BEGIN:VCARD", 11))
        return vcard_read(text, ret, err);
    if (!strncasecmp(p, "BEGIN:VCALENDAR", 15))
        return ical_read(text, ret, err);
    return buf_fail(err, -EINVAL, "neither a vCard nor an iCalendar file");
}

static void import_file(struct target *t, const char *path)
{
    SCOPED(imports_release) struct imports records = {0};
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    int rc = read_input(path, &text, &err);
    if (!rc)
        rc = to_utf8(&text, &err);
    if (!rc)
        rc = read_records(text.data, &records, &err);
    if (!rc && records.count && records.list[0].kind != t->kind)
        rc = buf_fail(&err, -EINVAL, "%ss cannot be imported into %s",
                      kind_info(records.list[0].kind)->name, t->dir);
    if (rc) {
        complain("%s: %s", path, err.data);
        t->failed++;
    }
    for (size_t i = 0; !rc && i < records.count; i++)
        import_one(t, path, &records.list[i]);
    if (!rc && records.skipped.len) {
        print(stdout, "left out of %s:\n", path);
        print_lines("    ", &records.skipped);
    }
}

static int run(int argc, char **argv)
{
    const char *said[LETTERS] = {0};
    int code = command_line(&import_command, long_options, argc, argv, 2, INT_MAX, said);
    struct target t = {.attendees = !said['n']};

    if (code >= 0)
        return code;
    code = find_target(&t, argv[argc - 1]);
    if (!code) {
        for (int i = optind; i < argc - 1; i++)
            import_file(&t, argv[i]);
        print(stdout, "%zu %s%s made\n", t.made, kind_info(t.kind)->name, t.made == 1 ? "" : "s");
        code = t.failed ? EXIT_NOT_DONE : EXIT_DONE;
    }
    free(t.dir);
    return code;
}

const struct command import_command = {
    .name = "import",
    .summary = "make contacts of vCards and events of iCalendar files",
    .usage = "[--no-attendees] FILE... DIRECTORY",
    .run = run,
};
