/*
 * sendmail_message.c - who gets a message, and the object of it that is sent.
 */
#include "sendmail_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/str.h>
#include <outlookfs/formats/eml.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

static const char *const lists[] = {"To", "Cc", "Bcc"};

/* --- recipients without a host --- */

/* `address` itself, or `local` instead of it; NULL: there is none. */
static const char *with_host(const char *address, const char *local, struct buf *err)
{
    if (strchr(address, '@'))
        return address;
    if (!local)
        buf_fail(err, 0,
                 "%s: no address with a host; a line `local-recipient = ADDRESS` in the "
                 "configuration says where its mail goes",
                 address);
    return local;
}

/* The recipients of the command line, for free(); NULL: one of them is nowhere. */
static const char **envelope_recipients(char *const *given, const char *local, struct buf *err)
{
    size_t count = 0;

    while (given[count])
        count++;
    const char **list = xcalloc(count + 1, sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        list[i] = with_host(given[i], local, err);
        if (!list[i]) {
            free(list);
            return NULL;
        }
    }
    return list;
}

/* --- lists "a@b.c;d@e.f" --- */

static bool list_has(const char *list, const char *address)
{
    size_t len = strlen(address);

    for (; list && *list; list += strcspn(list, ";")) {
        list += strspn(list, "; ");
        if (strcspn(list, "; ") == len && !strncasecmp(list, address, len))
            return true;
    }
    return false;
}

/* In one of the first `count` lists. */
static bool is_named(const struct cJSON *obj, size_t count, const char *address)
{
    for (size_t i = 0; i < count; i++) {
        if (list_has(json_str(obj, lists[i]), address))
            return true;
    }
    return false;
}

static void set_member(struct cJSON *obj, const char *name, const char *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(obj, name);
    if (value)
        cJSON_AddStringToObject(obj, name, value);
}

static void add_address(struct cJSON *obj, const char *name, const char *address)
{
    const char *list = json_str(obj, name);
    char *longer = list && *list ? xasprintf("%s;%s", list, address) : xstrdup(address);

    set_member(obj, name, longer);
    free(longer);
}

/* The headers of a message name users of this machine, too. */
static int place_locals(struct cJSON *obj, const char *local, struct buf *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        const char *list = json_str(obj, lists[i]);
        char *copy = list ? xstrdup(list) : NULL, *rest = copy, *one;
        const char *address = "";

        set_member(obj, lists[i], NULL);
        while (address && (one = strsep(&rest, ";"))) {
            one += strspn(one, " ");
            if (!*one)
                continue;
            address = with_host(one, local, err);
            if (address && !is_named(obj, i + 1, address))
                add_address(obj, lists[i], address);
        }
        free(copy);
        if (!address)
            return EX_NOUSER;
    }
    return EX_OK;
}

/* --- the message --- */

/* The message proper in a file of its own, which the caller closes. */
static int message_file(const struct buf *text, struct buf *err)
{
    struct sendmail_shape shape = sendmail_look(text->data, text->len);
    off_t head = (off_t)(shape.body - shape.start);
    int fd = memfd_create("sendmail", MFD_CLOEXEC);
    int rc = fd < 0 ? -errno : file_pwrite_all(fd, text->data + shape.start, (size_t)head, 0);

    if (!rc && shape.gap)
        rc = file_pwrite_all(fd, "\n", 1, head++);
    if (!rc)
        rc = file_pwrite_all(fd, text->data + shape.body, text->len - shape.body, head);
    if (!rc)
        return fd;
    if (fd >= 0)
        close(fd);
    return buf_fail(err, rc, "no room for the message: %s", strerror(-rc));
}

static int convert(const struct buf *text, const struct eml_envelope *envelope, struct cJSON **ret,
                   struct buf *err)
{
    int fd = message_file(text, err);

    if (fd < 0)
        return fd;
    int rc = eml_read(fd, envelope, ret, err);
    close(fd);
    return rc;
}

/* To, Cc and Bcc of the message, and the recipients of the envelope besides. */
static int convert_by_headers(const struct buf *text, const struct eml_envelope *envelope,
                              struct cJSON **ret, struct buf *err)
{
    const char *const *others = envelope->recipients;
    struct eml_envelope none = *envelope;

    none.recipients = NULL;
    int rc = convert(text, &none, ret, err);
    if (rc == -EINVAL && others) /* the headers may just name nobody */
        return convert(text, envelope, ret, err);
    for (size_t i = 0; !rc && others && others[i]; i++) {
        if (!is_named(*ret, ARRAY_SIZE(lists), others[i]))
            add_address(*ret, "Bcc", others[i]);
    }
    return rc;
}

static int code_of_errno(int rc, struct buf *err)
{
    switch (rc) {
    case 0:
        return EX_OK;
    case -EDESTADDRREQ:
        buf_addstr(err, "; a line `local-recipient = ADDRESS` in the configuration says who");
        return EX_NOUSER;
    case -EINVAL:
    case -EFBIG:
        return EX_DATAERR;
    default:
        return EX_OSERR;
    }
}

int sendmail_message(const struct buf *text, const struct sendmail_args *args, const char *local,
                     struct cJSON **ret, struct buf *err)
{
    const char **recipients = NULL;
    struct cJSON *obj = NULL;
    int rc, code;

    if (local && !strchr(local, '@')) {
        buf_fail(err, 0, "local-recipient in the configuration: %s is no address", local);
        return EX_CONFIG;
    }
    if (args->recipients) {
        recipients = envelope_recipients(args->recipients, local, err);
        if (!recipients)
            return EX_NOUSER;
    }
    struct eml_envelope envelope = {.recipients = recipients, .from = args->from, .owner = local};
    if (args->header_counts)
        rc = convert_by_headers(text, &envelope, &obj, err);
    else
        rc = convert(text, &envelope, &obj, err);
    code = code_of_errno(rc, err);
    if (!code)
        code = place_locals(obj, local, err);
    free(recipients);
    if (code)
        cJSON_Delete(obj);
    else
        *ret = obj;
    return code;
}
