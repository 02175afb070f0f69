/*
 * vcard.h - a contact as a vCard 4.0 (RFC 6350).
 *
 * Written here and not by a library: Debian has none that writes 4.0 without bringing a desktop
 * along, and one contact is a handful of properties with one rule of escaping and one of folding.
 * The same record always gives the same bytes; REV is the record's modification time, UID its id.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_FORMATS_VCARD_H
#define OUTLOOKFS_FORMATS_VCARD_H

struct buf;
struct cJSON;

/* Appends "BEGIN:VCARD" to "END:VCARD", CRLF at every line end. -ENOBUFS. */
int vcard_write(const struct cJSON *contact, struct buf *out);

#endif
