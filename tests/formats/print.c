/*
 * print.c - the conversions of the room formats as a filter, for tests with readers of other makes.
 *
 *     formats_print vcard|ical         an array of records on stdin
 *     formats_print eml [DIR]          a message; the bytes of an attachment are in DIR/<Id>
 *     formats_print count [DIR]        its size
 *     formats_print read [RECIPIENT..] a mail; what is sent comes out
 *     formats_print import             a vCard or iCalendar file; [records, what is left, what is skipped] come out
 */
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/formats/eml.h>
#include <outlookfs/formats/ical.h>
#include <outlookfs/formats/imported.h>
#include <outlookfs/formats/vcard.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_attachment(void *ctx, const char *attachment, struct buf *err)
{
    char path[4096];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", (const char *)ctx, attachment);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? buf_fail(err, -errno, "%s: %s", path, strerror(errno)) : fd;
}

static cJSON *input(struct buf *err)
{
    struct buf text;
    char chunk[4096];
    size_t n;
    cJSON *value = NULL;

    buf_init(&text, JSON_TEXT_MAX);
    while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
        buf_add(&text, chunk, n);
    if (json_parse_any(text.data, text.len, &value, err))
        value = NULL;
    buf_release(&text);
    return value;
}

static int print_mail(const char *dir, int fd, struct buf *err)
{
    const struct eml_source source = {.open = open_attachment, .ctx = (void *)dir};
    cJSON *message = input(err);
    size_t size = 0;
    int rc = message ? eml_write(message, dir ? &source : NULL, fd, &size, err) : -EINVAL;

    if (!rc && fd < 0)
        printf("%zu\n", size);
    cJSON_Delete(message);
    return rc;
}

static int print_cards(struct buf *out, struct buf *err)
{
    cJSON *records = input(err), *record;
    int rc = records ? 0 : -EINVAL;

    cJSON_ArrayForEach(record, records)
    {
        if (!rc)
            rc = vcard_write(record, out);
    }
    cJSON_Delete(records);
    return rc;
}

static int print_calendar(struct buf *out, struct buf *err)
{
    cJSON *records = input(err), *record;
    struct ical cal;
    int rc = ical_begin(&cal, out);

    cJSON_ArrayForEach(record, records)
    {
        if (!rc)
            rc = ical_event(&cal, record, out);
    }
    if (!rc)
        rc = records ? ical_end(&cal, out) : -EINVAL;
    ical_release(&cal);
    cJSON_Delete(records);
    return rc;
}

static int print_sent(char **recipients, struct buf *err)
{
    const struct eml_envelope envelope = {.recipients = (const char *const *)recipients};
    cJSON *obj = NULL;
    int rc = eml_read(0, *recipients ? &envelope : NULL, &obj, err);

    if (!rc) {
        char *text = cJSON_PrintUnformatted(obj);

        puts(text);
        free(text);
    }
    cJSON_Delete(obj);
    return rc;
}

static int print_imported(struct buf *err)
{
    struct imports imports = {0};
    cJSON *out = cJSON_CreateArray(), *records, *left;
    struct buf text;
    char chunk[4096];
    size_t n;
    int rc;

    buf_init(&text, JSON_TEXT_MAX);
    while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
        buf_add(&text, chunk, n);
    rc = strstr(text.data, "BEGIN:VCALENDAR") ? ical_read(text.data, &imports, err)
                                              : vcard_read(text.data, &imports, err);
    cJSON_AddItemToArray(out, records = cJSON_CreateArray());
    cJSON_AddItemToArray(out, left = cJSON_CreateArray());
    for (size_t i = 0; i < imports.count; i++) {
        cJSON_AddItemToArray(records, cJSON_Duplicate(imports.list[i].record, true));
        cJSON_AddItemToArray(
            left, cJSON_CreateString(imports.list[i].left.len ? imports.list[i].left.data : ""));
    }
    cJSON_AddItemToArray(out, cJSON_CreateString(imports.skipped.len ? imports.skipped.data : ""));
    if (!rc) {
        char *json = cJSON_PrintUnformatted(out);

        puts(json);
        free(json);
    }
    cJSON_Delete(out);
    imports_release(&imports);
    buf_release(&text);
    return rc;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "", *dir = argc > 2 ? argv[2] : NULL;
    struct buf out, err;
    int rc = -EINVAL;

    buf_init(&out, (size_t)256 * 1024 * 1024);
    buf_init(&err, BUF_TEXT_MAX);
    if (strcmp(what, "vcard") == 0)
        rc = print_cards(&out, &err);
    else if (strcmp(what, "ical") == 0)
        rc = print_calendar(&out, &err);
    else if (strcmp(what, "eml") == 0)
        rc = print_mail(dir, 1, &err);
    else if (strcmp(what, "count") == 0)
        rc = print_mail(dir, -1, &err);
    else if (strcmp(what, "read") == 0)
        rc = print_sent(argv + 2, &err);
    else if (strcmp(what, "import") == 0)
        rc = print_imported(&err);
    fwrite(out.data, 1, out.len, stdout);
    if (rc)
        fprintf(stderr, "%s: %s\n", strerror(-rc), err.data);
    buf_release(&out);
    buf_release(&err);
    return rc ? 1 : 0;
}
