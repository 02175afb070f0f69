/*
 * eml_read_p.h - what the files that read mails share.
 *
 * Errors: 0 or -errno with the reason in `err`.
 * Threads: any.
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

/* As g_mime_content_type_is_type(). */
bool eml_is_type(GMimeObject *part, const char *type, const char *subtype);

/* The decoded bytes of a part; an attached mail as it is. The caller frees them. */
GByteArray *eml_content(GMimeObject *part);

/* Appends the text of a part as UTF-8, with '\n' for "\r\n" and without the soft line breaks of RFC 3676.
 * -ENOBUFS. */
int eml_text(GMimeObject *part, struct buf *out);

/* Does it show a reader anything: text, or a picture? */
bool eml_says_something(const char *text, bool html);

/*
 * Makes the headers of the mail, of each part and of each mail within it end with an empty line and takes
 * out NUL, so that GMime reads what was meant. The text begins at the first line that is not a header.
 */
void eml_mend(GByteArray *raw);

#endif
