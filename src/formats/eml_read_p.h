/*
 * eml_read_p.h - between the reader of mails and its parts.
 */
#ifndef OUTLOOKFS_FORMATS_EML_READ_P_H
#define OUTLOOKFS_FORMATS_EML_READ_P_H

#include <gmime/gmime.h>
#include <stdbool.h>

struct buf;
struct cJSON;
struct eml_envelope;

/* Adds To, Cc, Bcc, From and ReplyTo to `obj`. -EINVAL. */
int eml_read_addresses(GMimeMessage *mail, const struct eml_envelope *envelope, struct cJSON *obj,
                       struct buf *err);

/* Adds Body, IsHtml and Attachments to `obj`. -EFBIG. */
int eml_read_content(GMimeMessage *mail, struct cJSON *obj, struct buf *err);

/* The raw value of the first header of this name (header_p.h), or NULL; belongs to `part`. */
const char *eml_header(GMimeObject *part, const char *name);

/* What a part is; as g_mime_content_type_is_type(). */
bool eml_is_type(GMimeObject *part, const char *type, const char *subtype);

/* The bytes that a part stands for, decoded; a mail as it is. The caller frees them. */
GByteArray *eml_content(GMimeObject *part);

/* Appends the text of a part as UTF-8, with '\n' for "\r\n", without soft line ends (RFC 3676).
 * -ENOBUFS. */
int eml_text(GMimeObject *part, struct buf *out);

/* Would somebody who reads it see anything? */
bool eml_says_something(const char *text, bool html);

/*
 * Headers of the mail and of each of its parts, and of mails in it, end with an empty line and have
 * no NUL afterwards: what GMime understands as it is meant. Where a line is none of a header, the
 * text begins.
 */
void eml_mend(GByteArray *raw);

#endif
