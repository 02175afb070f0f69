/*
 * imported.c - a list of records to be, and what they do not say.
 */
#include <outlookfs/formats/imported.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>

#include <stdlib.h>
#include <string.h>

#define LINES_MAX ((size_t)1024 * 1024)

struct import *imports_add(struct imports *imports, enum kind kind)
{
    imports->list = xgrow(imports->list, imports->count, sizeof(*imports->list));
    struct import *one = &imports->list[imports->count++];
    *one = (struct import){.kind = kind, .record = cJSON_CreateObject()};
    return one;
}

static void release(struct import *one)
{
    cJSON_Delete(one->record);
    free(one->title);
    buf_release(&one->left);
}

void imports_drop_last(struct imports *imports)
{
    release(&imports->list[--imports->count]);
}

static bool has_line(const struct buf *lines, const char *line)
{
    size_t len = strlen(line);

    for (const char *p = lines->data; p && (p = strstr(p, line)); p += len) {
        if ((p == lines->data || p[-1] == '\n') && p[len] == '\n')
            return true;
    }
    return false;
}

void imports_note(struct buf *lines, const char *fmt, ...)
{
    SCOPED(buf_release) struct buf line = BUF_INIT(BUF_TEXT_MAX);
    va_list ap;

    if (!lines->max)
        buf_init(lines, LINES_MAX);
    va_start(ap, fmt);
    buf_vaddf(&line, fmt, ap);
    va_end(ap);
    if (!has_line(lines, line.data))
        buf_addf(lines, "%s\n", line.data);
}

void imports_release(struct imports *imports)
{
    for (size_t i = 0; i < imports->count; i++)
        release(&imports->list[i]);
    free(imports->list);
    buf_release(&imports->skipped);
    *imports = (struct imports){0};
}
