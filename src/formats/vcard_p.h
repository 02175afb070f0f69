/*
 * vcard_p.h - the lines of a vCard, for its reader. RFC 6350; RFC 2426 (3.0); versit vCard 2.1.
 *
 * Threads: owner only.
 */
#ifndef OUTLOOKFS_FORMATS_VCARD_P_H
#define OUTLOOKFS_FORMATS_VCARD_P_H

#include <outlookfs/base/buf.h>
#include <stdbool.h>

/* A text of cards, read from its beginning. */
struct vcard_lines {
    const char *at;
    bool old; /* inside a card of version 2.1 */
};

/* One property: "item1.TEL;TYPE=home,voice;PREF=1:+1 555". Zeroed is empty. */
struct vcard_line {
    char *name;     /* in capitals, without the group */
    char *types;    /* ",home,voice," in small letters: from TYPE, or bare as in 2.1 */
    char *encoding; /* from ENCODING, in small letters; NULL: none */
    char *charset;  /* from CHARSET, or NULL */
    char *cn;       /* of X-CN: a person's name beside the address; or NULL */
    int pref;       /* 1 to 100, 1 is preferred; 101: not said */
    char *value;    /* with the escapes of versions 3.0 and 4.0, whatever the card's version */
};

/* The next property; its line may be folded. False: there is none. A line that is no property has "" as its
 * name and the line as its value. */
bool vcard_next(struct vcard_lines *lines, struct vcard_line *ret);
void vcard_line_release(struct vcard_line *line);

bool vcard_is(const struct vcard_line *line, const char *type); /* has this TYPE */

/*
 * The parts of a value between unescaped `by` (';' or ','), each without its escapes and cleaned as by
 * text_clean(): an array that ends with NULL, for vcard_parts_release().
 */
char **vcard_parts(const char *value, char by);
void vcard_parts_release(char **parts);
/* The whole of it as one text; the caller frees. */
char *vcard_text(const char *value);

#endif
