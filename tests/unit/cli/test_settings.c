#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/settings_p.h"
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
    assert_refused(*state,
                   "no service: log in with outlookfs login, give --url URL, or try --sandbox");
}

static void test_needs_a_token_for_https(void **state)
{
    struct fixture *f = *state;

    f->s.values.url = xstrdup("https://mail.example");
    assert_refused(
        f, "no token: give --token-file FILE, --token-command COMMAND, or set OUTLOOKFS_TOKEN");
}

static void test_this_machine_needs_no_token(void **state)
{
    struct fixture *f = *state;
    char *dir = xasprintf("%s/.local/state/outlookfs/", f->home);

    f->s.values.url = xstrdup("http://127.0.0.1:8080/base//");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_equal(f->s.values.url, "http://127.0.0.1:8080/base");
    assert_true(str_starts(f->s.values.state_dir, dir));
    assert_int_equal(strlen(f->s.values.state_dir), strlen(dir) + 16);
    free(dir);
}

static void test_directories_follow_url_and_xdg(void **state)
{
    struct fixture *f = *state;
    char *first;

    setenv("XDG_STATE_HOME", "/xdg/state", 1);
    setenv("XDG_CACHE_HOME", "relative", 1);
    f->s.values.url = xstrdup("http://localhost/a");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_true(str_starts(f->s.values.state_dir, "/xdg/state/outlookfs/"));
    assert_true(str_starts(f->s.values.cache_dir, f->home));
    first = xstrdup(f->s.values.state_dir);

    settings_release(&f->s);
    settings_init(&f->s);
    f->s.values.url = xstrdup("http://localhost/b");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_not_equal(f->s.values.state_dir, first);
    free(first);
}

static void test_sandbox_has_a_directory_of_its_own(void **state)
{
    struct fixture *f = *state;
    char *dir = xasprintf("%s/.local/state/outlookfs/sandbox", f->home);

    setenv("OUTLOOKFS_URL", "https://mail.example", 1);
    setenv("OUTLOOKFS_TOKEN", "secret", 1);
    write_config(f, "url = https://other.example\ntoken-file = /t\n");
    f->s.values.sandbox = xstrdup("yes");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_null(f->s.values.url);
    assert_null(f->s.token);
    assert_null(f->s.values.token_file);
    assert_string_equal(f->s.values.state_dir, dir);
    free(dir);
}

static void test_sandbox_takes_no_url(void **state)
{
    struct fixture *f = *state;

    f->s.values.sandbox = xstrdup("yes");
    f->s.values.url = xstrdup("http://localhost");
    assert_refused(f, "--sandbox brings its own URL and token");
}

static void test_token_leaves_the_environment(void **state)
{
    struct fixture *f = *state;
    const char *memory;

    setenv("OUTLOOKFS_TOKEN", "secret", 1);
    memory = getenv("OUTLOOKFS_TOKEN");
    f->s.values.url = xstrdup("https://mail.example");
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
    f->s.values.url = xstrdup("https://mail.example");
    f->s.values.token_file = xstrdup("/t");
    assert_refused(f, "give one token source: --token-file, --token-command or OUTLOOKFS_TOKEN");
}

static void test_file_fills_in_what_is_not_said(void **state)
{
    struct fixture *f = *state;
    char *token = xasprintf("%s/token", f->home);

    write_config(f, "# ours\n"
                    "url = https://file.example/\n"
                    "token-file = ~/token\n"
                    "state-dir = /var/state\n"
                    "mail-folders = Inbox/Support , Projects\n"
                    "mail-folders = Rechnungen\n"
                    "options = ro,rate=10\n");
    f->s.values.cache_dir = xstrdup("/var/cache/mine");
    f->s.options_given = xstrdup("rate=20");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_equal(f->s.values.url, "https://file.example");
    assert_string_equal(f->s.values.token_file, token);
    assert_string_equal(f->s.values.state_dir, "/var/state");
    assert_string_equal(f->s.values.cache_dir, "/var/cache/mine");
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
    f->s.values.token_command = xstrdup("pass show mail");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_equal(f->s.values.url, "https://env.example");
    assert_string_equal(f->s.values.token_command, "pass show mail");
    assert_null(f->s.values.token_file);
}

static void test_file_says_what_sendmail_needs(void **state)
{
    struct fixture *f = *state;
    char *mount = xasprintf("%s/mailbox", f->home);

    write_config(f, "mount = ~/mailbox\nlocal-recipient = me@example.org\n");
    assert_int_equal(settings_inherit(&f->s, &f->err), 0);
    assert_string_equal(f->s.values.mount, mount);
    assert_string_equal(f->s.values.local_recipient, "me@example.org");
    free(mount);
}

static void test_relative_paths_become_absolute(void **state)
{
    struct fixture *f = *state;
    char *cwd = getcwd(NULL, 0), *expected = xasprintf("%s/tok", cwd);

    f->s.values.url = xstrdup("https://mail.example");
    f->s.values.token_file = xstrdup("tok");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_equal(f->s.values.token_file, expected);
    free(expected);
    free(cwd);
}

static void test_api(void **state)
{
    struct fixture *f = *state;

    f->s.values.url = xstrdup("http://localhost");
    assert_int_equal(keys_set(keys_find("api", KEY_MOUNT), &f->s.values, "current", &f->err),
                     -EINVAL);
    assert_string_equal(f->err.data, "not available yet: use v1");
}

static const char two_accounts[] = "list_ttl = 3\n"
                                   "rate = 7\n"
                                   "tenant = contoso\n"
                                   "[work]\n"
                                   "    service = graph\n"
                                   "    client-id = 1-2-3\n"
                                   "    list_ttl = 4\n"
                                   "    mount = ~/work\n"
                                   "    ro = yes\n"
                                   "[flow]\n"
                                   "    url = https://flow.example/\n"
                                   "    token-command = print it, please\n";

static void test_command_line_account_general(void **state)
{
    struct fixture *f = *state;

    write_config(f, two_accounts);
    f->s.account = xstrdup("work");
    f->s.options_given = xstrdup("umask=077,rw");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_int_equal(f->s.service, SERVICE_GRAPH);
    assert_true(f->s.login);
    assert_string_equal(f->s.values.url, "https://graph.microsoft.com/v1.0");
    assert_string_equal(f->s.values.login_url, "https://login.microsoftonline.com");
    assert_string_equal(f->s.values.tenant, "contoso");
    assert_int_equal(f->s.options.list_ttl, 4000000000);
    assert_int_equal(f->s.options.rate, 7);
    assert_int_equal(f->s.options.umask, 077);
    assert_false(f->s.options.read_only);
}

static void test_another_account(void **state)
{
    struct fixture *f = *state;

    write_config(f, two_accounts);
    f->s.account = xstrdup("flow");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_int_equal(f->s.service, SERVICE_CONNECTOR);
    assert_false(f->s.login);
    assert_string_equal(f->s.values.url, "https://flow.example");
    assert_string_equal(f->s.values.token_command, "print it, please");
    assert_int_equal(f->s.options.list_ttl, 3000000000);
    assert_false(f->s.options.read_only);
}

static void test_which_account(void **state)
{
    struct fixture *f = *state;

    write_config(f, two_accounts);
    assert_refused(f, "which account? There are: work, flow");
    settings_release(&f->s);
    settings_init(&f->s);
    f->s.account = xstrdup("home");
    assert_int_equal(settings_complete(&f->s, &f->err), -ENOENT);
    assert_true(str_ends(f->err.data, "no account is called home; there are: work, flow"));
}

static void test_an_account_says_where_it_is_mounted(void **state)
{
    struct fixture *f = *state;
    char *mount = xasprintf("%s/work", f->home);

    write_config(f, two_accounts);
    f->s.mountpoint = xstrdup("work");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_equal(f->s.account, "work");
    assert_string_equal(f->s.mountpoint, mount);
    free(mount);
}

static void test_the_only_account_needs_no_name(void **state)
{
    struct fixture *f = *state;

    write_config(f, "[work]\nclient-id = 1\nlogin-url = https://login.microsoftonline.us\n");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_string_equal(f->s.account, "work");
    assert_string_equal(f->s.values.url, "https://graph.microsoft.us/v1.0");

    settings_release(&f->s);
    settings_init(&f->s);
    f->s.values.url = xstrdup("https://other.example"); /* nothing is left to be said */
    f->s.values.token_file = xstrdup("/t");
    assert_int_equal(settings_complete(&f->s, &f->err), 0);
    assert_null(f->s.account);
    assert_false(f->s.login);
}

/* `%s` stands for the file. */
static void test_refuses_a_file(void **state)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"url = a\nurl = b\n", "%s:2: url = b: given twice"},
        {"url = a\ncolour = red\n", "%s:2: unknown setting: colour"},
        {"\n[my work]\nurl = a\n", "%s:2: [my work]: not a valid account name"},
        {"[work]\nurl = a\n[work]\n", "%s:3: [work] appears twice"},
        {"[work\nurl = a\n", "%s:1: expected [ACCOUNT]"},
        {"[work]\n\nlist_tl = 4\n", "%s:3: unknown setting: list_tl"},
        {"[work]\nlist_ttl = soon\n", "%s:2: list_ttl=soon: expected seconds, like 2 or 0.5"},
        {"[work]\n  ro = maybe\n", "%s:2: ro=maybe: expected yes or no"},
        {"service = exchange\n", "%s:1: service = exchange: expected connector or graph"},
        {"url =\n", "%s:1: url = : expected a value"},
        {"options = ro,colour\n", "%s:1: -o colour: no such option"},
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
    assert_int_equal(strlen(config.general.url), 195 - 6);
    config_release(&config);
}

static void test_given_file_must_exist(void **state)
{
    struct fixture *f = *state;

    f->s.config = xasprintf("%s/other", f->home);
    f->s.values.url = xstrdup("http://localhost");
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
        TEST(command_line_account_general),
        TEST(another_account),
        TEST(which_account),
        TEST(an_account_says_where_it_is_mounted),
        TEST(the_only_account_needs_no_name),
        TEST(refuses_a_file),
        TEST(refuses_a_long_line),
        TEST(longest_line_is_whole),
        TEST(given_file_must_exist),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
