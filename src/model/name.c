/*
 * name.c - which names are records, names made safe and unique, stable inode numbers.
 */
#include <outlookfs/model/name.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_SUFFIX ".json"

/* "~" and 8 hex digits. */
#define TAG_BYTES 9

/* What follows the last dot is an extension up to this length, so that the name in front of it is
 * never cut to nothing. */
#define EXTENSION_MAX 32

bool name_is_record(const char *name)
{
    return *name && !strchr(".~#", *name) && !strchr(name, '/') &&
           strlen(name) > strlen(RECORD_SUFFIX) && str_ends(name, RECORD_SUFFIX);
}

bool name_is_scratch_dir(const char *name)
{
    return *name == '.' || *name == '~' || str_eq(name, "__MACOSX");
}

char *name_from_id(const char *id)
{
    return xasprintf("%s" RECORD_SUFFIX, id);
}

bool name_to_id(const char *name, char **ret_id)
{
    if (!name_is_record(name))
        return false;
    *ret_id = xstrndup(name, strlen(name) - strlen(RECORD_SUFFIX));
    return true;
}

/* Bytes of the UTF-8 character at `s`, 0 when there is none. */
static size_t character_bytes(const char *s, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++) {
        if (str_is_utf8(s, n))
            return n;
    }
    return 0;
}

/* The control characters are the two blocks of Unicode, U+0000 to U+001F and U+007F to U+009F. */
static bool is_plain(const char *s, size_t bytes)
{
    unsigned char first = (unsigned char)s[0];

    if (bytes == 1)
        return first >= 0x20 && first != 0x7f && first != '/' && first != '%';
    return !(bytes == 2 && first == 0xc2 && (unsigned char)s[1] < 0xa0);
}

static char *encode(const char *display)
{
    size_t left = strlen(display);
    size_t dots = str_eq(display, ".") || str_eq(display, "..") ? 1 : 0;
    struct buf out;

    buf_init(&out, 3 * left + 1);
    for (const char *s = display; left > 0;) {
        size_t bytes = character_bytes(s, left);

        if (bytes && is_plain(s, bytes) && dots == 0) {
            buf_add(&out, s, bytes);
        } else {
            bytes = bytes ? bytes : 1;
            for (size_t i = 0; i < bytes; i++)
                buf_addf(&out, "%%%02X", (unsigned char)s[i]);
            dots = 0;
        }
        s += bytes;
        left -= bytes;
    }
    if (out.len == 0)
        buf_addch(&out, '%');
    return buf_detach(&out);
}

/* How many bytes of an encoded name fit in `max` without cutting a character or a "%XX". */
static size_t whole_bytes(const char *name, size_t len, size_t max)
{
    size_t fit = 0;

    while (fit < len) {
        size_t bytes = character_bytes(name + fit, len - fit);

        if (name[fit] == '%' && len - fit >= 3)
            bytes = 3;
        else if (bytes == 0)
            bytes = 1;
        if (fit + bytes > max)
            break;
        fit += bytes;
    }
    return fit;
}

/* Half the bits, from all of them. */
static uint32_t tag_of(const char *s)
{
    uint64_t hash = str_hash(0, s, strlen(s));

    return (uint32_t)(hash ^ hash >> 32);
}

char *name_safe(const char *display, size_t max)
{
    char *name = encode(display);
    size_t len = strlen(name);
    char *cut;

    assert(max >= NAME_MAX_LEAST);
    if (len <= max)
        return name;
    cut = xasprintf("%.*s~%08" PRIx32, (int)whole_bytes(name, len, max - TAG_BYTES), name,
                    tag_of(display));
    free(name);
    return cut;
}

char *name_unique(const char *name, const char *id, bool keep_ext)
{
    size_t len = strlen(name);
    const char *dot = keep_ext ? strrchr(name, '.') : NULL;
    const char *ext = name + len;
    size_t stem;

    if (dot && dot > name && strlen(dot) <= EXTENSION_MAX)
        ext = dot;
    stem = whole_bytes(name, (size_t)(ext - name), NAME_BYTES_MAX - TAG_BYTES - strlen(ext));
    return xasprintf("%.*s~%08" PRIx32 "%s", (int)stem, name, tag_of(id), ext);
}

uint64_t name_ino(const char *const *parts, size_t count)
{
    const uint64_t top = UINT64_C(1) << 52;
    uint64_t hash = 0;

    /* The NUL is hashed too: {"ab", "c"} and {"a", "bc"} are different things. */
    for (size_t i = 0; i < count; i++)
        hash = str_hash(hash, parts[i], strlen(parts[i]) + 1);
    return ((hash ^ hash >> 52) & (top - 1)) | top;
}
