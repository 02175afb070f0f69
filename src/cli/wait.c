/*
 * wait.c - outlookfs wait: until a question of outbox/options/ or outbox/approval/ is answered.
 */
#include "cli_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/file.h>
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
#define ANSWER_MAX ((size_t)256 * 1024)
#define QUESTION_MAX JSON_TEXT_MAX

static const struct option long_options[] = {
    {"timeout", required_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'}, {NULL}};

static int read_object(const char *path, size_t max, cJSON **ret, struct buf *err)
{
    struct buf text;

    buf_init(&text, max);
    int rc = file_read(path, &text, err);
    if (!rc)
        rc = json_parse_object(text.data, text.len, ret, err);
    buf_release(&text);
    return rc;
}

/* The file beside the question. */
static char *answer_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t dir = slash ? (size_t)(slash + 1 - path) : 0;
    char *name = outgoing_answer_name(path + dir);
    char *whole = xasprintf("%.*s%s", (int)dir, path, name);

    free(name);
    return whole;
}

/* The answer's text on standard output, its number as the exit code. */
static int tell(const char *path)
{
    char *beside = answer_path(path);
    cJSON *question = NULL, *answer = NULL;
    struct buf err;
    int code;

    buf_init(&err, BUF_TEXT_MAX);
    if (read_object(path, QUESTION_MAX, &question, &err) ||
        read_object(beside, ANSWER_MAX, &answer, &err)) {
        complain("%s", err.data);
        code = EXIT_WAIT_FAILED;
        goto out;
    }
    const char *options = json_str(question, "Options"),
               *chosen = json_str(answer, "SelectedOption");
    print(stdout, "%s\n", chosen ? chosen : "");
    code = options && chosen ? outgoing_option_index(options, chosen) : -1;
    if (code < 0 || code >= OUTGOING_OPTIONS_MAX) {
        complain("%s: the answer is none of the options", beside);
        code = EXIT_WAIT_FAILED;
    }
out:
    cJSON_Delete(question);
    cJSON_Delete(answer);
    buf_release(&err);
    free(beside);
    return code;
}

/* An attribute as text; false when there is none. */
static bool attribute(const char *path, const char *name, char *out, size_t size)
{
    ssize_t n = getxattr(path, name, out, size - 1);

    if (n < 0)
        return false;
    out[n] = '\0';
    return true;
}

static int give_up(const char *path, const char *state)
{
    char why[BUF_TEXT_MAX];

    if (!attribute(path, "user.outlook.error", why, sizeof(why)))
        why[0] = '\0';
    complain("%s: %s%s%s", path, state, *why ? ": " : "", why);
    return EXIT_WAIT_FAILED;
}

static int wait_for_answer(const char *path, int64_t until)
{
    static const char *const hopeful[] = {"waiting", "sending", "asked"};
    const struct timespec pause = {.tv_nsec = POLL_NS};
    char state[64];

    for (;;) {
        bool hope = false;

        if (!attribute(path, "user.outlook.state", state, sizeof(state))) {
            complain("%s: %s", path,
                     errno == ENODATA || errno == ENOTSUP ? "no file of an outbox"
                                                          : strerror(errno));
            return EXIT_WAIT_FAILED;
        }
        if (str_eq(state, "answered"))
            return tell(path);
        for (size_t i = 0; i < ARRAY_SIZE(hopeful); i++)
            hope = hope || str_eq(state, hopeful[i]);
        if (!hope)
            return give_up(path, state);
        if (clock_mono() >= until)
            return EXIT_WAIT_TIMEOUT;
        nanosleep(&pause, NULL);
    }
}

static int run(int argc, char **argv)
{
    int64_t until = INT64_MAX;
    char *end;
    int c;

    while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (c == 'h')
            return usage_shown(&wait_command);
        if (c != 't') {
            usage_error(&wait_command);
            return EXIT_WAIT_USAGE;
        }
        unsigned long seconds = strtoul(optarg, &end, 10);
        if (*optarg < '0' || *optarg > '9' || *end || seconds > 366UL * 86400) {
            complain("--timeout %s: expected a number of seconds", optarg);
            return EXIT_WAIT_USAGE;
        }
        until = clock_mono() + (int64_t)seconds * NS_PER_S;
    }
    if (argc - optind != 1) {
        usage_error(&wait_command);
        return EXIT_WAIT_USAGE;
    }
    return wait_for_answer(argv[optind], until);
}

const struct command wait_command = {
    .name = "wait",
    .summary = "wait for the answer to a question in the outbox",
    .usage = "[--timeout SECONDS] FILE",
    .run = run,
};
