/*
 * login_browser.c - authorization code with PKCE: opens the browser, and redeems the code it brings.
 */
#include "login_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PERSON_LIMIT (900 * NS_PER_S)
#define WORDS_MAX 32
#define URL_MAX ((size_t)16 * 1024)

extern char **environ;

/* --- the browser --- */

/* Its own words are not for our terminal. */
static int spawn(char **argv)
{
    posix_spawn_file_actions_t files;
    pid_t pid;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int rc = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    return -rc;
}

/* A command of $BROWSER: words, of which %s is the address; without it, the address comes last. */
static int run_command(char *command, const char *url)
{
    char *argv[WORDS_MAX + 2], *word;
    SCOPED(xfree) char *whole = NULL;
    size_t count = 0;

    while ((word = strsep(&command, " \t")) && count < WORDS_MAX) {
        char *mark = strstr(word, "%s");

        if (mark && !whole) {
            whole = xasprintf("%.*s%s%s", (int)(mark - word), word, url, mark + 2);
            word = whole;
        }
        if (*word)
            argv[count++] = word;
    }
    if (!whole)
        argv[count++] = (char *)url;
    argv[count] = NULL;
    return count > 1 || whole ? spawn(argv) : -ENOENT;
}

/* $BROWSER is a list, separated by colons; the first that can be started is it. */
static void open_browser(const char *url)
{
    const char *env = getenv("BROWSER");
    SCOPED(xfree) char *list = xstrdup(env && *env ? env : "xdg-open");
    char *rest = list, *command;
    const struct sigaction reap = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    int rc = -ENOENT;

    sigaction(SIGCHLD, &reap, NULL);
    while (rc && (command = strsep(&rest, ":")))
        rc = run_command(command, url);
}

static void show(const char *url)
{
    print(stdout,
          "Log in with the browser. If none opens, open this address on this machine:\n%s\n", url);
    fflush(stdout);
}

/* --- the flow --- */

static int redeem(const struct oauth_client *client, const char *redirect, const char *code,
                  const char *verifier, struct oauth_tokens *ret, struct buf *err)
{
    return oauth_redeem(client, redirect, code, verifier, NULL, ret, err) == OAUTH_OK ? 0 : -EACCES;
}

static int wait_for_code(struct login_listener *listener, struct buf *code, struct buf *err)
{
    int rc = login_listener_wait(listener, clock_mono() + PERSON_LIMIT, code, err);

    if (rc == -ETIMEDOUT)
        return buf_fail(err, -EACCES, "nobody has logged in within %d minutes",
                        (int)(PERSON_LIMIT / NS_PER_S / 60));
    return rc;
}

int login_by_browser(const struct oauth_client *client, struct oauth_tokens *ret, struct buf *err)
{
    char state[44], verifier[44], challenge[44];
    struct login_listener *listener = NULL;
    SCOPED(buf_release) struct buf url = BUF_INIT(URL_MAX);
    SCOPED(buf_release) struct buf code = BUF_INIT(URL_MAX);

    if (oauth_random(state) || oauth_random(verifier))
        return buf_fail(err, -EACCES, "the system has no random numbers");
    oauth_challenge(verifier, challenge);
    int rc = login_listener_start(state, &listener, err);
    if (rc)
        return rc;
    SCOPED(xfree) char *redirect = xasprintf("http://localhost:%u", login_listener_port(listener));
    oauth_authorize_url(client, redirect, state, challenge, &url);
    show(url.data);
    open_browser(url.data);

    rc = wait_for_code(listener, &code, err);
    login_listener_stop(listener);
    if (!rc)
        rc = redeem(client, redirect, code.data, verifier, ret, err);
    explicit_bzero(verifier, sizeof(verifier));
    explicit_bzero(code.data, code.len);
    return rc;
}
