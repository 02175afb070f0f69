#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/cli_p.h"
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A home of its own and no environment that says anything. */
struct fixture {
    char home[64];
    char *config;
    struct settings s;
    struct buf err;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    char *dir;

    strcpy(f->home, "/tmp/outlookfs-settings-XXXXXX");
    assert_non_null(mkdtemp(f->home));
    dir = xasprintf("%s/.config/outlookfs", f->home);
    assert_int_equal(file_mkdirs(dir, NULL), 0);
    f->config = xasprintf("%s/config", dir);
    free(dir);

    setenv("HOME", f->home, 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("XDG_STATE_HOME");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("OUTLOOKFS_URL");
    unsetenv("OUTLOOKFS_TOKEN");
    settings_init(&f->s);
    buf_init(&f->err, BUF_TEXT_MAX);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const dirs[] = {"/.config/outlookfs", "/.config", ""};
    struct fixture *f = *state;

    unlink(f->config);
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        char *dir = xasprintf("%s%s", f->home, dirs[i]);

        assert_int_equal(rmdir(dir), 0);
        free(dir);
    }
    settings_release(&f->s);
    buf_release(&f->err);
    free(f->config);
    free(f);
    return 0;
}

static void write_config(const struct fixture *f, const char *text)
{
    assert_int_equal(file_replace(f->config, text, strlen(text), 0600, NULL), 0);
}

static void assert_refused(struct fixture *f, const char *reason)
{
    assert_int_not_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_equal(f->err.data, reason);
}

static void test_needs_a_service(void **state)
{
    assert_refused(*state, "no service: give --url URL, set OUTLOOKFS_URL, or try --sandbox");
}

static void test_needs_a_token_for_https(void **state)
{
    struct fixture *f = *state;

    f->s.url = xstrdup("https://mail.example");
    assert_refused(
        f, "no token: give --token-file FILE, --token-command COMMAND, or set OUTLOOKFS_TOKEN");
}

static void test_this_machine_needs_no_token(void **state)
{
    struct fixture *f = *state;
    char *dir = xasprintf("%s/.local/state/outlookfs/", f->home);

    f->s.url = xstrdup("http://127.0.0.1:8080/base//");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_equal(f->s.url, "http://127.0.0.1:8080/base");
    assert_true(str_starts(f->s.state_dir, dir));
    assert_int_equal(strlen(f->s.state_dir), strlen(dir) + 16);
    free(dir);
}

static void test_directories_follow_url_and_xdg(void **state)
{
    struct fixture *f = *state;
    char *first;

    setenv("XDG_STATE_HOME", "/xdg/state", 1);
    setenv("XDG_CACHE_HOME", "relative", 1);
    f->s.url = xstrdup("http://localhost/a");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_true(str_starts(f->s.state_dir, "/xdg/state/outlookfs/"));
    assert_true(str_starts(f->s.cache_dir, f->home));
    first = xstrdup(f->s.state_dir);

    settings_release(&f->s);
    settings_init(&f->s);
    f->s.url = xstrdup("http://localhost/b");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_not_equal(f->s.state_dir, first);
    free(first);
}

static void test_sandbox_has_a_directory_of_its_own(void **state)
{
    struct fixture *f = *state;
    char *dir = xasprintf("%s/.local/state/outlookfs/sandbox", f->home);

    setenv("OUTLOOKFS_URL", "https://mail.example", 1);
    setenv("OUTLOOKFS_TOKEN", "secret", 1);
    write_config(f, "url = https://other.example\ntoken-file = /t\n");
    f->s.sandbox = true;
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_null(f->s.url);
    assert_null(f->s.token);
    assert_null(f->s.token_file);
    assert_string_equal(f->s.state_dir, dir);
    free(dir);
}

static void test_sandbox_takes_no_url(void **state)
{
    struct fixture *f = *state;

    f->s.sandbox = true;
    f->s.url = xstrdup("http://localhost");
    assert_refused(f, "--sandbox brings its own URL and token");
}

static void test_token_leaves_the_environment(void **state)
{
    struct fixture *f = *state;
    const char *memory;

    setenv("OUTLOOKFS_TOKEN", "secret", 1);
    memory = getenv("OUTLOOKFS_TOKEN");
    f->s.url = xstrdup("https://mail.example");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_equal(f->s.token, "secret");
    assert_null(getenv("OUTLOOKFS_TOKEN"));
    for (size_t i = 0; i < strlen("secret"); i++)
        assert_int_equal(memory[i], 0);
}

static void test_one_token_source(void **state)
{
    struct fixture *f = *state;

    setenv("OUTLOOKFS_TOKEN", "secret", 1);
    f->s.url = xstrdup("https://mail.example");
    f->s.token_file = xstrdup("/t");
    assert_refused(f, "give one token source: --token-file, --token-command or OUTLOOKFS_TOKEN");
}

static void test_file_fills_in_what_is_not_said(void **state)
{
    struct fixture *f = *state;
    char *token = xasprintf("%s/token", f->home);

    write_config(f, "# ours\n"
                    "url = https://file.example/\n"
                    "[account]\n"
                    "token-file = ~/token\n"
                    "state-dir = /var/state\n"
                    "mail-folders = Inbox/Support , Projects\n"
                    "mail-folders = Rechnungen\n"
                    "options = ro,rate=10\n");
    f->s.cache_dir = xstrdup("/var/cache/mine");
    f->s.options_given = xstrdup("rate=20");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_equal(f->s.url, "https://file.example");
    assert_string_equal(f->s.token_file, token);
    assert_string_equal(f->s.state_dir, "/var/state");
    assert_string_equal(f->s.cache_dir, "/var/cache/mine");
    assert_string_equal(f->s.mail_folders[0], "Inbox/Support");
    assert_string_equal(f->s.mail_folders[1], "Projects");
    assert_string_equal(f->s.mail_folders[2], "Rechnungen");
    assert_null(f->s.mail_folders[3]);
    assert_true(f->s.options.read_only);
    assert_int_equal(f->s.options.rate, 20);
    free(token);
}

static void test_environment_before_file(void **state)
{
    struct fixture *f = *state;

    setenv("OUTLOOKFS_URL", "https://env.example", 1);
    write_config(f, "url = https://file.example\ntoken-file = /t\n");
    f->s.token_command = xstrdup("pass show mail");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_equal(f->s.url, "https://env.example");
    assert_string_equal(f->s.token_command, "pass show mail");
    assert_null(f->s.token_file);
}

static void test_file_says_what_sendmail_needs(void **state)
{
    struct fixture *f = *state;
    struct config config = {0};
    char *mount = xasprintf("%s/mailbox", f->home);

    assert_int_equal(settings_config(&f->s, &config, &f->err), 0); /* there is no file */
    assert_null(config.mount);
    write_config(f, "mount = ~/mailbox\nlocal-recipient = me@example.org\n");
    assert_int_equal(settings_config(&f->s, &config, &f->err), 0);
    assert_string_equal(config.mount, mount);
    assert_string_equal(config.local_recipient, "me@example.org");
    config_release(&config);
    free(mount);
}

static void test_relative_paths_become_absolute(void **state)
{
    struct fixture *f = *state;
    char *cwd = getcwd(NULL, 0), *expected = xasprintf("%s/tok", cwd);

    f->s.url = xstrdup("https://mail.example");
    f->s.token_file = xstrdup("tok");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_equal(f->s.token_file, expected);
    free(expected);
    free(cwd);
}

static void test_api(void **state)
{
    struct fixture *f = *state;

    f->s.url = xstrdup("http://localhost");
    f->s.api = xstrdup("current");
    assert_refused(f, "--api current is not available yet: use --api v1");
}

/* `%s` stands for the file. */
static void test_refuses_a_file(void **state)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"url = a\nurl = b\n", "%s:2: url is given twice"},
        {"url = a\ncolour = red\n", "%s:2: no setting is called colour"},
        {"\n[work]\nurl = a\n", "%s:3: no section is called [work]"},
        {"url\n", "%s:1: expected `name = value`"},
    };
    struct fixture *f = *state;
    struct config config;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf expected;

        buf_init(&expected, BUF_TEXT_MAX);
        buf_addf(&expected, "%s%s", f->config, cases[i].reason + 2);
        write_config(f, cases[i].text);
        buf_clear(&f->err);
        assert_int_equal(config_read(f->config, &config, &f->err), -EINVAL);
        assert_string_equal(f->err.data, expected.data);
        buf_release(&expected);
    }
}

static void test_refuses_a_long_line(void **state)
{
    struct fixture *f = *state;
    struct config config;
    char text[300];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text, "url = ", 6);
    write_config(f, text);
    assert_int_equal(config_read(f->config, &config, &f->err), -EINVAL);
    assert_true(str_ends(f->err.data, ":1: a line has 195 characters at most"));
}

static void test_longest_line_is_whole(void **state)
{
    struct fixture *f = *state;
    struct config config;
    char text[196 + 1];

    memset(text, 'x', 195);
    strcpy(text + 195, "\n");
    memcpy(text, "url = ", 6);
    write_config(f, text);
    assert_int_equal(config_read(f->config, &config, &f->err), 0);
    assert_int_equal(strlen(config.url), 195 - 6);
    config_release(&config);
}

static void test_given_file_must_exist(void **state)
{
    struct fixture *f = *state;

    f->s.config = xasprintf("%s/other", f->home);
    f->s.url = xstrdup("http://localhost");
    assert_int_equal(settings_complete(&f->s, &f->err), -ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(needs_a_service),
        TEST(needs_a_token_for_https),
        TEST(this_machine_needs_no_token),
        TEST(directories_follow_url_and_xdg),
        TEST(sandbox_has_a_directory_of_its_own),
        TEST(sandbox_takes_no_url),
        TEST(token_leaves_the_environment),
        TEST(one_token_source),
        TEST(file_fills_in_what_is_not_said),
        TEST(environment_before_file),
        TEST(file_says_what_sendmail_needs),
        TEST(relative_paths_become_absolute),
        TEST(api),
        TEST(refuses_a_file),
        TEST(refuses_a_long_line),
        TEST(longest_line_is_whole),
        TEST(given_file_must_exist),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
