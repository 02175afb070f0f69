/*
 * formats_test.h - what the tests of this layer share: records from literals, files of bytes.
 *
 * In literals ' stands for ", so that JSON is readable inside C.
 */
#ifndef OUTLOOKFS_TESTS_FORMATS_TEST_H
#define OUTLOOKFS_TESTS_FORMATS_TEST_H

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/formats/eml.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define OUT_MAX ((size_t)100 * 1024 * 1024)

cJSON *object(const char *literal);

/* `text` written `times` times, to be freed. */
char *repeated(const char *text, size_t times);

/* A descriptor at the start of a file in memory with these bytes. */
int bytes_fd(const void *p, size_t n);

/* Everything in a descriptor, from its start. */
void read_back(int fd, struct buf *out);

/* Attachments of any Id: `size` times 'x'. Counts what is open. */
struct source {
    size_t size;
    int rc; /* -errno: what open answers */
    int opened;
};
struct eml_source source_of(struct source *s);

/* eml_write() into `out`; counting gives the same size. */
int written(const cJSON *message, struct source *s, struct buf *out);

/* eml_read() of a text. */
cJSON *parsed(const char *mail, const struct eml_envelope *envelope);

#define assert_has(haystack, needle)                                                               \
    do {                                                                                           \
        if (!strstr(haystack, needle)) {                                                           \
            print_error("no \"%s\" in:\n%.4000s\n", needle, haystack);                             \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

#define assert_lacks(haystack, needle) assert_null(strstr(haystack, needle))

#endif
