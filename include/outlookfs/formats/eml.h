/*
 * eml.h - Internet messages (RFC 5322, MIME) from and to the records of the service, by GMime.
 *
 * Written: the headers the service gives (From, To, Cc, Bcc, Reply-To, Subject, Date, Message-ID,
 * Importance), the body as text/plain or text/html, the attachments as parts. The same record
 * always gives the same bytes: boundaries are made of the id, Date is the record's time (no Date
 * without one), and Message-ID is made of the id where the service gives none. Lines end with "\n",
 * as in a Maildir. Pictures of an HTML body that have a content id go with it into a
 * multipart/related. There is no Status header: the mail does not tell whether it was read. What is not
 * an address (Exchange gives "/O=ORG/CN=..." for some) becomes the name of a group without members.
 *
 * Read: what SendEmail takes (contract 2.3, ClientSendMessage). Of alternatives the HTML one counts.
 * Other parts become attachments, pictures of an HTML body included, since an attachment that is sent
 * has no content id. A group of addresses counts as its members. A "From " line of an mbox in front is
 * skipped. Headers that the service sets itself (Message-ID, Date, Received...), threading (In-Reply-To,
 * References) and Resent-* have no counterpart and are dropped, and so is NUL.
 *
 * Errors: 0 or -errno with the reason in `err`.
 * Threads: any.
 */
#ifndef OUTLOOKFS_FORMATS_EML_H
#define OUTLOOKFS_FORMATS_EML_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct cJSON;

/* Where the bytes of attachments come from. */
struct eml_source {
    /* A descriptor at the start of the bytes of the attachment with this Id, closed by eml_write();
     * or -errno. One is open at a time. */
    int (*open)(void *ctx, const char *attachment, struct buf *err);
    void *ctx;
};

/*
 * Writes a message (model/kind.h, normalised) to a descriptor; `fd` -1: only counts. Attachments
 * are streamed, never held whole; counting opens them, but reads no regular file. `source` may be
 * NULL if the message has none. -EINVAL: an attachment has no Id. Otherwise what write(2) or `source`
 * answers; part of the mail may have been written then.
 */
int eml_write(const struct cJSON *message, const struct eml_source *source, int fd,
              size_t *ret_size, struct buf *err);

/* Who a mail goes to, where that is not what its headers say: sendmail's arguments. */
struct eml_envelope {
    const char *const *recipients; /* lists of addresses; NULL-terminated; NULL: none but the
                                      message's To, Cc and Bcc */
    bool headers_count;            /* they are recipients besides */
    const char *from;  /* sent as this address; NULL or none ("<>", "root"): the mailbox's own */
    const char *owner; /* gets what is for a name without a host, and stands in To where nobody may
                          be shown; NULL: nobody, then such a mail is refused */
};

/*
 * Reads a message from a descriptor (from where it stands to its end; need not be seekable) into
 * the object that outbox/send/ takes; the caller owns it. `envelope` NULL: the headers count, From
 * included. Otherwise the envelope's recipients count: those that a header names stay there, the others
 * become Bcc. Whoever is named only in the headers gets nothing, unless `headers_count`.
 *
 * SendEmail requires a To. Where there is none, the Cc becomes To, since everybody sees it anyway;
 * failing that a single Bcc, whom nobody else sees; failing that the owner.
 *
 * -EINVAL: no message, nobody to send it to, unreadable text, or an address that is none or that a list
 * separated by ';' cannot hold: `err` names it. -EDESTADDRREQ: several Bcc or a name without a host, and
 * no owner. -EFBIG: larger than OUTGOING_CONTENT_MAX.
 */
int eml_read(int fd, const struct eml_envelope *envelope, struct cJSON **ret, struct buf *err);

/*
 * Where the message proper begins and its headers end. A byte order mark and a "From " line in front do
 * not belong to it. A line that does not look like a header begins the body, even if no empty line
 * precedes it.
 */
struct eml_shape {
    size_t start, body; /* offsets; headers lie between them */
    bool gap;           /* an empty line is missing at `body` */
};
struct eml_shape eml_look(const char *text, size_t len);

#endif
