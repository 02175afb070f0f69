/*
 * name.h - file names: which are records, how a service name becomes a safe file name, stable inode
 * numbers.
 *
 * The rule is a whitelist (saving rules R1, R2): a name directly in a record folder that matches
 * ^[^.~#][^/]*\.json$ is a record; everything else is scratch and never sent.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_MODEL_NAME_H
#define OUTLOOKFS_MODEL_NAME_H

#include <outlookfs/model/kind.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_BYTES_MAX 255

bool name_is_record(const char *name);

/* A directory of this name, made by mkdir, and everything below it is scratch: '.' or '~' first, or
 * "__MACOSX". */
bool name_is_scratch_dir(const char *name);

/*
 * The id of a record as a file name: "<id><suffix>". What cannot stand in a name is percent-encoded:
 * '/', control characters, bytes that are not UTF-8, a '.', '~' or '#' at the beginning, which would
 * make it scratch, and '%' itself, so that no other id has that name. What is longer than
 * NAME_BYTES_MAX is cut and ends in "%~" and 16 hex digits, the id's name_tag(). The ids of today's
 * services (base64) stand for themselves.
 *
 * `spelt`: so many bytes at the beginning are encoded although they need not be. That is another
 * name of the same record, where a file that was made here has the plain one.
 *
 * The caller frees it.
 */
#define NAME_RECORD_SUFFIX ".json"
char *name_of_id(const char *id, const char *suffix, size_t spelt);
char *name_from_id(const char *id); /* name_of_id(id, ".json", 0) */

/*
 * The id that a name stands for: strdup'ed, or, where the name was cut, NULL and the tag. False:
 * another suffix, or no name of name_of_id().
 */
bool name_read_id(const char *name, const char *suffix, char **ret_id, uint64_t *ret_tag);

/* What a cut name says of this id; 0: no name of it is cut, with a suffix, what a directory of
 * several kinds writes in front and two for each byte that is spelt of NAME_AROUND_ID bytes. */
#define NAME_AROUND_ID 32
uint64_t name_tag(const char *id);

/*
 * A display name of the service as a file name: '/', NUL, control characters and '%'
 * percent-encoded, a leading '.' of "." and ".." encoded, an empty name becomes "%", over `max`
 * bytes cut at a character boundary with "~" and 8 hex digits of a hash of the whole. Bytes that
 * are not UTF-8 are percent-encoded too. Same input, same output. `max` is at least
 * NAME_MAX_LEAST. The caller frees it.
 */
#define NAME_MAX_LEAST 16
char *name_safe(const char *display, size_t max);

/* The display name that name_safe() makes this name of; NULL: none, or one too long to be read back.
 * The caller frees it. */
char *name_display(const char *name);

/*
 * Makes `name` (from name_safe) different from the ones taken: adds "~" and 8 hex digits of a hash
 * of `id` (before the last extension if `keep_ext`). Depends on name and id only, so it is the same
 * on every listing. The caller frees it.
 */
char *name_unique(const char *name, const char *id, bool keep_ext);

/*
 * Inode numbers of remote things: a hash of what they are, so they are the same after a remount and
 * after the cache is deleted. 52 bits with bit 52 set: exact in a double (JavaScript tools),
 * disjoint from the numbers given to local files, which count up from NAME_LOCAL_INO.
 *
 *     name_ino("contacts", folder, record)    // what distinguishes it; NULL would end the list
 */
#define NAME_LOCAL_INO UINT64_C(0x100000000)
#define NAME_ROOT_INO UINT64_C(1)               /* the mount itself */
uint64_t name_ino_of(const char *const *parts); /* NULL-terminated */
#define name_ino(...) name_ino_of((const char *const[]){__VA_ARGS__, NULL})

#endif
