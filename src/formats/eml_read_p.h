/*
 * eml_read_p.h - between the reader of mails and its parts.
 */
#ifndef OUTLOOKFS_FORMATS_EML_READ_P_H
#define OUTLOOKFS_FORMATS_EML_READ_P_H

#include <gmime/gmime.h>

struct buf;
struct cJSON;
struct eml_envelope;

/* Adds To, Cc, Bcc, From and ReplyTo to `obj`. -EINVAL. */
int eml_read_addresses(GMimeMessage *mail, const struct eml_envelope *envelope, struct cJSON *obj,
                       struct buf *err);

/* Adds Body, IsHtml and Attachments to `obj`. -EFBIG. */
int eml_read_content(GMimeMessage *mail, struct cJSON *obj, struct buf *err);

/* Strict about nothing; headers that are not ASCII are UTF-8 or Latin 1 whatever the locale. One
 * for the program. */
GMimeParserOptions *eml_parser_options(void);

#endif
