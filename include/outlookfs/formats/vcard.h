/*
 * vcard.h - a contact as a vCard 4.0 (RFC 6350).
 *
 * Written here and not by a library: Debian has none that writes 4.0 without bringing a desktop
 * along, and one contact is a handful of properties with one rule of escaping and one of folding.
 * What a contact has and vCard 4.0 does not is written as Outlook and others do (X-MS-MANAGER,
 * X-PHONETIC-...), the office as the extended address; Initials and FileAs (but as a name of last
 * resort) are left out. A birthday in 1604 or the year 1 has no year.
 *
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
