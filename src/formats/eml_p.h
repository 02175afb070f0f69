/*
 * eml_p.h - what the files that write mails share.
 *
 * Threads: any; an eml_out belongs to one at a time.
 */
#ifndef OUTLOOKFS_FORMATS_EML_P_H
#define OUTLOOKFS_FORMATS_EML_P_H

#include <gmime/gmime.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct cJSON;

/* Initialises GMime, once for the program; everything that uses GMime calls it first. */
void eml_init(void);

/* The number that boundaries and made-up ids are derived from: the same message always has the same. */
uint64_t eml_key(const struct cJSON *message);

/* The header lines of a message, without those of its content and without the empty
 * line; g_free(). */
char *eml_headers(const struct cJSON *message);

/* Where a mail goes: counts the bytes, and writes them if there is a descriptor. After an error nothing more is
 * written. */
struct eml_out {
    int fd; /* -1: only counts */
    size_t size;
    char last; /* the byte before */
    int rc;    /* 0, or -errno of the first write(2) or read(2) that failed */
};

void eml_put(struct eml_out *out, const char *s, size_t n);
void eml_puts(struct eml_out *out, const char *s);

/* base64, 76 characters a line, each with its end. */
void eml_put_base64(struct eml_out *out, const char *s, size_t n);
/* The same of the rest of `fd`. If out->fd is -1, a regular file is not read but measured. */
void eml_put_base64_fd(struct eml_out *out, int fd);

#endif
