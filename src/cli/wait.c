/*
 * wait.c - outlookfs wait: until a question of outbox/options/ or outbox/approval/ is answered.
 */
#include "cli_p.h"
#include "mountpoint_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/outgoing.h>

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* 0 to 99 say which option was chosen. */
enum { EXIT_WAIT_TIMEOUT = 124, EXIT_WAIT_FAILED = 125, EXIT_WAIT_USAGE = 126 };

#define POLL_NS (200 * NS_PER_MS)

static const struct option long_options[] = {
    {"timeout", required_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'}, {NULL}};

/* --- what may wait for a mount that is stopped --- */

static int read_text(void *ctx, int out)
{
    struct buf text;

    buf_init(&text, JSON_TEXT_MAX);
    int rc = file_read(ctx, &text, NULL);
    return rc ? rc : file_write_all(out, text.data, text.len);
}

static int read_object(char *path, cJSON **ret, struct buf *err)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);
    int rc = bounded_run(read_text, path, MOUNT_LIMIT, &text);
    if (rc)
        buf_fail(err, rc, "%s: %s", path, strerror(-rc));
    else
        rc = json_parse_object(text.data, text.len, ret, err);
    return rc;
}

struct attribute {
    const char *path, *name;
};

static int read_attribute(void *ctx, int out)
{
    const struct attribute *a = ctx;
    char value[BUF_TEXT_MAX];
    ssize_t n = getxattr(a->path, a->name, value, sizeof(value));

    return n < 0 ? -errno : file_write_all(out, value, (size_t)n);
}

/* As text, into `out`, which is emptied; 0 or -errno. */
static int attribute(const char *path, const char *name, struct buf *out)
{
    struct attribute a = {path, name};

    buf_clear(out);
    return bounded_run(read_attribute, &a, MOUNT_LIMIT, out);
}

/* --- the answer --- */

/* The file beside the question. */
static char *answer_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t dir = slash ? (size_t)(slash + 1 - path) : 0;
    SCOPED(xfree) char *name = outgoing_answer_name(path + dir);

    return xasprintf("%.*s%s", (int)dir, path, name);
}

/* The answer's text on standard output, its number as the exit code. */
static int tell(char *path)
{
    SCOPED(xfree) char *beside = answer_path(path);
    SCOPED(json_release) cJSON *question = NULL;
    SCOPED(json_release) cJSON *answer = NULL;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (read_object(path, &question, &err) || read_object(beside, &answer, &err)) {
        complain("%s", err.data);
        return EXIT_WAIT_FAILED;
    }
    const char *options = json_str(question, "Options"),
               *chosen = json_str(answer, "SelectedOption");
    print(stdout, "%s\n", chosen ? chosen : "");
    int code = options && chosen ? outgoing_option_index(options, chosen) : -1;
    if (code < 0 || code >= OUTGOING_OPTIONS_MAX) {
        complain("%s: the answer is not one of the options", beside);
        code = EXIT_WAIT_FAILED;
    }
    return code;
}

static bool is_hopeful(const char *state)
{
    return str_eq(state, "waiting") || str_eq(state, "sending") || str_eq(state, "asked");
}

static int give_up(const char *path, const char *state)
{
    SCOPED(buf_release) struct buf why = BUF_INIT(BUF_TEXT_MAX);

    attribute(path, "user.outlook.error", &why);
    complain("%s: %s%s%s", path, state, why.len ? ": " : "", why.data);
    return EXIT_WAIT_FAILED;
}

static int no_state(const char *path, int rc)
{
    complain("%s%s%s", path, rc == -ETIMEDOUT ? " " : ": ",
             rc == -ENODATA || rc == -ENOTSUP ? "not a file in an outbox"
             : rc == -ETIMEDOUT               ? MOUNT_HANGS
                                              : strerror(-rc));
    return EXIT_WAIT_FAILED;
}

static int wait_for_answer(char *path, int64_t until)
{
    const struct timespec pause = {.tv_nsec = POLL_NS};
    SCOPED(buf_release) struct buf state = BUF_INIT(BUF_TEXT_MAX);
    int code = -1;

    while (code < 0) {
        int rc = attribute(path, "user.outlook.state", &state);

        if (rc)
            code = no_state(path, rc);
        else if (str_eq(state.data, "answered"))
            code = tell(path);
        else if (!is_hopeful(state.data))
            code = give_up(path, state.data);
        else if (clock_mono() >= until)
            code = EXIT_WAIT_TIMEOUT;
        else
            nanosleep(&pause, NULL);
    }
    return code;
}

/* --- the command --- */

static bool is_open_question(const cJSON *mail)
{
    const char *path = json_str(mail, "path"), *state = json_str(mail, "state");

    return path && state && is_hopeful(state) &&
           (str_starts(path, outgoing_info(OUTGOING_OPTIONS)->path) ||
            str_starts(path, outgoing_info(OUTGOING_APPROVAL)->path));
}

/* Who names no file means the only question there is. */
static int wait_for_the_only_one(int64_t until)
{
    SCOPED(mountpoint_release) struct mountpoint m = {0};
    int code = EXIT_WAIT_FAILED;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (control_find(NULL, &m))
        return code;
    SCOPED(xfree)
    char *path = control_only(m.path, "outbox", is_open_question, "open question", &err);
    if (path)
        code = wait_for_answer(path, until);
    else
        complain("%s", err.data);
    return code;
}

static int run(int argc, char **argv)
{
    const char *said[LETTERS] = {0};
    int code = command_line(&wait_command, long_options, argc, argv, 0, 1, said);
    const char *limit = said['t'];
    int64_t until = INT64_MAX;

    if (code >= 0)
        return code == EXIT_USAGE ? EXIT_WAIT_USAGE : code;
    if (limit) {
        char *end;
        unsigned long seconds = strtoul(limit, &end, 10);

        if (*limit < '0' || *limit > '9' || *end || seconds > 366UL * 86400) {
            complain("--timeout %s: expected a number of seconds", limit);
            return EXIT_WAIT_USAGE;
        }
        until = clock_mono() + (int64_t)seconds * NS_PER_S;
    }
    return argv[optind] ? wait_for_answer(argv[optind], until) : wait_for_the_only_one(until);
}

const struct command wait_command = {
    .name = "wait",
    .summary = "wait for the answer to a question in the outbox",
    .usage = "[--timeout SECONDS] [FILE]",
    .run = run,
};
