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

/* "~" and 8 hex digits. */
#define TAG_BYTES 9

/* What the name of an id ends in where it was cut: "%~" is no encoded byte. */
#define CUT "%~"
#define CUT_BYTES (sizeof(CUT) - 1 + 16)

/* What follows the last dot is an extension up to this length, so that the name in front of it is
 * never cut to nothing. */
#define EXTENSION_MAX 32

bool name_is_record(const char *name)
{
    return *name && !strchr(".~#", *name) && !strchr(name, '/') &&
           strlen(name) > strlen(NAME_RECORD_SUFFIX) && str_ends(name, NAME_RECORD_SUFFIX);
}

bool name_is_scratch_dir(const char *name)
{
    return *name == '.' || *name == '~' || str_eq(name, "__MACOSX");
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

/* As many bytes as stand for themselves without a look at their neighbours: nearly all of an id. */
static size_t plain_run(const char *s, size_t left)
{
    static const bool plain[256] = {
        ['!' ... '$'] = true, ['&' ... '.'] = true, ['0' ... '~'] = true};
    size_t n = 0;

    while (n < left && plain[(unsigned char)s[n]])
        n++;
    return n;
}

/* Characters that begin in the first `spelt` bytes are encoded whatever they are. A suffix has room
 * behind it. */
static struct buf encode(const char *text, size_t spelt)
{
    size_t left = strlen(text);
    struct buf out;

    buf_init(&out, 3 * left + 1 + NAME_BYTES_MAX);
    for (const char *s = text; left > 0;) {
        bool is_free = (size_t)(s - text) >= spelt;
        size_t run = is_free ? plain_run(s, left) : 0;
        size_t bytes = run ? run : character_bytes(s, left);

        if (run || (is_free && bytes && is_plain(s, bytes))) {
            buf_add(&out, s, bytes);
        } else {
            bytes = bytes ? bytes : 1;
            for (size_t i = 0; i < bytes; i++)
                buf_addf(&out, "%%%02X", (unsigned char)s[i]);
        }
        s += bytes;
        left -= bytes;
    }
    if (out.len == 0)
        buf_addch(&out, '%');
    return out;
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
    struct buf name = encode(display, str_eq(display, ".") || str_eq(display, ".."));

    assert(max >= NAME_MAX_LEAST);
    if (name.len > max) {
        buf_truncate(&name, whole_bytes(name.data, name.len, max - TAG_BYTES));
        buf_addf(&name, "~%08" PRIx32, tag_of(display));
    }
    return buf_detach(&name);
}

char *name_display(const char *name)
{
    struct buf display;

    buf_init(&display, strlen(name) + 1);
    bool read =
        !str_percent_decode(&display, name, strlen(name)) && strlen(display.data) == display.len;
    SCOPED(xfree) char *safe = read ? name_safe(display.data, NAME_BYTES_MAX) : NULL;
    read = str_eq(safe, name);
    if (read)
        return buf_detach(&display);
    buf_release(&display);
    return NULL;
}

char *name_unique(const char *name, const char *id, bool keep_ext)
{
    size_t len = strlen(name);
    const char *dot = keep_ext ? strrchr(name, '.') : NULL;
    const char *ext = name + len;

    if (dot && dot > name && strlen(dot) <= EXTENSION_MAX)
        ext = dot;
    size_t stem = whole_bytes(name, (size_t)(ext - name), NAME_BYTES_MAX - TAG_BYTES - strlen(ext));
    return xasprintf("%.*s~%08" PRIx32 "%s", (int)stem, name, tag_of(id), ext);
}

/* --- ids --- */

static uint64_t hash_of(const char *id)
{
    uint64_t hash = str_hash(0, id, strlen(id));

    return hash ? hash : 1;
}

static struct buf encode_id(const char *id, size_t spelt)
{
    return encode(id, spelt == 0 && strchr(".~#", *id) ? 1 : spelt);
}

char *name_of_id(const char *id, const char *suffix, size_t spelt)
{
    size_t max = NAME_BYTES_MAX - strlen(suffix);
    struct buf name = encode_id(id, spelt);

    if (name.len > max) {
        buf_truncate(&name, whole_bytes(name.data, name.len, max - CUT_BYTES));
        buf_addf(&name, "%s%016" PRIx64, CUT, hash_of(id));
    }
    buf_addstr(&name, suffix);
    return buf_detach(&name);
}

char *name_from_id(const char *id)
{
    return name_of_id(id, NAME_RECORD_SUFFIX, 0);
}

uint64_t name_tag(const char *id)
{
    const size_t whole = NAME_BYTES_MAX - NAME_AROUND_ID;
    size_t len = strlen(id);
    bool grows = plain_run(id, len) < len || len + 2 > whole; /* the first byte always may */

    if (grows && 3 * len > whole && len <= whole) { /* a byte takes up to three: it depends */
        SCOPED(buf_release) struct buf encoded = encode_id(id, 0);
        len = encoded.len;
    }
    return len > whole ? hash_of(id) : 0;
}

bool name_read_id(const char *name, const char *suffix, char **ret_id, uint64_t *ret_tag)
{
    size_t len = strlen(name), end = strlen(suffix);
    struct buf id;

    if (len <= end || strchr(".~#", *name) || !str_ends(name, suffix))
        return false;
    len -= end;

    const char *cut = len > CUT_BYTES ? name + len - CUT_BYTES : NULL;
    if (cut && str_starts(cut, CUT)) {
        *ret_id = NULL;
        return sscanf(cut + strlen(CUT), "%16" SCNx64, ret_tag) == 1;
    }
    buf_init(&id, len + 1);
    if (str_percent_decode(&id, name, len) || strlen(id.data) != id.len) {
        buf_release(&id);
        return false;
    }
    *ret_id = buf_detach(&id);
    return true;
}

uint64_t name_ino_of(const char *const *parts)
{
    const uint64_t top = UINT64_C(1) << 52;
    uint64_t hash = 0;

    /* The NUL is hashed too: {"ab", "c"} and {"a", "bc"} are different things. */
    for (; *parts; parts++)
        hash = str_sum(hash, *parts, strlen(*parts) + 1);
    return ((hash ^ hash >> 52) & (top - 1)) | top;
}
