/*
 * sendmail_message.c - who gets a message, and the object of it that is sent.
 */
#include "sendmail_p.h"

#include <outlookfs/base/file.h>
#include <outlookfs/formats/eml.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

static int convert(const struct buf *text, const struct eml_envelope *envelope, struct cJSON **ret,
                   struct buf *err)
{
    SCOPED(fd_release) int fd = memfd_create("sendmail", MFD_CLOEXEC);
    int rc = fd < 0 ? -errno : file_pwrite_all(fd, text->data, text->len, 0);

    if (rc)
        buf_fail(err, rc, "there is no space for the message: %s", strerror(-rc));
    else
        rc = eml_read(fd, envelope, ret, err);
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
    struct eml_envelope envelope = {.recipients = (const char *const *)args->recipients,
                                    .headers_count = args->header_counts,
                                    .from = args->from,
                                    .owner = local};

    if (local && !strchr(local, '@')) {
        buf_fail(err, 0, "local-recipient in the configuration: %s is not an address", local);
        return EX_CONFIG;
    }
    return code_of_errno(convert(text, &envelope, ret, err), err);
}
