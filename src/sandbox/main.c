/*
 * main.c - outlookfs-sandbox: options, and a life that ends on SIGTERM, SIGINT or, where asked for,
 * with standard input.
 */
#include "db_p.h"
#include "fault_p.h"
#include "log_p.h"
#include "notify_p.h"
#include "seed_p.h"
#include "server_p.h"
#include "trigger_p.h"

#include <errno.h>
#include <getopt.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define EXIT_USAGE 2

static const char usage[] =
    "usage: outlookfs-sandbox --listen 127.0.0.1:PORT [--db FILE] [--token T]\n"
    "           [--seed contacts=N,events=N,messages=N] [--latency MS] [--rate N]\n"
    "           [--log FILE] [--no-picker] [--retry-after S] [--notify-tries N]\n"
    "           [--exit-with-stdin]\n";

struct options {
    struct server_options server;
    const char *db, *log;
    struct seed_counts seed;
    struct trigger_settings triggers;
    unsigned notify_tries;
    bool exit_with_stdin;
};

/* A whole number of zero or more; false when the text is none. */
static bool parse_number(const char *text, unsigned long max, unsigned long *ret)
{
    char *end;

    errno = 0;
    *ret = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno && *ret <= max;
}

static bool parse_seed(const char *text, struct seed_counts *ret)
{
    char *copy = xstrdup(text), *save, *part;
    bool ok = *text;

    *ret = (struct seed_counts){0};
    for (part = strtok_r(copy, ",", &save); part && ok; part = strtok_r(NULL, ",", &save)) {
        char *equals = strchr(part, '=');
        unsigned long n = 0;

        if (equals)
            *equals++ = '\0';
        ok = equals && parse_number(equals, 1000000, &n);
        if (!strcmp(part, "contacts"))
            ret->contacts = (unsigned)n;
        else if (!strcmp(part, "events"))
            ret->events = (unsigned)n;
        else if (!strcmp(part, "messages"))
            ret->messages = (unsigned)n;
        else
            ok = false;
    }
    free(copy);
    return ok;
}

static int usage_error(const char *option, const char *value)
{
    fprintf(stderr, "outlookfs-sandbox: --%s %s: not understood\n", option, value);
    return EXIT_USAGE;
}

static const struct option long_options[] = {
    {"listen", required_argument, NULL, 'l'},      {"db", required_argument, NULL, 'd'},
    {"token", required_argument, NULL, 't'},       {"seed", required_argument, NULL, 's'},
    {"latency", required_argument, NULL, 'y'},     {"rate", required_argument, NULL, 'r'},
    {"log", required_argument, NULL, 'o'},         {"no-picker", no_argument, NULL, 'p'},
    {"retry-after", required_argument, NULL, 'a'}, {"notify-tries", required_argument, NULL, 'n'},
    {"exit-with-stdin", no_argument, NULL, 'e'},   {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},           {NULL},
};

/* 0, or EXIT_USAGE after one line on standard error. */
static int parse_option(int c, struct options *o)
{
    unsigned long n;

    switch (c) {
    case 'l':
        o->server.listen = optarg;
        return 0;
    case 'd':
        o->db = optarg;
        return 0;
    case 't':
        o->server.token = optarg;
        return 0;
    case 's':
        return parse_seed(optarg, &o->seed) ? 0 : usage_error("seed", optarg);
    case 'y':
        if (!parse_number(optarg, 600000, &n))
            return usage_error("latency", optarg);
        o->server.latency = (int64_t)n * NS_PER_MS;
        return 0;
    case 'r':
        if (!parse_number(optarg, 1000000, &n))
            return usage_error("rate", optarg);
        o->server.rate = (unsigned)n;
        return 0;
    case 'o':
        o->log = optarg;
        return 0;
    case 'p':
        o->server.sandbox.no_picker = true;
        return 0;
    case 'a':
        if (!parse_number(optarg, 86400, &n))
            return usage_error("retry-after", optarg);
        o->triggers.retry_after = (int)n;
        return 0;
    case 'n':
        if (!parse_number(optarg, 86400, &n) || !n)
            return usage_error("notify-tries", optarg);
        o->notify_tries = (unsigned)n;
        return 0;
    case 'e':
        o->exit_with_stdin = true;
        return 0;
    default:
        return EXIT_USAGE;
    }
}

/* -1: go on; otherwise the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
    int c, rc;

    while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (c == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (c == 'v') {
            puts("outlookfs-sandbox " OUTLOOKFS_VERSION);
            return 0;
        }
        rc = parse_option(c, o);
        if (rc)
            return rc;
    }
    if (!o->server.listen || optind < argc) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (!o->server.token)
        o->server.token = getenv("OUTLOOKFS_SANDBOX_TOKEN");
    if (o->server.token && !*o->server.token)
        o->server.token = NULL;
    return -1;
}

/* Reads and forgets; false at the end of standard input. */
static bool stdin_open(void)
{
    char buffer[256];
    ssize_t n = read(STDIN_FILENO, buffer, sizeof(buffer));

    return n > 0 || (n < 0 && errno == EINTR);
}

static void wait_for_end(int signals, bool with_stdin)
{
    struct pollfd fds[2] = {{.fd = signals, .events = POLLIN},
                            {.fd = with_stdin ? STDIN_FILENO : -1, .events = POLLIN}};

    for (;;) {
        if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
            return;
        if (fds[0].revents || (fds[1].revents && !stdin_open()))
            return;
    }
}

static int run(struct options *o, int signals, struct buf *err)
{
    struct sandbox *sb = &o->server.sandbox;
    struct server *server = NULL;
    int rc = db_open(o->db, &sb->db, err);

    if (rc)
        goto out;
    rc = reqlog_create(o->log, &sb->log, err);
    if (rc)
        goto out;
    sb->faults = faults_create();
    if (db_is_empty(sb->db))
        seed_fill(sb->db, &o->seed);
    sb->triggers = &o->triggers;
    sb->notifier = notifier_start(sb->db, o->notify_tries);
    rc = server_start(&o->server, &server, err);
    if (rc)
        goto out;
    puts(server_url(server));
    fflush(stdout);
    wait_for_end(signals, o->exit_with_stdin);
out:
    server_stop(server);
    notifier_stop(sb->notifier);
    faults_destroy(sb->faults);
    reqlog_destroy(sb->log);
    db_close(sb->db);
    return rc;
}

int main(int argc, char **argv)
{
    struct options o = {.seed = {.contacts = 25, .events = 12, .messages = 40},
                        .triggers = {.retry_after = 15},
                        .notify_tries = NOTIFY_TRIES};
    struct buf err;
    sigset_t set;
    int rc = parse_options(argc, argv, &o), signals;

    if (rc >= 0)
        return rc;
    /* Before any thread starts, so that all of them inherit the mask. */
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signals = signalfd(-1, &set, SFD_CLOEXEC);
    buf_init(&err, BUF_TEXT_MAX);
    rc = run(&o, signals, &err);
    if (rc)
        fprintf(stderr, "outlookfs-sandbox: %s\n", err.data);
    buf_release(&err);
    close(signals);
    return rc == -EINVAL ? EXIT_USAGE : rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
