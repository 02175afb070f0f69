/* Any bytes as a mail: what is read can be sent, and a message made of the same bytes is a mail. */
#include "fuzz.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>
#include <outlookfs/formats/eml.h>
#include <outlookfs/formats/ical.h>
#include <outlookfs/formats/vcard.h>
#include <outlookfs/model/outgoing.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OUT_MAX ((size_t)16 * 1024 * 1024)

static int file_of(const void *p, size_t n)
{
    int fd = memfd_create("mail", MFD_CLOEXEC);

    CHECK(fd >= 0 && write(fd, p, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static cJSON *read_mail(int fd, const struct eml_envelope *envelope)
{
    cJSON *obj = NULL;
    int rc = eml_read(fd, envelope, &obj, NULL);

    CHECK((rc == 0) == (obj != NULL));
    CHECK(!obj || outgoing_check(OUTGOING_SEND, obj, NULL) == 0);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    return obj;
}

static int open_nothing(void *ctx, const char *attachment, struct buf *err)
{
    (void)ctx;
    (void)attachment;
    (void)err;
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Subject and body survive being written, whatever they are. */
static void check_written(const cJSON *message)
{
    const struct eml_source source = {.open = open_nothing};
    const cJSON *body = json_get(message, "Body");
    size_t size = 0, counted = 0;
    int fd = memfd_create("written", MFD_CLOEXEC);
    cJSON *again;

    CHECK(eml_write(message, &source, fd, &size, NULL) == 0);
    CHECK(eml_write(message, &source, -1, &counted, NULL) == 0);
    CHECK(size == counted && lseek(fd, 0, SEEK_END) == (off_t)size);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    again = read_mail(fd, NULL);
    if (again && body && !strchr(body->valuestring, '\r'))
        CHECK(strncmp(json_str(again, "Body"), body->valuestring, strlen(body->valuestring)) == 0);
    cJSON_Delete(again);
    close(fd);
}

static void check_records(const char *text)
{
    static const char *const members[] = {"Id",      "DisplayName",   "BusinessHomePage",
                                          "Subject", "StartTimeZone", "WebLink"};
    cJSON *record = cJSON_CreateObject(), *body = cJSON_AddObjectToObject(record, "Body");
    struct ical cal;
    struct buf out;

    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        cJSON_AddStringToObject(record, members[i], text);
    cJSON_AddStringToObject(record, "Start", "2023-12-20T14:15:00");
    cJSON_AddStringToObject(body, "ContentType", "HTML");
    cJSON_AddStringToObject(body, "Content", text);
    buf_init(&out, OUT_MAX);
    CHECK(vcard_write(record, &out) == 0);
    CHECK(ical_begin(&cal, &out) == 0 && ical_event(&cal, record, &out) == 0);
    ical_release(&cal);
    buf_release(&out);
    cJSON_Delete(record);
}

static void check_message(const char *text)
{
    static const char *const members[] = {"Id", "From", "Subject", "Body", "InternetMessageId"};
    cJSON *message = cJSON_CreateObject(), *list, *attachment = cJSON_CreateObject();

    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        cJSON_AddStringToObject(message, members[i], text);
    cJSON_AddStringToObject(message, "To", "a@example.com");
    list = cJSON_AddArrayToObject(message, "Attachments");
    cJSON_AddStringToObject(attachment, "Id", "1");
    cJSON_AddStringToObject(attachment, "Name", text);
    cJSON_AddStringToObject(attachment, "ContentType", text);
    cJSON_AddItemToArray(list, attachment);
    check_written(message);
    cJSON_Delete(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const recipients[] = {"a@example.com", "b@example.com", NULL};
    const struct eml_envelope envelope = {.recipients = recipients};
    int fd = file_of(data, size);
    char *text = xstrndup((const char *)data, size);
    cJSON *by_headers = read_mail(fd, NULL), *by_envelope = read_mail(fd, &envelope);

    if (str_is_utf8(text, strlen(text))) {
        check_message(text);
        check_records(text);
    }
    cJSON_Delete(by_headers);
    cJSON_Delete(by_envelope);
    free(text);
    close(fd);
    return 0;
}
