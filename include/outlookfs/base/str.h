/*
 * str.h - small string helpers: comparison, hashing, percent-encoding, hex, dates.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_BASE_STR_H
#define OUTLOOKFS_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

bool str_eq(const char *a, const char *b); /* NULL equals NULL only */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_in(const char *s, const char *const *list, size_t count); /* is it one of them? */

/* FNV-1a, 64 bit; `seed` 0 to begin, an earlier result to go on. For what is part of names and
 * files, not for secrets. */
uint64_t str_hash(uint64_t seed, const void *p, size_t n);

/* XXH3, 64 bit: fast, and the same everywhere since xxHash 0.8.0. For keys, sums over texts and
 * stable inode numbers; `seed` as above, but what is summed in pieces differs from the whole. */
uint64_t str_sum(uint64_t seed, const void *p, size_t n);

/*
 * Percent-encodes everything but the unreserved characters of RFC 3986 (A-Z a-z 0-9 - . _ ~),
 * upper-case hex. Encoding the result again is the connector's "double" encoding (connector
 * contract, section 1).
 */
int str_percent_encode(struct buf *out, const char *s, size_t n);

/* The reverse; a '%' not followed by two hex digits is -EINVAL. '+' stays '+'. */
int str_percent_decode(struct buf *out, const char *s, size_t n);

int str_hex_value(char c); /* of a digit; -1: it is none */

/* True when `s` is well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF). */
bool str_is_utf8(const char *s, size_t n);

/*
 * ISO 8601 as the service writes it: 0 to 7 fraction digits, "Z", "+hh:mm" or no offset (= UTC),
 * date alone allowed. Nanoseconds since 1970; -EINVAL when it is not a date.
 * "0001-01-01T00:00:00+00:00" (the service's "none") answers -ERANGE.
 */
int str_parse_time(const char *s, int64_t *ret_ns);

/* "2026-11-23T09:14:05+00:00", the form of the mail operations. `out` holds at least 32 bytes. */
void str_format_time(int64_t ns, char out[32]);

/* A random UUID (RFC 9562, version 4) as text. */
#define STR_UUID_SIZE 37
void str_uuid(char out[STR_UUID_SIZE]);

#endif
