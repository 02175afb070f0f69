/*
 * vcard.h - a contact as a vCard 4.0 (RFC 6350), and contacts of vCards 2.1, 3.0 and 4.0.
 *
 * Written here and not by a library: Debian has none that writes 4.0 without bringing a desktop
 * along, and one contact is a handful of properties with one rule of escaping and one of folding.
 * What a contact has and vCard 4.0 does not is written as Outlook and others do (X-MS-MANAGER,
 * X-PHONETIC-..., X-EVOLUTION-FILE-AS), the office as the extended address. A birthday in 1604 or the
 * year 1 has no year.
 *
 * The same record always gives the same bytes; REV is the record's modification time, UID its id.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_FORMATS_VCARD_H
#define OUTLOOKFS_FORMATS_VCARD_H

struct buf;
struct cJSON;
struct imports;

#define VCARD_YEAR_NONE 1604 /* what Outlook and others store where there is none */

/* Appends "BEGIN:VCARD" to "END:VCARD", CRLF at every line end. -ENOBUFS. */
int vcard_write(const struct cJSON *contact, struct buf *out);

/* Adds the contacts of a text, which may have several cards, to `ret`. -EINVAL: it has none. */
int vcard_read(const char *text, struct imports *ret, struct buf *err);

#endif
