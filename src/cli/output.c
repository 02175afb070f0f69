/*
 * output.c - printing to standard output and error.
 */
#include "cli_p.h"

#include <ctype.h>

static void vprint(FILE *to, const char *prefix, const char *fmt, va_list ap)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(64 * 1024);

    buf_addstr(&text, prefix);
    buf_vaddf(&text, fmt, ap);
    for (size_t i = 0; i < text.len; i++) {
        if (iscntrl((unsigned char)text.data[i]) && text.data[i] != '\n')
            text.data[i] = '?';
    }
    fwrite(text.data, 1, text.len, to);
}

void print(FILE *to, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprint(to, "", fmt, ap);
    va_end(ap);
}

int complain(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprint(stderr, "outlookfs: ", fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return EXIT_NOT_DONE;
}

int usage_error(const struct command *command)
{
    fprintf(stderr, "usage: outlookfs %s %s\n", command->name, command->usage);
    return EXIT_USAGE;
}

int usage_shown(const struct command *command)
{
    printf("usage: outlookfs %s %s\n\n%s\n", command->name, command->usage, command->summary);
    return EXIT_DONE;
}
