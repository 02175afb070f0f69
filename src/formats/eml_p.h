/*
 * eml_p.h - between the writer of mails and its parts.
 */
#ifndef OUTLOOKFS_FORMATS_EML_P_H
#define OUTLOOKFS_FORMATS_EML_P_H

#include <gmime/gmime.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct cJSON;

/* GMime is initialised once for the program, whoever comes first. */
void eml_init(void);

/* What boundaries and made ids are made of: the same for the same message. */
uint64_t eml_key(const struct cJSON *message);

/* The header lines of a message, without those of its content and without the empty
 * line; g_free(). */
char *eml_headers(const struct cJSON *message);

/*
 * Where a mail goes: counts what passes, writes it when there is a descriptor. After an error
 * nothing more is written.
 */
struct eml_out {
    int fd; /* -1: only counts */
    size_t size;
    char last; /* byte that passed */
    int rc;
};

void eml_put(struct eml_out *out, const char *s, size_t n);
void eml_puts(struct eml_out *out, const char *s);

/* base64, 76 characters a line, each with its end. */
void eml_put_base64(struct eml_out *out, const char *s, size_t n);
/* The same of what is left in `fd`; -errno of a failed read. Only counting, it reads no regular
 * file. */
void eml_put_base64_fd(struct eml_out *out, int fd);

#endif
