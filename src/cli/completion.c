/*
 * completion.c - outlookfs completion: words for the shells' completions, one a line, from the
 * tables that read the command lines. src/cli/packaging/completions has the scripts that ask.
 */
#include "cli_p.h"
#include "settings_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>
#include <string.h>

static int show_commands(void)
{
    const struct command *command;

    for (size_t i = 0; (command = cli_command(i)); i++)
        puts(command->name);
    return EXIT_DONE;
}

static int show_options(void)
{
    const char *name;

    for (size_t i = 0; (name = options_name(i)); i++)
        printf("%s%s\n", name, options_is_flag(name) ? "" : "=");
    return EXIT_DONE;
}

static int show_templates(void)
{
    const char *name;

    for (size_t i = 0; (name = template_name(i)); i++)
        puts(name);
    return EXIT_DONE;
}

static int show_accounts(void)
{
    SCOPED(config_release) struct config config = {0};
    SCOPED(settings_release) struct settings s = {0};

    settings_init(&s);
    if (settings_config(&s, &config, NULL) == 0) {
        for (size_t i = 0; i < config.naccounts; i++)
            puts(config.accounts[i].name);
    }
    return EXIT_DONE;
}

/* Of one command: what its usage names, and its keys. */
static int show_long_options(const struct command *command)
{
    const struct key *key;

    for (const char *p = command->usage; (p = strstr(p, "--"));) {
        size_t len = strspn(p, "-abcdefghijklmnopqrstuvwxyz");
        char *name = xstrndup(p + 2, len - 2);

        if (!keys_find(name, command->keys))
            printf("--%s\n", name);
        free(name);
        p += len;
    }
    for (size_t i = 0; (key = keys_at(i)); i++) {
        if (key->where & command->keys)
            printf("--%s\n", key->name);
    }
    puts("--help");
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    const struct command *command;
    const char *word = argc == 2 ? argv[1] : "";

    if (str_eq(word, "--help"))
        return usage_shown(&completion_command);
    if (str_eq(word, "commands"))
        return show_commands();
    if (str_eq(word, "options"))
        return show_options();
    if (str_eq(word, "template-names"))
        return show_templates();
    if (str_eq(word, "account-names"))
        return show_accounts();
    for (size_t i = 0; (command = cli_command(i)); i++) {
        if (str_eq(command->name, word))
            return show_long_options(command);
    }
    return usage_error(&completion_command);
}

const struct command completion_command = {
    .name = "completion",
    .summary = "print words for a shell's completion",
    .usage = "commands | options | account-names | template-names | COMMAND",
    .run = run,
};
